"""Time grows in proportion to the input: records, hosts, peers, alarms, members.

Each test runs on n, 2n and 4n. It counts executed lines of Python, which do not depend on other load on the machine.
CPU time also covers compiled code, and is compared with a wide margin.
"""

import gc
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from types import FrameType
from typing import Any

import pytest
import yaml

from logdiag.model import Diagnosis
from logdiag.outputs import Report
from logdiag.pipeline import examine
from logdiag.reading import Tables, read
from logdiag.rules import match_schema
from logdiag.rules.library import Library, load
from logdiag.rules.schema import Rule, Signal
from logdiag.rules.selection import want_of
from logdiag.snapshots import Member, Meter

LINES, SECONDS = 2.4, 8.0
"""Limits: lines for 4n - 2n compared with 2n - n, and seconds for 4n compared with n.

Linear growth gives 2 and 4, n log n slightly more, quadratic growth 4 and 16.
"""
TOLERANCE = 2_000
"""Lines. With n = 28, one line for each pair of items is still found."""

START = datetime(2024, 3, 5, 9, tzinfo=UTC)
Log = Iterator[tuple[float, str, str]]
"""Records: seconds since the start, host, text."""


class FilesInMemory:
    """A snapshot of some files."""

    name = "files"

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files

    def members(self, _: Meter) -> Iterator[Member]:
        return (Member(name, iter([content.encode()])) for name, content in self._files.items())


def text_of(log: Log) -> str:
    lines = []
    for second, host, said in sorted(log):
        moment = START + timedelta(seconds=second)
        utc = f"{moment:%Y-%m-%d %H:%M:%S},{moment.microsecond // 1000:03d}"
        stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+00:00"
        lines.append(f'{stamp} {host} app: UTCTime="{utc}" {said}\n')
    return "".join(lines)


def tables_of(files: dict[str, str], library: Library) -> Tables:
    return read([FilesInMemory(files)], want=want_of(library), engine="compiled", jobs=1)  # type: ignore[list-item]


@cache
def shipped() -> Library:
    return load()


@pytest.fixture(autouse=True, scope="module")
def loaded() -> Iterator[None]:
    """The rules. Collections do not search them for garbage, which took longer than most of what is measured."""
    shipped()
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def measured(work: Callable[[], object]) -> tuple[int, float]:
    """Return the number of executed lines of Python, and the CPU time."""
    lines = 0

    def trace(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    gc.collect()
    before = sys.gettrace()
    started = time.process_time()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines, time.process_time() - started


def assert_in_proportion(work_of: Callable[[int], Callable[[], object]], size: int) -> None:
    """Check the growth of lines and CPU time for n, 2n and 4n."""
    work_of(8)()  # fills caches
    for _ in range(3):  # other load on the machine may disturb one attempt
        found = [measured(work_of(size * times)) for times in (1, 2, 4)]
        (one, two, four), seconds = zip(*found, strict=True)
        # The differences remove the constant part.
        assert four - two <= LINES * (two - one) + TOLERANCE, (one, two, four)
        if seconds[2] <= SECONDS * max(seconds[0], 0.005):
            return
    pytest.fail(f"CPU seconds of n, 2n and 4n: {seconds}")


# ── kinds of rules ──────────────────────────────────────────────────────────────────────────


def says(count: int, apart: float, *said: str, hosts: int = 1) -> Log:
    """Yield records at equal intervals, of some hosts in turn."""
    for number in range(count):
        for step, one in enumerate(said):
            yield number * apart + step, f"h{number % hosts:05d}", one.format(n=number)


def lost(count: int, apart: float = 1.0) -> Log:
    """Yield records of new hosts: each loses another, and both claim to be the primary."""
    for number in range(count):
        one, other = f"a{number:05d}", f"b{number:05d}"
        yield number * apart, one, f'Event="Lost" Node="{one}" Node="{other}"'
        for later, host in ((60.0, one), (90.0, other), (120.0, one)):
            yield number * apart + later, host, 'Event="Primary" User="u"'


def about(count: int, hosts: int, apart: float) -> Log:
    """Yield records of hosts about each other."""
    for number in range(count):
        one, other = f"h{number % hosts:05d}", f"h{(number + 1) % hosts:05d}"
        yield number * apart, one, f'Event="Lost" Node="{one}" Node="{other}"'
        if number % 3:
            yield number * apart + 0.5, other, f'Event="Lost" Node="{other}" Node="{one}"'


OTHER = '{where: {Event: Lost}, bind: {other: {from: "Node[2]", as: peer}}}'
BEGIN, END, SAID = (
    "{where: {Event: Begin}}",
    "{where: {Event: End}}",
    "{where: {Event: Said}, bind: {n: User}}",
)
PRIMARY = "where: {Event: Primary}"
HOUR = 3600.0

KINDS: dict[str, tuple[str, Callable[[int], Log]]] = {
    "record, one key": (f"record: [{BEGIN}]", lambda n: says(n, HOUR, 'Event="Begin"')),
    "record, many keys": (f"by: [n]\nrecord: [{SAID}]", lambda n: says(n, 1, 'Event="Said" User="u{n}"')),
    "record, many hosts": (f"record: [{BEGIN}]", lambda n: says(n, 1, 'Event="Begin"', hosts=n)),
    "count": (
        f"count: {{of: [{SAID}], at_least: 5, within: 1h, distinct: n}}",
        lambda n: says(n, 1, 'Event="Said" User="u{n}"'),
    ),
    "sequence, ever new hosts": (
        f"by: [other]\nsequence:\n  within: 30m\n  steps: [{OTHER}, "
        f"{{{PRIMARY}, bind: {{other: {{from: host, as: peer}}}}, peer: other}}, {{{PRIMARY}, peer: same}}]",
        lost,
    ),
    "sequence, all in one window": (
        f"across: cluster\nsequence:\n  within: 1d\n"
        f"  steps: [{{{PRIMARY}}}, {{{PRIMARY}, peer: other}}, {{{PRIMARY}, peer: same}}]",
        lambda n: says(n, 1, 'Event="Primary"', hosts=2),
    ),
    "sequence, a first step for many keys": (
        f"by: [n]\nsequence:\n  within: 1d\n  steps: [{BEGIN}, {SAID}]",
        lambda n: says(n, 1, 'Event="Begin"', 'Event="Said" User="u{n}"'),
    ),
    "absence, with gaps": (
        f"absence: {{opening: [{BEGIN}], closing: [{END}], within: 2m}}",
        lambda n: says(n, 2 * HOUR, 'Event="Begin"'),
    ),
    "absence, late": (
        f"absence: {{opening: [{BEGIN}], closing: [{END}], within: 500ms}}",
        lambda n: says(n, 3, 'Event="Begin"', 'Event="End"'),
    ),
    "absence, announced": (
        f"absence: {{opening: [{BEGIN}], closing: [{END}], within: 2m, before: true}}",
        lambda n: says(n, 2 * HOUR, 'Event="Begin"'),
    ),
    "state, comes and goes": (
        f"state: {{raise: [{BEGIN}], lower: [{END}]}}",
        lambda n: says(n, 60, 'Event="Begin"', 'Event="End"'),
    ),
    "state, over by a signal": (
        f"by: [other]\nstate: {{raise: [{OTHER}], over_by: [test-proof], gone_by: [test-proof]}}",
        lambda n: (
            one
            for k in range(n)
            for one in (
                (k * 2 * HOUR, "a", 'Event="Lost" Node="a" Node="b"'),
                (k * 2 * HOUR + 60, "c", 'Event="Proof" Node="c" Node="b"'),
            )
        ),
    ),
    "state, many hosts and proofs": (
        f"state: {{raise: [{BEGIN}], over_by: [test-proof]}}",
        lambda n: says(n, 600, 'Event="Begin"', 'Event="Proof" Node="c" Node="h00000"', hosts=n),
    ),
    "alarm": (
        'by: [id]\nalarm: {where: {Detail|contains: "alarm"}, bind: {id: Id}}',
        lambda n: says(
            n,
            60,
            'Event="Alarm Raised" Id="i{n}" UUID="u{n}" Severity="error" Detail="an alarm"',
            'Event="Alarm Lowered" Id="i{n}" UUID="u{n}" Severity="error" Detail="an alarm"',
        ),
    ),
    "audit": (
        "audit: {of: logged_peer_list, must: equal}",
        lambda n: says(
            n,
            1,
            "Module=\"developer.replication\" AlternateIPAddresses=\"[u'(10.0.0.1 h00000)', u'(10.0.0.2 h{n:05d})']\"",
            hosts=n,
        ),
    ),
    "cannot_tell": ("cannot_tell: nothing says so", lambda n: says(n, 1, 'Event="Begin"', hosts=n)),
}

SIZE, SIZES = 28, {"audit": 56}
"""The usual size, and others. More than 50 peers are no cluster, and a report on a cluster is longer."""

RULE = """\
title: something on {hosts}
severity: medium
basis: confirmed
why: A test.
settling: 5m
remedy: [check-the-clocks]
references: [a test]
cases: [{name: one that fires, log: "", expect: [{state: seen}]}, {name: one that does not, log: "", expect: []}]
match:
"""
SIGNAL = """\
why: A test.
match:
  by: [other]
  record: [{where: {Event: Proof}, bind: {other: {from: "Node[2]", as: peer}}}]
"""


def library_of(**rules: str) -> Library:
    """Return a library with these rules only."""
    proof = Signal.model_validate(yaml.safe_load(SIGNAL))
    made = {
        f"test/{name}": yaml.safe_load(RULE + textwrap.indent(match, "  ")) for name, match in rules.items()
    }
    for rule in made.values():
        if "cannot_tell" in rule["match"]:
            del rule["cases"]
    made.get("test/cause", {})["explains"] = [{"rule": "test/effect", "within": "10m"}]
    return replace(
        shipped(),
        rules={name: Rule.model_validate(rule) for name, rule in made.items()},
        signals={"test-proof": proof},
    )


def examining(
    library: Library, files: Callable[[int], dict[str, str]]
) -> Callable[[int], Callable[[], object]]:
    """Return a function that makes the work for a size: the evaluation of files of that size."""

    def work_of(size: int) -> Callable[[], object]:
        tables = tables_of(files(size), library)
        return lambda: examine(tables, library)

    return work_of


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_is_judged_in_proportion_to_what_it_looks_for(kind: str) -> None:
    match, log = KINDS[kind]
    assert_in_proportion(
        examining(library_of(rule=match), lambda n: {"a.log": text_of(log(n))}), SIZES.get(kind, SIZE)
    )


def test_every_kind_of_rule_is_measured() -> None:
    assert {kind.partition(",")[0] for kind in KINDS} | {"incident"} == set(match_schema.KINDS)


def test_incidents_are_folded_in_proportion_to_the_findings() -> None:
    library = library_of(
        cause=f"by: [n]\nrecord: [{SAID}]",
        effect=f"record: [{BEGIN}]",
        incident="incident: {causes: [test/cause], requires: [test/effect], by: [subject], within: 1m}",
    )
    said = 'Event="Said" User="u{n}"', 'Event="Begin"'
    assert_in_proportion(
        examining(library, lambda n: {"a.log": text_of(says(n, HOUR, *said, hosts=6))}), SIZE
    )


# ── everything together ─────────────────────────────────────────────────────────────────────


def dump(number: int, settings: int) -> str:
    name = f"h{number:05d}"
    peers = "".join(
        f'*c xConfiguration Alternates Peer {k + 1} Address: "h{number + k:05d}.example.com"\n'
        for k in range(3)
    )
    rest = "".join(f'*c xConfiguration Zones Zone {k} Name: "zone {k}"\n' for k in range(settings))
    return (
        peers
        + f'*c xConfiguration IP DNS Domain Name: "example.com"\n*c xConfiguration IP DNS Hostname: "{name}"\n'
        f'*c xConfiguration H323 Mode: "{("On", "Off")[number % 2]}"\n' + rest
    )


def alarms(count: int, hosts: int) -> Log:
    text = 'Id="{id}" UUID="u{{n}}" Severity="error" Detail="Cluster database communication failure"'
    said = [f'Event="Alarm {word}" ' + text.format(id="20004") for word in ("Raised", "Lowered")]
    return says(count, 600, *said, hosts=hosts)


WHOLE: dict[str, tuple[int, Callable[[int], dict[str, str]]]] = {
    "hosts": (20, lambda n: {"a.log": text_of(lost_for_real(n))}),
    "peers": (40, lambda n: {f"xconf_h{k:05d}.txt": dump(k, 1) for k in range(n)}),
    "settings": (250, lambda n: {"xconf.txt": dump(0, n)}),
    "alarms": (40, lambda n: {"a.log": text_of(alarms(n, 3))}),
    "hosts with alarms": (40, lambda n: {"a.log": text_of(alarms(n, n))}),
    "members": (40, lambda n: {f"{k}.log": text_of(says(1, 1, f'Event="x{k}"')) for k in range(n)}),
}


def lost_for_real(count: int) -> Log:
    for number in range(count):
        one, other = f"a{number:05d}", f"b{number:05d}"
        yield (
            number * 1.0,
            one,
            f'Module="developer.clusterdb.cdb" Level="INFO" Node="clusterdb@{one}.example.com" '
            f'Detail="Processed mnesia_down event from accessible node" Node="clusterdb@{other}.example.com"',
        )
        for later, host in ((60.0, one), (90.0, other), (120.0, one)):
            yield (
                number + later,
                host,
                'Module="developer.replication" Detail="This peer is the cluster master"',
            )


@pytest.mark.parametrize("what", WHOLE)
def test_a_diagnosis_and_its_reports_are_made_in_proportion_to_what_is_given(what: str) -> None:
    size, files = WHOLE[what]

    def work_of(size: int) -> Callable[[], object]:
        given = files(size)

        def work() -> Diagnosis:
            diagnosis = examine(tables_of(given, shipped()), shipped())
            report = Report(diagnosis)
            for render in (report.to_html, report.to_markdown, report.to_json, report.to_text):
                render()
            return diagnosis

        return work

    assert_in_proportion(work_of, size)
