"""A report is for reading, whatever the log holds: it is capped, and says by how much."""

import dataclasses
import re
from datetime import timedelta
from itertools import product

import pytest
import sample

from logdiag.model import Diagnosis, Fault, MemberCoverage, Reason
from logdiag.report import html, json_, text
from logdiag.report.limits import Limits, limited

NONE = Limits(incidents=0, findings=0, changes=0, wanted=0, peers=0, members=0, gaps=0, reasons=0)


@pytest.fixture(scope="module")
def large() -> Diagnosis:
    small = sample.sample()
    findings, incidents, changes = [], [], []
    for number in range(2000):
        later = timedelta(seconds=number)
        finding = dataclasses.replace(
            small.findings[0],
            id=f"f{number}",
            first=small.findings[0].first + later,
            last=small.findings[0].last + later,
            evidence=small.findings[0].evidence[:1] * 100,
            caused_by=(),
        )
        findings.append(finding)
        incidents.append(
            dataclasses.replace(
                small.incidents[0],
                id=f"i{number}",
                first=finding.first,
                last=finding.last,
                findings=(finding.id,),
            )
        )
        changes.append(dataclasses.replace(small.changes[0], time=small.changes[0].time + later))
    return dataclasses.replace(
        small, findings=tuple(findings), incidents=tuple(incidents), changes=tuple(changes)
    )


@pytest.fixture(scope="module")
def long() -> Diagnosis:
    """What hostile inputs can make long: peers, members, gaps, reasons, snapshots."""
    small = sample.sample()
    peer, gap, log = small.cluster.peers[0], small.coverage.gaps[0], small.coverage.members[0]
    peers = [dataclasses.replace(peer, name=f"peer{number}") for number in range(500)]
    members = [
        MemberCoverage(f"diagnostic_log_s{number % 100}", f"other{number}", "other", 1, reason="binary data")
        for number in range(5000)
    ]
    members += [dataclasses.replace(log, source=f"log{number}") for number in range(50)]
    faults = (Fault("damaged", "damaged here"),)
    members += [dataclasses.replace(log, source=f"broken{number}", faults=faults) for number in range(20)]
    return dataclasses.replace(
        small,
        cluster=dataclasses.replace(small.cluster, peers=tuple(peers)),
        coverage=sample.ledger(tuple(members), (gap,) * 700),
        exit=dataclasses.replace(
            small.exit, reasons=tuple(Reason(5, f"reason {number}") for number in range(900))
        ),
    )


def test_the_page_stays_small_and_says_what_it_leaves_out(large: Diagnosis) -> None:
    page = html.render(large)
    assert len(page.encode()) < 3_000_000
    assert "Not shown here: 1,980 incidents." in page
    assert "Not shown here: 1,850 findings." in page
    assert "Not shown here: 92 records." in page
    assert page.count('<article class="incident"') == 20


def test_the_terminal_gets_a_summary(large: Diagnosis) -> None:
    out = text.render(large, color=False, width=100)
    assert len(out.splitlines()) < 400
    assert "1,990 more incidents: write the findings with -o FILE.json." in out


def test_the_findings_file_has_everything(large: Diagnosis) -> None:
    assert json_.render(large).count('"fingerprint"') == 2000


def test_the_changes_before_the_headline_are_those_shown(large: Diagnosis) -> None:
    cut, left = limited(large, dataclasses.replace(NONE, incidents=1, findings=1, changes=3))
    assert (left.incidents, left.findings, left.changes) == (1999, 1999, 1997)
    assert all(change.time <= large.incidents[0].last for change in cut.changes)
    assert cut.incidents[0].findings == ("f0",)


def test_what_is_small_is_whole() -> None:
    small = sample.sample()
    cut, left = limited(small, html.LIMITS)
    assert cut == small
    assert left == NONE


def test_what_is_left_out_and_what_is_shown_are_all(long: Diagnosis) -> None:
    for peers, members, gaps, reasons in product((0, 7), repeat=4):
        limits = dataclasses.replace(NONE, peers=peers, members=members, gaps=gaps, reasons=reasons)
        cut, left = limited(long, limits)
        assert (len(cut.cluster.peers), left.peers) == (peers, 500 - peers)
        assert (len(cut.coverage.members), left.members) == (members, 5070 - members)
        assert (len(cut.coverage.gaps), left.gaps) == (gaps, 700 - gaps)
        assert (len(cut.exit.reasons), left.reasons) == (reasons, 900 - reasons)


@pytest.mark.parametrize(("most", "other"), [(10, 0), (20, 0), (60, 0), (75, 5)])
def test_members_that_are_not_whole_are_shown_first_then_logs_in_their_order(
    long: Diagnosis, most: int, other: int
) -> None:
    shown = limited(long, dataclasses.replace(NONE, members=most))[0].coverage.members
    assert sum(bool(member.faults) for member in shown) == min(most, 20)
    assert sum(member.kind == "other" for member in shown) == other
    assert [long.coverage.members.index(member) for member in shown] == sorted(
        long.coverage.members.index(member) for member in shown
    )


def test_a_long_ledger_makes_no_long_page_and_the_page_says_what_it_leaves_out(long: Diagnosis) -> None:
    page = html.render(long)
    assert len(page.encode()) < 3_000_000
    for words in ("440 peers", "4,770 members", "600 gaps"):
        assert f"Not shown here: {words}." in page
    assert "reason 49; and 850 more." in page
    assert "reason 50" not in page
    assert f"{long.coverage.size:,}" in page, "the sums are those of the whole"
    assert "5,070" in page


def test_snapshots_and_peers_that_the_ledger_does_not_show_are_counted(long: Diagnosis) -> None:
    page = html.render(long)
    assert page.count('data-label="Snapshot"') < len(long.coverage.snapshots)
    assert re.search(r"Not shown here: [\d,]+ snapshots\.", page)


def test_a_long_ledger_makes_no_long_summary(long: Diagnosis) -> None:
    out = text.render(long, color=False, width=100)
    assert len(out.splitlines()) < 700
    for words in ("470 more peers", "4,970 more members", "690 more gaps"):
        assert f"{words}: write the findings with -o FILE.json." in out
    assert "reason 9; and 890 more" in " ".join(out.split())
    assert f"{long.coverage.records:,} records in 70 logs" in out


def test_the_findings_file_has_the_whole_ledger(long: Diagnosis) -> None:
    written = json_.render(long)
    assert written.count('"record_bytes"') == len(long.coverage.members) + len(long.coverage.peers)
