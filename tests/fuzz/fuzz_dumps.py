"""Fuzz target: bytes as a dump or as certificates. The first byte selects the file name and the kind."""

from typing import cast

from mutations import LARGEST, TESTS

from logdiag.dumps import DumpKind, Setting, Unread, collect_facts, kind_of, read_settings

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
KINDS = cast("tuple[DumpKind, ...]", ("xconfiguration", "xstatus", "certificate"))


def run_input(data: bytes) -> None:
    """Read one dump, and check its settings and its unread lines."""
    if not data:
        return
    content, name = data[1:], NAMES[data[0] & 7]
    kind = kind_of(content, name)
    if data[0] & 8:  # content of no known kind must be harmless as any kind
        kind = KINDS[(data[0] >> 4) % len(KINDS)]
    if kind is not None:
        check(content, kind, name, step=1 + (data[0] >> 4) * 9)


def check(content: bytes, kind: DumpKind, name: str, step: int) -> None:
    """Read the content in pieces, and check the rows."""
    faults: list[str] = []
    pieces = (content[at : at + step] for at in range(0, len(content), step))
    found = list(read_settings(kind, name, pieces, faults))
    values = [row for row in found if isinstance(row, Setting)]
    unread = [row for row in found if isinstance(row, Unread)]
    assert all(row.line > 0 and row.path == row.path.strip() for row in values)
    assert all(row.line > 0 and row.length > 0 for row in unread)
    assert sum(row.length for row in unread) <= len(content)
    assert all(fault.isprintable() for fault in faults)
    collect_facts((row.path, row.value) for row in values)


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
    return [bytes([first]) + content for first in (0x03, 0xFC) for content in texts]


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


if __name__ == "__main__":
    from fuzzer import fuzz

    fuzz("fuzz_dumps")
