"""SQL over what was read: `asked` says what a query may be, `made` makes its tables, `engine` answers it."""

from logdiag.query.engine import Answer, QueryError, answer
from logdiag.query.parse import Asked, asked
from logdiag.query.sources import made, wanted
from logdiag.query.text_table import laid_out

__all__ = ["Answer", "Asked", "QueryError", "answer", "asked", "laid_out", "made", "wanted"]
