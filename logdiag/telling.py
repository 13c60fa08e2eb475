"""What a diagnosis says in its own words: the verdict, and what to ask the customer for."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from logdiag.cluster import Cluster
from logdiag.incidents import Told
from logdiag.model import Finding, Incident, Wanted
from logdiag.records import instant
from logdiag.wording import counted, listed, moment, second, stretch

_WHILE_LOST = "Only its own log can tell a peer that went down from one that could no longer be reached."


def verdict(told: Told, clusters: Sequence[Cluster]) -> str:
    """The answer in a sentence or two, and never more than was seen."""
    if told.incidents:
        headline = told.incidents[0]
        rest = len(told.incidents) - 1
        more = (
            f" {counted(rest, 'more incident')} {'follows' if rest == 1 else 'follow'} below." if rest else ""
        )
        if headline.state == "closed" and headline.first == headline.last:
            return f"{headline.title}. Over by {second(headline.last)}; it began before the logs do.{more}"
        return f"{headline.title}. Since {second(headline.first)}; {_state(headline)}.{more}"
    watched = [cluster for cluster in clusters if cluster.seen]
    if not watched:
        return "Nothing can be said: no log record was found."
    return " ".join(_nothing_wrong(cluster, told, several=len(clusters) > 1) for cluster in watched)


def _nothing_wrong(cluster: Cluster, told: Told, *, several: bool) -> str:
    watched = max(sum(end - start for start, end in seen.spans) for seen in cluster.seen.values())
    peers = f"{len(cluster.seen)} of {counted(len(cluster.peers), 'peer')}"
    of = f" of {cluster.peers[0].cluster}" if several else ""
    sentence = (
        f"Nothing wrong was seen in {stretch(timedelta(microseconds=watched))} of the logs of {peers}{of}"
    )
    alarms = [
        f"{number} on {peer.name}"
        for peer in cluster.peers
        for number, state in peer.alarms.items()
        if state != "clear"
    ]
    sentence += f", but alarms that no rule knows: {listed(alarms)}." if alarms else "."
    names = {peer.name for peer in cluster.peers}
    completed = [f for f in told.findings if f.rule == "replication/healthy" and names.issuperset(f.hosts)]
    if completed:
        roles = [f"{listed(f.hosts)} ({f.values['role']})" for f in completed]
        sentence += f" Replication completed on {listed(sorted(dict.fromkeys(roles)))}."
    return sentence


def _state(incident: Incident) -> str:
    return {
        "open": "it is not over",
        "open_at_end": "the logs stop before it ends",
        "unknown": "how it went on is hidden by a gap in the logs",
        "seen": "it has no end of its own",
        "closed": f"over by {second(incident.last)}",
    }[incident.state]


def wanted(told: Told, cluster: Cluster) -> tuple[Wanted, ...]:
    """What to ask the customer for about a cluster, the most useful first."""
    return tuple(dict.fromkeys(_wanted(told.incidents, told.findings, cluster)))


def _wanted(incidents: Sequence[Incident], findings: Sequence[Finding], cluster: Cluster) -> Iterator[Wanted]:
    headline = incidents[0] if incidents else None
    for peer in cluster.peers:
        if peer.snapshot is None:
            lost = [i for i in incidents if peer.name in i.peers]
            when = f" that covers {moment(lost[0].first)}" if lost else ""
            why = _WHILE_LOST if lost else "It is a peer of this cluster, and nothing it logged was given."
            yield Wanted(f"The diagnostic log or system snapshot of {peer.name}{when}", why, peer.name)
    for incident in incidents:
        for name in incident.peers:
            if name in cluster.seen and not cluster.seen[name].covers(incident.first):
                what = f"The log of {name} that covers {moment(incident.first)}"
                yield Wanted(what, f"What was given of it does not. {_WHILE_LOST}", name)
    by_id = {finding.id: finding for finding in findings}
    for incident in incidents:
        for host in sorted({host for f in incident.findings for host in by_id[f].hosts}):
            if host not in cluster.seen:
                continue
            if incident.state == "open_at_end":
                end = moment(instant(cluster.seen[host].end))
                yield Wanted(
                    f"The log of {host} after {end}", "It stops before it shows how this ended.", host
                )
            elif incident.state == "unknown" or any(by_id[f].state == "unknown" for f in incident.findings):
                for gap in cluster.gaps():
                    if gap.peer == host and gap.end > incident.first:
                        span = f"{moment(gap.start)} to {moment(gap.end)}"
                        yield Wanted(f"The log of {host} from {span}", "A gap hides how this went on.", host)
                        break
    if headline is not None and cluster.primary is None and len(cluster.peers) > 1:
        yield Wanted(
            "System > Clustering of any peer, as a screenshot, or a log with its replication records",
            "Which peer is the configuration primary does not stand in these logs, and steps depend on it.",
        )
