"""What a diagnosis says in its own words: the verdict, and what to ask the customer for."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from logdiag.cluster import BETWEEN_MEMBERS, Cluster
from logdiag.cluster.observed import Observed
from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.sentences import RAISED_BEFORE, listed, moment, second, stretch
from logdiag.incidents import LOSS, UNWATCHED, Folded
from logdiag.model import Finding, Incident, Verdict, Wanted
from logdiag.reading import Tables
from logdiag.records import instant, micros

_WHILE_LOST = N_("Only its own log can tell a peer that went down from one that could no longer be reached.")
_SHOWN = 3
"""Members and gaps that a sentence of the verdict lists; the coverage has them all."""
_DUMP = re.compile(r"x(conf|stat)")
_LONG = 20 * 60 * 1_000_000
"""Logs are compared from this length on, in microseconds: in a shorter time the seconds of a start decide."""

_ROLES = {"primary": N_("primary"), "subordinate": N_("subordinate")}


def verdict(told: Folded, clusters: Sequence[Cluster], tables: Tables) -> Verdict:
    """The answer in a sentence or two, and never more than was seen; then what could not be used."""
    answer = _answer(told, clusters)
    unused = " ".join(_unused(tables))
    return replace(answer, detail=f"{answer.detail} {unused}".strip())


def _answer(told: Folded, clusters: Sequence[Cluster]) -> Verdict:
    if told.incidents:
        headline = told.incidents[0]
        sentences = [_when(headline)]
        if rest := len(told.incidents) - 1:
            more = ngettext(
                "{number} more incident follows below.", "{number} more incidents follow below.", rest
            )
            sentences.append(more.format(number=f"{rest:,}"))
        return Verdict(headline.title, " ".join(sentences))
    watched = [cluster for cluster in clusters if cluster.observed]
    if not watched:
        return _without_logs(clusters)
    several = len(clusters) > 1
    said = [part for cluster in watched for part in _nothing_wrong(cluster, told, several=several)]
    return Verdict(said[0], " ".join(said[1:]))


def _without_logs(clusters: Sequence[Cluster]) -> Verdict:
    ask = gettext(
        "Give the diagnostic log of every peer, of the same minutes (Maintenance > Diagnostics > Diagnostic "
        "logging: Collect log, Download log), or a system snapshot of each."
    )
    peers = [peer for cluster in clusters for peer in cluster.peers]
    dumped = {peer for cluster in clusters for peer in cluster.dumps}
    if not dumped:
        nothing = gettext("No log record was found, and no dump of a known peer: nothing can be diagnosed.")
        return Verdict(nothing, ask)
    seen = ngettext("{seen} of {number} peer", "{seen} of {number} peers", len(peers))
    seen = seen.format(seen=len(dumped), number=f"{len(peers):,}")
    said = gettext("The dumps of {peers} show no fault; without a log, what happened cannot be told.")
    return Verdict(said.format(peers=seen), ask)


def _unused(tables: Tables) -> Iterator[str]:
    """The evidence that no peer owns, and the members that look like evidence and were not understood."""
    for dump in tables.dumps:
        if dump.host is None and dump.kind != "certificate":
            alarms = [alarm.id or alarm.title for alarm in dump.facts.alarms or () if alarm.is_raised]
            if alarms:
                said = gettext(
                    "Not used: {member} lists alarms ({alarms}) as raised, and nothing shows on which peer: "
                    "give the log or the dumps of that peer with it."
                )
                yield said.format(member=dump.source, alarms=listed(alarms))
            else:
                said = gettext(
                    "Not used: nothing shows which peer {member} is of: "
                    "give the log or the other dumps of that peer with it."
                )
                yield said.format(member=dump.source)
    used = {one.snapshot for one in tables.members if one.records or one.settings}
    strange = [
        one.source
        for one in tables.members
        if one.kind == "other" and one.reason and (one.snapshot not in used or _DUMP.match(_file(one.source)))
    ]
    strange += [one.source for one in tables.members if one.kind != "log" and one.unparsed > one.settings > 0]
    if strange and used:
        shown = listed(strange[:_SHOWN])
        if len(strange) > _SHOWN:
            more = gettext("{names} and {number} more")
            shown = more.format(names=", ".join(strange[:_SHOWN]), number=len(strange) - _SHOWN)
        yield gettext("Not understood: {members}.").format(members=shown)


def _file(source: str) -> str:
    return source.rpartition("/")[2].lower()


def _when(headline: Incident) -> str:
    """The beginning and the state of an incident, as far as the evidence has times."""
    if headline.first is not None and not (headline.state == "closed" and headline.first == headline.last):
        since = gettext("Since {time}; {state}.")
        return since.format(time=second(headline.first), state=_state(headline))
    if headline.last is not None:
        if headline.state == "closed" and gettext(RAISED_BEFORE) not in headline.summary:
            return gettext("At {time}; it is over.").format(time=second(headline.last))
        if headline.state == "closed":
            over = gettext("Over by {time}; it began before the logs do.")
            return over.format(time=second(headline.last))
        return gettext("It began before the logs do; {state}.").format(state=_state(headline))
    if headline.as_of is not None:
        as_of = gettext("As of {time}; when it began is not known.")
        return as_of.format(time=second(headline.as_of))
    return gettext("Seen in a dump that has no time; when it began is not known.")


def _nothing_wrong(cluster: Cluster, told: Folded, *, several: bool) -> Iterator[str]:
    """What was watched of a cluster without a fault, and what was seen to work."""
    watched = max(map(_covered, cluster.observed.values()))
    count = len(cluster.peers)
    peers = ngettext("{seen} of {number} peer", "{seen} of {number} peers", count)
    peers = peers.format(seen=len(cluster.observed), number=f"{count:,}")
    if several:
        peers = gettext("{peers} of {cluster}").format(peers=peers, cluster=cluster.peers[0].cluster)
    span = stretch(timedelta(microseconds=watched))
    if _short_logs(cluster):
        shortest = stretch(timedelta(microseconds=min(map(_covered, cluster.observed.values()))))
        span = gettext("{shortest} to {longest}").format(shortest=shortest, longest=span)
    alarms = [
        gettext("{what} on {peers}").format(what=number, peers=peer.name)
        for peer in cluster.peers
        for number, state in peer.alarms.items()
        if state != "clear"
    ]
    if starts := _unexplained_starts(cluster, told):
        yield from starts
        said = gettext("Nothing else was seen in {span} of the logs of {peers}.")
    else:
        said = gettext("Nothing wrong was seen in {span} of the logs of {peers}.")
    yield said.format(span=span, peers=peers)
    if alarms:
        yield gettext("Alarms that were not seen to be lowered: {alarms}.").format(alarms=listed(alarms))
    for name in _short_logs(cluster):
        seen = cluster.observed[name]
        said = gettext("The log of {peer} covers only {start} to {end}.")
        yield said.format(peer=name, start=second(instant(seen.start)), end=second(instant(seen.end)))
    names = {peer.name for peer in cluster.peers}
    completed = [f for f in told.findings if f.rule == "replication/healthy" and names.issuperset(f.hosts)]
    if completed:
        roles = {f"{listed(f.hosts)} ({_role(f.values['role'])})" for f in completed}
        yield gettext("Replication completed on {peers}.").format(peers=listed(sorted(roles)))
    unseen = sorted(set(cluster.observed) - {host for f in completed for host in f.hosts})
    # On a single node there is nothing to replicate.
    if unseen and cluster.topology == "cluster":
        yield ngettext(
            "No replication cycle was seen to end on {peers}: these logs do not show whether it replicates.",
            "No replication cycle was seen to end on {peers}: these logs do not show whether they replicate.",
            len(unseen),
        ).format(peers=listed(unseen))
    if gaps := cluster.gaps:
        said = gettext("{peer}: {start} to {end}")
        spans = [
            said.format(peer=gap.peer, start=second(gap.start), end=second(gap.end)) for gap in gaps[:_SHOWN]
        ]
        if (rest := len(gaps) - _SHOWN) > 0:
            spans.append(ngettext("{number} more", "{number} more", rest).format(number=f"{rest:,}"))
        yield ngettext("The logs have a gap ({gaps}).", "The logs have gaps ({gaps}).", len(gaps)).format(
            gaps="; ".join(spans)
        )


def _covered(seen: Observed) -> int:
    return sum(end - start for start, end in seen.spans)


def _extent(seen: Observed) -> int:
    """The time from the first record to the last: gaps are reported separately."""
    return seen.end - seen.start


def _short_logs(cluster: Cluster) -> list[str]:
    """Return the peers whose logs cover much less time than those of the others: less than half of it."""
    longest = max(map(_extent, cluster.observed.values()))
    if longest < _LONG:
        return []
    return sorted(name for name, seen in cluster.observed.items() if 2 * _extent(seen) < longest)


def _unexplained_starts(cluster: Cluster, told: Folded) -> list[str]:
    """The starts that somebody may have asked for before the logs begin, or nobody, a sentence for each."""
    said: list[str] = []
    for finding in told.findings:
        if finding.rule != UNWATCHED or finding.caused_by or finding.last is None:
            continue
        for host in finding.hosts:
            if host not in cluster.observed:
                continue
            silence = cluster.observed[host].silence_before(finding.last)
            if silence is None:
                text = gettext(
                    "{peer} started at {time}, and the logs do not show whether the start was requested."
                )
                said.append(text.format(peer=host, time=second(finding.last)))
            else:
                text = gettext(
                    "{peer} was silent for {span} and started at {time}, "
                    "and the logs do not show whether the start was requested."
                )
                since, until = silence
                said.append(text.format(peer=host, span=stretch(until - since), time=second(finding.last)))
    return said


def _role(role: str) -> str:
    return gettext(_ROLES.get(role, role))


def _state(incident: Incident) -> str:
    return {
        "open": gettext("it is not over"),
        "open_at_end": gettext("the logs stop before it ends"),
        "unknown": gettext("how it went on is hidden by a gap in the logs"),
        "seen": gettext("it has no end of its own"),
        "closed": gettext("over by {time}").format(time=second(incident.last)) if incident.last else "",
    }[incident.state]


def wanted(told: Folded, cluster: Cluster) -> tuple[Wanted, ...]:
    """What to ask the customer for about a cluster, the most useful first."""
    return tuple(dict.fromkeys(_wanted(told.incidents, told.findings, cluster)))


def _wanted(incidents: Sequence[Incident], findings: Sequence[Finding], cluster: Cluster) -> Iterator[Wanted]:
    headline = incidents[0] if incidents else None
    by_id = {finding.id: finding for finding in findings}
    losses = [
        (one, one.first)
        for one in incidents
        if one.first is not None and any(by_id[id_].rule == LOSS for id_ in one.findings)
    ]
    lost_at = {name: first for loss, first in reversed(losses) for name in loss.peers}
    for peer in cluster.peers:
        if peer.snapshot is None:
            lost = lost_at.get(peer.name)
            if lost:
                what = gettext("The diagnostic log or system snapshot of {peer} that covers {time}")
                what = what.format(peer=peer.name, time=moment(lost))
                why = gettext(_WHILE_LOST)
            else:
                what = gettext("The diagnostic log or system snapshot of {peer}").format(peer=peer.name)
                why = gettext("It is a peer of this cluster, and nothing it logged was given.")
            yield Wanted(what, why, peer.name)
    for loss, first in losses:
        # What a dump states of the time before the logs asks for no older log.
        logged = [record.time for id_ in loss.findings for record in by_id[id_].evidence if record.time]
        if not logged:
            continue
        first = max(first, min(logged))
        for name in loss.peers:
            # Two logs never begin in the same second, and a cycle is about two minutes.
            if name in cluster.observed and not cluster.observed[name].covers(first, BETWEEN_MEMBERS):
                what = gettext("The log of {peer} that covers {time}")
                what = what.format(peer=name, time=moment(first))
                why = gettext("What was given of it does not.")
                yield Wanted(what, f"{why} {gettext(_WHILE_LOST)}", name)
    for incident in incidents:
        states = {incident.state, *(by_id[f].state for f in incident.findings)}
        for host in sorted({host for f in incident.findings for host in by_id[f].hosts}):
            if host not in cluster.observed:
                continue
            seen = cluster.observed[host]
            # If it is not known when the incident began, the whole log may show it.
            began = seen.start if incident.first is None else micros(incident.first)
            if incident.state == "open_at_end":
                what = gettext("The log of {peer} after {time}")
                what = what.format(peer=host, time=moment(instant(seen.end)))
                yield Wanted(what, gettext("It stops before it shows how this ended."), host)
            elif "unknown" in states and (gap := seen.gap_within(began, seen.end)) is not None:
                start, end = map(instant, gap)
                what = gettext("The log of {peer} from {start} to {end}")
                what = what.format(peer=host, start=moment(start), end=moment(end))
                yield Wanted(what, gettext("A gap hides how this went on."), host)
    if not incidents and cluster.observed:
        # Nothing was seen in a log that is much shorter than the others: the rest of it can show something.
        begins = instant(min(seen.start for seen in cluster.observed.values()))
        ends = instant(max(seen.end for seen in cluster.observed.values()))
        for name in _short_logs(cluster):
            what = gettext("The log of {peer} from {start} to {end}")
            what = what.format(peer=name, start=moment(begins), end=moment(ends))
            yield Wanted(what, gettext("What was given of it covers only a part of that time."), name)
    if headline is not None and cluster.primary is None and len(cluster.peers) > 1:
        yield Wanted(
            gettext(
                "System > Clustering of any peer, as a screenshot, or a log with its replication records"
            ),
            gettext(
                "Which peer is the configuration primary does not stand in these logs, "
                "and steps depend on it."
            ),
        )
