"""SQL over what was read: `parse` checks a query, `sources` builds its tables, `engine` answers it."""

from logdiag.query.engine import Answer, QueryError, answer
from logdiag.query.parse import Query, parse_query
from logdiag.query.sources import build_tables, choose_records
from logdiag.query.text_table import render_table

__all__ = ["Answer", "Query", "QueryError", "answer", "build_tables", "choose_records", "parse_query"]
__all__ += ["render_table"]
