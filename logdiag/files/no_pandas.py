"""Keeps pandas from being loaded."""

import sys
from importlib.abc import MetaPathFinder


class NoPandas(MetaPathFinder):
    """Hides pandas, which no command uses.

    Arrow imports pandas when it gets its first list, to see whether that is a frame. The import takes longer
    than the diagnosis of a small log.
    """

    def __enter__(self) -> None:
        sys.meta_path.insert(0, self)

    def __exit__(self, *_: object) -> None:
        sys.meta_path.remove(self)

    def find_spec(self, fullname: str, *_: object) -> None:
        """Refuse pandas, and no other module."""
        if fullname == "pandas":
            raise ModuleNotFoundError("no command uses pandas", name=fullname)
