"""Reading with Lark: load a grammar of ``grammars/`` and turn bytes into tokens."""

from logdiag.grammar.reference import Token, plain_record_start, record_start, tokens

__all__ = ["Token", "plain_record_start", "record_start", "tokens"]
