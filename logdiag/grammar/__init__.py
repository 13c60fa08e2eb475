"""Reading with Lark: load a grammar of ``grammars/`` and turn bytes into tokens."""

from logdiag.grammar.lark_reader import Token, record_header, record_start, tokens

__all__ = ["Token", "record_header", "record_start", "tokens"]
