"""The tables of a query: only those that it names are built, as records take memory and findings time."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from logdiag.cluster.coverage import in_words
from logdiag.model import Finding
from logdiag.query.parse import Query
from logdiag.reading import Tables
from logdiag.records import Select, Selected, Want
from logdiag.tables.schemas import COVERAGE, FINDINGS, to_table


def choose_records(query: Query, select: Select | None) -> Want:
    """Return what to keep of the records: all, those that the rules ask for, or none.

    Args:
        query: the query.
        select: selects what a diagnosis asks for, if the query names findings.

    """
    findings = "findings" in query.tables
    if "records" in query.tables:
        return Want(texts=findings, digests=findings, spooled=True)
    if findings:
        return Want(select, texts=True, digests=True)
    return Want(lambda *_: Selected(np.zeros(0, np.int64), np.zeros(0, np.int64)))


def build_tables(query: Query, tables: Tables, findings: tuple[Finding, ...]) -> Mapping[str, pa.Table]:
    """Return the tables that a query names, by name."""
    builders: dict[str, Callable[[], pa.Table]] = {
        "records": lambda: tables.records,
        "unparsed": lambda: tables.unparsed,
        "config": lambda: tables.config,
        "status": lambda: tables.status,
        "findings": lambda: to_table(findings, FINDINGS),
        "coverage": lambda: to_table(map(in_words, tables.members), COVERAGE),
    }
    return {name: build() for name, build in builders.items() if name in query.tables}
