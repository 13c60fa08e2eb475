"""What is read at most: each limit is told where it was reached, and what stands before it is kept."""

import gzip
import io
import os
import random
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records_from import HEADER

from logdiag.errors import InputError
from logdiag.model import Fault, MemberCoverage
from logdiag.options import Options
from logdiag.pipeline import RULES, diagnose, examine
from logdiag.reading import Tables, read, read_texts
from logdiag.rules.library import load
from logdiag.snapshots import Limits, Meter, find_snapshots
from logdiag.snapshots import limits as limits_module
from logdiag.snapshots.deadline import Deadline
from logdiag.snapshots.limits import format_size
from logdiag.snapshots.streams import open_members as members_of


def log(number: int, records: int = 3) -> bytes:
    """A log of records of the same length, another for each number."""
    noise = random.Random(number)
    return b"".join(HEADER + b'tvcs: Event="%064x"\n' % noise.getrandbits(256) for _ in range(records))


EACH = len(log(0)) // 3


def tar(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file.getvalue()


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def parse(folder: Path, limits: Limits, **files: bytes) -> Tables:
    """What is read of files, each an input of its own; ``a_tar`` stands for ``a.tar``."""
    paths = []
    for name, content in files.items():
        paths.append(folder / name.replace("_", "."))
        paths[-1].write_bytes(content)
    return read(find_snapshots(paths), limits)


def told(tables: Tables) -> list[tuple[str, int, list[str]]]:
    """Of each member where it is from, its size, and which limits it says were reached."""
    return [
        (f"{one.snapshot}/{one.source}", one.size, [name_of(fault) for fault in one.faults])
        for one in tables.members
    ]


def name_of(fault: Fault) -> str:
    assert fault.kind == "limit"
    return fault.text.rpartition("(")[2].rstrip(")")


def whole(member: MemberCoverage) -> bool:
    return member.record_bytes + member.unparsed_bytes == member.size


# ── each limit ──────────────────────────────────────────────────────────────────────────────


def test_of_a_member_that_is_too_long_the_beginning_is_read(tmp_path: Path) -> None:
    packed = tar(("long", log(1, 50)), ("short", log(2)))
    tables = parse(
        tmp_path, Limits(member=4 * EACH + 10), a_log=log(0, 50), b_gz=gzip.compress(log(3, 50)), c_tar=packed
    )
    assert told(tables) == [
        ("a.log/a.log", 4 * EACH + 10, ["member"]),
        ("b.gz/b", 4 * EACH + 10, ["member"]),
        ("c.tar/long", 4 * EACH + 10, ["member"]),
        ("c.tar/short", 3 * EACH, []),
    ]
    assert all(whole(member) for member in tables.members)


def test_a_member_just_as_long_as_it_may_be_is_whole(tmp_path: Path) -> None:
    tables = parse(tmp_path, Limits(member=3 * EACH, total=3 * EACH, members=1), a_log=log(0))
    assert told(tables) == [("a.log/a.log", 3 * EACH, [])]


def test_what_all_members_may_hold_together_counts_over_all_snapshots(tmp_path: Path) -> None:
    packed = tar(("x", log(1)), ("y", log(2)), ("z", log(3)))
    tables = parse(tmp_path, Limits(total=5 * EACH), a_tar=packed, b_log=log(4), c_tar=tar(("x", log(5))))
    assert told(tables)[:3] == [
        ("a.tar/x", 3 * EACH, []),
        ("a.tar/y", 2 * EACH, ["total"]),
        ("b.log/b.log", 0, ["total"]),
    ]
    assert [names for _, size, names in told(tables)[3:] if size or names != ["total"]] == []
    assert sum(member.size for member in tables.members) == 5 * EACH
    assert [(one.snapshot, one.size) for one in tables.snapshots] == [
        ("a.tar", 5 * EACH),
        ("b.log", 0),
        ("c.tar", 0),
    ]


def test_members_beyond_the_number_that_a_snapshot_may_have_are_not_read(tmp_path: Path) -> None:
    three, two = (tar(*((str(number), log(number)) for number in range(size))) for size in (3, 2))
    tables = parse(tmp_path, Limits(members=2), a_tar=three, b_tar=two)
    assert told(tables) == [
        ("a.tar/0", 3 * EACH, []),
        ("a.tar/1", 3 * EACH, []),
        ("a.tar/2", 0, ["members"]),
        ("b.tar/0", 3 * EACH, []),
        ("b.tar/1", 3 * EACH, []),
    ]


def test_links_devices_and_closed_folders_of_a_folder_count_as_members(tmp_path: Path) -> None:
    inside = tmp_path / "expc01"
    inside.mkdir()
    for number in range(3):
        (inside / f"{number}-link").symlink_to("nowhere")
    os.mkfifo(inside / "3-pipe")
    (inside / "messages").write_bytes(log(1))
    for most, read_of_it in ((1, 0), (3, 0), (4, 0), (5, 3)):
        tables = read(find_snapshots([inside]), Limits(members=most))
        assert len(tables.members) == min(most + 1, 5)
        assert [name for _, _, names in told(tables) for name in names] == ["members"] * (most < 5)
        assert tables.records.num_rows == read_of_it


def test_files_of_a_folder_are_members_too(tmp_path: Path) -> None:
    (tmp_path / "expc01").mkdir()
    for number in range(4):
        (tmp_path / "expc01" / str(number)).write_bytes(log(number))
    tables = read(find_snapshots([tmp_path / "expc01"]), Limits(members=2))
    assert told(tables) == [
        ("expc01/0", 3 * EACH, []),
        ("expc01/1", 3 * EACH, []),
        ("expc01/2", 0, ["members"]),
    ]


def test_an_archive_too_deep_inside_others_is_not_opened_and_its_neighbours_are(tmp_path: Path) -> None:
    packed = tar(("in.tar", tar(("m", log(1)))), ("in.gz", gzip.compress(log(2))), ("m", log(3)))
    tables = parse(tmp_path, Limits(depth=1), a_tar=packed)
    assert told(tables) == [
        ("a.tar/in.gz", 0, ["depth"]),
        ("a.tar/in.tar", 0, ["depth"]),
        ("a.tar/m", 3 * EACH, []),
    ]
    assert all(not names for *_, names in told(parse(tmp_path, Limits(depth=2), a_tar=packed)))


def test_what_unpacks_out_of_proportion_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "RATIO_FROM", 1 << 20)
    bomb = log(1) + b"x" * (16 << 20)
    tables = parse(
        tmp_path, Limits(ratio=20), a_gz=gzip.compress(bomb), b_zip=zipped(("bomb", bomb)), c_log=log(2)
    )
    assert [(place, names) for place, _, names in told(tables)] == [
        ("a.gz/a", ["ratio"]),
        ("b.zip/bomb", ["ratio"]),
        ("c.log/c.log", []),
    ]
    first, second, _ = tables.members
    assert (3 * EACH < first.size <= 1 << 20, 3 * EACH < second.size <= 1 << 20) == (True, True)
    assert (first.records, second.records) == (3, 3)


def test_one_bomb_takes_nothing_from_what_stands_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "RATIO_FROM", 4 << 20)
    bomb = gzip.compress(bytes(64 << 20))
    packed = tar(
        ("a.gz", gzip.compress(log(1))), ("b.gz", bomb), ("c.gz", gzip.compress(log(2))), ("d", log(3))
    )
    tables = parse(tmp_path, Limits(ratio=20), x_tgz=gzip.compress(packed))
    assert [(place, names) for place, _, names in told(tables)] == [
        ("x.tgz/a", []),
        ("x.tgz/b", ["ratio"]),
        ("x.tgz/c", []),
        ("x.tgz/d", []),
    ]
    assert [one.records for one in tables.members] == [3, 0, 3, 3]


def test_where_one_bomb_follows_another_nothing_more_is_unpacked_but_what_is_plain_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "RATIO_FROM", 1 << 20)
    bomb = gzip.compress(bytes(16 << 20))
    bombs = [(f"{number:02}.gz", bomb) for number in range(20)]
    packed = tar(*bombs, ("y.gz", gzip.compress(log(1))), ("z", log(2)))
    tables = parse(tmp_path, Limits(ratio=5), a_tar=packed, b_gz=gzip.compress(log(3)))
    reasons = [fault.text for one in tables.members for fault in one.faults]
    assert reasons[0] == "unpacked to more than 5 times the size of what was given (ratio)"
    assert reasons[-1] == (
        "not unpacked, because too much before it unpacked to more than 5 times the size of "
        "what was given (ratio)"
    )
    assert len(reasons) == 21
    assert sum(one.size for one in tables.members) < 6 * (1 << 20)
    assert [(one.source, one.records) for one in tables.members[20:]] == [("y", 0), ("z", 3), ("b", 3)]


def test_zips_in_zips_come_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "RATIO_FROM", 1 << 20)
    inside = zipped(("zeros", bytes(4 << 20)))
    for _ in range(4):
        inside = zipped(*((f"{number}.zip", inside) for number in range(16)))
    meter = Meter(Limits())
    content = zipped(("in.zip", inside), ("messages", log(1)))
    sizes = [sum(map(len, one.chunks)) for one in members_of("a.zip", meter.given(iter([content])), meter)]
    assert len(sizes) < 200
    assert sum(sizes) < 16 << 20


def test_archives_that_hold_nothing_are_members_too(tmp_path: Path) -> None:
    empty = zipped()
    tables = parse(
        tmp_path, Limits(members=5), a_tar=tar(*((str(n), empty) for n in range(9)), ("z", log(1)))
    )
    assert told(tables) == [("a.tar/5", 0, ["members"])]


def test_what_is_small_may_be_out_of_any_proportion(tmp_path: Path) -> None:
    tables = parse(tmp_path, Limits(ratio=1), a_gz=gzip.compress(log(1) + b"x" * (1 << 20)))
    assert told(tables) == [("a.gz/a", 3 * EACH + (1 << 20), [])]


def test_a_line_that_is_too_long_is_set_apart_and_the_log_goes_on(tmp_path: Path) -> None:
    content = log(1) + b"z" * 500 + b"\nmore\n" + log(2)
    tables = parse(tmp_path, Limits(line=200), a_log=content)
    (member,) = tables.members
    assert (member.records, member.unparsed, member.unparsed_bytes) == (6, 2, 506)
    assert member.reasons == {"a line that is too long": 1, "follows a line that is too long": 1}
    assert whole(member)
    assert parse(tmp_path, Limits(line=501), a_log=content).members[0].unparsed == 0


def test_a_zip_archive_that_would_fill_the_disk_is_not_opened(tmp_path: Path) -> None:
    tables = parse(tmp_path, Limits(member=400), a_zip=zipped(("x", log(1)), ("y", log(2, 9))), b_log=log(3))
    assert told(tables) == [("a.zip/a.zip", 0, ["member"]), ("b.log/b.log", 3 * EACH, [])]


@pytest.mark.parametrize("limits", [Limits(total=10), Limits(members=1), Limits(member=10)])
def test_a_run_that_reached_a_limit_is_partial_and_says_which_limits_it_had(
    tmp_path: Path, limits: Limits
) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(tar(("x", log(1)), ("y", log(2))))
    diagnosis = diagnose([path], Options(limits=limits)).diagnosis
    assert diagnosis.exit.code in (4, 5)  # 4 where the limit leaves no record
    assert any(f"({limits.differing()}".partition("=")[0] in reason.text for reason in diagnosis.exit.reasons)
    assert diagnosis.command.options == {"limits": limits.differing()}


# ── time ────────────────────────────────────────────────────────────────────────────────────


class Clock:
    """A clock that each look at moves on by some seconds."""

    def __init__(self, step: float) -> None:
        self.step = step
        self.now = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


def sizes(meter: Meter, folder: Path) -> Iterator[tuple[str, int, list[str]]]:
    for snapshot in find_snapshots([folder]):
        meter.begin()
        for member in snapshot.members(meter):
            size = sum(map(len, member.chunks))
            yield snapshot.name, size, [name_of(fault) for fault in member.faults]


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    for name in ("a.tar", "b.tar"):
        (tmp_path / name).write_bytes(tar(*((str(number), log(number, 20_000)) for number in range(3))))
    return tmp_path


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_when_the_time_is_used_up_the_rest_of_all_snapshots_is_left(slow: Path, share: float) -> None:
    looks = Clock(1.0)
    list(sizes(Meter(Limits(), Deadline(10_000, looks)), slow))
    enough = looks.now / share
    meter = Meter(Limits(seconds=10), Deadline(enough * 0.75, Clock(1.0)), share)
    found = list(sizes(meter, slow))
    assert {snapshot for snapshot, *_ in found} == {"a.tar", "b.tar"}
    assert [names for *_, names in found][-1] == ["seconds"]
    assert 3 * 20_000 * EACH < sum(size for _, size, _ in found) < 6 * 20_000 * EACH
    assert all(names == [] for snapshot, _, names in found if snapshot == "a.tar")


def test_snapshots_that_are_read_in_time_are_whole(slow: Path) -> None:
    found = list(sizes(Meter(Limits(), Deadline(10, Clock(0.001))), slow))
    assert [(size, names) for _, size, names in found] == [(20_000 * EACH, [])] * 6


LOST = b"".join(
    b"2024-03-05T09:%02d:00.000+00:00 expa01 "
    % minute
    + b'tvcs: Event="Alarm Raised" Id="15004" Severity="warning" Detail="Something"\n'
    b"2024-03-05T09:%02d:30.000+00:00 expa01 replication: "
    % minute
    + b'Module="developer.replication" Level="INFO" Detail="Starting synchronisation"\n'
    for minute in range(0, 60, 5)
)


@pytest.mark.parametrize("passed", [0, 1, 20, 1_000_000])
def test_when_the_time_is_used_up_the_rules_that_are_left_are_named(passed: int) -> None:
    tables, library = read_texts({"a.log": LOST}), load()
    whole = examine(tables, library)
    found = examine(tables, library, deadline=Deadline((passed + 0.5) / RULES, Clock(1.0)))
    left = [one.rule for one in found.not_checked if "(seconds)" in one.reason]
    judged = [
        name
        for name, rule in sorted(library.rules.items(), key=lambda one: (one[1].requested is None, one[0]))
        if rule.incident is None
    ]
    assert left == sorted(judged[passed:])
    assert len({finding.rule for finding in whole.findings}) > 1
    assert {finding.id for finding in found.findings} == {
        finding.id for finding in whole.findings if finding.rule not in left
    }
    if left:
        [reason] = found.exit.reasons
        assert f"{len(left)} of {len(judged)} rules" in reason.text
        assert left[0] in reason.text
    else:
        assert found == whole


def test_a_diagnosis_whose_time_is_used_up_is_partial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.log").write_bytes(LOST)
    monkeypatch.setattr("logdiag.pipeline.Deadline", lambda _: Deadline(20, Clock(1.0)))
    report = diagnose([tmp_path], Options())
    exit_ = report.diagnosis.exit
    assert exit_.code == 5
    assert any("rules were not judged" in reason.text for reason in exit_.reasons)
    assert "the time is used up" in report.to_markdown()
    partial = diagnose([tmp_path], Options(allow_partial=True)).diagnosis.exit
    assert (partial.code, partial.reasons) == (0, exit_.reasons)


# ── how limits are written ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ([], Limits()),
        (["member=1"], Limits(member=1)),
        (["member=10k", "total=3M"], Limits(member=10 << 10, total=3 << 20)),
        (["total=2G"], Limits(total=2 << 30)),
        (["total=1t", "line=5K"], Limits(total=1 << 40, line=5 << 10)),
        (["depth=3", "depth=4"], Limits(depth=4)),
        (["seconds=60", "ratio=7", "members=9"], Limits(seconds=60, ratio=7, members=9)),
    ],
)
def test_limits_are_written_by_name(written: list[str], expected: Limits) -> None:
    assert Limits().changed(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        *("", "=", "member", "member=", "member=0", "member=-1", "member=1.5", "member=k", "member=1X"),
        *("member=1kk", "member=1 k", "member= 1", "member=١", "member=²", "member=" + "9" * 5000),
        *("size=1", "Member=1", "__class__=1", "changed=1"),
    ],
)
def test_what_is_no_limit_is_refused(written: str) -> None:
    with pytest.raises(InputError) as raised:
        Limits().changed([written])
    assert f"--limit {written}: " in str(raised.value)


def test_all_limits_that_are_wrong_are_named_at_once() -> None:
    with pytest.raises(InputError) as raised:
        Limits().changed(["depth=2", "size=1", "member=x"])
    first, second = str(raised.value).splitlines()
    assert first == "--limit size=1: the limits are member, total, members, depth, ratio, line, disk, seconds"
    assert second.startswith("--limit member=x: write member=NUMBER")


@given(st.text(max_size=20))
def test_no_text_does_more_than_set_a_limit_or_be_refused(written: str) -> None:
    try:
        changed = Limits().changed([written])
    except InputError:
        return
    name, _, _ = written.partition("=")
    assert getattr(changed, name) > 0


def test_only_limits_that_differ_are_told() -> None:
    assert Limits().differing() is None
    assert Limits(member=5, depth=2).differing() == "member=5 depth=2"
    assert Limits(total=Limits().total).differing() is None


@pytest.mark.parametrize(
    ("size", "said"),
    [(1, "1 bytes"), (1000, "1,000 bytes"), (1024, "1 KiB"), (1536, "1,536 bytes"), (4 << 30, "4 GiB")],
)
def test_a_size_is_said_as_a_person_would(size: int, said: str) -> None:
    assert format_size(size) == said


def test_the_command_line_takes_limits_and_refuses_what_is_none(
    tmp_path: Path, run_text: "Callable[..., subprocess.CompletedProcess[str]]"
) -> None:
    (tmp_path / "a.log").write_bytes(log(1))

    refused = run_text("diagnose", "a.log", "--limit", "size=1", "--limit", "member=0")
    assert refused.returncode == 2
    assert "--limit size=1: the limits are" in refused.stderr
    assert "--limit member=0: write member=NUMBER" in refused.stderr
    partial = run_text("parse", "a.log", "--limit", f"member={EACH}", "-o", "x.csv")
    assert partial.returncode == 5
    assert "of a member no more than" in partial.stderr
    assert run_text("parse", "a.log", "--limit", "member=1k", "-o", "x.csv").returncode == 0


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.integers(1, 600),
    st.integers(1, 1200),
    st.integers(1, 4),
)
def test_whatever_the_limits_no_more_is_read_and_every_loss_is_told(
    counts: list[int], member: int, total: int, members: int
) -> None:
    limits = Limits(member=member, total=total, members=members)
    meter = Meter(limits)
    meter.begin()
    content = tar(*((str(number), log(number, count)) for number, count in enumerate(counts)))
    read_, faults = 0, 0
    for number, one in enumerate(members_of("a.tar", iter([content]), meter)):
        size = sum(map(len, one.chunks))
        read_ += size
        faults += len(one.faults)
        assert size <= member
        assert number <= members
        assert all(name_of(fault) in ("member", "total", "members") for fault in one.faults)
    assert read_ <= total
    assert (read_ < EACH * sum(counts) or len(counts) > members) == (faults > 0)
