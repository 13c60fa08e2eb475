"""Finds the evidence to ask the customer for, the most useful first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from logdiag.cluster import Cluster
from logdiag.i18n import N_, gettext
from logdiag.i18n.sentences import moment
from logdiag.incidents.context import LOSS
from logdiag.incidents.fold import Folded
from logdiag.incidents.groups import hosts_of
from logdiag.incidents.verdict import short_logs
from logdiag.model import Finding, Incident, Wanted
from logdiag.records import instant, micros

_WHILE_LOST = N_("Only its own log can tell a peer that went down from one that could no longer be reached.")


_HOW = (
    (
        N_(
            "How to collect the logs of a time that is over: on each peer, Maintenance > Diagnostics > "
            "System snapshot > Logs snapshot > Download snapshot."
        ),
        N_(
            "A peer gives only its own archive, and a logs snapshot reaches further back than a "
            "diagnostic log."
        ),
    ),
    (
        N_(
            "How to collect logs if the fault continues or returns: on one peer, Maintenance > Diagnostics > "
            "Diagnostic logging > Start new log, which starts it on all peers (if the network is in doubt, "
            "with Take tcpdump while logging, ports 4371, 4372 and 1719). When the fault has occurred: Stop "
            "logging. Then on each peer: Collect log and Download log."
        ),
        N_(
            "After a restart while logging, only the log remains. Without the web pages, REST over HTTPS: "
            "PUT /api/v1/provisioning/common/diagnosticlogging with the Mode start (TCPDump on or off), then "
            "stop, then collect and download on each peer."
        ),
    ),
    (
        N_("System > Clustering and Status > Alarms of each peer, copied as text."),
        N_("They show the state of the cluster and its alarms now; logs show only what changed."),
    ),
)


def wanted(clusters: Iterable[tuple[Folded, Cluster]]) -> tuple[Wanted, ...]:
    """Return what to ask the customer for, the most useful first, and at the end how to collect it."""
    asked = tuple(dict.fromkeys(one for folded, cluster in clusters for one in _wanted(folded, cluster)))
    return (*asked, *(Wanted(gettext(what), gettext(why)) for what, why in _HOW)) if asked else ()


def _wanted(folded: Folded, cluster: Cluster) -> Iterator[Wanted]:
    """Return what to ask for about one cluster."""
    by_id = {finding.id: finding for finding in folded.findings}
    yield from _logs_of_losses(folded.incidents, by_id, cluster)
    yield from _rest_of_logs(folded.incidents, by_id, cluster)
    if folded.incidents and cluster.primary is None and len(cluster.peers) > 1:
        what = gettext(
            "System > Clustering of any peer, as a screenshot, or a log with its replication records"
        )
        why = gettext(
            "These logs do not show which peer is the configuration primary, and steps depend on it."
        )
        yield Wanted(what, why)


def _logs_of_losses(
    incidents: Sequence[Incident], by_id: Mapping[str, Finding], cluster: Cluster
) -> Iterator[Wanted]:
    """Return the missing logs of peers without logs, and of lost peers at the time of the loss."""
    losses = [
        (one, one.first)
        for one in incidents
        if one.first is not None and any(by_id[id_].rule == LOSS for id_ in one.findings)
    ]
    lost_at = {name: first for loss, first in reversed(losses) for name in loss.peers}
    for peer in cluster.peers:
        if peer.snapshot is None and (lost := lost_at.get(peer.name)):
            what = gettext("The diagnostic log or system snapshot of {peer} that covers {time}")
            yield Wanted(what.format(peer=peer.name, time=moment(lost)), gettext(_WHILE_LOST), peer.name)
        elif peer.snapshot is None:
            what = gettext("The diagnostic log or system snapshot of {peer}").format(peer=peer.name)
            why = gettext("It is a peer of this cluster, but none of its logs was given.")
            yield Wanted(what, why, peer.name)
    for loss, first in losses:
        # What a dump states of the time before the logs asks for no older log.
        logged = [record.time for id_ in loss.findings for record in by_id[id_].evidence if record.time]
        time = max(first, min(logged, default=first))
        for name in loss.peers if logged else ():
            if name in cluster.observed and not cluster.observed[name].covers(time):
                what = gettext("The log of {peer} that covers {time}").format(peer=name, time=moment(time))
                why = gettext("Its logs that were given do not cover this time.")
                yield Wanted(what, f"{why} {gettext(_WHILE_LOST)}", name)


def _rest_of_logs(
    incidents: Sequence[Incident], by_id: Mapping[str, Finding], cluster: Cluster
) -> Iterator[Wanted]:
    """Return the missing parts of logs: after their end, in a gap, or before they begin."""
    for incident in incidents:
        states = {incident.state, *(by_id[id_].state for id_ in incident.findings)}
        reporting = hosts_of(by_id[id_] for id_ in incident.findings)
        for host in (host for host in reporting if host in cluster.observed):
            seen = cluster.observed[host]
            # If it is not known when the incident began, the whole log may show it.
            began = seen.start if incident.first is None else micros(incident.first)
            if incident.state == "open_at_end":
                what = gettext("The log of {peer} after {time}")
                what = what.format(peer=host, time=moment(instant(seen.end)))
                yield Wanted(what, gettext("It ends before it shows how this ended."), host)
            elif "unknown" in states and (gap := seen.gap_within(began, seen.end)) is not None:
                yield Wanted(_span(host, *gap), gettext("A gap hides what happened next."), host)
    if not incidents and cluster.observed:
        # Nothing was seen in a log that is much shorter than the others: the rest of it can show something.
        begins = min(seen.start for seen in cluster.observed.values())
        ends = max(seen.end for seen in cluster.observed.values())
        for name in short_logs(cluster):
            why = gettext("Its logs that were given cover only a part of that time.")
            yield Wanted(_span(name, begins, ends), why, name)


def _span(peer: str, start: int, end: int) -> str:
    what = gettext("The log of {peer} from {start} to {end}")
    return what.format(peer=peer, start=moment(instant(start)), end=moment(instant(end)))
