"""Redacted snapshots contain nothing that identifies the customer, and show the same incidents."""

import base64
import html
import io
import json
import re
import subprocess
import tarfile
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from redacting import KEY, die, members, redact_into

from logdiag import worker_process
from logdiag.model import Diagnosis
from logdiag.pipeline import diagnose
from logdiag.redaction import pool
from logdiag.redaction.archives import safe_name
from logdiag.redaction.line_redactor import LineRedactor
from logdiag.redaction.snapshots import SnapshotRedactor
from logdiag.redaction.verify import LeakCheck
from logdiag.rules.cases import files_of
from logdiag.rules.library import load
from logdiag.snapshots import Limits, find_snapshots

ROOT = Path(__file__).parent.parent.parent
SAMPLES = sorted(path.name for path in (ROOT / "sample_logs").iterdir() if path.is_dir())
HEAD = "2024-03-05T09:00:00.000+01:00"

Run = Callable[..., "subprocess.CompletedProcess[bytes]"]


def redacted(files: dict[str, str | bytes], key: bytes = KEY) -> dict[str, bytes]:
    """Return the redacted files of one snapshot by their new names."""
    with tempfile.TemporaryDirectory() as name:
        folder, output = Path(name) / "in", Path(name) / "out"
        folder.mkdir(), output.mkdir()
        for file, content in files.items():
            (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        redact_into([folder], output, key)
        return members(output / "in.tar.gz")


def line(text: str) -> str:
    """Return a redacted line without the header of its record."""
    whole = redacted({"log.txt": f"{HEAD} kilo7 tvcs: {text}\n"})["log.txt"].decode()
    assert re.match(re.escape(HEAD) + " host-[a-z]{11} tvcs: ", whole)
    return whole.partition(" tvcs: ")[2].removesuffix("\n")


# ── the same incidents ──────────────────────────────────────────────────────────────────────


def summary(result: Diagnosis) -> list[object]:
    same = ("rule", "severity", "state", "first", "last")
    findings = [
        (*(getattr(one, name) for name in same), one.count, one.requested, len(one.hosts), len(one.peers))
        for one in result.findings
    ]
    incidents = [(*(getattr(one, name) for name in same), len(one.peers)) for one in result.incidents]
    records = sorted(
        (one.kind, one.records, one.settings) for one in result.coverage.members if one.kind != "other"
    )
    changes = sorted((one.time, one.what) for one in result.changes)
    return [sorted(findings), sorted(incidents), records, changes, len(result.cluster.peers)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_diagnosis_of_redacted_snapshots_finds_the_same(sample: str, samples: Path, tmp_path: Path) -> None:
    before = diagnose([samples / sample]).diagnosis
    redact_into([samples / sample], tmp_path)
    after = diagnose(sorted(tmp_path.iterdir())).diagnosis
    assert summary(after) == summary(before)
    assert {peer.role for peer in after.cluster.peers} == {peer.role for peer in before.cluster.peers}
    # Peers map one to one, and what one has, the other has as well.
    assert sorted(
        (len(p.addresses), p.version or "", p.product or "", bool(p.fqdn)) for p in before.cluster.peers
    ) == (
        sorted(
            (len(p.addresses), p.version or "", p.product or "", bool(p.fqdn)) for p in after.cluster.peers
        )
    )
    written = "".join(f"{path.name} {members(path)}" for path in tmp_path.iterdir()).lower()
    for peer in before.cluster.peers:
        somebodys = [address for address in peer.addresses if not address.startswith("198.51.100.")]
        for literal in (peer.name, peer.fqdn, *(peer.fqdn or "").split(".")[1:-1], *somebodys):
            assert not literal or literal.lower() not in written


AUDITS = ("requirements/option-keys", "requirements/cluster-name", "requirements/tls-mode")


@pytest.mark.parametrize("rule", AUDITS)
def test_an_audit_of_redacted_dumps_finds_the_same(rule: str) -> None:
    for case in load(()).rules[rule].cases:
        with tempfile.TemporaryDirectory() as name:
            folder, output = Path(name) / "in", Path(name) / "out"
            folder.mkdir(), output.mkdir()
            for file, text in files_of(case).items():
                (folder / file).write_text(text, encoding="utf-8")
            before = diagnose(sorted(folder.iterdir())).diagnosis
            redact_into(sorted(folder.iterdir()), output)
            assert summary(diagnose(sorted(output.iterdir())).diagnosis) == summary(before), case.name


# ── each kind ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('Event="x" User="jroe" Level="1"', 'Event="x" User="user-W" Level="1"'),
        ('Src-alias="4711" Dst-ip="10.1.2.3"', 'Src-alias="alias-W" Dst-ip="10.A"'),
        ('Node="clusterdb@kilo7.corp.acme.com"', 'Node="clusterdb@host-W.domain-W.domain-W.domain-W"'),
        ('Call-serial-number="0f96b7" Tag="c7d1"', 'Call-serial-number="id-W" Tag="id-W"'),
        (' From: "Jane Roe" <sip:jroe@10.1.2.3>;tag=a77', ' From: "alias-W" <sip:alias-W@10.A>;tag=id-W'),
        ("Authorization: Basic dTpw", "Authorization: Basic secret-W"),
        ("Cookie: sid=1; b=2", "Cookie: secret-W"),
        ("key is 0123456789abcdef0123456789ABCDEF.", "key is secret-W."),
        ("mac 00:1A:2b:3c:4D:5e", "mac mac-W"),
        ("GET /u?id=%6Aroe%40acme.com HTTP", "GET /u?id=alias-W%40host-W.domain-W HTTP"),
        ("&lt;sip:jroe&#64;acme.com&gt;", "&lt;sip:alias-W&#64;host-W.domain-W&gt;"),
        (r"{\"aor\": \"j\u0072oe\u0040acme.com\"}", r"{\"aor\": \"alias-W\u0040host-W.domain-W\"}"),
    ],
)
def test_each_kind_is_replaced_and_the_form_stays(text: str, result: str) -> None:
    shown = re.sub(r"(host|domain|user|alias|id|secret|mac)-[a-z]{11}\b", r"\1-W", line(text))
    assert re.sub(r"\b10(\.\d+){3}", "10.A", shown) == result


@pytest.mark.parametrize(
    "text",
    [
        'Module="network.sip" Level="DEBUG":  Action="Sent" Dst-port="5061" Id="20006" UTCTime="2024-03-05 08:00:00,000"',
        'UUID="0f96695e-d954-4f6f-85c1-2ef1eae6f764" Msg-Hash="18446744073709550200" Thread="0x7f00aa"',
        "127.0.0.1 0.0.0.0 255.255.255.0 239.1.2.3 192.0.2.30 198.51.100.11 2001:db8::1 ff02::1 ::1 ::",
    ],
)
def test_what_is_nobodys_stays(text: str) -> None:
    assert line(text) == text


def test_a_name_in_base64_is_found_once_it_is_known() -> None:
    word = base64.b64encode(b"login of Jroe at nine").decode()
    result = line(f'User="jroe" blob={word} other {base64.b64encode(b"nobody at all!").decode()}')
    assert re.fullmatch(r'User="user-[a-z]+" blob=secret-[a-z]+ other bm9ib2R5IGF0IGFsbCE=', result)


def test_peers_and_files_have_the_same_words() -> None:
    result = redacted(
        {
            "messages_kilo7.txt": f'{HEAD} kilo7 web: User="jroe" Src-ip="10.1.2.3"\n{HEAD} lima8 x: kilo7 10.1.9.3 JROE\n',
            "xconf_dump_kilo7_1.txt": '*c xConfiguration SystemUnit Name: "kilo7"\n*c xConfiguration DNS Server 1 Address: "10.1.2.4"\n',
        }
    )
    names = sorted(result)
    log, dump = (result[name].decode() for name in names)
    host, user, address = re.search(r" (host-\w+) web: User=\"(user-\w+)\" Src-ip=\"([\d.]+)\"", log).groups()  # type: ignore[union-attr]
    assert names == [f"messages_{host}.txt", f"xconf_dump_{host}_1.txt"]
    assert re.search(rf"x: {host} ([\d.]+) {user}\n", log)
    assert f'Name: "{host}"' in dump
    prefix = address.rpartition(".")[0]
    assert f'Address: "{prefix}.' in dump


addresses = st.lists(
    st.integers(0, 2**32 - 1)
    | st.sampled_from([10 << 24, 0xC0A80000, 0xAC100000]).flatmap(lambda net: st.integers(net, net + 65535)),
    min_size=2,
    max_size=5,
    unique=True,
)


@settings(max_examples=60)
@given(addresses, st.integers(0, 64))
def test_addresses_share_as_many_bits_as_before(numbers: list[int], shift: int) -> None:
    from logdiag.redaction.addresses import address_of, find_addresses
    from logdiag.redaction.pseudonyms import KeyedWords

    words = KeyedWords(KEY)
    plain = [
        one
        for number in numbers
        for one in (str(ip_address(number)), str(ip_address((0x2A00 << 112) + (number << shift))))
        if list(find_addresses(one))
    ]
    result = [words.address(address_of(one)) for one in plain]
    for a, x in zip(plain, result, strict=True):
        assert list(find_addresses(x)), "an address that is somebody's became one that is nobody's"
        assert (
            ip_address(a).is_private == ip_address(x).is_private
            or ":" in a
            or not a.startswith(("10.", "192.168."))
        )
        for b, y in zip(plain, result, strict=True):
            if (":" in a) == (":" in b):
                assert shared(a, b) == shared(x, y)


def shared(one: str, other: str) -> int:
    return ip_address(one).max_prefixlen - (int(ip_address(one)) ^ int(ip_address(other))).bit_length()


# ── nothing is left ─────────────────────────────────────────────────────────────────────────

letters = st.text("abcdefghijklmnopqrstuvwxyz", min_size=5, max_size=9)
labels = st.builds("q{}{}".format, letters, st.integers(10, 99))
MESSAGE = """{head} {host} tvcs: UTCTime="2024-03-05 08:00:00,000" Module="network.sip" Level="DEBUG":  Src-ip="{v4}"
 SIPMSG:
 |REGISTER sip:{host}.{domain}.com SIP/2.0
 Via: SIP/2.0/TLS [{v6}]:5061;branch=z9hG4bK{user}
 From: "{user} {host}" <sip:{user}@{domain}.com>;tag=77{user}
 Authorization: Digest username="{user}", realm="{domain}", response="00112233445566778899aabbccddeeff"
 |
{head} {host} httpd[1]: web: Event="Login" User="{user}" Detail="{user} from {v4} by {host}; {escaped}"
"""
TEXT = """*c xConfiguration IP DNS Hostname: "{host}"
*c xConfiguration IP DNS Domain Name: "{domain}.com"
*c xConfiguration Ethernet 1 IP V4 Address: "{v4}"
*s SystemUnit: /
  Hardware: /
    SerialNumber: "SN{user}"
*s/end
"""
XML = """<?xml version="1.0"?>
<Configuration><SystemUnit item="1"><Name item="1">{host}</Name></SystemUnit>
<Alternates><Peer item="1"><Address item="1">{host}.{domain}.com</Address></Peer></Alternates>
<DNS><Server item="1"><Address item="1">{v4}</Address></Server></DNS>
<Note a="{user}">Bob &amp; {user} &lt;{user}@{domain}.com&gt; {v6}</Note></Configuration>
"""


@settings(max_examples=8, phases=[Phase.explicit, Phase.generate])
@given(labels, labels, labels, st.integers(0x0B000000, 0x0FFFFFFF), st.integers(1, 2**64))
def test_no_literal_survives_in_any_file_or_name(host: str, domain: str, user: str, v4: int, v6: int) -> None:
    escaped = f"{quote(f'{user}@x')} {html.escape(f'<{host}>')} {base64.b64encode(user.encode()).decode()}"
    expected = {
        "head": HEAD,
        "host": host,
        "domain": domain,
        "user": user,
        "v4": str(ip_address(v4)),
        "v6": str(ip_address((0x2A01 << 112) + (0xBC << 100) + v6)),
        "escaped": escaped,
    }
    files = {
        name: text.format(**expected) for name, text in (("log", MESSAGE), ("xconf", TEXT), ("xstat", XML))
    }
    inner, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        header = tarfile.TarInfo(f"var/{host}/log_{host}.txt")
        header.size = len(files["log"])
        archive.addfile(header, io.BytesIO(files["log"].encode()))
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr(f"inner_{host}.tgz", inner.getvalue())
    result = redacted(
        {
            f"xconf_dump_{host}.txt": files["xconf"],
            f"xconf_dump_{host}.xml": files["xstat"],
            "nested": packed.getvalue(),
            f"capture_{host}.pcap": b"\xd4\xc3\xb2\xa1" + b"\0" * 20,
        }
    )
    assert len(result) == 3
    written = repr(result).lower()
    for literal in (
        host,
        domain,
        user,
        expected["v4"],
        expected["v6"],
        base64.b64encode(user.encode()).decode(),
    ):
        assert literal.lower() not in written
    root = ET.fromstring(next(text for name, text in result.items() if name.endswith(".xml")))
    assert [one.tag for one in root.iter()] == [one.tag for one in ET.fromstring(files["xstat"]).iter()]
    log = next(text for name, text in result.items() if "!/" in name).decode()
    assert len(log.splitlines()) == len(files["log"].splitlines())
    word = re.search(r'User="(\w+-\w+)"', log)[1]  # type: ignore[index]
    name = re.search(r" (\w+-\w+) tvcs", log)[1]  # type: ignore[index]
    assert f"{word}%40host-" in log and f"&lt;{name}&gt;" in log


def without(kilo: str) -> Callable[..., str]:
    """Return a redaction that replaces only the name of a host."""
    return lambda self, text, form: text.replace(kilo, "host-x")


def test_a_line_in_which_something_is_left_is_left_out_and_counted(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    lines = [f'{HEAD} kilo7 x: a="b"', f'{HEAD} kilo7 x: User="jane.roe9"', f"{HEAD} kilo7 x: 10.1.2.3", HEAD]
    (tmp_path / "in" / "log.txt").write_text("\n".join([*lines, ""]))
    (tmp_path / "in" / "wide.txt").write_bytes("\n".join([*lines, ""]).encode("utf-16"))
    monkeypatch.setattr(LineRedactor, "redact", without("kilo7"))
    done = run("redact", "in", "-o", "out")
    assert done.returncode == 0
    result = members(tmp_path / "out" / "in.tar.gz")
    expected = "[a line that could not be redacted was left out]"
    for text in (result["log.txt"].decode(), result["wide.txt"].decode("utf-16")):
        assert text.splitlines() == [f'{HEAD} host-x x: a="b"', expected, expected, HEAD]
    listed = json.loads((tmp_path / "out" / "redaction.json").read_text())["archives"][0]["members"]
    assert [(one["unredacted_lines_left_out"], one["bytes"]) for one in listed] == [
        (2, len(result["log.txt"])),
        (2, len(result["wide.txt"])),
    ]
    assert (
        "2 lines that could not be redacted are left out" in (tmp_path / "out" / "redaction.txt").read_text()
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        *("in.tar.gz", "redaction.json", "redaction.txt")
    ]


def test_a_dump_that_would_be_broken_is_left_out_as_a_whole(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "log.txt").write_text(f"{HEAD} kilo7 x: y\n")
    (tmp_path / "in" / "xconf.xml").write_text(
        "<?xml version='1.0'?>\n<Configuration><User>jane.roe9</User></Configuration>\n"
    )
    monkeypatch.setattr(LineRedactor, "redact", without("kilo7"))
    done = run("redact", "in", "-o", "out")
    assert done.returncode == 5
    assert b"xconf.xml: something in it could not be redacted" in done.stderr
    assert list(members(tmp_path / "out" / "in.tar.gz")) == ["log.txt"]


def test_if_something_is_left_in_a_name_nothing_is_handed_over(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "log_roe9.txt").write_text(f'{HEAD} kilo7 x: User="roe9"\n')
    replaced = LineRedactor.name
    monkeypatch.setattr(
        LineRedactor, "name", lambda self, name: name if name == "log_roe9.txt" else replaced(self, name)
    )
    done = run("redact", "in", "-o", "out")
    assert done.returncode == 2
    assert re.search(
        rb"not redacted: line 1 of in\.tar\.gz: log_user-[a-z]+\.txt holds a literal \(user\)", done.stderr
    )
    assert b"roe9" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


# ── files that change while they are read ───────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "kept", "expected"),
    [
        (
            lambda log: log.write_text(log.read_text() + f"{HEAD} lima8 x: late\n"),
            2,
            b"it grew between two reads",
        ),
        (lambda log: log.write_text(f"{HEAD} kilo7 x: y\n"), 1, b"it changed between two reads, from"),
        (
            lambda log: log.write_text(log.read_text().replace("kilo7", "lima8")),
            1,
            b"it changed between two reads",
        ),
        (lambda log: log.unlink(), 1, b"it was gone at the second read"),
        (
            lambda log: log.with_name("log_lima8").write_text(f"{HEAD} lima8 x: y\n"),
            2,
            b"new: it was not there",
        ),
    ],
    ids=["grows", "shrinks", "changes", "goes", "comes"],
)
def test_what_was_not_learnt_is_not_written(
    change: Callable[[Path], None],
    kept: int,
    expected: bytes,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "in" / "var").mkdir(parents=True)
    log = tmp_path / "in" / "var" / "log_7"
    log.write_text("".join(f"{HEAD} kilo7 x: {n}\n" for n in range(9)))
    (tmp_path / "in" / "other").write_text(f"{HEAD} kilo7 x: y\n")
    written = SnapshotRedactor.write
    monkeypatch.setattr(
        SnapshotRedactor, "write", lambda self, *given: (change(log), written(self, *given))[1]
    )
    done = run("redact", "in", "-o", "out")
    assert done.returncode == 5
    assert expected in done.stderr
    result = members(tmp_path / "out" / "in.tar.gz")
    assert len(result) == kept
    everything = f"{result} {files(tmp_path / 'out')} {done.stderr!r}"
    assert "lima8" not in everything and "kilo7" not in everything
    if kept == 2:
        assert result["var/log_7"].count(b"\n") == 9


def test_a_process_that_is_ended_from_outside_is_said_to_be(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_SERIAL_BYTES", 1)
    monkeypatch.setattr(worker_process, "end_with_parent", die)
    (tmp_path / "log").write_text(f"{HEAD} kilo7 x: y\n")
    done = run("redact", "log", "-o", "out", "--jobs", "2")
    assert done.returncode == 2
    assert b"a process was ended by something else" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


# ── keys, blocks, certificates ──────────────────────────────────────────────────────────────


def test_a_private_key_is_one_word_and_what_is_behind_it_stays() -> None:
    body = "\n".join(f"MIIEvQ{n}IBADANBgkqhkiG9w0BAQ" for n in range(5))
    log = f"{HEAD} kilo7 x: y\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\nend\n"
    cut = f"{HEAD} kilo7 x: y\n-----BEGIN PRIVATE KEY-----\n{body}\n{HEAD} kilo7 x: the end\n"
    result = redacted({"a": log, "b": cut})
    block = rb"-----BEGIN RSA PRIVATE KEY-----\nsecret-[a-z]+\n-----END RSA PRIVATE KEY-----\nend\n\Z"
    assert re.search(block, result["a"])
    assert re.search(
        rb"-----BEGIN PRIVATE KEY-----\nsecret-[a-z]+\n2024\S+ host-[a-z]+ x: the end\n\Z", result["b"]
    )


@pytest.mark.parametrize("kind", ["rsa", "ec", "ed25519"])
def test_a_certificate_keeps_its_form_and_validity_and_nothing_else(kind: str) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    key = {
        "rsa": lambda: rsa.generate_private_key(65537, 1024),
        "ec": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ed25519": ed25519.Ed25519PrivateKey.generate,
    }[kind]()
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Zebra Völlig GmbH"),
            x509.NameAttribute(NameOID.COMMON_NAME, "kilo7.zebra.zzz"),
        ]
    )
    names = [
        x509.DNSName("kilo7.zebra.zzz"),
        x509.DNSName("*.zebra.zzz"),
        x509.IPAddress(ip_address("10.1.2.3")),
    ]
    url = x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                x509.oid.AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://zebra")
            )
        ]
    )
    given = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .serial_number(0x77AABBCCDD)
        .public_key(key.public_key())
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2026, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(url, critical=False)
        .sign(key, None if kind == "ed25519" else hashes.SHA256())
    )  # fmt: skip
    pem = given.public_bytes(Encoding.PEM)
    log = f'{HEAD} kilo7 x: Node="clusterdb@kilo7.zebra.zzz" a="10.1.2.3"\n'
    result = redacted(
        {"server.pem": pem + b"-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n", "log": log}
    )
    first, end, _ = result["server.pem"].partition(b"-----END CERTIFICATE-----\n")
    made = x509.load_pem_x509_certificate(first + end)
    assert (made.not_valid_before_utc, made.not_valid_after_utc) == (
        given.not_valid_before_utc,
        given.not_valid_after_utc,
    )
    assert type(made.public_key()) is type(given.public_key())
    sizes = [getattr(one.public_key(), "key_size", None) for one in (made, given)]
    assert sizes[0] == sizes[1]
    assert made.public_key() != given.public_key()
    assert made.signature_algorithm_oid == given.signature_algorithm_oid
    assert made.subject == made.issuer
    host = re.search(rb"clusterdb@([\w.-]+)\" a=\"([\d.]+)", result["log"])
    assert host is not None
    assert made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == host[1].decode()
    found = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.get_values_for_type(x509.DNSName) == [
        host[1].decode(),
        f"*.{host[1].decode().partition('.')[2]}",
    ]
    assert found.get_values_for_type(x509.IPAddress) == [ip_address(host[2].decode())]
    raw = made.public_bytes(Encoding.DER)
    for secret in (b"ebra", b"kilo", bytes.fromhex("77AABBCCDD"), given.signature, "Völlig".encode()):
        assert secret not in raw
    assert {one.oid.dotted_string for one in made.extensions} == {"2.5.29.17", "2.5.29.19", "2.5.29.14"}
    assert result["server.pem"].count(b"secret-") == 1


SHA1_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIICLDCCAZWgAwIBAgIUH3S5SQDsEZGWWC3m5HUyB2/lt8gwDQYJKoZIhvcNAQEF
BQAwJzElMCMGA1UEAwwcZXhwYzAxLmxhYi56ZWJyYS5leGFtcGxlLmNvbTAgFw0y
NjExMzAwODM5NTlaGA8yMDUxMDcyMjA4Mzk1OVowJzElMCMGA1UEAwwcZXhwYzAx
LmxhYi56ZWJyYS5leGFtcGxlLmNvbTCBnzANBgkqhkiG9w0BAQEFAAOBjQAwgYkC
gYEA19uxePvW24ozv5UvyEjxWi/40hJnoQAYbXIQSPlCzjC6QNf+HfwgHJCy1bw+
X9SDfkKCTdxtLCiD7HqLK54fxJX1zFZp3bv21ko35F7qo6C4a9eDHruxkCGnp+V7
irepTnzi3JaOrzES1GBgRx6i0EgH3tjAhPU+JL/yMc5jOgUCAwEAAaNTMFEwHQYD
VR0OBBYEFIwgVAZItOgx812w+LHIhxpwnDypMB8GA1UdIwQYMBaAFIwgVAZItOgx
812w+LHIhxpwnDypMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQEFBQADgYEA
ofDvQGQvKyLrcgByzt1BC0UxTm8Ej6MYl4+kQkQRS5ZfcZ+9JjcVILTUf/BPLHfs
FtGdsV2Vq35A5y4I6sSPnl4UFn1hmOorLjfgkyOBLBb1cIJ9zHAJbG/X7UjTM+Vt
W1pGpmv8mudbwDqgxAp7Wi+mKiO4IISYwAJEq9IXtPY=
-----END CERTIFICATE-----
"""
"""Signed with SHA-1, for a name whose pseudonym is longer than a common name may be."""


def test_a_certificate_with_an_old_signature_is_signed_by_sha256() -> None:
    from cryptography import x509

    made = x509.load_pem_x509_certificate(redacted({"server.pem": SHA1_CERTIFICATE})["server.pem"])
    assert made.signature_hash_algorithm is not None and made.signature_hash_algorithm.name == "sha256"
    with pytest.warns(UserWarning, match="length"):
        [name] = made.subject
    assert re.fullmatch(r"host-[a-z]{11}(\.domain-[a-z]{11}){4}", str(name.value))


# ── the command ─────────────────────────────────────────────────────────────────────────────


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_key_gives_the_same_bytes_and_a_random_one_others(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(KEY)
    before = {path: path.read_bytes() for path in samples.rglob("*") if path.is_file()}
    for out, more in (("a", ("--key", "key")), ("b", ("--key", "key")), ("c", ()), ("d", ())):
        done = run("redact", samples / "peer-returns", "-o", out, *more)
        assert done.returncode == 0, done.stderr
    a, b, c, d = (files(tmp_path / name) for name in "abcd")
    assert a == b
    assert set(a) & set(c) == set(c) & set(d) == {"redaction.txt", "redaction.json"}
    assert not any(KEY in content for content in a.values())
    assert {path: path.read_bytes() for path in samples.rglob("*") if path.is_file()} == before


def test_what_is_done_is_listed_without_a_literal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "diag_kilo7").mkdir()
    for name, content in {
        "log_kilo7.txt": f'{HEAD} kilo7 x: User="jroe" a="10.1.2.3"\n'.encode(),
        "trace_kilo7.pcap": b"\xd4\xc3\xb2\xa1" + b"\0" * 20,
        "notes_kilo7.txt": b"kilo7 is slow\n",
        "core_kilo7": b"\x7fELF" + bytes(200),
    }.items():
        (tmp_path / "diag_kilo7" / name).write_bytes(content)
    done = run("redact", "diag_kilo7", "-o", "out")
    assert done.returncode == 0
    result = json.loads((tmp_path / "out" / "redaction.json").read_text())
    listed = {re.sub("host-[a-z]+", "H", one["member"]): one for one in result["archives"][0]["members"]}
    assert list(listed) == ["core_H", "log_H.txt", "notes_H.txt", "trace_H.pcap"]
    assert listed["log_H.txt"]["replaced"] == {"host": 1, "ipv4": 1, "user": 1} == result["replaced"]
    assert [name for name, one in listed.items() if one["left_out"] is None] == ["log_H.txt"]
    assert "packet capture" in listed["trace_H.pcap"]["left_out"]
    text = (tmp_path / "out" / "redaction.txt").read_text()
    for one in listed.values():
        assert one["member"] in text and (one["left_out"] or "kept") in text
    everything = f"{files(tmp_path / 'out')} {[path.name for path in (tmp_path / 'out').iterdir()]} {text}"
    assert not re.search("kilo7|jroe|10.1.2.3", everything)
    done = run("redact", "diag_kilo7", "-o", "ko", "--lang", "ko")
    assert "전체 대체 건수" in (tmp_path / "ko" / "redaction.txt").read_text()


def test_the_folder_that_was_written_is_diagnosed_as_its_archives_are(
    run: Run, samples: Path, tmp_path: Path
) -> None:
    assert run("redact", samples / "peer-returns", "-o", "out").returncode == 0
    archives = sorted(path.name for path in (tmp_path / "out").glob("*.tar.gz"))
    assert archives
    assert [one.name for one in find_snapshots([tmp_path / "out"])] == archives
    done = run("diagnose", "out")
    assert (done.returncode, b"0 other members" in done.stdout) == (0, True)
    # Beside no archive, they are files as others are.
    for archive in archives:
        (tmp_path / "out" / archive).unlink()
    assert len(list(find_snapshots([tmp_path / "out"])[0].files())) == 2


@pytest.mark.parametrize(
    ("limit", "lines"), [("total=2k", 20), ("member=2k", 20), ("members=1", 1), ("line=100", 20)]
)
def test_all_that_was_written_is_searched_whatever_was_read_at_most(
    limit: str, lines: int, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Words are longer than what they stand for: what is written passes what may be read.
    (tmp_path / "log").write_text("".join(f'{HEAD} a2 x: User="b3" B="c{n}"\n' for n in range(lines)))
    looked_at = []
    find = LeakCheck.find
    monkeypatch.setattr(LeakCheck, "find", lambda self, text: (looked_at.append(text), find(self, text))[1])
    run("redact", "log", "-o", "out", "--limit", limit, "--allow-partial")
    written = members(tmp_path / "out" / "log.tar.gz")["log"].decode()
    assert written in looked_at and len(written.splitlines()) == lines


def test_what_cannot_be_searched_is_not_handed_over(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log").write_text(f"{HEAD} kilo7 x: y\n" * 100)
    monkeypatch.setattr("logdiag.redaction.archive_check.lift_limits", lambda limits: Limits(member=1000))
    done = run("redact", "log", "-o", "out")
    assert done.returncode == 2
    assert b"log.tar.gz: log cannot be searched for remaining values" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_the_bytes_do_not_depend_on_the_jobs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_SERIAL_BYTES", 1)
    monkeypatch.setattr("logdiag.redaction.line_batches._BATCH_BYTES", 2000)
    (tmp_path / "key").write_bytes(KEY)
    body = "\n".join(f"MIIEvQ{n}IBADANBgkqhkiG9w0BAQ" for n in range(200))
    block = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    # The domain is known by the last record alone; the key is longer than a lot.
    records = "".join(f'{HEAD} kilo7 x: a="box{n}.acme.sh" b="10.1.{n}.3" User="u{n}x"\n' for n in range(99))
    (tmp_path / "log").write_text(f"{records}{block}{HEAD} kilo7 x: c@box.acme.sh box7\n")
    begun = []
    start = pool.start_worker
    monkeypatch.setattr(pool, "start_worker", lambda: begun.append(start()) or begun[-1])
    for out, jobs in (("one", 1), ("two", 2)):
        assert run("redact", "log", "-o", out, "--key", "key", "--jobs", jobs).returncode == 0
        assert bool(begun) == (jobs > 1)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    result = members(tmp_path / "two" / "log.tar.gz")["log"].decode()
    assert result.count("secret-") == 1 and result.count("PRIVATE KEY") == 2
    assert re.search(r"-----END PRIVATE KEY-----\n2024\S+ host-\w+ x: \S+@host-\S+ host-\w+\n\Z", result)
    assert not re.search(r"acme|box\d|u\dx|kilo|MIIE", result)


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("../../etc/passwd", "_/_/etc/passwd"),
        ("/abs//x", "_/abs/_/x"),
        ("a\nb\x1b[31m\u202ec\\d", "a_b_[31m_c_d"),
        ("x" * 500, "x" * 200),
        ("a\udcffb", "a_b"),
    ],
)
def test_names_of_members_are_harmless_wherever_they_are_unpacked(name: str, result: str) -> None:
    assert safe_name(name) == result


def test_hostile_archives_give_archives_that_can_be_unpacked(tmp_path: Path) -> None:
    content = f"{HEAD} kilo7 x: y\n".encode()
    with tarfile.open(tmp_path / "in.tar", "w") as archive:
        for name in ("../a", "/a", "a", "a", "b\n" * 300):
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    output = tmp_path / "out"
    output.mkdir()
    redaction = redact_into([tmp_path / "in.tar"], output)
    with tarfile.open(output / "in.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
        assert len(archive.getnames()) == len(set(archive.getnames())) == 5
        assert {(one.mtime, one.uid, one.mode, one.uname) for one in archive} == {(0, 0, 0o644, "")}
    assert [one.left_out for one in redaction.archives[0].members][-1] == "a link, which is not followed" or (
        redaction.archives[0].members[-1].left_out is not None
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("in", "-o", "full"), b"full: the folder is not empty"),
        (("in", "-o", "in/out"), b"it is in a folder that is read"),
        (("in", "-o", "no/out"), b"not a folder, and cannot be created"),
        (("-", "-o", "out"), b"standard input can be read once"),
        (("in", "-o", "out", "--key", "short"), b"a key file has at least 32 bytes, and this one has 31"),
        (("in", "-o", "out", "--key", "none"), b"none: No such file"),
        (("nothing", "-o", "out"), b"there is no such file or folder"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(
    words: tuple[str, ...], expected: bytes, run: Run, tmp_path: Path
) -> None:
    for name in ("in", "full"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "log").write_text(f"{HEAD} kilo7 x: y\n")
    (tmp_path / "short").write_bytes(KEY[:31])
    before = sorted(tmp_path.rglob("*"))
    done = run("redact", *words)
    assert (done.returncode, expected in done.stderr) == (2, True), done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_exit_codes_tell_what_could_not_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("nothing\n")
    assert run("redact", "notes", "-o", "a").returncode == 4
    whole = tmp_path / "whole.log"
    whole.write_text("".join(f"{HEAD} kilo7 x: {n}\n" for n in range(1000)))
    done = run("redact", "whole.log", "-o", "b", "--limit", "member=1k")
    assert done.returncode == 5 and b"no more than 1 KiB are read" in done.stderr
    assert run("redact", "whole.log", "-o", "c", "--limit", "member=1k", "--allow-partial").returncode == 0


# ── texts of strangers ──────────────────────────────────────────────────────────────────────


def test_encodings_stay_as_they_are() -> None:
    log = f'{HEAD} kilo7 x: User="jroé" Detail="Ä"\r\n'
    result = redacted(
        {"a": log.encode("utf-16"), "b": b"\xef\xbb\xbf" + log.encode(), "c": log.encode("latin-1")}
    )
    assert 'Detail="Ä"\r\n' in result["a"].decode("utf-16")
    assert (
        result["b"].startswith(b"\xef\xbb\xbf2024")
        and b"\xc3\x84" in result["b"]
        and result["b"].endswith(b'"\r\n')
    )
    assert b'Detail="\xc4"\r\n' in result["c"]
    assert not any(b"kilo7" in text for text in result.values())


def test_a_line_that_is_too_long_is_left_out_and_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f"{HEAD} kilo7 x: y\n{HEAD} kilo7 {'secret9 ' * 2000}\n{HEAD} kilo7 x: z\n")
    assert run("redact", "log", "-o", "out", "--limit", "line=1k").returncode == 0
    text = members(tmp_path / "out" / "log.tar.gz")["log"].decode()
    assert re.fullmatch(r"2024\S+ host-\w+ x: y\n\[a line .* left out\]\n2024\S+ host-\w+ x: z\n", text)
    assert (
        json.loads((tmp_path / "out" / "redaction.json").read_text())["archives"][0]["members"][0][
            "long_lines_left_out"
        ]
        == 1
    )


@settings(max_examples=40)
@given(
    st.text(
        st.sampled_from('\0 "=<>&;:@%\\u0041aZ9.-/\n\r()[]{}sip:key=-----BEGIN CERTIFICATE-----é\udcff'),
        max_size=200,
    )
)
def test_no_text_raises_or_loses_a_record(text: str) -> None:
    content = f"{HEAD} kilo7 x: {text}\n{HEAD} kilo7 x: end\n".encode("utf-8", "surrogateescape")
    result = redacted({"log": content})["log"]
    assert re.search(rb"\n2024\S+ host-[a-z]{11} x: end\n\Z", result)


def test_a_folder_that_is_there_is_filled_even_where_it_is_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert run("redact", ROOT / "sample_logs" / "peer-lost", "-o", "link").returncode == 0
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.suffix for path in (tmp_path / "real").iterdir()) == [".gz", ".json", ".txt"]
