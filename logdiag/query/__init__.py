"""SQL over what was read: `parse` checks a query, `engine` answers it, and `ask` reads what it names."""

from logdiag.query.engine import Answer, QueryError, answer
from logdiag.query.parse import parse_query
from logdiag.query.text_table import render_table

__all__ = ["Answer", "QueryError", "answer", "parse_query", "render_table"]
