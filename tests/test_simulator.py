"""The simulator: its logs are right, and the score of the diagnosis over them does not fall."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from simulator.advice import actions, dangerous
from simulator.alarms import ALARMS
from simulator.judge import judge
from simulator.scenarios import SCENARIOS, Played
from simulator.scenarios import play as play_uncached
from simulator.score import Score, diagnose_case, judge_cases, score, table
from simulator.truth import RULES, Dangers
from simulator.world import World

from logdiag.model import Step
from logdiag.reading import read

FLOOR = Score(cases=0, precision=0.99, recall=0.99, states=0.99, headlines=0.99, remedies=0.99, danger=0)
"""The minimum over all scenarios; for ``danger`` the maximum."""

SEEDS = (1, 2, 3, 4, 5)
"""Each scenario is judged with one of these seeds. `python -m tests.simulator --seeds 20` uses all seeds."""

play = cache(play_uncached)

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d ")


def log_lines(played: Played) -> Iterator[tuple[str, str]]:
    """Yield each log line with its peer."""
    for one in played.bundles:
        for source, content in one.files.items():
            if source.startswith("loggingsnapshot"):
                for line in content.decode().splitlines():
                    yield one.name.removeprefix("diagnostic_log_"), line


# ── the simulator ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "name", ["link-flaps", "wrong-upgrade-order", "hostile-messages", "tls-enforced", "idle-node"]
)
def test_every_line_of_a_simulated_snapshot_is_read(name: str) -> None:
    tables = read(play(name, 1).bundles)  # type: ignore[arg-type]
    assert tables.unparsed.num_rows == 0
    assert {member.kind for member in tables.members} <= {"log", "xconfiguration", "xstatus", "certificate"}
    assert not any(member.faults or member.repair for member in tables.members)


def test_records_have_the_hosts_and_times_of_what_was_injected() -> None:
    played = play("power-loss", 3)
    tables = read(played.bundles)  # type: ignore[arg-type]
    logged = sorted((row["host"], row["time"]) for row in tables.records.select(["host", "time"]).to_pylist())
    injected = sorted(
        (entry.peer, kept_time(played, entry.peer, entry.time, entry.early))
        for entry in played.world.entries
        if played.kept[entry.peer].given
        and any(start <= entry.time < end for start, end in played.kept[entry.peer].windows)
    )
    assert logged == injected


def kept_time(played: Played, peer: str, time: int, early: int) -> datetime:
    at = played.cluster.start + timedelta(milliseconds=time + played.kept[peer].ahead - early)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_seed_gives_the_same_snapshots_and_the_same_truth_each_time(name: str) -> None:
    one, again = play(name, 1), play_uncached(name, 1)
    assert one.bundles == again.bundles
    assert (one.truth, one.dangers) == (again.truth, again.dangers)


def test_another_seed_gives_another_cluster_and_another_length() -> None:
    cases = [play("power-loss", seed) for seed in range(4)]
    assert len({case.cluster.start for case in cases}) == 4
    assert len({case.cluster.names for case in cases}) > 1
    assert len({case.kept[case.cluster.primary].windows[0] for case in cases}) == 4


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_a_truth_speaks_of_rules_and_peers_that_there_are(name: str) -> None:
    played = play(name, 1)
    told, names = played.truth, set(played.cluster.names)
    assert {one.rule for one in told.expected} | told.allowed <= RULES
    for one in told.expected:
        assert one.hosts
        assert {*one.hosts, *((one.peer,) if one.peer else ())} <= names
        assert one.peer not in one.hosts
    if told.headline is not None:
        assert set(told.headline.rules) <= RULES
        assert told.headline.peers or told.headline.among
        assert {*told.headline.peers, *told.headline.among} <= names
        assert set(told.headline.severity.split()) <= {"info", "low", "medium", "high", "critical"}
        assert set(told.headline.states) <= {"open", "open_at_end", "unknown", "seen", "closed"}
    for advice in told.advice:
        assert advice.peers
        assert set(advice.peers) <= names
        assert advice.action not in told.never


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_one_rule_is_looked_at_in_one_way_in_a_scenario(name: str) -> None:
    levels: dict[str, set[str]] = {}
    for one in play(name, 1).truth.expected:
        levels.setdefault(one.rule, set()).add(one.level)
    assert all(len(found) == 1 for found in levels.values())


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_times_in_a_log_never_go_back(name: str) -> None:
    newest: dict[str, datetime] = {}
    for peer, line in log_lines(play(name, 2)):
        if LINE.match(line):
            time = datetime.fromisoformat(line.split(" ", 1)[0])
            assert time >= newest.get(peer, datetime(1, 1, 2, tzinfo=UTC))
            newest[peer] = time


def test_a_peer_that_is_off_logs_nothing_and_the_others_log_the_documents_sequence() -> None:
    played = play("power-loss", 1)
    lost = played.truth.headline.peers[0]  # type: ignore[union-attr]
    off = max(entry.time for entry in played.world.entries if entry.peer == lost)
    survivor = next(name for name in played.cluster.names if name != lost)
    after = [e for e in played.world.entries if e.peer == survivor and e.time > off]
    words = (
        "mnesia_down",
        "Inconsistent Database",
        "running_partitioned_network",
        "Ready to perform",
        "Running node",
        "Failed connecting",
        'Id="20006"',
        'Id="20004"',
        "SCI  SeqNum",
        "LRQ  SeqNum",
        "gatekeeper timed out",
        "Timeout=True",
    )
    times = [next(e.time for e in after if word in e.record) for word in words]
    assert times == sorted(times)
    assert times[7] - times[0] < 450
    assert 10_000 < times[8] - times[0] < 11_000


def test_one_keepalive_has_one_number_at_both_ends() -> None:
    sent: dict[str, set[str]] = {"Sending": set(), "Receiving": set()}
    for _, line in log_lines(play("healthy", 1)):
        if found := re.search(r"(Sending|Receiving) RAS SCI  SeqNum=(\d+)", line):
            sent[found[1]].add(found[2])
    assert len(sent["Sending"] & sent["Receiving"]) > 5


def test_the_seq_number_shows_how_far_clocks_are_apart() -> None:
    played = play("clocks-apart", 1)
    ahead = [played.kept[name].ahead for name in played.cluster.names]
    found = {}
    for _, line in log_lines(played):
        if match := re.search(r"(Sent|Received)\".*SeqNum=(\d+)", line):
            found.setdefault(match[2], {})[match[1]] = datetime.fromisoformat(line.split(" ", 1)[0])
    spread = max(
        abs((ends["Received"] - ends["Sent"]).total_seconds()) for ends in found.values() if len(ends) == 2
    )
    assert spread == pytest.approx((max(ahead) - min(ahead)) / 1000, abs=0.01)


def test_dumps_list_what_was_raised_when_logging_began_and_are_missing_after_a_start() -> None:
    listed = play("alarm-raised-before-the-log", 1)
    assert sum(b'ID: "40055"' in content for one in listed.bundles for content in one.files.values()) == 1
    assert not any('"Alarm Raised"' in line for _, line in log_lines(listed))
    back = play("power-loss-and-back", 1)
    lost = back.truth.headline.peers[0]  # type: ignore[union-attr]
    with_dumps = {one.name for one in back.bundles if any(name.startswith("xconf") for name in one.files)}
    assert f"diagnostic_log_{lost}" not in with_dumps
    assert len(with_dumps) == len(back.cluster.names) - 1


def test_alarms_that_are_lowered_were_raised_with_the_same_words() -> None:
    world: World = play("primary-changed", 1).world
    words = {(e.peer, text) for e in world.entries if '"Alarm Raised"' in e.record for text in re.findall('Detail="([^"]+)"', e.record)}  # fmt: skip
    lowered = {(e.peer, text) for e in world.entries if '"Alarm Lowered"' in e.record for text in re.findall('Detail="([^"]+)"', e.record)}  # fmt: skip
    assert lowered
    assert lowered <= words
    assert all(any(text == kind.detail for kind in ALARMS.values()) for _, text in lowered)


# ── the judge ───────────────────────────────────────────────────────────────────────────────


def step(do: str, *where: str, command: str | None = None, risk: str = "outage") -> Step:
    return Step(do, "", where, command, risk, "", "", "")  # type: ignore[arg-type]


def test_an_action_is_what_a_step_tells_to_do_and_not_what_it_warns_of() -> None:
    assert actions(step("When all are valid, restart expc01.")) == {"restart"}
    assert actions(step("Bring the peer back, and do not restart expc01 before.", risk="read")) == frozenset()
    assert actions(step("Wait until the restart is over.")) == frozenset()
    assert actions(step("Run it.", command="xCommand ForceConfigUpdate", risk="change")) == {
        "force-config-update"
    }


SAFE = Dangers(
    primary="expc01",
    single=False,
    key_failed=frozenset({"expc02"}),
    way_broken=False,
    may_restart=frozenset({"expc02"}),
    reset_pending=False,
    last_resort=False,
)


@pytest.mark.parametrize(
    ("told", "count"),
    [
        (step("Run it.", "expc02", command="xCommand ForceConfigUpdate"), 0),
        (step("Run it.", "expc01", command="xCommand ForceConfigUpdate"), 1),
        (step("Run it.", "expc01", command="xCommand ForceSystemKeyUpdate"), 0),
        (step("Run it.", "expc02", command="xCommand ForceSystemKeyUpdate"), 1),
        (step("Restart expc02.", "expc02"), 0),
        (step("Restart expc01.", "expc01"), 1),
        (step("Run it.", "expc02", command="clusterdb_destroy_and_purge_data.sh", risk="destructive"), 1),
        (step("Run it.", "expc02", command="clusterdb_destroy_and_purge_data.sh"), 2),
    ],
)
def test_dangerous_advice_is_found(told: Step, count: int) -> None:
    assert len(dangerous([told], SAFE)) == count


def test_a_diagnosis_of_another_case_scores_badly() -> None:
    played, other = play("power-loss", 1), play("healthy", 1)
    verdict = judge(played, diagnose_case(other))
    assert verdict.right == 0
    assert verdict.missed == sum(len(one.hosts) for one in played.truth.expected)
    assert not verdict.headline
    assert len(verdict.misses) >= verdict.missed


# ── the score ───────────────────────────────────────────────────────────────────────────────


def test_the_score_does_not_fall() -> None:
    cases = [(name, SEEDS[number % len(SEEDS)]) for number, name in enumerate(SCENARIOS)]
    found = judge_cases(cases, jobs=1)
    got = score(found)
    misses = "\n".join(f"{one.scenario}/{one.seed}: {miss}" for one in found for miss in one.misses)
    shares = ("precision", "recall", "states", "headlines", "remedies")
    below = [name for name in shares if getattr(got, name) < getattr(FLOOR, name)]
    assert not below, f"{got}\n{table(found)}\n{misses}"
    assert got.danger <= FLOOR.danger, f"{got}\n{misses}"
