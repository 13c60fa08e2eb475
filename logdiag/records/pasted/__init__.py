"""Repairs records that were pasted into a ticket, a mail or a document.

This package decides where a pasted record starts and ends, how its parts are joined, and what is prose. The
grammar then reads the repaired lines. The known damages are those of the published articles (joined, wrapped,
quoted, fenced and escaped records) and of mails.

Every search is anchored at a time, at the start of a line or at a quote, and covers the same bytes only a
few times: the effort is proportional to the text.
"""

from logdiag.records.pasted.recognition import is_pasted
from logdiag.records.pasted.text import PROSE, Piece, pasted_rows, repaired

# Many tickets contain a few pasted records and no log: these records are evidence as well.
__all__ = ["PROSE", "Piece", "is_pasted", "pasted_rows", "repaired"]
