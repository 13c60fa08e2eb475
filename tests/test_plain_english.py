"""The language of documents, comments, docstrings, rules and messages: plain technical English.

Each phrase of `PLAIN` has been in the project and made people read a sentence twice. A phrase is looked for in prose
only, never in code, log text or conditions.
"""

import ast
import csv
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent

PLAIN = {
    r"by (?:itself|themselves)": "default; on its own; alone",
    r"as (?:it is|they are) by": "default",
    r"(?:is|are|was|were|has|have|where) (?-i:none)(?! of)": "has no …; is not a …; is invalid",
    r"(?:do|does|did) not stand": "is not in; does not contain; does not show",
    r"(?:stand|stands|stood|standing) (?:in|at|there|behind|beside|before|between|above|below|on|next|ahead|alone)": "is in; contains",
    r"(?:lie|lies|lay|lying) (?:in|at|there|behind|beside|before|above|below|on|next|directly)": "is in; is next to",
    r"(?:is|are|was|were|be|been|being|has|have|not) told": "is reported; is shown; is known",
    r"(?:told|tell|tells) (?:of|apart)": "reports; distinguishes",
    r"tells": "says; shows; reports",
    r"of which (?:it|they|one)": "name the noun and make two sentences",
    r"how many-th": "the number",
    r"as it were": "(leave it out)",
    r"in front of": "before",
    r"beside": "next to; with; besides",
    r"behind(?! (?:(?:a|an|the|its|their) )?(?:static )?(?:firewall|NAT|proxy|load balancer))": "after; below",
    r"at hand": "current; given",
    r"what is (?:left|none|meant|at hand|to be)": "the rest; remaining; missing; the value",
    r"(?:is|are|was|were) left(?! (?:out|open|empty|unchanged|alone|as|to|blank))": "remains; is missing; is not read",
    r"(?:become|becomes|became) of": "outcome; result; state",
    r"(?:go|goes|went|going|gone) on": "continues",
    r"how (?:it|they|this) (?:went|goes|go)\b": "continued",
    r"to be had": "available",
    r"(?:hand|hands|handed|handing) over": "sends; writes; returns",
    r"(?:sent|send|sends|pass|passed) on(?! the)": "forward",
    r"given out": "returned; yielded; written",
    r"(?:mend|mends|mended|mending)": "repair; fix; correct",
    r"whoever": "anybody who",
    r"as good as": "counts as; almost",
    r"(?:all|those|rules|ones|what|names|peers) that there (?:is|are)": "all; the existing",
    r"(?:one|a (?:case|row|line|folder|file|suite|finding|report|process|section)) an? (?:line|row|rule|cluster|record|member|peer|value|finding|severity|subject)": "one … for each …",
    r"(?:is|are) taken for": "is treated as",
    r"for (?:itself|themselves)": "on its own; separately",
    r"(?:and )?the like": "and similar …",
    r"to the letter": "exactly",
    r"(?:come|comes|came) again": "repeats; returns",
    r"where (?:it|one|there|that|they|none) (?:is|are|was|has|have|does|do) (?:not|no|none)": "if … is not",
    r"(?:lay|laid|lays) (?:it )?over": "add to",
    r"who somebody is": "identify",
    r"in the house": "in the project",
    r"by the line": "one for each line",
    r"the other way (?:round|about)": "reversed",
    r"(?:come|comes|came) of(?! age)": "result",
    r"for (?:one|another) thing": "name it",
    r"(?:is|are|was|were) (?:not )?said(?! to)": "is reported; is stated",
    r"(?:not|no) (?:any )?more told": "no longer reported",
}
"""Phrases, and what to write instead."""

_PHRASES = {re.compile(rf"\b{phrase}\b", re.IGNORECASE): plain for phrase, plain in PLAIN.items()}

Prose = Iterator[tuple[str, str]]
"""Texts for people, each with its place."""


def offenders(prose: Prose) -> list[str]:
    """Return a line for each phrase of `PLAIN` in the texts."""
    found = []
    for place, text in prose:
        words = re.sub(r"``[^`]+``|`[^`\n]+`|\s+", " ", text)
        for phrase, plain in _PHRASES.items():
            found += [f"{place}: {hit[0]!r}, write: {plain}" for hit in phrase.finditer(words)]
    return found


# ── documents ───────────────────────────────────────────────────────────────────────────────

DOCUMENTS = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/*.md", "sample_logs/*.md", "tests/**/README.md")
    for path in ROOT.glob(pattern)
    if path != ROOT / "docs" / "rules.md"  # generated from docstrings
)


def paragraphs(document: Path) -> Prose:
    """Yield the paragraphs of a Markdown file without its blocks of code."""
    text = re.sub(
        r"^ *```.*?^ *```$",
        lambda block: "\n" * block[0].count("\n"),
        (ROOT / document).read_text(encoding="utf-8"),
        flags=re.MULTILINE | re.DOTALL,
    )
    line = 1
    for part in re.split(r"(\n\s*\n)", text):
        yield f"{document}:{line}", part
        line += part.count("\n")


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_a_document_is_in_plain_english(document: Path) -> None:
    assert offenders(paragraphs(document)) == []


# ── Python and grammars ─────────────────────────────────────────────────────────────────────


def comments(path: Path) -> Prose:
    """Yield the comments of a Python file; lines that follow each other are one text."""
    start, text = 0, ""
    for token in tokenize.generate_tokens(io.StringIO((ROOT / path).read_text(encoding="utf-8")).readline):
        if token.type == tokenize.COMMENT:
            start, text = start or token.start[0], f"{text} {token.string.lstrip('#:')}"
        elif token.type != tokenize.NL and text:
            yield f"{path}:{start}", text
            start, text = 0, ""


def docstrings(path: Path) -> Prose:
    """Yield the docstrings of a Python file, also those of constants and fields."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield f"{path}:{node.lineno}", node.value.value


SCRIPTS = sorted(
    path.relative_to(ROOT)
    for folder in ("benchmarks", "docs", "tests/fuzz", "tests/simulator")
    for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", SCRIPTS, ids=str)
def test_a_script_is_explained_in_plain_english(path: Path) -> None:
    assert offenders(comments(path)) + offenders(docstrings(path)) == []


@pytest.mark.parametrize("path", sorted((ROOT / "grammars").glob("*.lark")), ids=lambda path: path.name)
def test_a_grammar_is_explained_in_plain_english(path: Path) -> None:
    blocks = re.findall(r"(?:^// ?.*\n)+", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert offenders((path.name, block.replace("//", "")) for block in blocks) == []


# ── the package ─────────────────────────────────────────────────────────────────────────────

MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "logdiag").rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_a_module_is_explained_in_plain_english(path: Path) -> None:
    assert offenders(comments(path)) + offenders(docstrings(path)) == []


def test_the_code_says_why() -> None:
    """Two of a hundred lines are comments: the reasons of constants, orders and workarounds."""
    lines = sum(len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in MODULES)
    commented = sum(
        token.type == tokenize.COMMENT and "noqa" not in token.string and "type: ignore" not in token.string
        for path in MODULES
        for token in tokenize.generate_tokens(io.StringIO((ROOT / path).read_text(encoding="utf-8")).readline)
    )
    assert commented >= 0.02 * lines, f"{commented} comments in {lines} lines"


# ── rules and messages ──────────────────────────────────────────────────────────────────────

TEXTS = {
    "title",
    "why",
    "do",
    "verify",
    "wait",
    "impact",
    "cannot_tell",
    "unknown",
    "missing",
    "value",
    "name",
}
"""Keys of rules and procedures whose values are texts for people."""

RULES = sorted((ROOT / "rules").rglob("*.yaml"))


def texts_of(node: Any, key: str = "") -> Iterator[str]:
    """Yield the texts of a rule; records of cases and conditions are not texts."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in ("ko", "log", "logs", "where", "expect"):
                yield from value.values() if name == "say" else texts_of(value, name)
    elif isinstance(node, list):
        for item in node:
            yield from texts_of(item, key)
    elif isinstance(node, str) and key in TEXTS:
        yield node


@pytest.mark.parametrize("path", RULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_rule_is_in_plain_english(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    remarks = [block.replace("#", " ") for block in re.findall(r"(?:^ *# .*\n)+", text, re.MULTILINE)]
    assert offenders((path.name, part) for part in (*remarks, *texts_of(yaml.safe_load(text)))) == []


def test_the_alarm_catalogue_is_in_plain_english() -> None:
    with (ROOT / "rules" / "alarms.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert offenders((row["id"], row[column]) for row in rows for column in ("meaning", "remedy")) == []
    with (ROOT / "rules" / "alarm-notes.csv").open(encoding="utf-8", newline="") as file:
        assert offenders((row["id"], row["note"]) for row in csv.DictReader(file)) == []


@pytest.mark.parametrize(
    "path", sorted((ROOT / "reports" / "locale").rglob("*.po")), ids=lambda path: path.parts[-3]
)
def test_messages_are_in_plain_english(path: Path) -> None:
    with path.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    ids = [(message.id,) if isinstance(message.id, str) else message.id for message in messages]
    assert offenders((repr(text[:30]), text) for texts in ids for text in texts) == []
