"""The alarm catalogue for a reader: an alarm as a page, and many as a list."""

import textwrap
from collections.abc import Iterable

from logdiag.conditions import Log
from logdiag.conditions.alarm_catalogue import Alarm, notes
from logdiag.i18n import gettext
from logdiag.i18n.sentences import cited
from logdiag.reading import read_texts
from logdiag.rules.library import Library
from logdiag.rules.references import cite

_WIDTH = 96


def find_rules_by_alarm(alarms: Iterable[Alarm], library: Library) -> dict[str, list[str]]:
    """Return the rules that look for each alarm, by its id; without any, those that take any other alarm."""
    raised = [(alarm.id, line) for alarm in alarms for line in _raised(alarm)]
    log = Log(read_texts({"alarm.log": "".join(line for _, line in raised).encode()}).records)
    named: dict[str, set[str]] = {id_: set() for id_, _ in raised}
    others: dict[str, set[str]] = {id_: set() for id_, _ in raised}
    for name, rule in library.rules.items():
        for match in rule.match:
            if match.alarm is not None:
                taken = others if match.alarm.others else named
                for row in log.rows(match.alarm.as_state.raised[0].condition):
                    taken[raised[row][0]].add(name)
    return {id_: sorted(named[id_] or others[id_]) for id_ in named}


def _raised(alarm: Alarm) -> list[str]:
    """Return the alarm as records raise it, in each of its wordings."""
    return [
        f'2024-03-05T09:00:00.000+00:00 peer alarm: Level="WARN" Event="Alarm Raised" Id="{alarm.id}" '
        f'Severity="{alarm.severity.lower()}" Detail="{alarm.title}: {text}"\n'
        for text in alarm.text.replace('"', "'").split(" | ")
    ]


def render_alarm(alarm: Alarm, library: Library) -> str:
    """Return the page of one alarm, in the current language."""
    head = f"{alarm.id}  {alarm.full_title()}"
    lines = [head, ""]
    facts = gettext("severity {severity} · known from {versions} · {confidence}")
    sure = gettext(alarm.confidence)
    lines += [facts.format(severity=alarm.severity, versions=alarm.versions, confidence=sure), ""]
    told = (
        (gettext("What it means"), gettext(alarm.meaning)),
        (gettext("What to do"), gettext(alarm.remedy)),
        (gettext("What its records say"), alarm.text),
    )
    for title, text in told:
        lines += [title, *_wrapped(text), ""]
    if alarm.id in notes():
        lines += [gettext("In some versions")]
        for row in notes()[alarm.id]:
            [source] = cite([row.reference])
            title = cited(source.title, [source.section] if source.section else [])
            lines += _wrapped(f"{row.versions}: {gettext(row.note)} ({title})")
        lines += [""]
    rules = find_rules_by_alarm([alarm], library)[alarm.id]
    lines += [
        gettext("Rules that look for it"),
        *(f"  {name}  {library.rules[name].title}" for name in rules),
        "",
    ]
    lines += [gettext("Sources"), *_wrapped(alarm.source)]
    return "\n".join(lines) + "\n"


def list_alarms(alarms: Iterable[Alarm]) -> str:
    """Return a line an alarm: id, severity, title."""
    return "".join(f"{alarm.id}  {alarm.severity:<9}  {alarm.full_title()}\n" for alarm in alarms)


def _wrapped(text: str) -> list[str]:
    # A Korean letter is as wide as two of ours.
    width = _WIDTH if text.isascii() else _WIDTH * 3 // 5
    return textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  ")
