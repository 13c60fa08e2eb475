"""With ``--lang ko`` everything that is no name and no log text is Korean: the ledger and every view."""

import gzip
import io
import re
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sample

from logdiag.i18n import speaking
from logdiag.model import Diagnosis, to_plain
from logdiag.options import Options
from logdiag.outputs import Report
from logdiag.pipeline import diagnose
from logdiag.report import markdown, text
from logdiag.snapshots import Limits

NAMES = {"gzip", "zip", "tar", "UTF", "PEM", "BSD", "syslog", "KiB", "MiB", "DTD", "XML", "ratio", "member"}
"""What is called the same in Korean."""

OF_VIEWS = {"UTC", "ID", "FILE", "json", "logdiag", "xStatus", "xConfiguration", "Expressway", "text"}


def words(said: str) -> set[str]:
    return set(re.findall(r"[A-Za-z]{2,}", said))


def _begins(word: str, value: str) -> bool:
    return value.startswith(word)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for item in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from texts(item)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Of inputs of which each has something wrong with it."""
    samples = Path(__file__).parents[2] / "sample_logs"
    [log] = (samples / "peer-lost").iterdir()
    record = log.read_bytes()
    folder = tmp_path_factory.mktemp("inputs")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("a.log")
        member.size = len(record)
        archive.addfile(member, io.BytesIO(record))
    (folder / "c1.tar.gz").write_bytes(gzip.compress(packed.getvalue()[:2000])[:-4])
    (folder / "c2.log").write_bytes(b"ahead\n" + record + b"A" * 2000 + b"\nbehind\n")
    (folder / "c3.bin").write_bytes(b"\xd4\xc3\xb2\xa1\2\0\4\0")
    (folder / "c4.md").write_bytes((samples / "pasted-ticket" / "ticket.md").read_bytes())
    (folder / "c5.log").write_bytes(b"\xff\xfe" + record.decode().encode("utf-16-le"))
    (folder / "c6.log").write_bytes(b"Mar  5 09:00:00 expa01 httpd[7]: x\n" * 5)
    (folder / "c7.txt").write_bytes(b'*c xConfiguration IP DNS Hostname: "expa01"\nwhat is this\n' * 3)
    (folder / "c8.xml").write_bytes(b"<Configuration><IP><V6>1</V6></IP>")
    (folder / "c9.pem").write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    inputs = sorted(folder.iterdir())
    return diagnose(inputs, Options(language="ko", limits=Limits(line=1500), explain=True))


def test_the_ledger_is_korean(report: Report) -> None:
    members = report.diagnosis.coverage.members
    told = {
        member.source: [
            *filter(None, (member.reason, member.repair)),
            *member.reasons,
            *(fault.text for fault in member.faults),
        ]
        for member in members
    }
    assert told["c2.log"] == ["너무 긴 줄", "너무 긴 줄 뒤에 있음", "첫 레코드보다 앞에 있음"]
    assert told["c3.bin"] == ["패킷 캡처이므로 읽지 않음"]
    assert told["c4.md"] == ["붙여넣은 텍스트를 다시 이어 붙임", "붙여넣은 레코드 사이에 있음"]
    assert told["a.log"] == ["잘림: 아카이브가 이 파일의 중간에서 끝납니다"]
    for source, said in told.items():
        assert said, source
        for one in said:
            assert re.search("[가-힣]", one), one
            # What a parser says stands behind it in brackets.
            assert words(re.sub(r"\(no element found\)", "", one)) <= NAMES, one
    for reason in report.diagnosis.exit.reasons:
        assert re.search("[가-힣]", reason.text), reason


@pytest.mark.parametrize("view", ["to_text", "to_markdown"])
def test_a_view_adds_no_english_to_what_it_tells(report: Report, view: str) -> None:
    values = set().union(*map(words, texts(to_plain(report.diagnosis))))
    said = words(getattr(report, view)())
    # A long value is cut, and so may be its last word.
    assert {word for word in said if not any(map(partial(_begins, word), values))} <= OF_VIEWS


@pytest.mark.parametrize("make", [sample.sample, sample.quiet, sample.two_clusters, sample.empty])
def test_no_view_has_english_of_its_own(make: Any) -> None:
    diagnosis: Diagnosis = make()
    values = set().union(*map(words, texts(to_plain(diagnosis))))
    with speaking("ko"):
        for render in (partial(text.render, color=False, width=100), markdown.render):
            # Values of the model that stand for words, such as `high`, are to be said in Korean.
            left = words(render(diagnosis)) - values
            assert left <= OF_VIEWS
            assert not re.search(
                r"\b(HIGH|MEDIUM|open_at_end|subordinate|restart: |edit: )\b", render(diagnosis)
            )
