"""Overlapping logs of one peer: what stands in several members happened once."""

from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.pipeline import diagnose
from logdiag.reading import read_texts
from logdiag.reading.deduplicate import counted_once

HEADER = "2024-03-05T09:00:00.000+00:00 expa01 "


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from("xyz"), min_size=1, max_size=6)))
@settings(deadline=None, max_examples=60)
def test_each_text_counts_as_often_as_in_the_member_that_has_most_of_it(logs: dict[str, list[str]]) -> None:
    tables = read_texts(
        {name: "".join(f"{HEADER}{word}\n" for word in words).encode() for name, words in logs.items()}
    )
    kept = counted_once(tables)[0].records.column("text").to_numpy(zero_copy_only=False)
    expected: Counter[str] = Counter()
    for words in logs.values():
        expected |= Counter(words)
    assert Counter(kept.tolist()) == expected


def test_the_same_log_given_twice_says_the_same(samples: Path, tmp_path: Path) -> None:
    once = diagnose([samples / "peer-returns"]).diagnosis
    log = next((samples / "peer-returns" / "diagnostic_log_expr01").iterdir())
    (tmp_path / "again.log").write_bytes(log.read_bytes())
    twice = diagnose([samples / "peer-returns", tmp_path / "again.log"]).diagnosis
    assert [(f.id, f.count, len(f.evidence)) for f in twice.findings] == [
        (f.id, f.count, len(f.evidence)) for f in once.findings
    ]
    records = log.read_bytes().count(b"expr01 ")
    assert twice.coverage.repeated == twice.coverage.records - once.coverage.records
    assert 0 < twice.coverage.repeated <= records


def test_rotated_logs_that_overlap_are_one_log(samples: Path, tmp_path: Path) -> None:
    lines = (samples / "peer-lost" / "peer-disconnect-expc01.log").read_text().splitlines(keepends=True)
    (tmp_path / "messages.1").write_text("".join(lines[:10]))
    (tmp_path / "messages").write_text("".join(lines[6:]))
    whole = diagnose([samples / "peer-lost"]).diagnosis
    parts = diagnose([tmp_path]).diagnosis
    assert [(f.id, f.state, f.count) for f in parts.findings] == [
        (f.id, f.state, f.count) for f in whole.findings
    ]
    assert parts.coverage.repeated == 4
