"""What all views of a difference say: the verdict, the notes, and a line for each finding and incident."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from logdiag.compare.diff import OUTCOMES, Comparison, Difference, Group, Outcome
from logdiag.i18n import N_, gettext, ngettext
from logdiag.model import Diagnosis, Finding, Incident
from logdiag.report import labels, sentences
from logdiag.report.labels import Labels

HEADINGS: Labels[Outcome] = Labels(
    {
        "opened": N_("New"),
        "worse": N_("Worse"),
        "closed": N_("Resolved"),
        "went_on": N_("Not resolved"),
        "gone": N_("No longer reported"),
        "same": N_("Unchanged"),
    }
)
LISTED: tuple[Outcome, ...] = OUTCOMES[:-1]
"""The outcomes whose findings are listed; unchanged findings are only counted."""
_COUNTS: Labels[Outcome] = Labels(
    {
        "opened": N_("{number} new"),
        "worse": N_("{number} worse"),
        "closed": N_("{number} resolved"),
        "went_on": N_("{number} not resolved"),
        "gone": N_("{number} no longer reported"),
        "same": N_("{number} unchanged"),
    }
)


def verdict(difference: Difference) -> str:
    """Return the number of findings with each outcome as a sentence, new findings first."""
    found = difference.outcomes
    counts = [_COUNTS[one].format(number=f"{len(found[one]):,}") for one in OUTCOMES if found[one]]
    # Counts of zero are left out, but that nothing is new is the best news there is.
    if not found["opened"] and not found["worse"]:
        counts.insert(0, gettext("none new or worse"))
    return gettext("Findings: {counts}.").format(counts=", ".join(counts))


def compared(difference: Difference) -> str:
    """Return which time the logs of both diagnoses cover."""
    said = gettext("Logs in UTC: {older} (older), {newer} (newer).")
    return said.format(
        older=sentences.covers(*_covered(difference.older)),
        newer=sentences.covers(*_covered(difference.newer)),
    )


def notes(difference: Difference) -> Iterator[str]:
    """Return what a reader has to know before relying on the comparison."""
    if not difference.same_cluster:
        yield gettext("The two have no peer in common: they are probably of different clusters.")
    old_end, new_end = (_covered(one)[1] for one in (difference.older, difference.newer))
    if old_end is not None and new_end is not None and new_end < old_end:
        yield gettext("The newer logs end before the older logs: check the order of the two inputs.")
    gone = len(difference.outcomes["gone"])
    if gone:
        said = ngettext(
            "{number} open finding is missing in the new file: the new logs may begin after it.",
            "{number} open findings are missing in the new file: the new logs may begin after them.",
            gone,
        )
        yield said.format(number=f"{gone:,}")


@dataclass(frozen=True)
class Line:
    """A line about an incident with its findings ``below``, or about a finding.

    ``was`` are the older severity and state as far as they differ from those now, ``belongs`` says which
    incident it is or belongs to, and how many findings of the incident have the outcome.
    """

    of: Finding | Incident
    peers: tuple[str, ...]
    was: str = ""
    rule: str = ""
    belongs: str = ""
    number: int = 0
    """The number of the incident in its diagnosis; 0 without an incident and below one."""
    below: tuple["Line", ...] = ()
    is_whole: bool = False
    """Whether all findings of the incident have the outcome."""
    is_gone: bool = False

    @property
    def state(self) -> str:
        """The state now, or the last known state of what is no longer reported."""
        state = labels.STATES[self.of.state]
        return gettext("was {what}").format(what=state) if self.is_gone else state

    @property
    def facts(self) -> str:
        """Everything but severity and title, in one line."""
        state = f"{self.state}: {sentences.since_until(self.of)}"
        state = f"{state} ({self.was})" if self.was else state
        return " · ".join(filter(None, (state, ", ".join(self.peers), self.rule, self.belongs)))


def sections(difference: Difference, most: int) -> Iterator[tuple[Outcome, list[Line], int]]:
    """Yield the lines of each outcome with at most ``most`` findings, and the number of other findings."""
    for outcome in LISTED:
        lines: list[Line] = []
        number = 0
        for group in difference.groups(outcome):
            if number < most:
                lines.append(_line(group, outcome, most - number))
            number += len(group.found)
        if lines:
            yield outcome, lines, max(0, number - most)


def _line(group: Group, outcome: Outcome, most: int) -> Line:
    is_gone = outcome == "gone"
    below = tuple(
        Line(
            one.finding,
            one.finding.peers or one.finding.hosts,
            was=_was(one),
            rule=one.finding.rule,
            is_gone=is_gone,
        )
        for one in group.found[:most]
    )
    line = below[0]
    if incident := group.heading:
        line = Line(incident, incident.peers, below=below, is_whole=group.is_whole, is_gone=is_gone)
    return replace(line, belongs=_belongs(group, outcome), number=group.number)


def _was(one: Comparison) -> str:
    older, now = one.was, one.finding
    if older is None:
        return ""
    said = [labels.SEVERITIES[older.severity]] if older.severity != now.severity else []
    if older.state != now.state:
        said.append(labels.STATES[older.state])
    return gettext("was {what}").format(what=", ".join(said)) if said else ""


def _belongs(group: Group, outcome: Outcome) -> str:
    if group.incident is None:
        return ""
    # The number is that of the newer report, which does not contain an incident that is gone.
    said = [] if outcome == "gone" else [sentences.of_incidents((group.number,))]
    if group.is_whole and group.heading:
        said.append(sentences.findings(len(group.found)))
    elif group.heading:
        part = gettext("{number} of {findings}")
        whole = sentences.findings(len(group.incident.findings))
        said.append(part.format(number=f"{len(group.found):,}", findings=whole))
    return ", ".join(said)


def _covered(diagnosis: Diagnosis) -> tuple[datetime | None, datetime | None]:
    peers = diagnosis.cluster.peers
    first = min((one.seen_from for one in peers if one.seen_from is not None), default=None)
    return first, max((one.seen_to for one in peers if one.seen_to is not None), default=None)
