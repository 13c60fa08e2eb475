"""Asks a query of inputs: reads what it needs, and answers it."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from logdiag.cluster.coverage import in_words
from logdiag.i18n import speaking
from logdiag.model import Finding
from logdiag.options import Options
from logdiag.pipeline import examine
from logdiag.query.engine import Answer, answer
from logdiag.query.parse import parse_query
from logdiag.reading import Tables, read
from logdiag.records import Selected, Want
from logdiag.rules.library import Library, load
from logdiag.rules.selection import want_of
from logdiag.rules.translation import in_language
from logdiag.snapshots import Snapshot, find_snapshots
from logdiag.snapshots.deadline import Deadline
from logdiag.snapshots.locations import Location
from logdiag.tables.schemas import COVERAGE, FINDINGS, to_table


@dataclass(frozen=True)
class Asked:
    """The answer to a query, and what was read for it. ``capped`` are rules that saw some matches only."""

    answer: Answer
    tables: Tables
    snapshots: Sequence[Snapshot]
    capped: Sequence[str]


@contextmanager
def ask(sql: str, inputs: Sequence[str | Path | Location], options: Options) -> Iterator[Asked]:
    """Answer a query over the tables of the inputs.

    Raises:
        InputError: an input or the language does not exist.
        QueryError: the query is wrong, or fails while its rows are read.
        ResourceError: it needs more time or disk space than the limits allow.

    """
    with speaking(options.language):
        deadline = Deadline(options.limits.seconds)
        names = parse_query(sql, deadline)
        # Findings need only the records that rules ask for; without findings no rule runs.
        library = in_language(load(options.rules), options.language) if "findings" in names else None
        snapshots = find_snapshots(inputs)
        want = _choose_records(names, library)
        tables = read(snapshots, options.limits, want=want, jobs=options.jobs, deadline=deadline)
        diagnosis = examine(tables, library) if library else None
        findings, capped = (diagnosis.findings, diagnosis.capped) if diagnosis else ((), ())
        built = build_tables(names, tables, findings)
        with answer(sql, built, options.limits, deadline) as answered:
            yield Asked(answered, tables, snapshots, capped)


def _choose_records(names: Set[str], library: Library | None) -> Want:
    """Return what to keep of the records: all, those that the rules of a library ask for, or none."""
    if "records" in names:
        return Want(texts=library is not None, digests=library is not None, spooled=True)
    if library is not None:
        return want_of(library)._replace(sha256=False)
    return Want(lambda *_: Selected(np.zeros(0, np.int64), np.zeros(0, np.int64)))


def build_tables(names: Set[str], tables: Tables, findings: tuple[Finding, ...]) -> Mapping[str, pa.Table]:
    """Return the tables that a query names, by name: the others would take memory and time."""
    builders: dict[str, Callable[[], pa.Table]] = {
        "records": lambda: tables.records,
        "unparsed": lambda: tables.unparsed,
        "config": lambda: tables.config,
        "status": lambda: tables.status,
        "findings": lambda: to_table(findings, FINDINGS),
        "coverage": lambda: to_table(map(in_words, tables.members), COVERAGE),
    }
    return {name: build() for name, build in builders.items() if name in names}
