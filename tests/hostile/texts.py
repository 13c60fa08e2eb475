"""Logs, dumps and names that no Expressway writes."""

import random
from collections.abc import Iterator

HEADER = b"2024-02-06T09:00:00.000+00:00 "
SECRET = "canaryhost"
"""The host of a log that lies beside the case: whoever tells of it followed a way out of the case."""

MARKUP = "<script>hostile()</script><img src=x onerror=hostile()>"
ESCAPES = "\x1b[31mred\x1b]0;title\x07\x9b2J\x08\x7f"
BIDI = "\u202egnp.exe\u2066\u200f\u2028"
NAMES = (
    MARKUP.replace("/", "\\"),
    MARKUP,
    ESCAPES,
    BIDI,
    "new\nline\r\nand\ttab",
    "a:b::c",
    "C:\\Windows\\x.log",
    "!/",
    "in.tar!/messages",
    "-rf",
    " ",
    "messages#2",
    "%s{}{{x}}{% raw %}",
    "'\";--",
    "e\u0301" * 50,
    "\U0001f4a9",
)


def log(records: int = 3, host: str = "expc01", start: int = 0) -> bytes:
    """Records a second apart, each with a text of its own."""
    noise = random.Random(start)
    return b"".join(
        b'%s %s tvcs: Event="Odd %08x" Detail="record %d"\n'
        % (stamp(start + number), host.encode(), noise.getrandbits(32), number)
        for number in range(records)
    )


def stamp(second: int) -> bytes:
    hours, rest = divmod(second, 3600)
    day, hour = divmod(hours, 24)
    return b"2024-02-%02dT%02d:%02d:%02d.000+00:00" % (1 + day % 28, hour, rest // 60, rest % 60)


def secret_log() -> bytes:
    return log(host=SECRET)


def peer_down(number: int, node: str) -> bytes:
    """What a peer logs when another one is lost: a rule fires on it."""
    return (
        b'%s expc01 UTCTime="2024-02-06 09:00:00,000" Module="developer.clusterdb.cdb" Level="INFO" '
        b'Node="clusterdb@expc01.example.com" PID="<0.159.0>" '
        b'Detail="Processed mnesia_down event from accessible node" Node="%s"\n'
    ) % (stamp(number), node.encode("utf-8", "surrogateescape"))


STAMPS = (
    *(b"0000-01-01T00:00:00.000+00:00", b"0000-00-00T00:00:00Z", b"0001-01-01T00:00:00.000+00:00"),
    *(b"0001-01-01T00:00:00.000+14:00", b"9999-12-31T23:59:59.999+00:00", b"9999-12-31T23:59:59.999-14:00"),
    *(b"1969-12-31T23:59:59.999Z", b"1582-10-10T00:00:00Z", b"2038-01-19T03:14:08Z", b"2262-04-12T00:00:00Z"),
    *(
        b"2024-02-30T00:00:00Z",
        b"2024-02-06T24:00:00Z",
        b"2024-12-31T23:59:60Z",
        b"2024-02-06T09:00:00+99:99",
    ),
    b"2024-02-06T09:00:00." + b"1" * 5000 + b"Z",
    *(b"99999-01-01T00:00:00Z", b"-024-01-01T00:00:00Z", "２０２４-01-01T00:00:00Z".encode()),
)
UTC_TIMES = (b"0000-01-01 00:00:00", b"9999-12-31 23:59:59,999999", b"0001-01-01 00:00:00", b"x" * 5000)


def odd_times() -> bytes:
    by_header = [one + b' expc01 tvcs: Event="x"\n' for one in STAMPS]
    by_field = [HEADER + b'expc01 tvcs: Event="x" UTCTime="%s"\n' % one for one in UTC_TIMES]
    return log() + b"".join(by_header + by_field)


AWKWARD = (
    *(b'"' * 100_000, b'="' * 50_000, b'a="' * 35_000, b'a="b" ' * 20_000, b"a=b " * 30_000, b"=" * 100_000),
    *(
        b" " * 100_000 + b"x",
        b"\t" * 100_000,
        b"a" * 100_000,
        b"a.b-" * 25_000,
        b"(" * 100_000,
        b"(a b)" * 20_000,
    ),
    *(b"<a " * 35_000, b"<a>" * 35_000, b"<" * 100_000, b"[" * 100_000, b":" * 100_000, b": , " * 25_000),
    *(b"0" * 100_000, b"1.1" * 35_000, b"::1" * 35_000, b"@" * 100_000, b"a@" * 50_000, b"\\" * 100_000),
    *(
        b"\xe2\x80\x9c" * 35_000,
        b"\xff" * 100_000,
        b"\0" * 100_000,
        b"\r" * 100_000,
        b"SIPMSG:" * 15_000,
        b"|" * 100_000,
    ),
    *(
        b'UTCTime="' * 10_000,
        b"<166> 1 " * 12_500,
        b"Line 7: " * 12_500,
        b"2024-02-06T09:00:00" * 5_000,
        HEADER * 3_000,
    ),
    b'AlternateIPAddresses="' + b"(10.0.0.1 a)" * 8_000 + b'"',
    b'Node="' + b"a@" * 45_000 + b'"',
    b'Node="' + b"." * 90_000 + b'"',
)
"""What may make a search slow, each in a record of its own."""


def awkward() -> bytes:
    return b"".join(HEADER + b"expc01 tvcs: " + one + b"\n" for one in AWKWARD)


def with_hosts(count: int) -> bytes:
    return b"".join(log(1, f"h{number}", number) for number in range(count))


def with_domains(count: int) -> bytes:
    """Records of as many hosts, each of a cluster of its own as far as its domain goes."""
    line = (
        b'%s h%d UTCTime="2024-02-06 09:00:00,000" Module="x" Node="clusterdb@h%d.d%d.example" Detail="x"\n'
    )
    return b"".join(line % (stamp(n), n, n, n) for n in range(count))


def with_addresses(count: int) -> bytes:
    """Records of hosts that are called by an address, which a list of peers gives a name."""
    line = (
        b'%s 10.0.%d.%d replication: Module="developer.replication" Level="INFO" AlternateIPAddresses="(10.0.%d.%d p%d)" '
        b'ConfigurationMasterIndex="0" Detail="x"\n'
    )
    return b"".join(
        line % (stamp(n), n // 250, n % 250, n // 250, (n + 1) % 250, n % 997) for n in range(count)
    )


def with_one_name_in_many_domains(count: int) -> bytes:
    """Records of as many hosts, all of which name a peer that is called the same elsewhere."""
    line = b'%s h%d UTCTime="2024-02-06 09:00:00,000" Module="x" Node="clusterdb@h%d.d%d.example" Detail="x" Node="clusterdb@same.d%d.example"\n'
    return b"".join(line % (stamp(n), n, n, n, n) for n in range(count))


def without_years(count: int) -> bytes:
    """A log as a relay writes it that leaves out the year."""
    line = b'<166>Feb  6 %02d:%02d:%02d expc01 tvcs: Event="x" Detail="%d"\n'
    return b"".join(line % (n // 3600 % 24, n // 60 % 60, n % 60, n) for n in range(count))


def with_lost_peers(count: int) -> bytes:
    return b"".join(peer_down(n, f"clusterdb@peer{n}.example.com") for n in range(count))


def with_peer_lists(count: int) -> bytes:
    """Lists of peers that never agree."""
    line = (
        b'%s expc01 replication: Module="developer.replication" Level="INFO" AlternateIPAddresses="%s" '
        b'ConfigurationMasterIndex="%d" Detail="x"\n'
    )
    return b"".join(
        line
        % (
            stamp(n),
            b" ".join(b"(10.%d.%d.%d p%d)" % (n % 200, n // 200, i, n * 6 + i) for i in range(6)),
            n % 6,
        )
        for n in range(count)
    )


# ── dumps ───────────────────────────────────────────────────────────────────────────────────


def dump_head() -> bytes:
    return (
        b'*c xConfiguration Alternates Cluster Name: "c.example.com"\n*c xConfiguration SIP Mode: "On"\n' * 3
    )


def xml_dump(inside: bytes, before: bytes = b"") -> bytes:
    start = b'<?xml version="1.0"?>\n' + before
    return (
        start
        + b"<Configuration><SIP><Mode>On</Mode></SIP><Zones/><H323/><NTP/>"
        + inside
        + b"</Configuration>"
    )


ENTITY_BOMB = b'<!DOCTYPE a [<!ENTITY a0 "lol">%s]>\n' % b"".join(
    b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(12)
)


def document_type(uri: str) -> bytes:
    return b'<!DOCTYPE a [<!ENTITY e SYSTEM "%s"><!ENTITY %% p SYSTEM "%s"> %%p;]>\n' % (
        uri.encode(),
        uri.encode(),
    )


def broken_certificates(count: int) -> bytes:
    kinds = (b"CERTIFICATE", b"X509 CERTIFICATE", b"RSA PRIVATE KEY", b"ENCRYPTED PRIVATE KEY", b"OTHER")
    parts = []
    for number in range(count):
        kind = kinds[number % len(kinds)]
        end = b"-----END %s-----\n" % kind if number % 7 else b""
        parts.append(b"-----BEGIN %s-----\n%s%07d==\n%s" % (kind, SECRET.encode(), number, end))
    return b"".join(parts)


def settings(count: int) -> Iterator[bytes]:
    """A dump of as many values, in pieces."""
    for start in range(0, count, 1000):
        yield b"".join(
            b'*c xConfiguration Zones Zone %d Name: "z%d"\n' % (n, n)
            for n in range(start, min(count, start + 1000))
        )
