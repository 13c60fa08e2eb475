"""Cases: logs and dumps."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from archives import gz, honest_zip, tar
from case import NOTHING_READ, PARTIAL, RAN, Case, file, put
from texts import (
    AWKWARD,
    BIDI,
    ENTITY_BOMB,
    ESCAPES,
    HEADER,
    MARKUP,
    SECRET,
    awkward,
    broken_certificates,
    document_type,
    dump_head,
    log,
    odd_times,
    peer_down,
    settings,
    with_addresses,
    with_domains,
    with_hosts,
    with_lost_peers,
    with_one_name_in_many_domains,
    with_peer_lists,
    without_years,
    xml_dump,
)

MEGA = 1 << 20


def hostile_names() -> bytes:
    said = [
        MARKUP,
        ESCAPES,
        BIDI,
        MARKUP.replace(" ", "\u00a0"),
        "x" * 3000,
        "{{7*7}}",
        "javascript:hostile()",
        "=cmd|' /C calc'!A0",
    ]
    named = [peer_down(number, f"clusterdb@{name}.example.com") for number, name in enumerate(said)]
    hosts = [b'%s\t%s tvcs: Event="%s"\n' % (HEADER.rstrip(), one.encode(), one.encode()) for one in said]
    hosts += [HEADER + one.encode() + b' tvcs: Event="x"\n' for one in said]
    return log() + b"".join(named + hosts)


def utf16(encoding: str, mark: bytes = b"", behind: bytes = b"") -> bytes:
    return mark + log(100).decode().encode(encoding) + behind


def long_line(start: bytes, size: int = 100 * MEGA) -> Iterator[bytes]:
    yield log() + start
    for _ in range(size // MEGA):
        yield b"x" * MEGA
    yield b"\n" + log(start=3)


LOGS: dict[str, tuple[bytes, int, int | None]] = {
    "an empty file": (b"", NOTHING_READ, 0),
    "a file of one line end": (b"\n", NOTHING_READ, 0),
    "NULs in front of a log": (bytes(100_000) + b"\n" + log(), RAN, 3),
    "NULs in a log": (log() + bytes(MEGA) + b"\n" + log(start=3), RAN, 6),
    "4 MB of line ends behind a record": (log() + b"\n" * (4 * MEGA) + log(start=3), RAN, 6),
    "3 MB of carriage returns behind a record": (log() + b"\r" * (3 * MEGA), RAN, 3),
    "3 MB of short lines behind a record": (log() + b"x\n" * (3 * MEGA // 2) + log(start=3), RAN, 6),
    "3 MB of line ends in a value": (
        log() + HEADER + b'expc01 tvcs: a="' + b"\n" * (3 * MEGA) + b'"\n' + log(start=3),
        RAN,
        7,
    ),
    "orphans without end": (b"x\n" * 200_000 + log(), RAN, 3),
    "only beginnings of records": (b"2024-02-06T09:00:00.000+00:00 " * 20_000, NOTHING_READ, 0),
    "stamps without a host": (log() + (HEADER.rstrip() + b"\n") * 20_000, RAN, 3),
    "UTF-16 with a mark": (utf16("utf-16-le", b"\xff\xfe"), RAN, 100),
    "UTF-16 the other way round": (utf16("utf-16-be", b"\xfe\xff"), RAN, 100),
    "UTF-16 without a mark": (utf16("utf-16-le"), RAN, 100),
    "UTF-16 with half a character": (utf16("utf-16-le", b"\xff\xfe", b"\0"), RAN, 100),
    "UTF-16 with half a pair": (
        utf16("utf-16-le", b"\xff\xfe", b"\x3d\xd8\x0a\0" * 1000 + b"\x3d\xd8"),
        RAN,
        100,
    ),
    "a mark of UTF-16 on UTF-8": (b"\xff\xfe" + log(), NOTHING_READ, 0),
    "invalid UTF-8": (
        log() + HEADER + b'expc01 tvcs: Event="\xff\xc0\x80\xed\xa0\x80\xf8\x88\x80"\n',
        RAN,
        4,
    ),
    "invalid UTF-8 in the host": (log() + HEADER + b'\xff\xfe tvcs: Event="x"\n', RAN, None),
    "times that are none": (odd_times(), RAN, None),
    "what makes searches slow": (log() + awkward(), RAN, None),
    "names that are markup and escapes": (hostile_names(), RAN, None),
    "10,000 tiny records": (
        b"".join(b"%s a tvcs: b\n" % HEADER.rstrip() for _ in range(10_000)),
        RAN,
        10_000,
    ),
    "6,000 hosts": (with_hosts(6_000), RAN, 6_000),
    "2,000 domains": (with_domains(2000), RAN, 2000),
    "2,000 peers of one name": (with_one_name_in_many_domains(2000), RAN, 2000),
    "2,000 hosts that are addresses": (with_addresses(2000), RAN, 2000),
    "200,000 times without a year": (without_years(200_000), NOTHING_READ, 0),
    "100,000 times without a year before a log": (without_years(100_000) + log(), RAN, 100_003),
    "1,400 lists of peers": (with_peer_lists(1400), RAN, 1400),
    "a record with 40,000 pairs": (log() + HEADER + b"expc01 tvcs: " + b'a="b" ' * 40_000 + b"\n", RAN, 4),
    "the same record 5,000 times": (log(1) * 5000, RAN, 5000),
    "a pasted text without a record": (b"> " * 100_000 + b"```\n" * 1000, NOTHING_READ, 0),
    "a pasted text with quotes": (b"".join(b"> " * n + log(1) for n in range(300)), RAN, None),
}
HEAVY = {
    "10,000 tiny records",
    "6,000 hosts",
    "2,000 domains",
    "2,000 peers of one name",
    "2,000 hosts that are addresses",
    "200,000 times without a year",
    "100,000 times without a year before a log",
    "1,400 lists of peers",
    "the same record 5,000 times",
    "what makes searches slow",
    "3 MB of short lines behind a record",
    "4 MB of line ends behind a record",
    "3 MB of line ends in a value",
    "3 MB of carriage returns behind a record",
    "orphans without end",
    "only beginnings of records",
    "stamps without a host",
    "a record with 40,000 pairs",
}


def of_logs() -> Iterator[Case]:
    for name, (content, code, records) in LOGS.items():
        yield Case(
            name, file("messages.log", lambda content=content: content), code, records, heavy=name in HEAVY
        )
    yield Case(
        "1,050 lost peers",
        file("messages.log", lambda: with_lost_peers(1050)),
        PARTIAL,
        1050,
        ("database/peer-down looked at a part",),
        heavy=True,
    )
    starts = {"a line of 100 MB": b"", "a record of 100 MB in a line": HEADER + b"expc01 tvcs: "}
    for name, start in starts.items():
        yield Case(name, file("messages.log", lambda start=start: long_line(start)), RAN, 6, heavy=True)
    yield Case(
        "nothing but a line of 100 MB",
        file("a.log", lambda: (b"x" * MEGA for _ in range(100))),
        NOTHING_READ,
        0,
        heavy=True,
    )
    for number, one in enumerate(AWKWARD):
        if number % 8 == 0:
            lines = [HEADER + b"expc01 tvcs: " + one + b"\n" for one in AWKWARD[number : number + 8]]
            yield Case(
                f"a pasted text that is hard to put together, {number}",
                file(
                    "ticket.md",
                    lambda lines=lines: (
                        b"Dear all,\n\n```\n" + b"".join(b"    " + line for line in lines) + b"```\n"
                    ),
                ),
                RAN,
                heavy=True,
            )


# ── names that say something else than the content ──────────────────────────────────────────

DISGUISES: dict[str, tuple[str, bytes, int, int]] = {
    "a log that is called an archive": ("a.tar.gz", log(), RAN, 3),
    "a zip that is called a log": ("messages.log", honest_zip(("messages", log())), RAN, 3),
    "a tar.gz that is called a zip": ("a.zip", gz(tar((b"messages", log()))), RAN, 3),
    "a tar without anything": ("a.tar", bytes(1024), NOTHING_READ, 0),
    "a tar.gz without anything": ("a.tar.gz", gz(bytes(10240)), NOTHING_READ, 0),
    "the beginning of gzip and no more": ("a.gz", b"\x1f\x8b", NOTHING_READ, 0),
    "the beginning of gzip before text": ("a.gz", b"\x1f\x8b" + log(), NOTHING_READ, 0),
    "the beginning of xz before text": ("a.xz", b"\xfd7zXZ\0" + log(), NOTHING_READ, 0),
    "the beginning of Zstandard before text": ("a.zst", b"\x28\xb5\x2f\xfd" + log(), NOTHING_READ, 0),
    "the beginning of bzip2 before text": ("a.bz2", b"BZh9" + log(), NOTHING_READ, 0),
    "the beginning of zip before text": ("a.zip", b"PK\x03\x04" + log(), NOTHING_READ, 0),
    "the mark of tar in a text": ("a.tar", (b"x" * 257 + b"ustar").ljust(512, b"x") + log(), NOTHING_READ, 0),
    "a log behind a picture's first bytes": ("a.png", b"\x89PNG\r\n\x1a\n" + log(), RAN, 3),
}


def of_disguises() -> Iterator[Case]:
    for name, (called, content, code, records) in DISGUISES.items():
        yield Case(name, file(called, lambda called=called, content=content: content), code, records)


# ── dumps ───────────────────────────────────────────────────────────────────────────────────


def beside_a_log(name: str, content: bytes | Iterable[bytes]) -> object:
    def build(folder: Path) -> None:
        put(folder / "expc01" / "messages.log", log())
        put(folder / "expc01" / name, content() if callable(content) else content)

    return build


DUMPS: dict[str, tuple[str, bytes, int, str]] = {
    "an entity bomb": ("xconf.xml", xml_dump(b"<x>&a12;</x>", ENTITY_BOMB), PARTIAL, "document type"),
    "a document type of a file": (
        "xconf.xml",
        xml_dump(b"<x>&e;</x>", document_type("../canary/secret.log")),
        PARTIAL,
        "document type",
    ),
    "a document type of a URL": (
        "xconf.xml",
        xml_dump(b"<x>&e;</x>", document_type("http://127.0.0.1:9/x")),
        PARTIAL,
        "document type",
    ),
    "XML nested 100,000 deep": (
        "xconf.xml",
        xml_dump(b"<a>" * 100_000 + b"</a>" * 100_000),
        PARTIAL,
        "deeper",
    ),
    "XML with 60,000 names": (
        "xconf.xml",
        xml_dump(b"".join(b"<n%d/>" % n for n in range(60_000))),
        PARTIAL,
        "names",
    ),
    "XML with 60,000 attributes": (
        "xconf.xml",
        xml_dump(b"<a " + b" ".join(b'b%d="c"' % n for n in range(60_000)) + b"/>"),
        PARTIAL,
        "names",
    ),
    "XML in an odd encoding": (
        "xconf.xml",
        xml_dump(b"").replace(b'"1.0"', b'"1.0" encoding="zlib"'),
        PARTIAL,
        "encoding",
    ),
    "XML in UTF-7": (
        "xconf.xml",
        xml_dump(b"").replace(b'"1.0"', b'"1.0" encoding="utf-7"'),
        PARTIAL,
        "encoding",
    ),
    "XML with a comment of 30 MB": (
        "xconf.xml",
        xml_dump(b"<!--" + b"x" * (30 * MEGA) + b"-->"),
        PARTIAL,
        "comment",
    ),
    "XML of 12 MB in one line": (
        "xconf.xml",
        xml_dump(b"<Zone><Name>%s</Name></Zone>" % (b"x" * 1000) * (12 * 1024)),
        RAN,
        "",
    ),
    "XML with broken tags": ("xconf.xml", xml_dump(b"<" * 100_000), PARTIAL, "broken"),
    "a dump of 30 MB in one line": (
        "xconf_dump.txt",
        dump_head() + b"*c xConfiguration Zones Name: " + b"x" * (30 * MEGA),
        RAN,
        "",
    ),
    "a dump of 12 MB of blanks": ("xconf_dump.txt", dump_head() + (b" " * 60_000 + b"\n") * 200, RAN, ""),
    "a dump of 100,000 sections": (
        "xconf_dump.txt",
        dump_head() + b"".join(b" " * n + b"Section%d:\n" % n for n in range(1500)) * 10,
        RAN,
        "",
    ),
    "a dump of 25,000 lines that are none": (
        "xconf_dump.txt",
        dump_head() * 2500 + b"= x\n" * 25_000,
        RAN,
        "",
    ),
    "a dump of 1,050 alarms": (
        "xstat_dump.txt",
        b"".join(b'*s Alarm %d ID: "%d"\n*s Alarm %d Title: "x"\n' % (n, n, n) for n in range(1, 1051)),
        PARTIAL,
        "alarm/raised looked at a part",
    ),
    "a dump with markup in its values": (
        "xconf_dump.txt",
        dump_head()
        + f'*c xConfiguration Alternates Peer 1 Address: "{MARKUP}"\n*c xConfiguration SystemUnit Name: "{ESCAPES}{BIDI}"\n'.encode(),
        RAN,
        "",
    ),
    "a dump with huge indexes": (
        "xconf_dump.txt",
        dump_head()
        + b'*c xConfiguration Alternates Peer 9999 Address: "a"\n*c xConfiguration Alternates ConfigurationPrimary: 99999999999999999999\n*c xConfiguration Alternates Peer '
        + b"9" * 900
        + b' Address: "b"\n',
        RAN,
        "",
    ),
    "5,000 broken certificates": ("ca_certs.pem", broken_certificates(5000), RAN, ""),
    "a certificate of 12 MB": (
        "server.pem",
        b"-----BEGIN CERTIFICATE-----\n" + (b"A" * 64 + b"\n") * 190_000,
        RAN,
        "",
    ),
    "a private key": (
        "key.pem",
        b"-----BEGIN PRIVATE KEY-----\n" + SECRET.encode() + b"\n-----END PRIVATE KEY-----\n",
        RAN,
        "",
    ),
    "a beginning of a key in a line of 3 MB": ("key.pem", b"-----BEGIN " + b"A " * (3 * MEGA // 2), RAN, ""),
    "beginnings of tags": ("xconf.xml", b"<?" * 500_000, PARTIAL, ""),
    "beginnings of comments": ("xconf.xml", b"<!--" * 250_000, PARTIAL, ""),
    "a declaration that does not end": ("xstat.xml", b"<?xml " + b" encoding" * 100_000, PARTIAL, ""),
}


def of_dumps() -> Iterator[Case]:
    for name, (called, content, code, says) in DUMPS.items():
        yield Case(
            name,
            beside_a_log(called, content),
            code,
            3,
            (says,) if says else (),
            heavy=len(content) > MEGA >> 2,
        )
    yield Case(
        "a dump of 101,000 values",
        beside_a_log("xconf_dump.txt", lambda: settings(101_000)),
        PARTIAL,
        3,
        ("values are read",),
        heavy=True,
    )
    yield Case(
        "XML of 101,000 values",
        beside_a_log("xconf.xml", xml_dump(b"<Zone><Name>x</Name></Zone>" * 101_000)),
        PARTIAL,
        3,
        ("values are read",),
        heavy=True,
    )
