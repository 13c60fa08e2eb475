"""Fuzz target: bytes as a dump or as certificates. The first byte selects the file name and the kind."""

from collections.abc import Iterator
from typing import cast

from mutations import LARGEST, TESTS, kept

from logdiag.dumps import DumpKind, Setting, Unread, find_pages, find_sections, kind_of, read_settings

NAMES = (
    "xconf_dump.txt",
    "xstat_dump.txt",
    "xconf.xml",
    "xstat.xml",
    "ca_certs.pem",
    "server.pem",
    "dump",
    "",
)
WORDS = [
    b"*c xConfiguration ",
    b"*s/end",
    b"*s ",
    b"xStatus ",
    b"Alternates Peer 1 Address: ",
    b"<a>",
    b"</a>",
    b"&x;",
]
WORDS += [
    b"<!DOCTYPE a>",
    b"-----BEGIN CERTIFICATE-----",
    b"Peer 1 address",
    b"Cluster name",
    b"Warning",
    b"\xff\xfe",
]

KINDS = cast("tuple[DumpKind, ...]", ("xconfiguration", "xstatus", "certificate"))


def run_input(data: bytes) -> None:
    """Read one dump, and check its settings and its unread lines."""
    if not data:
        return
    content, name = data[1:], NAMES[data[0] & 7]
    kind = kind_of(content, name)
    if data[0] & 8:  # content of no known kind must be harmless as any kind
        kind = KINDS[(data[0] >> 4) % len(KINDS)]
        check_pages(content)
    if kind is not None:
        check(content, kind, name, step=1 + (data[0] >> 4) * 9)


def in_pieces(content: bytes, step: int) -> Iterator[bytes]:
    """Yield the content in pieces of ``step`` bytes."""
    return (content[at : at + step] for at in range(0, len(content), step))


def check(content: bytes, kind: DumpKind, name: str, step: int) -> None:
    """Read the content in pieces and whole, and check the rows."""
    faults: list[str] = []
    found = list(read_settings(kind, name, in_pieces(content, step), faults))
    of_whole: list[str] = []
    assert list(read_settings(kind, name, iter([content]), of_whole)) == found
    assert of_whole == faults
    assert all(fault.isprintable() for fault in faults)
    values = [row for row in found if isinstance(row, Setting)]
    lines = 1 + content.count(b"\n") + content.count(b"\r")  # XML counts both
    assert all(0 < row.line <= lines and row.path == row.path.strip() for row in values)
    at = 0
    for row in sorted((row for row in found if isinstance(row, Unread)), key=lambda row: row.offset):
        assert at <= row.offset < row.offset + row.length <= len(content)
        assert row.line == 1 + content.count(b"\n", 0, row.offset)
        at = row.offset + row.length
    sections = find_sections(kind, values)
    assert sum(len(section.settings) for section in sections) == len(values)


def check_pages(content: bytes) -> None:
    """Search the content for pages of the web interface, and check the lines of what is found."""
    text = content.decode("utf-8", "replace")
    for page in find_pages(text):
        assert page.settings
        assert all(0 < one.line <= 1 + text.count("\n") for one in page.settings)


def seeds() -> list[bytes]:
    """Return the synthetic dumps in pieces, and dumps of the hostile corpus."""
    from archives import gz
    from texts import ENTITY_BOMB, broken_certificates, dump_head, xml_dump

    whole = [path.read_bytes() for path in sorted((TESTS / "dumps" / "synthetic").iterdir())]
    parts = [content[at : at + LARGEST] for content in whole for at in range(0, len(content), LARGEST)]
    dumps = [
        dump_head(),
        xml_dump(b"<a><b item='2'>1</b></a>"),
        xml_dump(b"&a1;", ENTITY_BOMB[:300]),
        gz(dump_head()),
    ]
    utf16 = xml_dump(b"").decode().replace("1.0", '1.0" encoding="utf-16').encode("utf-16")
    texts = [*parts, *dumps, utf16, broken_certificates(12), CERTIFICATE]
    return [bytes([first]) + content for first in (0x03, 0xFC) for content in (*texts, *PAGES)] + kept(
        "dumps"
    )


CERTIFICATE = b"""\
-----BEGIN CERTIFICATE-----
MIIBZTCCAQygAwIBAgIBATAKBggqhkjOPQQDAjAdMRswGQYDVQQDDBJleHBjMDEu
ZXhhbXBsZS5jb20wHhcNMjQwMTAxMDAwMDAwWhcNMjYwMTAxMDAwMDAwWjAdMRsw
GQYDVQQDDBJleHBjMDEuZXhhbXBsZS5jb20wWTATBgcqhkjOPQIBBggqhkjOPQMB
BwNCAARZ5zU0DglvJ2Ke3KK/qd3eFycVcKRfcLkWZ1qRb21rGNRHa/v8SnBFOeNP
z8TBzoUgUTdOhcYi94nAGDgtK4RLoz0wOzAYBgNVHREEETAPgg1hLmV4YW1wbGUu
Y29tMA4GA1UdDwEB/wQEAwIHgDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMC
A0cAMEQCIE9K6Nqr7XtoKK6lcKiyvh8+vGfnX47qDxIe44u6CpKtAiBm2Q9MzaMJ
lslv1EIAHJaMXQorW5ngokkp8s8BoqzIrA==
-----END CERTIFICATE-----
"""

PAGES = [
    b"Clustering\nCluster name (FQDN)  cluster.example.com\nConfiguration primary  1\nTLS verification mode  Enforce\n"
    b"Peer 1 address  expc01.example.com\nCertificate: Valid  Clustering: This system\n"
    b"Peer 2 address  10.0.0.2\nCertificate: Invalid (expired)\nCluster database status: Active\n",
    b"Alarms\n| Alarm | Description | State | Severity | Peer | Raised | ID |\n"
    b"| Restart required | Changes need a restart | Raised | Warning | expc01 | 2024-03-05 09:00:00 | 20004 |\n"
    b"> Cluster database communication failure\traised\terror\texpc02\t30001\n",
]
"""Text that was pasted from the web interface. Synthetic."""
