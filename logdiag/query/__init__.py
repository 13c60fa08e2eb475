"""SQL over what was read: `asked` says what a query may be, `made` makes its tables, `engine` answers it."""

from logdiag.query.asked import Asked, asked
from logdiag.query.engine import Answer, QueryError, answer
from logdiag.query.laid_out import laid_out
from logdiag.query.made import made, wanted

__all__ = ["Answer", "Asked", "QueryError", "answer", "asked", "laid_out", "made", "wanted"]
