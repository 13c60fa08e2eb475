"""The fast reader of logs: the compiled grammar's tokens, and machine code from them to columns."""

from logdiag.records.compiled.reader import Reader

__all__ = ["Reader"]
