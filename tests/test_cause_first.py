"""The cause heads its incident, whatever else is logged: properties of the incidents of simulated clusters."""

import bisect
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from simulator import records
from simulator.alarms import ALARMS
from simulator.bundles import Bundle, at
from simulator.cluster import ZONES, make_cluster
from simulator.cluster import Cluster as SimulatedCluster
from simulator.faults import PortsBlocked, PowerLoss, Raised
from simulator.records import NODEDOWN, stamped
from simulator.scenarios import SCENARIOS, Case, Played, case, play
from simulator.score import _selection
from simulator.truth import Truth, truth
from test_causes_and_effects import EXPLAINED, LIBRARY, MINUTE, PAIRS, SECOND, Pair, finding

from logdiag.cluster import Cluster
from logdiag.cluster.facts import Facts
from logdiag.incidents import examine as examining
from logdiag.incidents.clocks import Clocks
from logdiag.incidents.fold import Folded, fold
from logdiag.model import Change, Diagnosis, Finding, Incident
from logdiag.pipeline import examine
from logdiag.reading import read
from logdiag.records import Want
from logdiag.rules.library import Library
from logdiag.rules.schema import When
from logdiag.snapshots import Member, Meter

FAULTS = (
    "power-loss-and-back", "application-crash", "link-cut", "ports-blocked", "split-brain", "h323-off",
    "list-cleared-in-the-log", "two-incidents-at-once", "link-cut-with-clocks-apart", "manual-sync-20011",
)  # fmt: skip
WORK = (
    "restart-requested",
    "restart-that-never-ends",
    "wrong-upgrade-order",
    "planned-upgrade",
    "peer-added",
)
MOST_EFFECTS = 15
"""Effects that are tried of each scenario: a sample, always the same."""

every_scenario = pytest.mark.parametrize("name", [*FAULTS, *WORK])


@dataclass(frozen=True)
class Judged:
    """The findings of a simulated cluster before they are folded, and what they are folded with."""

    findings: tuple[Finding, ...]
    cluster: Cluster
    changes: tuple[Change, ...]
    facts: Facts

    def folded(self, *more: Finding) -> Folded:
        return fold([*self.findings, *more], LIBRARY, self.cluster, self.changes, self.facts)


def diagnose(bundles: Sequence[Bundle]) -> Diagnosis:
    want = Want(_selection(), texts=True, digests=True)
    return examine(read(bundles, want=want, engine="compiled", jobs=1), LIBRARY)  # type: ignore[arg-type]


@cache
def judged(name: str) -> Judged:
    """Return the findings of a scenario, as the fold of its only cluster receives them."""
    received: list[Judged] = []

    def receive(
        findings: Sequence[Finding],
        library: Library,
        cluster: Cluster,
        changes: tuple[Change, ...],
        facts: Facts,
    ) -> Folded:
        received.append(Judged(tuple(findings), cluster, changes, facts))
        return fold(findings, library, cluster, changes, facts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(examining, "fold", receive)
        diagnose(play(name, 1).bundles)
    [found] = received
    return found


@cache
def diagnosed(name: str) -> Diagnosis:
    return diagnose(play(name, 1).bundles)


def problems(incidents: Sequence[Incident]) -> list[str]:
    """Return the rules of the incidents that are worse than ``info``."""
    return sorted(one.rule for one in incidents if one.severity != "info")


# ── an effect changes no headline and adds no incident ──────────────────────────────────────


def effects_of(root: Finding, cluster: Cluster) -> Iterator[tuple[Pair, Finding]]:
    """Yield further effects of a cause, at several places and times that its rule allows."""
    [host, *_] = root.hosts
    others = [peer.name for peer in cluster.peers if peer.name != host]
    others.sort(key=lambda name: name not in root.peers)
    clocks = Clocks.of(cluster)
    began = clocks.corrected(root).began
    for pair in PAIRS:
        values = pair.explains.values.items()
        if pair.cause != root.rule or any(root.values.get(name) != value for name, value in values):
            continue
        for logged_by, about in {
            "hosts": [(host, others[0])],
            "peers": [(other, host) for other in others],
            "about": [(peer, host) for peer in root.peers],
            "path": [(host, peer) for peer in root.peers] + [(peer, host) for peer in root.peers],
            "cluster": [(host, others[0]), (others[-1], host)],
            "replication": [(host, others[0])],
        }[pair.effect.on]:
            for after in (min(SECOND, pair.explains.within), -min(pair.explains.early, MINUTE)):
                for state in ("open", "closed"):
                    effect = finding(pair.effect.rule, ((logged_by,), (about,)), state=state)
                    timed = replace(effect, id="effect", first=began + after, last=began + after)
                    yield pair, clocks.as_logged(timed)


@every_scenario
def test_a_further_effect_changes_no_headline_and_adds_no_incident(name: str) -> None:
    """An open effect of requested work that ended well makes the work unfinished: only ended ones are added."""
    before = judged(name).folded()
    known = {one.id: one for one in before.findings}
    members = [known[id_] for incident in before.incidents for id_ in incident.findings]
    effects = [
        (pair, effect)
        for root in members
        if not root.caused_by and root.first is not None
        for pair, effect in effects_of(root, judged(name).cluster)
        if not root.requested or effect.state == "closed"
    ]
    assert effects
    for pair, effect in random.Random(name).sample(effects, min(len(effects), MOST_EFFECTS)):
        after = judged(name).folded(effect)
        where = f"{pair}: {effect.state}, {effect.hosts} about {effect.peers} at {effect.began}"
        assert after.incidents[0].rule == before.incidents[0].rule, where
        assert problems(after.incidents) == problems(before.incidents), where


def with_lines(played: Played, host: str, time: int, *more: str) -> list[Bundle]:
    """Return the snapshots of a case with further records in the log of a peer, at a time of the simulation."""
    bundles = []
    for one in played.bundles:
        files = dict(one.files)
        if one.name.endswith(f"_{host}"):
            source = next(name for name in files if name.startswith("loggingsnapshot"))
            moment = at(played.world, played.kept[host], time)
            zone = ZONES[played.world.nodes[host].settings.time_zone]
            own = [stamped(record, host, moment, zone, 0) for record in more]
            lines = re.split(r"(?m)^(?=\d{4}-)", files[source].decode())
            utc = [
                f"{datetime.fromisoformat(line.split(' ', 1)[0]).astimezone(UTC)}" for line in lines if line
            ]
            place = bisect.bisect_right(
                utc, f"{moment.replace(microsecond=moment.microsecond // 1000 * 1000)}"
            )
            lines = [line for line in lines if line]
            files[source] = "".join([*lines[:place], *own, *lines[place:]]).encode()
        bundles.append(Bundle(one.name, files))
    return bundles


def lost_in(played: Played) -> tuple[str, str, int]:
    """Return a peer that lost another, the other, and when, in milliseconds of the simulation."""
    entry = next(one for one in played.world.entries if "mnesia_down" in one.record)
    [other] = (
        peer.name
        for peer in played.cluster.peers
        if peer.name != entry.peer and f'Node="clusterdb@{peer.fqdn}"' in entry.record
    )
    return entry.peer, other, entry.time


@pytest.mark.parametrize("name", ["ports-blocked", "hypervisor-pause"])
def test_a_further_record_of_a_loss_changes_no_headline_and_adds_no_incident(name: str) -> None:
    played = play(name, 1)
    host, other, time = lost_in(played)
    me, them = played.world.nodes[host].peer, played.world.nodes[other].peer
    before = diagnosed(name)
    texts = {number: records.alarm(ALARMS[number], "Alarm Raised") for number in ("20004", "20006", "20016")}
    failed = records.database(
        "Failed connecting to node", me.fqdn, them.fqdn, level="WARN", module="synchronise", reason=NODEDOWN
    )
    again = "Triggering forced peer update of peers which failed DNS and queueing next run"
    texts |= {
        "connect": failed,
        "h323": records.ras_sent(them.address, "SCI", 77, "Timeout"),
        "dns": records.database(again, me.fqdn, module="peernameresolver", pid="145.0", queue="300000"),
    }
    for what in (
        [texts["20004"], texts["20006"], texts["20016"]],
        [texts["connect"]],
        [texts["h323"]],
        [texts["dns"]],
    ):
        after = diagnose(with_lines(played, host, time + 30_000, *what))
        assert after.incidents[0].rule == before.incidents[0].rule, what
        assert problems(after.incidents) == problems(before.incidents), what


# ── an unrelated fault leaves the other incidents as they are ───────────────────────────────


def is_unrelated(rule: str) -> bool:
    """Return whether a rule finds faults that explain nothing, and that nothing explains."""
    found = LIBRARY.rules[rule]
    effects = {effect.rule for explained in EXPLAINED.values() for effect, _ in explained}
    cannot_tell = any(match.cannot_tell for match in found.match)
    return not (
        found.explains or rule in effects or found.incident or cannot_tell or found.severity == "info"
    )


UNRELATED = [rule for rule in sorted(LIBRARY.rules) if is_unrelated(rule)]

SAFETY = {"replication/forced-update-by-unknown-role"}
"""Unrelated rules that change steps of others: after such a run no further ForceConfigUpdate is advised."""


def asked_for(when: When | None) -> set[str]:
    """Return the rules anywhere in the cluster that a condition of a step or a procedure asks for."""
    if when is None:
        return set()
    return {rule for names in (when.fires, when.silent, when.goes_on, when.over) for rule in names or ()}


def test_the_rules_that_change_steps_of_other_incidents_are_named() -> None:
    asked = {
        rule
        for one in LIBRARY.rules.values()
        for remedy in (*one.remedy, *(one.as_effect.remedy if one.as_effect else ()))
        for rule in asked_for(remedy.when)
    }
    steps = [step for procedure in LIBRARY.procedures.values() for step in procedure.steps]
    asked |= {rule for step in steps for rule in asked_for(step.when)}
    asked |= {name for name, one in LIBRARY.rules.items() if one.before_outages or one.breaks_the_way}
    assert asked & {*UNRELATED} == SAFETY


@every_scenario
def test_an_unrelated_fault_is_one_more_incident_and_leaves_the_others_as_they_are(name: str) -> None:
    """Work that begins while a fault is open is an attempt to repair it: the fault begins after all work."""
    case_ = judged(name)
    before = case_.folded()
    started = [one.began for one in before.findings if name in WORK or one.first is not None]
    busy = {peer for one in before.incidents for peer in one.peers}
    names = sorted((peer.name for peer in case_.cluster.peers), key=lambda peer: peer in busy)
    fired = {one.rule for one in before.findings}
    for number, rule in enumerate(rule for rule in UNRELATED if rule not in fired):
        time = max(started) if name in WORK else before.incidents[0].first or max(started)
        time += timedelta(days=3 * (number % 2), minutes=1)
        fault = finding(rule, ((names[0],), (names[1],)), state="closed" if number % 3 == 2 else "open")
        fault = replace(fault, id="fault", first=time, last=time)
        after = case_.folded(fault).incidents
        [new] = (one for one in after if "fault" in one.findings)
        assert new.findings == ("fault",)
        rest = [one for one in after if one is not new]
        if rule in SAFETY:
            before_, rest = (
                [without_steps(one) for one in before.incidents],
                [without_steps(one) for one in rest],
            )
        else:
            before_ = list(before.incidents)
        assert rest == before_, rule


def without_steps(incident: Incident) -> Incident:
    return replace(incident, remedy=())


@pytest.mark.parametrize("number", ["40055", "30015", "20026"])
def test_an_unrelated_alarm_in_the_log_leaves_the_other_incidents_as_they_are(number: str) -> None:
    played = play("ports-blocked", 1)
    host, other, time = lost_in(played)
    third = next(peer for peer in played.cluster.names if peer not in (host, other))
    raised = records.alarm(ALARMS[number], "Alarm Raised")
    after = diagnose(with_lines(played, third, time + 5 * 60_000, raised)).incidents
    [new] = (one for one in after if one not in diagnosed("ports-blocked").incidents)
    assert new.peers == (third,)
    assert [one for one in after if one is not new] == list(diagnosed("ports-blocked").incidents)


# ── the order of the inputs changes nothing ─────────────────────────────────────────────────


@every_scenario
def test_the_order_of_findings_changes_nothing(name: str) -> None:
    case_ = judged(name)
    shuffled = list(case_.findings)
    for seed in range(3):
        random.Random(seed).shuffle(shuffled)
        assert replace(case_, findings=tuple(shuffled)).folded() == case_.folded()


@dataclass(frozen=True)
class InThisOrder:
    """A snapshot with its members in the order of its files."""

    name: str
    files: dict[str, bytes]

    def members(self, meter: Meter) -> Iterator[Member]:
        for source, content in self.files.items():
            yield Member(source, iter([content]))


def split(played: Played, seed: int) -> list[InThisOrder]:
    """Return the snapshots in any order, with each log cut into files between records of equal times."""
    rng = random.Random(seed)
    found = []
    for one in played.bundles:
        files: dict[str, bytes] = {}
        for source, content in one.files.items():
            if not source.startswith("loggingsnapshot"):
                files[source] = content
                continue
            lines = re.split(r"(?m)^(?=\d{4}-\d\d-\d\dT)", content.decode())
            times = [line.partition(" ")[0] for line in lines]
            cuts = [place for place in range(1, len(lines)) if times[place - 1] == times[place]]
            places = [0, *sorted(rng.sample(cuts, min(len(cuts), 3))), len(lines)]
            for number, (start, end) in enumerate(itertools.pairwise(places)):
                files[source.replace(".txt", f"_{number}.txt")] = "".join(lines[start:end]).encode()
        order = list(files)
        rng.shuffle(order)
        found.append(InThisOrder(one.name, {source: files[source] for source in order}))
    rng.shuffle(found)
    return found


@pytest.mark.parametrize(
    "name", ["power-loss-and-back", "split-brain", "tls-enforced-with-a-wrong-certificate"]
)
def test_the_order_of_snapshots_and_files_changes_nothing(name: str) -> None:
    played = play(name, 1)
    backwards = diagnose(played.bundles[::-1])
    assert backwards.incidents == diagnosed(name).incidents
    assert backwards.findings == diagnosed(name).findings


@pytest.mark.parametrize("name", ["power-loss-and-back", "link-cut", "planned-upgrade"])
def test_records_of_equal_times_in_several_files_change_nothing(name: str) -> None:
    played = play(name, 1)
    cut = diagnose(split(played, 1))  # type: ignore[arg-type]
    assert len(cut.coverage.members) > len(diagnosed(name).coverage.members)
    assert cut.incidents == diagnosed(name).incidents


# ── a shift of all times changes times only ─────────────────────────────────────────────────

TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d:\d\d(?:\.\d+)?)?|\d\d:\d\d:\d\d(?:\.\d+)?")


SHIFTS = timedelta(hours=7), timedelta(days=401), timedelta(days=-3, hours=1)


def timeless(incident: Incident) -> tuple[object, ...]:
    title, summary = (TIME.sub("", text) for text in (incident.title, incident.summary))
    rest = incident.severity, incident.state, incident.peers, len(incident.findings)
    return incident.rule, title, summary, *rest


@pytest.mark.parametrize(("name", "shift"), [*zip([*FAULTS, *WORK], itertools.cycle(SHIFTS))])
def test_a_shift_of_all_times_changes_times_only(
    name: str, shift: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later(*given: Any, **named: Any) -> SimulatedCluster:
        cluster = make_cluster(*given, **named)
        return replace(cluster, start=cluster.start + shift)

    monkeypatch.setattr(case, "make_cluster", later)
    shifted = diagnose(play(name, 1).bundles)
    monkeypatch.undo()
    before = diagnosed(name)
    assert [timeless(one) for one in shifted.incidents] == [timeless(one) for one in before.incidents]
    assert [one.first for one in shifted.incidents] == [
        None if one.first is None else one.first + shift for one in before.incidents
    ]


# ── one cause is one incident ───────────────────────────────────────────────────────────────


def of_a_path(case_: Case, size: int, *, blocked: bool) -> Truth:
    """A peer is off, or the cluster ports to it are blocked: 20021 is raised and, at the end, lowered."""
    world = case_.make(size, size)
    other = case_.one(case_.cluster.subordinates)
    [host, *_] = case_.others(other)
    begin, end = case_.when(), case_.when(16, 17)
    if blocked:
        case_.inject(PortsBlocked(begin, (host, other), (host, other)))
        world.at(end, world.blocks.clear)
        for one, two in ((host, other), (other, host)):
            world.at(end + 500, world.find, one, two)
            world.at(end + 20_000, world.lower_alarm, one, "20021")
    else:
        case_.inject(PowerLoss(begin, other, back=end))
        address = world.nodes[other].peer.address
        detail = ALARMS["20021"].detail.replace("PEERS", address)
        case_.inject(Raised(begin + 45_000, host, "20021", detail, lowered=end + 20_000))
    return truth(None)


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize(
    ("blocked", "rule"), [(True, "cluster/ports-blocked"), (False, "incident/peer-lost")]
)
def test_a_loss_with_blocked_ports_that_ends_is_one_incident(
    size: int, blocked: bool, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCENARIOS, "path", lambda case_: of_a_path(case_, size, blocked=blocked))
    assert [one.rule for one in diagnose(play("path", 1).bundles).incidents] == [rule]


@pytest.mark.parametrize("seed", [11, 15])
def test_a_host_that_is_off_is_one_incident_in_a_cluster_of_three(seed: int) -> None:
    played = play("host-dead-with-20021", seed)
    assert len(played.cluster.names) == 3
    assert [one.rule for one in diagnose(played.bundles).incidents] == ["incident/peer-lost"]


@pytest.mark.parametrize("name", ["list-cleared-in-the-log", "list-empty-in-the-dump"])
def test_a_peer_without_a_list_is_one_incident(name: str) -> None:
    assert [one.rule for one in diagnosed(name).incidents] == ["factory-reset/pending"]
