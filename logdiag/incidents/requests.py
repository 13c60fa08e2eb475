"""Work that somebody asked for: finished, still running when the logs end, or unfinished.

Work that is finished or running is no fault, and neither is what it causes. Unfinished work keeps
its effects and heads them. Work that followed a fault was an attempt to repair it, and belongs to the
incident of the fault.
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from logdiag.cluster import Cluster
from logdiag.i18n import gettext
from logdiag.i18n.sentences import stretch
from logdiag.incidents.causes import effects_of, members_under
from logdiag.model import Finding, State
from logdiag.records import instant
from logdiag.rules.library import Library
from logdiag.rules.schema import Requested

Outcome = Literal["finished", "running", "unfinished"]


def with_requests(findings: list[Finding], library: Library, cluster: Cluster) -> list[Finding]:
    """Findings with how each requested work ended, and at info what it explains."""
    judged = _Judged(findings, library, cluster)
    for work in judged.works:
        judged.judge(work)
    return [judged.known[finding.id] for finding in findings]


@dataclass(frozen=True)
class _Work:
    """Requested work: its finding, and what its rule says of it."""

    finding: Finding
    asked: Requested


class _Judged:
    """Findings by id, changed as one work after the other is judged, in the order of time."""

    def __init__(self, findings: list[Finding], library: Library, cluster: Cluster) -> None:
        self.known = {finding.id: finding for finding in findings}
        self._library = library
        self._cluster = cluster
        self._effects = effects_of(findings)
        self._of_rule: dict[str, list[Finding]] = {}
        for finding in findings:
            self._of_rule.setdefault(finding.rule, []).append(finding)
        self.works = sorted(
            (
                _Work(finding, asked)
                for finding in findings
                if (asked := library.rules[finding.rule].requested) is not None
            ),
            key=lambda work: (work.finding.began, work.finding.id),
        )
        self._firsts = [work.finding.began for work in self.works]

    def judge(self, work: _Work) -> None:
        """Fill in how a work ended, and what that makes of its effects."""
        finding = self.known[work.finding.id]
        if finding.requested:
            return
        cause = self.known[finding.caused_by[0]] if finding.caused_by else None
        if cause is not None and not self._is_work(cause):
            # The work was the fault or a part of it, and belongs to its incident.
            self.known[finding.id] = replace(finding, severity="info")
            return
        late = [one for one in self._direct(finding) if self._is_late(one, work)]
        timely = self._under(finding, without=late)
        faults = [one for one in timely if not self._is_over(one, work)]
        outcome = self._outcome(work, timely, faults)
        # A repair after which the peer itself is lost is more than a repair.
        lost = outcome == "unfinished" and any(not set(one.peers).isdisjoint(finding.hosts) for one in faults)
        repaired = None if cause is not None else self._repaired(work, timely)
        if lost and repaired is not None and set(repaired.peers).isdisjoint(finding.hosts):
            repaired = None
        for one in late:
            # What began late is an effect of unfinished work if it is about the same peer.
            if not (outcome == "unfinished" and repaired is None and _is_about(one, finding)):
                self.known[one.id] = replace(one, caused_by=())
        if repaired is not None:
            note = gettext("It was an attempt to repair what was wrong before: {what}.")
            told = _noted(finding, note.format(what=repaired.title))
            self.known[finding.id] = replace(told, caused_by=(repaired.id,), severity="info")
            for one in timely if outcome != "unfinished" else ():
                self.known[one.id] = replace(self.known[one.id], severity="info")
        elif outcome == "unfinished":
            self._unfinished(work, finding, timely, faults)
        else:
            state: State = "closed"
            if outcome == "running":
                state = "open_at_end"
                finding = _noted(finding, _cut_short(self._ends(finding, timely)))
            self.known[finding.id] = replace(finding, state=state)
            for one in (finding, *timely):
                self.known[one.id] = replace(self.known[one.id], requested=True, severity="info")

    def _unfinished(
        self, work: _Work, finding: Finding, effects: list[Finding], faults: list[Finding]
    ) -> None:
        blamed = [one for one in faults if one.rule in work.asked.told_under]
        if blamed:
            fault = min(blamed, key=lambda one: (one.began, one.id))
            self.known[fault.id] = replace(fault, caused_by=())
            self.known[finding.id] = replace(finding, caused_by=(fault.id,), severity="info")
            return
        state: State = "open"
        if faults and all(one.state == "closed" for one in faults):
            state = "closed"  # its effects ended late, but they ended
        elif not faults:
            state = "unknown" if finding.state == "unknown" else "open"
            note = gettext("Nothing in the {span} of logs after it shows that it ended well.")
            finding = _noted(finding, note.format(span=stretch(self._ends(finding, effects))))
        self.known[finding.id] = replace(finding, state=state)

    # ── how it ended ────────────────────────────────────────────────────────────────────────

    def _outcome(self, work: _Work, effects: Sequence[Finding], faults: Sequence[Finding]) -> Outcome:
        if not faults and self._is_ended(work, effects):
            return "finished"
        left = [one for one in faults if one.state == "closed" or self._is_alarm(one)]
        if not left and self._ends(work.finding, effects) < work.asked.lasts:
            return "running"
        return "unfinished"

    def _is_over(self, effect: Finding, work: _Work) -> bool:
        """Whether an effect ended as it should."""
        if work.asked.over_within is None:
            return effect.state in ("seen", "closed")
        # Alarms that come and go are one finding: the last work that began before they were over counts.
        start = bisect.bisect_left(self._firsts, work.finding.began)
        end = bisect.bisect_right(self._firsts, effect.ended)
        last = max((one.finding.ended for one in self.works[start:end]), default=work.finding.ended)
        return effect.state in ("seen", "closed") and effect.ended <= last + work.asked.over_within

    def _is_ended(self, work: _Work, effects: Sequence[Finding]) -> bool:
        """Whether the end of a work was seen."""
        finding, asked = work.finding, work.asked
        own_end = finding.state in ("seen", "closed")
        if not asked.shown_by:
            return True
        if not own_end and (asked.own_end or finding.state == "open"):
            return False
        if own_end and len(self._cluster.peers) == 1:
            return True
        caused = {one.id for one in effects}
        shown = [
            one
            for rule in asked.shown_by
            for one in self._of_rule.get(rule, ())
            if one.state in ("seen", "closed") and one.ended > finding.began
        ]
        # What the peer itself logs shows its end from its start on; where a gap hides that, some time later.
        since = finding.ended if own_end else finding.began + asked.lasts
        return all(
            any(
                host in one.peers
                or (host in one.hosts and one.ended > since)
                or (len(finding.hosts) == 1 and one.id in caused and not one.peers)
                for one in shown
            )
            for host in finding.hosts
        )

    def _ends(self, work: Finding, effects: Iterable[Finding]) -> timedelta:
        """How long after a work the logs go on that would show its end."""
        hosts = {host for one in (work, *effects) for host in one.hosts} & set(self._cluster.observed)
        last = max((instant(self._cluster.observed[host].end) for host in hosts), default=work.ended)
        return last - work.began

    # ── its effects ─────────────────────────────────────────────────────────────────────────

    def _direct(self, work: Finding) -> list[Finding]:
        effects = (self.known[id_] for id_ in self._effects.get(work.id, ()))
        return [one for one in effects if one.caused_by == (work.id,)]

    def _under(self, work: Finding, without: Iterable[Finding] = ()) -> list[Finding]:
        """All that a work caused, but for some of its effects and what these caused."""
        left = {one.id for one in without}
        kept = [one for one in self._direct(work) if one.id not in left]
        return [self.known[one.id] for one in members_under(kept, self._effects, self.known)]

    def _is_late(self, effect: Finding, work: _Work) -> bool:
        """Whether an effect began too late to be the noise of a work."""
        within = work.asked.over_within
        return within is not None and effect.began > work.finding.ended + within

    def _is_work(self, finding: Finding) -> bool:
        return self._library.rules[finding.rule].requested is not None

    def _is_alarm(self, finding: Finding) -> bool:
        return any(match.alarm is not None for match in self._library.rules[finding.rule].match)

    # ── an attempt to repair ────────────────────────────────────────────────────────────────

    def _repaired(self, work: _Work, effects: Iterable[Finding]) -> Finding | None:
        """The last fault that was open when a work began, and that no other work explains."""
        own = {one.id for one in effects}
        earlier = [
            one
            for rule in dict.fromkeys(work.asked.unless)
            for found in self._of_rule.get(rule, ())
            if (one := self.known[found.id]).began < work.finding.began
            and (one.state != "closed" or one.ended >= work.finding.began)
            and not one.requested
            and one.id not in own
        ]
        return max(earlier, key=lambda one: (one.began, one.id), default=None)


def _is_about(effect: Finding, work: Finding) -> bool:
    return not {*effect.hosts, *effect.peers}.isdisjoint(work.hosts)


def _cut_short(after: timedelta) -> str:
    if not after:
        return gettext("The logs end with it, before its end can be seen.")
    return gettext("The logs end {span} after it, before its end can be seen.").format(span=stretch(after))


def _noted(finding: Finding, note: str) -> Finding:
    """A finding that also says how its work ended."""
    explanation = f"{finding.explanation} {note}"
    return replace(finding, explanation=explanation, outcome=f"{finding.outcome} {note}".strip())
