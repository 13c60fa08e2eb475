"""Asks a query of inputs: reads what it needs, and answers it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from logdiag.i18n import speaking
from logdiag.options import Options
from logdiag.pipeline import examine
from logdiag.query.engine import Answer, answer
from logdiag.query.parse import parse_query
from logdiag.query.sources import build_tables, choose_records
from logdiag.reading import Tables, read
from logdiag.rules.library import load
from logdiag.rules.selection import Selection, collect_conditions
from logdiag.rules.translation import in_language
from logdiag.snapshots import Snapshot, find_snapshots
from logdiag.snapshots.deadline import Deadline
from logdiag.snapshots.locations import Location


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
        query = parse_query(sql, deadline)
        # Findings need only the records that rules ask for; without findings no rule runs.
        library = None
        if "findings" in query.tables:
            library = in_language(load(options.rules), options.language)
        snapshots = find_snapshots(inputs)
        want = choose_records(query, Selection(collect_conditions(library)) if library else None)
        tables = read(snapshots, options.limits, want=want, jobs=options.jobs, deadline=deadline)
        diagnosis = examine(tables, library) if library else None
        findings, capped = (diagnosis.findings, diagnosis.capped) if diagnosis else ((), ())
        built = build_tables(query, tables, findings)
        with answer(sql, built, options.limits, deadline) as answered:
            yield Asked(answered, tables, snapshots, capped)
