"""The fast reader of logs: machine code turns the tokens of the compiled grammar into columns."""

# Why a second reader: Lark runs the grammar in Python, and is much too slow for logs of gigabytes. The
# grammar and `logdiag.records.rows` stay the definition; property tests compare the rows of both readers.
from logdiag.records.compiled.reader import Reader

__all__ = ["Reader"]
