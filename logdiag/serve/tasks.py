"""The tasks that run in a process of their own: they load the pipeline, read evidence, and render outputs.

Each returns what JSON has. Large outputs are written to a file that the server names.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdiag.batch.output import FINDINGS, REPORT, Output
from logdiag.batch.rows import Job, row_of
from logdiag.i18n import gettext, speaking
from logdiag.model import Command, Diagnosis
from logdiag.options import Options
from logdiag.serve.uploads import Upload
from logdiag.serve.workers import Say

if TYPE_CHECKING:
    from logdiag.query import Answer
    from logdiag.rules.library import Library

MODULES = (
    "batch.dataset",
    "batch.page",
    "compare.diff_sentences",
    "outputs",
    "pipeline",
    "query",
    "records.compiled",
    "redaction",
    "report.html",
    "report.json_",
)
"""What a process loads before its task."""

MAX_ROWS = 200
"""Rows of an answer that a page shows; the file has all."""
_MAX_CELL = 300
_MAX_HITS = 3
_SAY_SECONDS = 0.2


def _progress(say: Say) -> Callable[[str | None, int], None]:
    """Return a function that counts the bytes that are read, and reports them a few times a second."""
    read, said, lock = 0, 0.0, threading.Lock()

    def count(member: str | None, size: int) -> None:
        nonlocal read, said
        with lock:
            read += size
            if member is None:
                say({"stage": "judging", "member": "", "read": read})
            elif (now := time.monotonic()) - said > _SAY_SECONDS:
                said = now
                say({"stage": "reading", "member": member[:300], "read": read})

    return count


def diagnose_case(
    say: Say, out: str, job: Job, upload: Upload, options: Options, earlier: tuple[str, Path] | None
) -> None:
    """Diagnose the files of an upload, and write the case; compare it with an earlier one."""
    from logdiag.compare.diff import compare as compare_diagnoses
    from logdiag.compare.diff_sentences import HEADINGS
    from logdiag.pipeline import diagnose
    from logdiag.snapshots.limits import watching

    say({"stage": "reading"})
    with watching(_progress(say)):
        report = diagnose(upload.locations(), options)
    say({"stage": "writing"})
    changed = None
    with speaking(options.language):
        if earlier is not None:
            # A deleted case is no reason to lose this one.
            with suppress(OSError):
                outcomes = compare_diagnoses(_diagnosis(earlier[1]), report.diagnosis).outcomes
                changed = [[HEADINGS[outcome], len(found)] for outcome, found in outcomes.items()]
        row = row_of(job, report.diagnosis)
    about = {
        "name": job.name,
        "label": job.label,
        "inputs": upload.files,
        "options": asdict(replace(options, rules=())),
        "library": report.diagnosis.tool.library,
        "version": version("logdiag"),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "earlier": earlier and earlier[0],
        "changed": changed,
    }
    state = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    output = Output(out)
    output.put_cluster(job.name, {REPORT: report.to_html().encode(), FINDINGS: report.to_json().encode()})
    output.note_finished(state, row, about)


def publish(say: Say, out: str, options: Options) -> None:
    """Write what all cases have in common: the dataset of their findings, and the index page."""
    from logdiag.batch import dataset, page

    with _library(options) as library:
        output = Output(out)
        rows = sorted((row for row, _ in output.rows().values()), key=lambda row: row.name)
        reported = [row for row in rows if row.has_report]
        try:
            dataset.write(output, reported)
        except Exception:  # a broken file in the store of a stranger is no reason to lose a new case
            dataset.write(output, [row for row in reported if dataset.is_usable(output, row)])
        output.store.put_file("index.html", page.render(rows, (), library).encode())


def render(say: Say, findings: Path, suffix: str, brief: bool, redacted: bool, target: Path) -> None:
    """Write a view of a case, the short form or the redacted one."""
    from logdiag.outputs import Report

    diagnosis = _diagnosis(findings)
    if brief:
        command = Command(diagnosis.command.name, {**diagnosis.command.options, "brief": "true"})
        diagnosis = replace(diagnosis, command=command)
    report = Report(diagnosis)
    target.write_text((report.redacted() if redacted else report).render(suffix), encoding="utf-8")


def compare(say: Say, old: Path, new: Path, language: str, target: Path) -> None:
    """Write the page of what changed between two cases."""
    from logdiag.compare.diff import compare
    from logdiag.compare.diff_views import to_html

    with speaking(language):
        target.write_text(to_html(compare(_diagnosis(old), _diagnosis(new))), encoding="utf-8")


def ask(
    say: Say, sql: str, upload: Upload | None, findings: Path, options: Options, target: Path | None
) -> dict[str, Any]:
    """Answer a query. The first rows are returned; with a ``target``, all are written to it as CSV.

    Without an upload, only the tables that the findings file has can be asked.

    Raises:
        QueryError: the query is wrong, or asks for a table that needs the files.

    """
    from logdiag.tables.export import csv, plain_rows

    with _answer(sql, upload, findings, options) as answer:
        if target is not None:
            csv(answer.rows, target)
            return {"rows": answer.taken}
        rows = [
            [_cell(value) for value in row.values()] for row in islice(plain_rows(answer.rows), MAX_ROWS + 1)
        ]
        return {"names": answer.rows.schema.names, "rows": rows[:MAX_ROWS], "more": len(rows) > MAX_ROWS}


@contextmanager
def _answer(sql: str, upload: Upload | None, findings: Path, options: Options) -> Iterator["Answer"]:
    from logdiag import query as sql_over
    from logdiag.query.ask import ask
    from logdiag.snapshots.deadline import Deadline
    from logdiag.tables import schemas

    if upload is not None:
        with ask(sql, upload.locations(), options) as asked:
            yield asked.answer
        return
    with speaking(options.language):
        tables = sql_over.parse_query(sql)
        if missing := ", ".join(sorted(tables - {"findings", "coverage"})):
            said = gettext(
                "The uploaded files are deleted, so a query can name findings and coverage, but not {tables}."
            )
            raise sql_over.QueryError(said.format(tables=missing))
        diagnosis = _diagnosis(findings)
        found = {
            "findings": schemas.to_table(diagnosis.findings, schemas.FINDINGS),
            "coverage": schemas.to_table(diagnosis.coverage.members, schemas.COVERAGE),
        }
        deadline = Deadline(options.limits.seconds)
        with sql_over.answer(sql, {name: found[name] for name in tables}, options.limits, deadline) as answer:
            yield answer


def write_procedures(say: Say, upload: Upload | None, options: Options, target: Path) -> None:
    """Write the page of all procedures; with an upload, steps name the peers and show what is done."""
    from logdiag.incidents.procedures import page_of
    from logdiag.pipeline import examine_clusters
    from logdiag.reading import read
    from logdiag.report.procedures import to_html
    from logdiag.rules.selection import want_of
    from logdiag.snapshots import find_snapshots

    with _library(options) as library:
        examined: Sequence[Any] = ()
        if upload is not None:
            snapshots = find_snapshots(upload.locations())
            tables = read(snapshots, options.limits, want=want_of(library), jobs=options.jobs)
            examined = examine_clusters(tables, library)
        known = library.procedures
        names = sorted(known, key=lambda name: (known[name].kind, name))
        page = to_html([page_of(name, library, examined) for name in names], options.language)
        target.write_text(page, encoding="utf-8")


def search(say: Say, out: Path, words: Sequence[str]) -> dict[str, Any]:
    """Return for each word the cases whose findings contain it, and the first such findings of each case."""
    import duckdb
    from pyarrow import dataset

    if not (out / "findings").is_dir():
        return {"cases": [[] for _ in words], "hits": {}}
    text = """lower(concat_ws(' ', rule, title, explanation, array_to_string(hosts, ' '),
        array_to_string(peers, ' '), array_to_string(list_transform("references", lambda one: one.id), ' '),
        array_to_string(list_transform(evidence, lambda one: one.text), ' ')))"""
    cases: list[list[str]] = []
    hits: dict[str, list[list[str]]] = {}
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"}) as connection:
        connection.register(
            "findings", dataset.dataset(out / "findings", partitioning="hive", format="parquet")
        )
        for word in words:
            query = f"SELECT cluster, severity, title FROM findings WHERE contains({text}, lower(?))"  # noqa: S608
            found = connection.execute(query, [word]).fetchall()
            cases.append(sorted({name for name, _, _ in found}))
            for name, severity, title in found:
                known = hits.setdefault(name, [])
                if len(known) < _MAX_HITS and [severity, title] not in known:
                    known.append([severity, title])
    return {"cases": cases, "hits": hits}


@contextmanager
def _library(options: Options) -> Iterator["Library"]:
    from logdiag.rules.library import load
    from logdiag.rules.translation import in_language

    with speaking(options.language):
        yield in_language(load(options.rules), options.language)


def _diagnosis(findings: Path) -> Diagnosis:
    from logdiag.compare.findings_file import read

    return read(findings.name, findings.read_bytes())


def _cell(value: Any) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MAX_CELL else f"{text[:_MAX_CELL]}…"
