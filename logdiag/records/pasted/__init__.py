"""Records that were pasted into a ticket, a mail or a document: put back into the lines of a log.

Owns where a pasted record starts and ends, how its parts are joined, and what is prose. What a
record says is left to the grammar, which reads the repaired lines. The damages are those of the
published articles (joined, wrapped, quoted, fenced and escaped records) and those of mails.

Every search here is anchored at a time, at a line's start or at a quote, and none is repeated
over the same bytes more than a few times: the effort grows with the text.
"""

from logdiag.records.pasted.recognition import is_pasted
from logdiag.records.pasted.text import PROSE, Piece, pasted_rows, repaired

__all__ = ["PROSE", "Piece", "is_pasted", "pasted_rows", "repaired"]
