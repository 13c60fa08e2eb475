"""Redacted reports of every sample: nothing of the customer is left, and it is the same incident."""

import dataclasses
import html
import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from logdiag.errors import LogdiagError
from logdiag.i18n import speaking
from logdiag.model import Diagnosis, Reason, Verdict
from logdiag.options import Options
from logdiag.outputs import Report
from logdiag.pipeline import diagnose
from logdiag.redaction import redacted
from logdiag.redaction.vocabulary import product_words

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted(path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir())
STAYING = [ip_network(text) for text in ("0.0.0.0/8", "127.0.0.0/8", "255.0.0.0/8", "224.0.0.0/4")]
STAYING += [ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def raw(sample: str) -> str:
    files = sorted(path for path in (ROOT / "sample_logs" / sample).rglob("*") if path.is_file())
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def addresses(text: str) -> Iterator[str]:
    for word in set(re.split(r"[^0-9A-Fa-f:.]+", text)):
        try:
            address = ip_address(word.strip("."))
        except ValueError:
            continue
        if address.version == 4 and not any(address in network for network in STAYING):
            yield str(address)


def literals(text: str) -> set[str]:
    """What a reader of the raw files would call a host, a name, an address, a user or an alias."""
    hosts = set(re.findall(r"(?m)^\d{4}-\d\d-\d\dT\S+ ([\w-]+) ", text))
    nodes = set(re.findall(r"clusterdb@([\w.-]+)", text))
    names = set(re.findall(r"\b[\w-]+(?:\.[\w-]+)*\.(?:example\.com|lab\.example|apolo\.local)\b", text))
    users = set(re.findall(r'(?:User|username)="(\w+)"', text))
    aliases = set(re.findall(r"sip:([\w.]+)@", text))
    found = hosts | nodes | names | users | aliases | set(addresses(text))
    return {literal for literal in found if len(literal) > 3}


def outputs(report: Report) -> list[str]:
    page, marked = report.to_html(), report.to_markdown()
    bare = re.sub(r"\\([^\w\s])|`", r"\1", marked)
    texts = [page, html.unescape(page), report.to_json(), report.to_text(width=400)]
    return [*texts, report.to_jsonl(), marked, bare]


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_of_the_customer_is_left(sample: str, language: str, samples: Path) -> None:
    wanted = literals(raw(sample))
    assert len(wanted) > 3
    report = diagnose([samples / sample], Options(language=language))
    before = [output.lower() for output in outputs(report)]
    assert any(literal.lower() in before[2] for literal in wanted)
    for output in outputs(report.redacted()):
        for literal in wanted:
            # "admin" stands in "administrator guide", and in advice about the account of that name.
            if literal in product_words():
                assert f'"{literal}"' not in output
            else:
                # A token may have the numbers of an address.
                shown = re.sub(r"ipv4-[\d.]+", "", output.lower())
                assert re.search(rf"(?<![\w.-]){re.escape(literal.lower())}(?![\w-])", shown) is None, literal
                assert literal.lower() not in shown or literal.isalpha(), literal


@pytest.mark.parametrize("sample", SAMPLES)
def test_it_is_the_same_incident(sample: str, samples: Path) -> None:
    whole = diagnose([samples / sample]).diagnosis
    result = redacted(whole)[0]
    for one, other in zip(whole.findings, result.findings, strict=True):
        same = ("rule", "severity", "state", "first", "last", "count", "basis", "requested")
        assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
        assert (len(one.hosts), len(one.peers)) == (len(other.hosts), len(other.peers))
        assert [step.command for step in one.remedy] == [step.command for step in other.remedy]
    for before, after in zip(whole.incidents, result.incidents, strict=True):
        same = ("rule", "severity", "state", "first", "last")
        assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]
        assert len(before.findings) == len(after.findings)
    known = {finding.id for finding in result.findings}
    assert all(id_ in known for incident in result.incidents for id_ in incident.findings)
    names = {peer.name for peer in result.cluster.peers}
    assert len(names) == len(whole.cluster.peers)
    assert all(name in names for incident in result.incidents for name in incident.peers)
    if result.incidents:
        assert result.verdict.headline == result.incidents[0].title


def test_the_story_still_reads_well(samples: Path) -> None:
    report = diagnose([samples / "tls-enforcement"]).redacted()
    assert report.diagnosis.verdict.text.startswith("TLS verification was set to Enforcing by user-1. Since ")
    changes = report.diagnosis.changes
    assert changes[0].what == (
        "xconfiguration clusterConfiguration tls_verify - changed from: Permissive to: Enforcing"
    )
    assert (changes[0].peer, changes[0].who) == ("host-1", "user-1")


def test_peers_and_users_whose_names_are_common_words_are_hidden_in_sentences(
    samples: Path, tmp_path: Path
) -> None:
    for path in (samples / "tls-enforcement").iterdir():
        text = path.read_text(encoding="utf-8").replace("expc01", "edge").replace("expc02", "core")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    before, after = diagnose([tmp_path]), diagnose([tmp_path]).redacted()
    common = re.compile(r"\b(edge|core|by admin)\b")
    assert set(common.findall(before.to_text())) == {"edge", "core", "by admin"}
    assert common.findall(after.to_text() + after.to_json()) == []


def test_a_name_and_its_short_form_are_one_host(samples: Path) -> None:
    result = diagnose([samples / "core-and-edge"]).redacted().diagnosis
    assert all(peer.fqdn == f"{peer.name}.domain-1.domain-2" for peer in result.cluster.peers)
    assert [peer.snapshot for peer in result.cluster.peers] == [
        f"diagnostic_log_{peer.name}" for peer in result.cluster.peers
    ]
    first, second = (peer.addresses[0] for peer in result.cluster.peers[:2])
    assert first.rpartition(".")[0] == second.rpartition(".")[0]


def test_the_order_of_inputs_and_the_number_of_jobs_change_no_byte(samples: Path) -> None:
    inputs = [samples / name for name in ("peer-lost", "tls-enforcement", "core-and-edge")]
    one = diagnose(inputs, Options(jobs=1)).redacted()
    other = diagnose(inputs[::-1], Options(jobs=2)).redacted()
    assert one.to_json() == other.to_json()
    assert one.to_html() == other.to_html()
    assert one.to_text() == other.to_text()
    assert one.to_markdown() == other.to_markdown()


def test_tokens_are_numbered_as_they_stand_in_the_findings_file(samples: Path) -> None:
    written = diagnose([samples / "core-and-edge"]).redacted().to_json()
    for kind in ("host", "id", "domain"):
        seen = dict.fromkeys(map(int, re.findall(rf"\b{kind}-(\d+)", written)))
        assert list(seen) == list(range(1, len(seen) + 1))


def test_a_report_says_that_it_is_redacted(samples: Path) -> None:
    whole = diagnose([samples / "peer-lost"])
    report = whole.redacted()
    assert report.diagnosis.command.options["redact"] == "yes"
    assert report.redacted() is report
    assert "<strong>Redacted: numbered words" in report.to_html().partition("<footer>")[2]
    assert "Redacted: numbered words" in "\n".join(report.to_text().splitlines()[:5])
    for output in (whole.to_html(), whole.to_text(), whole.to_json()):
        assert "Redacted: numbered words" not in output
        assert "redact=yes" not in output
    korean = diagnose([samples / "peer-lost"], Options(language="ko")).redacted()
    with speaking("ko"):
        assert "비식별 처리됨" in korean.to_html()


def with_title(diagnosis: Diagnosis, title: str) -> Diagnosis:
    first, *rest = diagnosis.findings
    return dataclasses.replace(diagnosis, findings=(dataclasses.replace(first, title=title), *rest))


@pytest.mark.parametrize("form", ["html", "json", "text"])
@pytest.mark.parametrize(
    ("title", "kind"),
    [("It was EXPC02", "host name"), ("of apolo alone", "domain"), ("by Jane <Roe>", "user")],
)
def test_an_output_that_holds_a_literal_is_refused(form: str, title: str, kind: str, samples: Path) -> None:
    report = diagnose([samples / "peer-lost"])
    change = dataclasses.replace(
        diagnose([samples / "tls-enforcement"]).diagnosis.changes[0], who="Jane <Roe>", what="x"
    )
    whole = dataclasses.replace(report.diagnosis, changes=(change,))
    result = Report(*redacted(whole))
    if form == "text":
        broken = Report(dataclasses.replace(result.diagnosis, verdict=Verdict(title)), result.redactor)
    else:
        broken = Report(with_title(result.diagnosis, title), result.redactor)
    getattr(result, f"to_{form}")()
    with pytest.raises(
        LogdiagError, match=rf"line \d+ of the {form} output holds a literal \({kind}\)"
    ) as error:
        getattr(broken, f"to_{form}")()
    assert title.split()[-1].lower() not in str(error.value).lower()


def test_colours_do_not_hide_what_is_left(samples: Path) -> None:
    report = diagnose([samples / "peer-lost"])
    result = report.redacted()
    assert "\x1b[" in result.to_text(color=True)
    with pytest.raises(LogdiagError, match="host name"):
        Report(report.diagnosis, result.redactor).to_text(color=True)


def test_an_address_that_is_left_is_found_but_not_in_a_token(samples: Path) -> None:
    # The first address of all gets the numbers of one that is in use.
    report = diagnose([samples / "tls-enforcement"])
    changes = tuple(
        dataclasses.replace(change, address=address)
        for change, address in zip(
            report.diagnosis.changes, ("10.1.2.3", "1.1.1.1", "00:1a:2b:3c:4d:5e", "2a00::7"), strict=True
        )
    )
    result = Report(*redacted(dataclasses.replace(report.diagnosis, changes=changes)))
    assert result.diagnosis.changes[0].address is not None
    result.to_html(), result.to_json(), result.to_text()
    for left, kind in (("1.1.1.1", "IPv4"), ("2A00:0:0::7", "IPv6"), ("001a.2b3c.4d5e", "MAC")):
        broken = Report(with_title(result.diagnosis, f"from {left}"), result.redactor)
        with pytest.raises(LogdiagError, match=f"{kind} address"):
            broken.to_json()


def test_a_field_that_nobody_thought_of_is_redacted(samples: Path) -> None:
    report = diagnose([samples / "peer-lost"])
    whole = dataclasses.replace(
        report.diagnosis,
        command=dataclasses.replace(report.diagnosis.command, options={"limits": "/home/expc01/10.1.2.3"}),
        exit=dataclasses.replace(report.diagnosis.exit, reasons=(Reason(5, "expc02.tgz: cut"),)),
    )
    result = redacted(whole)[0]
    assert result.command.options == {"limits": "/home/host-1/ipv4-1.1.1.1", "redact": "yes"}
    assert result.exit.reasons == (Reason(5, "host-2.tgz: cut"),)
