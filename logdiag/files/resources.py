"""Where the project's own data lies: the folders ``grammars``, ``rules`` and ``reports``.

In a checkout they stand beside the package; in an installed wheel they lie in ``logdiag/data``.
Nothing else in the package knows about that difference.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def folder(name: str) -> Path:
    """The folder ``grammars``, ``rules`` or ``reports``.

    Raises:
        FileNotFoundError: the installation is incomplete.

    """
    for root in (_PACKAGE / "data", _PACKAGE.parent):
        if (root / name).is_dir() and (root / name) != _PACKAGE / name:
            return root / name
    raise FileNotFoundError(f"logdiag is not installed completely: its folder {name!r} is missing")
