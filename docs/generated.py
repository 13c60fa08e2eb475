"""Generate the parts of the documentation that the program knows: commands, rules, alarms, columns.

`insert_generated` replaces each line ``<!-- generated: NAME -->`` of a page by the Markdown of that name.
"""

import os
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import typer
from typer.core import TyperGroup

from logdiag.cli import app
from logdiag.conditions import alarm_catalogue as catalogue
from logdiag.records import RECORDS
from logdiag.report.markdown_escape import inline
from logdiag.rules.alarm_page import find_rules_by_alarm
from logdiag.rules.library import Library, load
from logdiag.rules.rule_page import render_rule
from logdiag.rules.schema import Remedy
from logdiag.snapshots import Limits

ROOT = Path(__file__).resolve().parent.parent
_MARK = re.compile(r"^<!-- generated: ([a-z ]+) -->$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]\n]+)\]\(([^()\s#:]+)(#[^()\s]*)?\)")
_PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
"""Files in the root folder, and the pages that include them."""


def insert_generated(text: str) -> str:
    """Return the page with its marks replaced by generated text."""
    return _MARK.sub(lambda found: GENERATORS[found[1]](), text)


def resolve_links(text: str, page: Path) -> str:
    """Return the page with links that work on the site, which contains `docs/` only.

    A link to a file that a page includes becomes a link to that page. A link to a rule becomes a link to its
    section. The text of any other link into the repository becomes code.
    """

    def link(found: re.Match[str]) -> str:
        label, target, anchor = found[1], found[2], found[3] or ""
        path = (page.parent / target).resolve()
        if not path.is_relative_to(ROOT) or path.is_relative_to(page.parent):
            return found[0]
        name = path.relative_to(ROOT).as_posix()
        if name in _PAGES:
            return f"[{label}]({_PAGES[name]}{anchor})"
        if name.startswith("rules/") and name.removesuffix(".yaml").removeprefix("rules/") in load().rules:
            return f"[{label}](library.md#{_anchor(name.removesuffix('.yaml').removeprefix('rules/'))})"
        return label if label.startswith("`") else f"`{label}`"

    return _LINK.sub(link, text)


# ── files of the repository ─────────────────────────────────────────────────────────────────


def _file(name: str) -> str:
    """Return a file of the root folder, with its links relative to ``docs/``."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"(?<=\]\()(?![a-z]+:)[^()\s#]+", lambda found: os.path.relpath(found[0], "docs"), text)


# ── the command line ────────────────────────────────────────────────────────────────────────


def _commands() -> str:
    """Return a section for each command, with its arguments and options."""
    return "\n".join(
        line for name, command in _walk("", typer.main.get_command(app)) for line in _command(name, command)
    )


def _walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield each command of a group and of its groups, with its full name."""
    if not isinstance(command, TyperGroup):
        yield name, command
        return
    for child, subcommand in command.commands.items():
        yield from _walk(f"{name} {child}".strip(), subcommand)


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    words = [one.metavar or one.name.upper() for one in arguments]
    yield from (f"### logdiag {name}", "", _helping(command.help), "")
    usage = ["logdiag", name, *words, *(["[OPTION]…"] if options else [])]
    yield from ("```text", " ".join(usage), "```", "")
    cells = [word.replace("|", "\\|") for word in words]
    rows = [(f"`{cell}`", _helping(one.help), "") for cell, one in zip(cells, arguments, strict=True)]
    rows += [(_option(one), _helping(one.help), _default(one)) for one in options]
    if rows:
        yield from _table(("", "meaning", "default"), rows)
    if command.epilog:
        label, _, example = command.epilog.partition(": ")
        yield from (f"{label}: `{example}`", "")


def _helping(text: str | None) -> str:
    """Return a help text as Markdown, with the options in it as code."""
    parts = re.split(r"(?<!\w)(--?[a-z][a-z-]*)", text or "")
    return "".join(f"`{part}`" if at % 2 else _spaced(part) for at, part in enumerate(parts))


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    value = "" if option.is_flag else f" {option.metavar or option.display_type(None)}"
    return names[:-1] + value.replace("|", "\\|") + "`"


def _default(option: Any) -> str:
    if option.required:
        return "required"
    return "" if option.default in (None, False) else f"`{option.default}`"


def _variables() -> str:
    """Return a table of the environment variables and the options that they set."""
    found: dict[str, str] = {}
    for _, command in _walk("", typer.main.get_command(app)):
        found |= {one.envvar: one.opts[-1] for one in command.params if isinstance(one.envvar, str)}
    return "\n".join(_table(("variable", "option"), [(f"`{k}`", f"`{v}`") for k, v in sorted(found.items())]))


def _limits() -> str:
    rows = [
        (f"`{name}`", f"`{_counted(getattr(Limits, name))}`", field.metadata["says"])
        for name, field in Limits.__dataclass_fields__.items()
        if "says" in field.metadata
    ]
    return "\n".join(_table(("name", "default", "limits"), rows))


def _counted(number: int) -> str:
    for size, unit in ((1 << 30, "G"), (1 << 20, "M")):
        if number % size == 0:
            return f"{number // size}{unit}"
    return str(number)


# ── the rule library ────────────────────────────────────────────────────────────────────────


def _library() -> str:
    """Return an index of all rules, and a section for each rule, by subject."""
    library = load()
    index = [
        (f"[{name}](#{_anchor(name)})", rule.severity, _escaped(rule.title), rule.basis)
        for name, rule in sorted(library.rules.items())
    ]
    lines = ["## Index", "", *_table(("rule", "severity", "title", "basis"), index)]
    for subject, names in groupby(sorted(library.rules), key=lambda name: name.partition("/")[0]):
        lines += [f"## {subject}", "", *(line for name in names for line in _rule(name, library))]
    return "\n".join(lines)


def _rule(name: str, library: Library) -> Iterator[str]:
    rule = library.rules[name]
    parts = _parts(render_rule(name, library))
    yield from (f"({_anchor(name)})=", f"### {name}", "", f"**{_escaped(rule.title)}**", "")
    yield from (f"Severity {rule.severity}, basis {rule.basis}.", "", _escaped(rule.why), "")
    for heading in ("Software versions", "How long it may take to end without help"):
        if heading in parts:
            yield from (f"{heading}: {inline(parts[heading])}", "")
    for heading in ("What it looks for", "Work that somebody asked for"):
        if heading in parts:
            yield from (f"{heading}:", "", "```yaml", parts[heading], "```", "")
    if explained := dict.fromkeys(effect.rule for effect, _ in library.explained_by(name)):
        effects = (f"- [{effect}](#{_anchor(effect)})" for effect in explained)
        yield from ("What it explains:", "", *effects, "")
    if rule.remedy:
        yield from ("What to do:", "", *(line for it in rule.remedy for line in _procedure(it, library)), "")
    if rule.cases:
        yield from ("Its cases:", "", *(f"- {inline(line)}" for line in parts["Cases"].splitlines()), "")
    yield from (f"From: {inline('; '.join(rule.references))}", "")


def _parts(text: str) -> dict[str, str]:
    """Return the parts of the output of `logdiag rules show`, by heading."""
    found = re.findall(r"^(\S.*)\n((?:  .*\n)+)", text, re.MULTILINE)
    return {heading: textwrap.dedent(body).rstrip() for heading, body in found}


def _procedure(item: Remedy, library: Library) -> Iterator[str]:
    procedure = library.procedures[item.procedure]
    condition = " (under conditions)" if item.when is not None else ""
    yield f"- {inline(procedure.title)}{condition}"
    for number, step in enumerate(procedure.steps, start=1):
        yield f"  {number}. {_escaped(step.do)} *Where:* {step.where}. *Risk:* {step.risk}."


def _escaped(text: str) -> str:
    """Return the text of a rule as Markdown, with its placeholders as code."""
    parts = re.split(r"(\{[a-z_]+\})", " ".join(text.split()))
    return "".join(f"`{part}`" if at % 2 else _spaced(part) for at, part in enumerate(parts))


def _spaced(text: str) -> str:
    """Return ``text`` as Markdown, with the blanks at its ends."""
    bare = text.strip()
    return text.replace(bare, inline(bare)) if bare else text


def _anchor(rule: str) -> str:
    return f"rule-{rule.replace('/', '-')}"


# ── tables ──────────────────────────────────────────────────────────────────────────────────


def _alarms() -> str:
    """Return a section for each alarm of the catalogue, with the rules that look for it."""
    library = load()
    lines: list[str] = []
    alarms = catalogue.load()
    looking = find_rules_by_alarm(alarms.values(), library)
    for alarm in alarms.values():
        rules = ", ".join(f"[{name}](library.md#{_anchor(name)})" for name in looking[alarm.id])
        lines += [f"(alarm-{alarm.id})=", f"## {alarm.id} {inline(alarm.title)}", ""]
        lines += [
            f"Severity {alarm.severity}, basis {alarm.confidence}, known from {inline(alarm.versions)}.",
            "",
        ]
        lines += [inline(alarm.meaning), "", f"**What to do:** {inline(alarm.remedy)}", ""]
        lines += [f"**Rules:** {rules}", ""] if rules else []
    return "\n".join(lines)


_MEANINGS = {
    "time": "time of the record: `UTCTime` if the record has a valid one, otherwise the time in its header",
    "header_time": "time in the header",
    "utc_offset": "offset of the header's time from UTC, in minutes",
    "host": "host in the header",
    "process": "tag after the host: `tvcs`, `httpd`",
    "subprocess": "second tag: `web` in `httpd[7]: web:`",
    "pid": "number in the tag",
    "module": "first value of `Module`",
    "level": "first value of `Level`",
    "event": "first value of `Event`",
    "detail": "first value of `Detail`",
    "fields": "all pairs in their order, as written, with repeated keys",
    "text": "parts of the first line that are not pairs",
    "body": "lines after the first: a SIP or HTTP message, a dump",
    "snapshot": "input of the record",
    "source": "member of the input; `!/` separates an archive from a member of it",
    "line": "number of the first line, from 1",
    "offset": "offset of the first byte",
    "length": "number of bytes, with line ends",
}


def _columns() -> str:
    """Return a table of the columns of the records. Every column must have a meaning."""
    if list(_MEANINGS) != RECORDS.names:
        raise ValueError(f"columns and their meanings differ: {set(_MEANINGS) ^ set(RECORDS.names)}")
    rows = [
        (f"`{one.name}`", _type(one.type), "" if one.nullable else "never", _MEANINGS[one.name])
        for one in RECORDS
    ]
    return "\n".join(_table(("column", "type", "null", "meaning"), rows))


def _type(type_: pa.DataType) -> str:
    if pa.types.is_dictionary(type_):
        return "`string` (dictionary)"
    return "list of `key`, `value`" if pa.types.is_list(type_) else f"`{type_}`"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)] + [""]


GENERATORS: dict[str, Callable[[], str]] = {
    "readme": lambda: _file("README.md"),
    "contributing": lambda: _file("CONTRIBUTING.md"),
    "changelog": lambda: _file("CHANGELOG.md"),
    "security": lambda: _file("SECURITY.md").partition("\n")[2],  # the page has a title of its own
    "commands": _commands,
    "variables": _variables,
    "limits": _limits,
    "library": cache(_library),
    "alarms": cache(_alarms),
    "columns": _columns,
}
"""The function that generates each part, by the name in the mark."""
