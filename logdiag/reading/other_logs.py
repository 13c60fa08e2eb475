"""Logs of other products: they are listed in the coverage, and nothing is concluded from them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from logdiag.i18n import gettext
from logdiag.model import MemberCoverage
from logdiag.reading.builder import record_sums
from logdiag.reading.tables import MemberKey, Tables
from logdiag.reading.unread_reasons import OTHER_LOG
from logdiag.tables.arrays import arrow


def without_other_logs(tables: Tables) -> Tables:
    """Return the tables without records of hosts that show no trait of the product in a whole snapshot.

    A member without other records becomes one of another kind, like a text without records.
    """
    known = {(key[0], span.host) for key, spans in tables.spans.items() for span in spans if span.product}
    spans = {
        key: tuple(span for span in of_member if (key[0], span.host) in known)
        for key, of_member in tables.spans.items()
    }
    if all(len(spans[key]) == len(of_member) for key, of_member in tables.spans.items()):
        return tables
    left_out = {key for key, of_member in spans.items() if not of_member}
    members = tuple(_member(one, left_out) for one in tables.members)
    of_host = _pairs(tables.records, "host", known)
    return replace(
        tables.with_records(of_host),
        unparsed=tables.unparsed.filter(arrow(~_pairs(tables.unparsed, "source", left_out))),
        members=members,
        snapshots=tuple(
            replace(one, **record_sums([member for member in members if member.snapshot == one.snapshot]))
            for one in tables.snapshots
        ),
        spans={key: of_member for key, of_member in spans.items() if of_member},
    )


def _member(member: MemberCoverage, left_out: set[MemberKey]) -> MemberCoverage:
    if (member.snapshot, member.source) not in left_out:
        return member
    return MemberCoverage(
        snapshot=member.snapshot,
        source=member.source,
        kind="other",
        size=member.size,
        reason=gettext(OTHER_LOG),
        faults=member.faults,
    )


def _pairs(table: pa.Table, name: str, wanted: set[tuple[str, str]]) -> np.ndarray:
    """Whether the snapshot and another column of each row are one of some pairs."""
    columns = [table.column(one).combine_chunks() for one in ("snapshot", name)]
    columns = [one if isinstance(one, pa.DictionaryArray) else one.dictionary_encode() for one in columns]
    names = [one.dictionary.to_pylist() for one in columns]
    allowed = np.array([[(a, b) in wanted for b in names[1]] or [False] for a in names[0]] or [[False]])
    found: np.ndarray = allowed[columns[0].indices.to_numpy(), columns[1].indices.to_numpy()]
    return found
