"""Writes the verdict: what happened in one sentence, further incidents, and unused inputs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.sentences import RAISED_BEFORE, listed, second, stretch
from logdiag.incidents.context import LOSS, UNWATCHED
from logdiag.incidents.fold import Folded
from logdiag.incidents.groups import hosts_of
from logdiag.model import Incident, Verdict
from logdiag.reading import Tables
from logdiag.records import instant, micros

_MAX_SHOWN = 3
"""Members and gaps that a sentence of the verdict lists; the coverage has them all."""
_DUMP = re.compile(r"x(conf|stat)")
_MIN_COMPARED = 20 * 60 * 1_000_000
"""Logs are compared from this length on, in microseconds: in a shorter time the seconds of a start decide."""

_ROLES = {"primary": N_("primary"), "subordinate": N_("subordinate")}


def verdict(folded: Folded, clusters: Sequence[Cluster], tables: Tables) -> Verdict:
    """Return the verdict in one or two sentences that the evidence supports, and the inputs not used."""
    answer = _answer(folded, clusters)
    unused = " ".join(_unused(tables))
    return replace(answer, detail=f"{answer.detail} {unused}".strip())


def _answer(folded: Folded, clusters: Sequence[Cluster]) -> Verdict:
    if folded.incidents:
        headline = folded.incidents[0]
        sentences = [_when(headline), *_what_is_over(headline, folded)]
        if rest := len(folded.incidents) - 1:
            more = ngettext(
                "{number} more incident follows below.", "{number} more incidents follow below.", rest
            )
            sentences.append(more.format(number=f"{rest:,}"))
        return Verdict(headline.title, " ".join(sentences))
    watched = [cluster for cluster in clusters if cluster.observed]
    if not watched:
        return _without_logs(clusters)
    several = len(clusters) > 1
    said = [part for cluster in watched for part in _nothing_wrong(cluster, folded, several=several)]
    return Verdict(said[0], " ".join(said[1:]))


def _without_logs(clusters: Sequence[Cluster]) -> Verdict:
    ask = gettext(
        "Give the diagnostic log of every peer, of the same minutes (Maintenance > Diagnostics > Diagnostic "
        "logging: Collect log, Download log), or a system snapshot of each."
    )
    dumped = {peer for cluster in clusters for peer in cluster.dumps}
    if not dumped:
        nothing = gettext("No log record was found, and no dump of a known peer: nothing can be diagnosed.")
        return Verdict(nothing, ask)
    said = gettext("The dumps of {peers} show no fault. Without a log, it is not known what happened.")
    count = sum(len(cluster.peers) for cluster in clusters)
    return Verdict(said.format(peers=_seen_of(len(dumped), count)), ask)


def _seen_of(seen: int, count: int) -> str:
    peers = ngettext("{seen} of {number} peer", "{seen} of {number} peers", count)
    return peers.format(seen=seen, number=f"{count:,}")


def _unused(tables: Tables) -> Iterator[str]:
    """Return sentences about evidence without a known peer, and about members that were not understood."""
    for dump in tables.dumps:
        if dump.host is not None or dump.kind == "certificate":
            continue
        alarms = [alarm.id or alarm.title for alarm in dump.facts.alarms or () if alarm.is_raised]
        if alarms:
            said = gettext(
                "Not used: {member} lists alarms ({alarms}) as raised, and nothing shows on which peer: "
                "give the log or the dumps of that peer with it."
            )
        else:
            said = gettext(
                "Not used: nothing shows which peer {member} is of: "
                "give the log or the other dumps of that peer with it."
            )
        yield said.format(member=dump.source, alarms=listed(alarms))
    used = {one.snapshot for one in tables.members if one.records or one.settings}
    strange = [
        one.source
        for one in tables.members
        if one.kind == "other" and one.reason and (one.snapshot not in used or _DUMP.match(_file(one.source)))
    ]
    strange += [one.source for one in tables.members if one.kind != "log" and one.unparsed > one.settings > 0]
    if strange and used:
        yield gettext("Not understood: {members}.").format(members=listed(strange, _MAX_SHOWN))


def _file(source: str) -> str:
    return source.rpartition("/")[2].lower()


def _when(headline: Incident) -> str:
    """Return the beginning and the state of an incident as a sentence, as far as times are known."""
    is_closed = headline.state == "closed"
    if headline.first is not None and not (is_closed and headline.first == headline.last):
        since = gettext("Since {time}; {state}.")
        return since.format(time=second(headline.first), state=_state(headline))
    if headline.last is not None and is_closed:
        over = gettext("At {time}; it is over.")
        if gettext(RAISED_BEFORE) in headline.summary:
            over = gettext("Over by {time}; it began before the logs do.")
        return over.format(time=second(headline.last))
    if headline.last is not None:
        return gettext("It began before the logs do; {state}.").format(state=_state(headline))
    if headline.as_of is not None:
        as_of = gettext("As of {time}; when it began is not known.")
        return as_of.format(time=second(headline.as_of))
    return gettext("Seen in a dump that has no time; when it began is not known.")


_SIGNS_OF_A_LOSS = {
    "cluster/communication-failure",
    "cluster/database-communication-failure",
    "cluster/ports-blocked",
    "database/connect-failed",
}
"""What a peer reports while it cannot reach another one."""


_ENDS_FOR_GOOD = {"cluster/peer-left", "factory-reset/carried-out"}
"""What ends a loss without a return: the peer does not belong to the cluster any more."""


def _what_is_over(headline: Incident, folded: Folded) -> Iterator[str]:
    """Return a sentence on the loss of a peer that is over while its cause is still open."""
    members = [one for one in folded.findings if one.id in headline.findings]
    losses = [one for one in members if one.rule == LOSS]
    signs = [one for one in members if one.rule in _SIGNS_OF_A_LOSS]
    is_back = all(one.state == "closed" for one in (*losses, *signs)) and any(one.caused_by for one in losses)
    is_gone = any(one.rule in _ENDS_FOR_GOOD for one in members)
    if headline.state != "closed" and is_back and not is_gone:
        end = second(max(one.ended for one in losses))
        yield gettext("The connection was back by {time}; only its cause is still open.").format(time=end)


def _nothing_wrong(cluster: Cluster, folded: Folded, *, several: bool) -> Iterator[str]:
    """Return what the logs of a cluster without a fault cover, and what was seen to work."""
    peers = _seen_of(len(cluster.observed), len(cluster.peers))
    if several:
        peers = gettext("{peers} of {cluster}").format(peers=peers, cluster=cluster.peers[0].cluster)
    lengths = [sum(end - start for start, end in seen.spans) for seen in cluster.observed.values()]
    shortest, span = (stretch(timedelta(microseconds=length)) for length in (min(lengths), max(lengths)))
    if short_logs(cluster):
        span = gettext("{shortest} to {longest}").format(shortest=shortest, longest=span)
    said = gettext("Nothing wrong was seen in {span} of the logs of {peers}.")
    if starts := _unexplained_starts(cluster, folded):
        yield from starts
        said = gettext("Nothing else was seen in {span} of the logs of {peers}.")
    yield said.format(span=span, peers=peers)
    alarms = [
        gettext("{what} on {peers}").format(what=number, peers=peer.name)
        for peer in cluster.peers
        for number, state in peer.alarms.items()
        if state != "clear"
    ]
    if alarms:
        yield gettext("Alarms that were not seen to be lowered: {alarms}.").format(alarms=listed(alarms))
    for name in short_logs(cluster):
        seen = cluster.observed[name]
        said = gettext("The log of {peer} covers only {start} to {end}.")
        yield said.format(peer=name, start=second(instant(seen.start)), end=second(instant(seen.end)))
    completed = [
        f for f in folded.findings if f.rule == "replication/healthy" and cluster.names.issuperset(f.hosts)
    ]
    if completed:
        roles = {
            f"{listed(f.hosts)} ({gettext(_ROLES.get(f.values['role'], f.values['role']))})"
            for f in completed
        }
        yield gettext("Replication completed on {peers}.").format(peers=listed(sorted(roles)))
    unseen = sorted(cluster.observed.keys() - hosts_of(completed))
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
            said.format(peer=gap.peer, start=second(gap.start), end=second(gap.end))
            for gap in gaps[:_MAX_SHOWN]
        ]
        if (rest := len(gaps) - _MAX_SHOWN) > 0:
            spans.append(ngettext("{number} more", "{number} more", rest).format(number=f"{rest:,}"))
        yield ngettext("The logs have a gap ({gaps}).", "The logs have gaps ({gaps}).", len(gaps)).format(
            gaps="; ".join(spans)
        )


def short_logs(cluster: Cluster) -> list[str]:
    """Return the peers whose logs cover much less time than those of the others: less than half of it."""
    extents = {name: seen.end - seen.start for name, seen in cluster.observed.items()}
    longest = max(extents.values())
    if longest < _MIN_COMPARED:
        return []
    return sorted(name for name, extent in extents.items() if 2 * extent < longest)


def _unexplained_starts(cluster: Cluster, folded: Folded) -> list[str]:
    """Return a sentence for each start that may have been requested before the logs begin."""
    said: list[str] = []
    for finding in folded.findings:
        if finding.rule != UNWATCHED or finding.caused_by or finding.last is None:
            continue
        for host in (name for name in finding.hosts if name in cluster.observed):
            text = gettext(
                "{peer} started at {time}, and the logs do not show whether the start was requested."
            )
            span = ""
            if (silence := cluster.observed[host].silence_before(micros(finding.last))) is not None:
                text = gettext(
                    "{peer} was silent for {span} and started at {time}, "
                    "and the logs do not show whether the start was requested."
                )
                span = stretch(timedelta(microseconds=silence[1] - silence[0]))
            said.append(text.format(peer=host, span=span, time=second(finding.last)))
    return said


def _state(incident: Incident) -> str:
    return {
        "open": gettext("it is not over"),
        "open_at_end": gettext("the logs stop before it ends"),
        "unknown": gettext("a gap in the logs hides what happened next"),
        "seen": gettext("it has no end of its own"),
        "closed": gettext("over by {time}").format(time=second(incident.last)) if incident.last else "",
    }[incident.state]
