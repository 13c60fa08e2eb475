"""Judges requested work: finished, still running when the logs end, or unfinished.

Work that is finished or running is no fault, and neither is what it causes. Unfinished work stays the cause
of its effects. Work that followed a fault was an attempt to repair it, and belongs to the incident of the
fault. What counts as the end of work, and which effects are normal, its rule says (``requested``).
"""

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from logdiag.cluster import Cluster
from logdiag.i18n import gettext
from logdiag.i18n.sentences import stretch
from logdiag.incidents.causes import Causes, by_time, effects_of, inverted, root_of, tree_of
from logdiag.incidents.groups import SAME_TIME, hosts_of, is_mirror
from logdiag.model import Finding, State
from logdiag.records import instant
from logdiag.rules.library import Library

_MAX_LENGTH = timedelta(minutes=30)
"""A restart may take so long: about every 30th checks the disk."""

_MAX_NAMED = 3
"""Open effects that a sentence names; the incident lists all of them."""

Outcome = Literal["finished", "running", "unfinished"]


def judge_requests(causes: Causes, library: Library, cluster: Cluster) -> list[Finding]:
    """Return findings with the outcome of each requested work; effects of finished work become ``info``."""
    requests = _Requests(causes, library, cluster)
    for work in requests.works:
        requests.judge(work)
    return [requests.known[finding.id] for finding in causes.findings]


class _Requests:
    """Findings by id. They change while requested work is judged in the order of time."""

    def __init__(self, causes: Causes, library: Library, cluster: Cluster) -> None:
        findings = causes.findings
        self.known = {finding.id: finding for finding in findings}
        self._possible = causes.possible
        self._possible_effects = inverted(causes.possible)
        self._library = library
        self._cluster = cluster
        self._effects = effects_of(findings)
        self._of_rule: dict[str, list[Finding]] = {}
        for finding in findings:
            self._of_rule.setdefault(finding.rule, []).append(finding)
        self._requested = {
            name: requested
            for name in library.requested_work
            if (requested := library.rules[name].requested) is not None
        }
        # Requested work as it was found: `known` has its outcome.
        self.works = sorted((one for one in findings if self._is_work(one)), key=by_time)
        self._firsts = [work.began for work in self.works]
        self._work_of = {work.id: work for work in self.works}
        for work in self.works:
            self._detach_faults_of_others(work)

    def judge(self, work: Finding) -> None:
        """Fill in the outcome of a work, and the consequences for its effects."""
        finding = self.known[work.id]
        late = [one for one in self._direct(finding) if self._is_late(one, work)]
        if finding.requested:
            # It is a part of work that ended well: what began long after it is a fault of its own.
            self._detach(late)
            return
        cause = self.known[finding.caused_by[0]] if finding.caused_by else None
        if cause is not None and not self._is_work(cause):
            # The work was the fault or a part of it, and belongs to its incident.
            self._change(finding, severity="info")
            return
        timely = self._below(work)
        faults = [one for one in timely if not self._is_over(one, work)]
        outcome = self._outcome(work, timely, faults)
        # A repair after which the peer itself is lost is more than a repair.
        lost = outcome == "unfinished" and any(not set(one.peers).isdisjoint(finding.hosts) for one in faults)
        repaired = None if cause is not None else self._repaired(work, timely)
        if lost and repaired is not None and set(repaired.peers).isdisjoint(finding.hosts):
            repaired = None
        # Peers that got different settings while they were apart keep them when they are together again.
        half_changed = any(self._is_setting(one) for one in faults)
        if half_changed and repaired is not None and root_of(repaired, self.known).state == "closed":
            repaired, outcome = None, "unfinished"
        # What began late is an effect of unfinished work if it is about the same peer.
        unfinished = outcome == "unfinished" and repaired is None
        of_others = [one for one in late if {*one.hosts, *one.peers}.isdisjoint(finding.hosts)]
        self._detach(of_others if unfinished else late)
        if repaired is not None:
            note = gettext("It was an attempt to repair what was wrong before: {what}.")
            self._note(finding, note.format(what=repaired.title))
            self._change(finding, caused_by=(repaired.id,), severity="info")
            for one in timely if outcome != "unfinished" else ():
                self._change(one, severity="info")
        elif outcome == "unfinished":
            self._unfinished(work, timely, faults)
        else:
            if outcome == "running":
                self._note(finding, _cut_short(self._time_after(finding, timely)))
                self._note(finding, _not_over(faults))
            self._change(finding, state="open_at_end" if outcome == "running" else "closed")
            for one in (finding, *timely):
                one = self.known[one.id]
                state: State = "closed" if one.state == "seen" and self._is_work(one) else one.state
                self._change(one, requested=True, severity="info", state=state)

    def _change(self, finding: Finding, **changes: Any) -> None:
        self.known[finding.id] = replace(self.known[finding.id], **changes)

    def _note(self, finding: Finding, note: str) -> None:
        """Add the outcome of the work to the explanation of a finding."""
        finding = self.known[finding.id]
        if note:
            outcome = f"{finding.outcome} {note}".strip()
            self._change(finding, explanation=f"{finding.explanation} {note}", outcome=outcome)

    def _unfinished(self, work: Finding, effects: list[Finding], faults: list[Finding]) -> None:
        finding = self.known[work.id]
        if (cause := self._cause_besides(work, faults)) is not None:
            # The work brought out what was wrong before: the peer comes back when that is repaired.
            noise = {one.id for one in effects} - {one.id for one in faults}
            for one in self._direct(finding):
                if one.id not in noise and cause.id in self._possible.get(one.id, ()):
                    self._change(one, caused_by=(cause.id,))
            for id_ in noise:
                self._change(self.known[id_], severity="info")
            self._note(finding, _not_over(faults))
            self._change(finding, caused_by=(cause.id,), severity="info")
            return
        blamed = [one for one in faults if one.rule in self._requested[work.rule].told_under]
        if blamed and not any(self._is_setting(one) for one in faults):
            fault = min(blamed, key=by_time)
            self._change(fault, caused_by=())
            self._change(finding, caused_by=(fault.id,), severity="info")
            return
        state: State = "open"
        if faults and all(one.state == "closed" for one in faults):
            state = "closed"  # its effects ended late, but they ended
        elif finding.state == "closed" and not faults and self._end(work, effects) is not None:
            state = "closed"  # it took longer than it should, and ended well
        elif not faults:
            state = "unknown" if finding.state == "unknown" else "open"
            note = gettext("Nothing in the {span} of logs after it shows that it ended well.")
            self._note(finding, note.format(span=stretch(self._time_after(finding, effects))))
        self._note(finding, _not_over(faults))
        self._change(finding, state=state)

    def _cause_besides(self, work: Finding, faults: Iterable[Finding]) -> Finding | None:
        """Return the most likely cause of the faults after a work that is neither work nor its effect."""
        possible = [self.known[id_] for id_ in self._possible_effects.get(work.id, ())]
        lasting = [one for one in possible if one.state != "closed" and one.severity != "info"]
        for fault in sorted([*faults, *(one for one in lasting if one.caused_by)], key=by_time):
            if (cause := self._other_cause(fault)) is not None:
                return cause
        return None

    def _other_cause(self, effect: Finding) -> Finding | None:
        """Return the most likely possible cause of an effect that is no work and no effect of work."""
        for id_ in self._possible.get(effect.id, ()):
            way = [self.known[id_]]
            while way[-1].caused_by:
                way.append(self.known[way[-1].caused_by[0]])
            if not any(one.id == effect.id or self._is_work(one) for one in way):
                return way[0]
        return None

    # ── how it ended ────────────────────────────────────────────────────────────────────────

    def _outcome(self, work: Finding, effects: Sequence[Finding], faults: Sequence[Finding]) -> Outcome:
        # A restart that its rule still waits for when its span is over ended too late, though it ended.
        if work.state == "closed":
            return "unfinished"
        if not faults and self._end(work, effects) is not None:
            return "finished"
        left = [one for one in faults if not self._may_go_on(one, work)]
        if not left and self._time_after(work, effects) < _MAX_LENGTH:
            return "running"
        return "unfinished"

    def _may_go_on(self, fault: Finding, work: Finding) -> bool:
        """Return whether an open effect can be the noise of work that has not ended either."""
        requested = self._requested[work.rule]
        if fault.state == "closed" or self._is_alarm(fault):
            return False
        within = requested.begins_within or requested.over_within
        if within is None or not _has_own_end(work) or self._is_setting(fault):
            # A peer that starts takes its time, and so does entering a setting on one peer after the other.
            return True
        return self._end_of_log(fault.hosts, default=work.ended) <= work.ended + within

    def _is_over(self, effect: Finding, work: Finding) -> bool:
        """Return whether an effect ended, within the time that the rule of the work allows."""
        within = self._requested[work.rule].over_within
        if within is None:
            return effect.state in ("seen", "closed")
        # Alarms that come and go are one finding: the last work that began before they were over counts.
        start = bisect.bisect_left(self._firsts, work.began)
        end = bisect.bisect_right(self._firsts, effect.ended)
        last = max((one.ended for one in self.works[start:end]), default=work.ended)
        # What is no fault, such as H.323 that arrives, may be logged for as long as the logs last.
        ended = effect.began if (effect.state, effect.severity) == ("seen", "info") else effect.ended
        return effect.state in ("seen", "closed") and ended <= last + within

    def _end(self, work: Finding, effects: Sequence[Finding]) -> datetime | None:
        """Return when the end of a work had been logged on each of its peers; None if it was not."""
        requested, own_end = self._requested[work.rule], _has_own_end(work)
        if not requested.shown_by:
            return work.ended
        if not own_end and (requested.own_end or work.state == "open"):
            return None
        if own_end and len(self._cluster.peers) == 1:
            return work.ended
        caused = {one.id for one in effects}
        shown = [
            one
            for rule in requested.shown_by
            for one in self._of_rule.get(rule, ())
            if one.state in ("seen", "closed") and one.ended > work.began
        ]
        # What the peer itself logs shows its end from its start on; if a gap hides that, some time later.
        since = work.ended if own_end else work.began + _MAX_LENGTH
        ends = []
        for host in work.hosts:
            of_host = [one.ended for one in shown if host in one.peers]
            of_host += [_first_after(one, since) for one in shown if host in one.hosts and one.ended > since]
            if len(work.hosts) == 1:
                of_host += [one.ended for one in shown if one.id in caused and not one.peers]
            if not of_host:
                return None
            ends.append(min(of_host))
        return max(ends)

    def _end_of_log(self, hosts: Iterable[str], default: datetime) -> datetime:
        """Return when the last log of some peers ends."""
        observed = self._cluster.observed
        return max((instant(observed[host].end) for host in hosts if host in observed), default=default)

    def _time_after(self, work: Finding, effects: Iterable[Finding]) -> timedelta:
        """Return the length of the logs after a work that would show its end."""
        return self._end_of_log(hosts_of((work, *effects)), default=work.ended) - work.began

    # ── its effects ─────────────────────────────────────────────────────────────────────────

    def _direct(self, work: Finding) -> list[Finding]:
        effects = (self.known[id_] for id_ in self._effects.get(work.id, ()))
        return [one for one in effects if one.caused_by == (work.id,)]

    def _below(self, work: Finding) -> list[Finding]:
        """Return all effects of a work and of the work that it led to, except those that began long after."""
        below: dict[str, Finding] = {}
        waiting = [(work, one) for one in self._direct(work)]
        while waiting:
            cause, one = waiting.pop()
            if one.id in below or self._is_late(one, cause):
                continue
            below[one.id] = one
            if (part := self._work_of.get(one.id)) is not None:
                waiting += [(part, effect) for effect in self._direct(one)]
            else:
                # What an effect led to is as timely as the effect.
                below |= {more.id: more for more in tree_of([one], self._effects, self.known)}
        return tree_of(below.values(), {}, self.known)

    def _is_late(self, effect: Finding, work: Finding) -> bool:
        """Return whether an effect began too late to be the noise of a work."""
        requested = self._requested[work.rule]
        within = requested.over_within
        if requested.begins_within is not None:
            within = requested.begins_within if _has_own_end(work) else None
        return within is not None and effect.began > work.ended + within

    def _detach_faults_of_others(self, work: Finding) -> None:
        """Make faults of other peers independent of a work whose time they share by chance."""
        direct = self._direct(work)
        end = self._end(work, direct) if self._requested[work.rule].shown_by else None
        detached: list[Finding] = []
        for one in direct:
            about = {*(one.peers or one.hosts)}
            if self._is_work(one) or self._is_over(one, work) or not about.isdisjoint(work.hosts):
                continue
            # An alarm does not say which peer it is about.
            began_after = end is not None and one.began > end and not self._is_alarm(one)
            if began_after or self._is_reported_elsewhere(one, work):
                detached.append(one)
        # The other side of the same fault is about the peer of the work, but no effect of it either.
        mirrored = [one for one in direct if any(is_mirror(one, other) for other in detached)]
        self._detach([*detached, *mirrored])

    def _detach(self, effects: Sequence[Finding]) -> None:
        """Give effects of work their next possible cause that is no work, or none."""
        for one in effects:
            self._change(one, caused_by=())
        for one in effects:
            if (cause := self._other_cause(one)) is not None:
                self._change(one, caused_by=(cause.id,))

    def _is_reported_elsewhere(self, fault: Finding, work: Finding) -> bool:
        """Return whether a peer without this work reports the same fault of the same peers independently."""
        return any(
            other.caused_by != (work.id,)
            and other.hosts != fault.hosts
            and not set(other.peers).isdisjoint(fault.peers)
            and set(work.hosts).isdisjoint({*other.hosts, *other.peers})
            and abs(other.began - fault.began) <= SAME_TIME
            for found in self._of_rule[fault.rule]
            for other in (self.known[found.id],)
        )

    def _is_work(self, finding: Finding) -> bool:
        return finding.rule in self._requested

    def _is_alarm(self, finding: Finding) -> bool:
        return any(match.alarm is not None for match in self._library.rules[finding.rule].match)

    def _is_setting(self, finding: Finding) -> bool:
        """Return whether a finding is about the configuration, not about an event."""
        return all(match.audit is not None for match in self._library.rules[finding.rule].match)

    # ── an attempt to repair ────────────────────────────────────────────────────────────────

    def _repaired(self, work: Finding, effects: Iterable[Finding]) -> Finding | None:
        """Return the last fault that was open when a work began and that no other work explains."""
        own = {one.id for one in effects}
        earlier = [
            one
            for rule in dict.fromkeys(self._requested[work.rule].unless)
            for found in self._of_rule.get(rule, ())
            if (one := self.known[found.id]).began < work.began
            and (one.state != "closed" or one.ended >= work.began)
            and not one.requested
            and one.id not in own
            and not {*one.hosts, *one.peers}.isdisjoint(work.hosts)
        ]
        return max(earlier, key=by_time, default=None)


def _has_own_end(work: Finding) -> bool:
    """Return whether the end of a work was logged, such as the start after a restart."""
    return work.state in ("seen", "closed")


def _first_after(finding: Finding, since: datetime) -> datetime:
    """Return the time of the first evidence of a finding after a moment."""
    times = (record.time for record in finding.evidence)
    return min((time for time in times if time is not None and time > since), default=finding.ended)


def _not_over(faults: Iterable[Finding]) -> str:
    """Return a sentence with the open effects of a work; empty if all are over."""
    lasting = sorted((one for one in faults if one.state != "closed"), key=by_time)
    titles = list(dict.fromkeys(one.title for one in lasting))
    return gettext("Not over: {what}.").format(what="; ".join(titles[:_MAX_NAMED])) if titles else ""


def _cut_short(after: timedelta) -> str:
    if not after:
        return gettext("The logs end with it, before its end can be seen.")
    return gettext("The logs end {span} after it, before its end can be seen.").format(span=stretch(after))
