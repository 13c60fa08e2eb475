"""The fast reader of logs: machine code turns the tokens of the compiled grammar into columns."""

from logdiag.records.compiled.reader import Reader

__all__ = ["Reader"]
