"""Alarms that no rule names: what the catalogue says of them."""

from collections.abc import Iterable, Sequence
from functools import cached_property

from logdiag.conditions.alarm_catalogue import alarm_title, load, notes
from logdiag.i18n import N_, gettext
from logdiag.model import Severity
from logdiag.rules import versions
from logdiag.rules.events import CaseData, Collected
from logdiag.rules.library import Library
from logdiag.rules.patterns import Pattern
from logdiag.rules.time_logic import Event

_UNKNOWN_MEANING = N_("The alarm catalogue does not know this alarm; what is known of it is its own text.")
_UNKNOWN_ADVICE = N_(
    "Read the alarm on Status > Alarms, which has its own link to help, and in the release notes."
)


class UnclaimedAlarms(Collected):
    """The events of alarms, but for those that some other rule's match means."""

    def __init__(self, case: CaseData, library: Library) -> None:
        super().__init__(case)
        self._library = library

    def events(self, patterns: Iterable[Pattern], by: Iterable[str] = ()) -> list[Event]:
        """Return what the patterns match and no other rule claims."""
        found = super().events(patterns, by)
        return [e for e in found if (e.table, e.row) not in self._claimed]

    @cached_property
    def _claimed(self) -> set[tuple[str, int]]:
        claimed: set[tuple[str, int]] = set()
        for rule in self._library.rules.values():
            for match in rule.match:
                if match.alarm is not None and not match.alarm.others:
                    events = super().events(match.alarm.as_state.patterns)
                    claimed |= {(e.table, e.row) for e in events}
        return claimed


_OF_CLUSTER = ("cluster", "클러스터")
"""How the titles of alarms about the cluster begin."""


def from_catalogue(values: dict[str, str]) -> dict[str, str]:
    """Name, meaning and advice of the alarm whose ``id`` and ``detail`` were bound."""
    alarm = load().get(values.get("id", ""))
    if alarm is None:
        name = alarm_title(values.get("detail", "")) or gettext("an alarm without a text")
        return {"name": name, "meaning": gettext(_UNKNOWN_MEANING), "advice": gettext(_UNKNOWN_ADVICE)}
    name = alarm_title(values.get("detail", ""))
    if name.casefold() in ("", "-", alarm.title.casefold()):
        name = alarm.full_title()
    return {"name": name, "meaning": gettext(alarm.meaning), "advice": gettext(alarm.remedy)}


def notes_for(alarm: str, of_peers: Sequence[str | None]) -> tuple[list[str], list[str]]:
    """Return what is known about an alarm in the versions of some peers, and the references of that."""
    said, sources = [], []
    # A note about another version would send a reader the wrong way, so that only fitting notes are shown.
    for row in notes().get(alarm, ()):
        applies = versions.applies_to_all([row.versions], of_peers)
        if applies != "does not":
            text = gettext(row.note)
            about = gettext("If the version is {versions}: {note}").format(versions=row.versions, note=text)
            said.append(text if applies == "applies" else about)
            sources.append(row.reference)
    return said, sources


def severity_of(alarm: str, title: str) -> Severity:
    """Return how bad an alarm is that no rule is about: never worse than medium.

    Most such alarms do not concern the cluster. One that is known by its title alone may.
    """
    known = load().get(alarm)
    if known is None and title.casefold().startswith(_OF_CLUSTER):
        return "medium"
    if alarm == "25019":  # it is raised by diagnostic logging itself
        return "info"
    if known is None or known.severity == "Warning":
        return "low"
    return "info" if known.severity == "Notice" else "medium"
