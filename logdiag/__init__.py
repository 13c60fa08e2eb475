"""Diagnose Cisco Expressway clusters from their logs.

>>> import logdiag
>>> report = logdiag.diagnose(["sample_logs/peer-lost"])          # doctest: +SKIP
>>> report.findings[["rule", "title", "state"]]                   # doctest: +SKIP

The names are loaded when they are first used, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logdiag.errors import InputError, LibraryError, LogdiagError
    from logdiag.pipeline import Options, Report, diagnose, parse

__all__ = ["InputError", "LibraryError", "LogdiagError", "Options", "Report", "diagnose", "parse"]


def __getattr__(name: str) -> Any:
    if name in ("InputError", "LibraryError", "LogdiagError"):
        from logdiag import errors

        return getattr(errors, name)
    if name in __all__:
        from logdiag import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'logdiag' has no attribute {name!r}")
