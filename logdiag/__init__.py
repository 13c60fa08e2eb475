"""Diagnose Cisco Expressway clusters from their logs.

>>> import logdiag
>>> report = logdiag.diagnose(["sample_logs/peer-lost"])          # doctest: +SKIP
>>> report.findings[["rule", "title", "state"]]                   # doctest: +SKIP

The names are loaded when they are first used, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logdiag.errors import InputError, LibraryError, LogdiagError
    from logdiag.options import Options
    from logdiag.outputs import Report
    from logdiag.pipeline import diagnose, parse

_HOMES = {
    "InputError": "errors",
    "LibraryError": "errors",
    "LogdiagError": "errors",
    "Options": "options",
    "Report": "outputs",
    "diagnose": "pipeline",
    "parse": "pipeline",
}

__all__ = ["InputError", "LibraryError", "LogdiagError", "Options", "Report", "diagnose", "parse"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"logdiag.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
