"""Coverage: how much of every snapshot, member and peer was read. The sizes add up."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from logdiag.cluster import Cluster
from logdiag.i18n import gettext
from logdiag.i18n.sentences import by_reason
from logdiag.model import Coverage, MemberCoverage, PeerCoverage
from logdiag.reading import Tables
from logdiag.reading.unread_reasons import NO_RECORD
from logdiag.snapshots import Snapshot

NOTHING_READ, PARTIAL = 4, 5
"""Exit codes of runs whose inputs contain nothing, or were not read to their end."""


def measure_coverage(
    tables: Tables, clusters: Sequence[tuple[Cluster, Tables]], *, repeated: int
) -> Coverage:
    """Return the coverage of the inputs, of which ``repeated`` records are in several members."""
    members = tuple(map(in_words, tables.members))
    return Coverage(
        size=sum(member.size for member in members),
        records=sum(member.records for member in members),
        asked=sum(member.asked for member in members),
        repeated=repeated,
        unparsed=sum(member.unparsed for member in members),
        unparsed_bytes=sum(member.unparsed_bytes for member in members),
        settings=sum(member.settings for member in members),
        snapshots=tables.snapshots,
        members=members,
        peers=tuple(of_peer for cluster, part in clusters for of_peer in _peers(cluster, part)),
        gaps=tuple(gap for cluster, _ in clusters for gap in cluster.gaps),
    )


def in_words(member: MemberCoverage) -> MemberCoverage:
    """Return a member with its texts, which readers write in English, in the current language."""
    if member.repair is None and not member.reasons:
        return member
    return replace(
        member,
        repair=None if member.repair is None else gettext(member.repair),
        reasons={gettext(reason): lines for reason, lines in member.reasons.items()},
    )


def _peers(cluster: Cluster, part: Tables) -> Iterator[PeerCoverage]:
    spans = [span for of_member in part.spans.values() for span in of_member]
    names = {host: cluster.peer_of(host) for host in {span.host for span in spans}}
    records: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for span in spans:
        records[names[span.host]] += span.records
        sizes[names[span.host]] += span.bytes
    gaps = Counter(gap.peer for gap in cluster.gaps)
    for peer in cluster.peers:
        name = peer.name
        yield PeerCoverage(name, records[name], sizes[name], peer.seen_from, peer.seen_to, gaps[name])


def is_empty(members: Sequence[MemberCoverage]) -> bool:
    """Return whether the inputs contain no record and no dump, if the disk was large enough to look."""
    return not any(
        member.records or member.settings or any(fault.kind == "space" for fault in member.faults)
        for member in members
    )


def exit_code(members: Sequence[MemberCoverage], *, partial: bool) -> int:
    """Return the exit code of a command that only reads: 4 if nothing was found, 5 if it is partial, or 0."""
    return NOTHING_READ if is_empty(members) else PARTIAL if partial else 0


def why_nothing_read(members: Sequence[MemberCoverage]) -> str:
    """Return why no member was read, as a sentence."""
    return _with_reasons(gettext("no log record and no dump was found in any input"), members)


def _with_reasons(text: str, members: Iterable[MemberCoverage]) -> str:
    known = gettext(NO_RECORD)  # the text itself says so
    why = "; ".join(by_reason((one.reason, one.source) for one in members if one.reason != known))
    return f"{text}: {why}" if why else text


def partial_reasons(coverage: Sequence[MemberCoverage], snapshots: Sequence[Snapshot]) -> list[str]:
    """Return why a run is partial: inputs that gave nothing among others, and every fault."""
    of_input: dict[str, list[MemberCoverage]] = {snapshot.given: [] for snapshot in snapshots}
    given_as = {snapshot.name: snapshot.given for snapshot in snapshots}
    for member in coverage:
        of_input[given_as[member.snapshot]].append(member)
    useful = {given for given, own in of_input.items() if any(one.records or one.settings for one in own)}
    nothing = gettext("{input} contains no log record and no dump")
    useless = [
        _with_reasons(nothing.format(input=Path(given).name or given), own)
        for given, own in sorted(of_input.items())
        # If nothing was read at all, exit code 4 says so, and no single input needs a reason.
        if useful and given not in useful
    ]
    faults = [f"{one.snapshot}: {one.source}: {fault.text}" for one in coverage for fault in one.faults]
    return useless + faults
