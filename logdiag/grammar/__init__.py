"""Grammars of ``grammars/``: read bytes as tokens with Lark, or compile a grammar to tables and run those."""

from logdiag.grammar.lark_reader import Token, record_header, record_start, tokens

__all__ = ["Token", "record_header", "record_start", "tokens"]
