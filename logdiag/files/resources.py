"""The folders with the project's own data: ``grammars``, ``rules`` and ``reports``.

In a checkout they are next to the package, in an installed wheel in ``logdiag/data``. Nothing else in the
package knows about that difference.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """Return the folder ``grammars``, ``rules`` or ``reports``.

    Raises:
        FileNotFoundError: the installation is incomplete.

    """
    for root in (_PACKAGE / "data", _PACKAGE.parent):
        if (root / name).is_dir() and (root / name) != _PACKAGE / name:
            return root / name
    raise FileNotFoundError(f"logdiag is not installed completely: its folder {name!r} is missing")
