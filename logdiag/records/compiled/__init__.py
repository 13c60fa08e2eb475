"""The fast reader of logs: the compiled grammar's tokens, and machine code from them to columns."""

from logdiag.records.compiled.stretches import Reader, Stretch

__all__ = ["Reader", "Stretch"]
