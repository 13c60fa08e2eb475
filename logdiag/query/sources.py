"""The tables of a query: only those that it names are made, for records take memory and findings time."""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from logdiag.cluster.coverage import in_words
from logdiag.model import Finding
from logdiag.query.parse import Asked
from logdiag.reading import Tables
from logdiag.records import Select, Selected, Want
from logdiag.tables.schemas import COVERAGE, FINDINGS


def wanted(asked: Asked, of_rules: Select | None) -> Want:
    """What is kept of the records: all, what the rules ask for, or none.

    Args:
        asked: the query.
        of_rules: selects what a diagnosis asks for, where `asked` names findings.

    """
    if "records" in asked.tables:
        found = "findings" in asked.tables
        return Want(texts=found, digests=found, spooled=True)
    if "findings" in asked.tables:
        return Want(of_rules, texts=True, digests=True)
    return Want(_none)


def _none(_: pa.Table, __: npt.NDArray[np.int64]) -> Selected:
    return Selected(np.zeros(0, np.int64), np.zeros(0, np.int64))


def made(asked: Asked, tables: Tables, findings: tuple[Finding, ...]) -> Mapping[str, pa.Table]:
    """The tables that a query names, by name."""
    makers: dict[str, Callable[[], pa.Table]] = {
        "records": lambda: tables.records,
        "unparsed": lambda: tables.unparsed,
        "config": lambda: tables.config,
        "status": lambda: tables.status,
        "findings": lambda: _rows(findings, FINDINGS),
        "coverage": lambda: _rows(tuple(map(in_words, tables.members)), COVERAGE),
    }
    return {name: make() for name, make in makers.items() if name in asked.tables}


def _rows(nouns: tuple[object, ...], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(
        [{field.name: _plain(getattr(noun, field.name)) for field in schema} for noun in nouns],
        schema,
    )


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return list(value.items()) if isinstance(value, dict) else value
