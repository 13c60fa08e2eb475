"""A third language is one file, and every output says all of its own texts in it.

The language replaces the letters of each English text, so that an English word in an output is either
evidence (a name, a field, an id, a command) or a text that no catalogue was asked for.
"""

import re
import string
import sys
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import write_po

from logdiag import i18n
from logdiag.batch import page as index
from logdiag.batch.rows import Row
from logdiag.batch.since import News, Since
from logdiag.compare import diff, diff_views
from logdiag.conditions import alarm_catalogue
from logdiag.files.resources import folder
from logdiag.i18n import speaking
from logdiag.incidents import procedures as procedure_pages
from logdiag.model import Citation, Diagnosis, to_plain
from logdiag.options import Options
from logdiag.outputs import Report
from logdiag.pipeline import diagnose, examine
from logdiag.report import procedures
from logdiag.rules import alarm_page, rule_page
from logdiag.rules.cases import files_of, tables_of
from logdiag.rules.library import Library, load
from logdiag.rules.references import cite
from logdiag.rules.translation import in_language

sys.path.insert(0, str(folder("reports") / "locale"))
import messages

SAMPLES = sorted(path for path in (Path(__file__).parent.parent / "sample_logs").iterdir() if path.is_dir())
OTHER_LETTERS = {ord(letter): 0x1E00 + number for number, letter in enumerate(string.ascii_letters)}
SAME = {"UTC", "logdiag", "SHA", "xConfiguration", "xStatus", "Expressway"}
"""Words that are the same in every language."""


def pseudo(text: str) -> str:
    """A text in other letters, with its placeholders."""
    parts = re.split(r"(\{\w+\})", text)
    return "".join(part if part.startswith("{") else part.translate(OTHER_LETTERS) for part in parts)


@pytest.fixture(scope="module", autouse=True)
def language(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The language ``qq``: one file beside the others."""
    place = tmp_path_factory.mktemp("locale")
    path = place / "qq" / "LC_MESSAGES" / "logdiag.po"
    path.parent.mkdir(parents=True)
    found = messages.template()
    for message in found:
        if message.id:
            one = message.id
            message.string = pseudo(one) if isinstance(one, str) else tuple(map(pseudo, one))
    with path.open("wb") as file:
        write_po(file, found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "_locale", lambda: place)
        yield


@pytest.fixture(scope="module")
def library() -> Library:
    return in_language(load(), "qq")


def words(text: str) -> set[str]:
    """The English words of a text, without ids of rules, findings and libraries, placeholders and commands."""
    text = re.sub(r"\b[a-z0-9-]+/[a-z0-9-]+(?![\w/])|[0-9a-f]{16}(@\w+)?|\{\w+\}", " ", text)
    text = re.sub(r"xCommand \w+|logdiag shapes|```text", " ", text)
    return set(re.findall(r"[A-Za-z]{2,}", text)) - SAME


def titles(cited: Iterable[Citation]) -> set[str]:
    """The words of English documents, of the product's titles of alarms, and of links."""
    alarms, known = alarm_catalogue.load(), set()
    for one in cited:
        own = "" if one.id else f"{one.title} {one.section}"
        known |= words(f"{own} {alarms[one.id].title if one.id in alarms else one.id} {one.url}")
    return known


def cited_in(diagnosis: Diagnosis) -> set[Citation]:
    return {one for finding in diagnosis.findings for one in finding.references}


def evidence(*paths: Path) -> set[str]:
    """The words of inputs and of their names."""
    files = [path for one in paths for path in (one, *one.rglob("*"))]
    contents = (path.read_text(errors="replace") for path in files if path.is_file())
    return set().union(*map(words, contents), *(words(path.name) for path in files))


class Shown(HTMLParser):
    """The texts of a page that a reader sees or hears."""

    ATTRIBUTES = ("alt", "aria-label", "data-label", "data-says", "placeholder", "title")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.texts += [value for name, value in attrs if name in self.ATTRIBUTES and value]

    def handle_data(self, data: str) -> None:
        if self._within not in ("script", "style", "code"):
            self.texts.append(data)


def of_the_model(value: Any, key: str = "") -> Iterator[str]:
    """The texts that a diagnosis says itself."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in ("values", "evidence"):
                yield from of_the_model(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from of_the_model(item, key)
    elif isinstance(value, str) and key in OURS:
        yield value


OURS = {"do", "explanation", "headline", "impact", "reason", "reasons", "summary", "text", "title", "verify"}
OURS |= {"wait", "what", "why", "detail", "note", "repair"}


def english(texts: Iterable[str], known: set[str]) -> set[str]:
    """The texts with English words that are not known from the inputs."""
    return {f"{sorted(left)}: {text[:200]}" for text in texts if (left := words(text) - known)}


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda path: path.name)
def sample(request: pytest.FixtureRequest) -> tuple[Report, set[str]]:
    report = diagnose([request.param], Options(language="qq"))
    # A page shows what a finding bound, by the names that its rule gives.
    names = {name for finding in report.diagnosis.findings for name in finding.values}
    return report, evidence(request.param) | names | titles(cited_in(report.diagnosis))


@pytest.mark.parametrize("view", ["to_html", "to_markdown", "to_text"])
def test_a_view_has_no_english(sample: tuple[Report, set[str]], view: str) -> None:
    report, known = sample
    # A narrow terminal cuts links.
    output = getattr(report, view)(**({"width": 240} if view == "to_text" else {}))
    assert english(Shown(output).texts if view == "to_html" else output.split("\n"), known) == set()


def test_annotations_have_no_english(sample: tuple[Report, set[str]]) -> None:
    report, known = sample
    lines = report.to_annotations().splitlines()
    assert lines
    assert english((re.sub(r"^::\w+ |\b(file|line|title)=", "", line) for line in lines), known) == set()


def test_what_rules_find_has_no_english(library: Library) -> None:
    """Findings, incidents and advice of the first cases of every rule."""
    left = set()
    for rule in library.rules.values():
        for case in rule.cases[:2]:
            files = files_of(case)
            diagnosis = examine(tables_of(files), library)
            known = set().union(*map(words, files.values()), *map(words, files), titles(cited_in(diagnosis)))
            # Of a path in the log, a value can be the last part alone.
            known |= words(" ".join(value for one in diagnosis.findings for value in one.values.values()))
            left |= english(of_the_model(to_plain(diagnosis)), known)
    assert left == set()


def test_the_page_of_a_rule_has_no_english(library: Library) -> None:
    with speaking("qq"):
        for name, rule in library.rules.items():
            file = library.files[name]
            shown = [str(file.path), *rule.references, *(case.name for case in rule.cases)]
            shown += [str(file.tree.get(key)) for key in ("match", "remedy", "requested")]
            shown += ["true false"]
            known = set().union(*map(words, shown), titles(cite(rule.references)))
            assert english(rule_page.render_rule(name, library).split("\n"), known) == set(), name


@pytest.mark.parametrize("view", [procedures.to_html, procedures.to_markdown])
def test_the_pages_of_procedures_have_no_english(view: Callable[..., str], library: Library) -> None:
    with speaking("qq"):
        for name, one in library.procedures.items():
            conditions = (step.when.model_dump(exclude_defaults=True) for step in one.steps if step.when)
            commands = (step.command or "" for step in one.steps)
            known = words(f"{name} {one.references} {[*conditions]} {[*commands]} true false")
            output = view([procedure_pages.page_of(name, library)], "qq")
            shown = Shown(output).texts if view is procedures.to_html else output.split("\n")
            assert english(shown, known) == set(), name


def test_the_pages_of_alarms_have_no_english(library: Library) -> None:
    with speaking("qq"):
        for alarm in alarm_catalogue.load().values():
            known = words(f"{alarm.title} {alarm.text} {alarm.severity} {alarm.versions} {alarm.source}")
            known |= titles(cite(note.reference for note in alarm_catalogue.notes().get(alarm.id, ())))
            lines = (*alarm_page.render_alarm(alarm, library).split("\n"), alarm_page.list_alarms([alarm]))
            assert english(lines, known) == set(), alarm.id


def test_the_page_of_a_batch_has_no_english(library: Library) -> None:
    rows = [Row("c1", "c1", 0, (), "", None, None, 1), Row("c2", "c2", 5, ("1",), has_report=False)]
    with speaking("qq"):
        news = Since(
            "e1", {"c1": News(1, 1, 0, (("opened", "low", "t1"), ("worse", "low", "t2")), 1)}, ("c3",)
        )
        for since in (None, news, Since("e1", {})):
            page = index.render(rows, ("x",), library, since)
            assert english(Shown(page).texts, {"clusters", "findings"}) == set()


def test_a_comparison_has_no_english(samples: Path) -> None:
    options = Options(language="qq")
    older, newer = (diagnose([samples / name], options).diagnosis for name in ("peer-lost", "peer-returns"))
    known = evidence(samples / "peer-lost", samples / "peer-returns")
    with speaking("qq"):
        for one, other in ((older, newer), (newer, older), (older, older)):
            found = diff.compare(one, other)
            terminal = diff_views.to_text(found, color=False, width=100)
            assert english((diff_views.to_markdown(found) + terminal).split("\n"), known) == set()
            assert english(Shown(diff_views.to_html(found)).texts, known) == set()
