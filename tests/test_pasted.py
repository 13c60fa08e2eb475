"""Records that were pasted out of a ticket, a mail or a document, and logs that only look like it."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records_from import FRAGMENTS, HEADER

from logdiag.records.pasted import PROSE, is_pasted, pasted_rows, repaired
from logdiag.records.record import Record, Unparsed
from logdiag.records.rows import rows

SAMPLES = Path(__file__).parent.parent / "sample_logs"
FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file() and path.suffix != ".md")
LOGS = [path for path in FILES if re.match(rb"\d{4}-\d\d-\d\dT", path.read_bytes())]
NOTE = (
    "replication/replication-primary.log",
    "replication/replication-peer.log",
    "peer-lost/peer-disconnect-expc01.log",
    "tls-enforcement/tls-enforcing-primary.log",
    "tls-enforcement/tls-enforcing-peer.log",
)
A = (
    HEADER.decode()
    + 'tvcs: UTCTime="2018-01-02 08:04:05,677" Module="network.h323" Level="INFO":  Detail="Sending it"'
)
B = (
    HEADER.decode()
    + 'UTCTime="2018-01-02 08:04:05,677" Module="developer.x" Level="WARN" Detail="a b c" Node="x@y"'
)
C = (
    HEADER.decode()
    + 'alarm: Level="WARN" Event="Alarm Raised" Id="1" Detail="Lost" UTCTime="2018-01-02 08:04:05,677"'
)
OPEN = (
    HEADER.decode() + 'replication: UTCTime="2018-01-02 08:04:05,677" Level="INFO" Detail="This peer is not'
)
SIP = (
    HEADER.decode()
    + 'tvcs: UTCTime="2018-01-02 08:04:05,677" Module="network.sip" Level="DEBUG":  Msg-Hash="1"\n'
    + " SIPMSG:\n |INVITE sip:a@example.com SIP/2.0\n Via: x\n \n"
)


def columns(row: Record) -> dict[str, Any]:
    """What a record says, whatever its place."""
    names = (
        "time",
        "header_time",
        "utc_offset",
        "host",
        "process",
        "subprocess",
        "pid",
        "fields",
        "text",
        "body",
    )
    return {name: getattr(row, name) for name in names}


def read(text: str | bytes) -> list[Record]:
    content = text.encode() if isinstance(text, str) else text
    return [row for row in pasted_rows(content) if isinstance(row, Record)]


def prose(text: str) -> list[str]:
    return [row.text for row in pasted_rows(text.encode()) if isinstance(row, Unparsed)]


def plain(text: str | bytes) -> list[dict[str, Any]]:
    content = text.encode() if isinstance(text, str) else text
    return [columns(row) for row in rows([content]) if isinstance(row, Record)]


def assert_reads(pasted: str, clean: str) -> None:
    assert [columns(row) for row in read(pasted)] == plain(clean)


# ── single damages ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("pasted", "clean"),
    [
        (A.replace(" Module", "\nModule"), A),
        (A.replace(" Module", "  \r\n   Module"), A),
        (A.replace(" tvcs:", "\ntvcs:"), A),
        (B.replace(" UTCTime", "\nUTCTime"), B),
        (A.replace("08:04", "\n08:04").replace(" \n", "\n"), A),
        (B.replace("a b", "a\nb"), B),
        (B.replace("a b", "a -\nb"), B.replace("a b", "a - b")),
        (B.replace("a b", "well-\nknown b"), B.replace("a b", "well-known b")),
        (B.replace("a b", "0f96695e-d954-\n4f6f-85c1"), B.replace("a b", "0f96695e-d954-4f6f-85c1")),
        (A.replace("01-02T", "01-\n02T"), A),
        (A.replace("04:05.678", "04:\n05.678"), A),
        (A.replace("678-05", "678-\n05"), A),
        (f"{A} {B} {C}", f"{A}\n{B}\n{C}"),
        (f"{A}{B}", f"{A}\n{B}"),
        (f"{A} {B}".replace("01-02T", "01-\n02T"), f"{A}\n{B}"),
        (f"> {A}\n> {B}".replace(" Module", "\n> Module"), f"{A}\n{B}"),
        (f">> {A}\n>>\n>> {B}", f"{A}\n{B}"),
        (f"- {A}\n* {B}\n1. {C}", f"{A}\n{B}\n{C}"),
        (f"Line 190: {A}\nLine 191: {B}", f"{A}\n{B}"),
        (f'"{A}', A),
        (f'"{A}"', A),
        (f"`{A}`", A),
        (f"Expressway-E Traces {A}", A),
        (f"===Title=== {A}", A),
        (f"Before.\n\n```\n{A}\n```\n\nAfter.\n", A),
        (B.replace("a b", "a\n```\n\nb"), B),
        (B.replace(" Node", "\n```\n\n\nNode"), B),
        (B.replace(" UTCTime", "\n```\n\nUTCTime"), B),
        (A.replace("  ", "\u00a0 ").replace(" tvcs", "\u00a0tvcs"), A),
        (A.replace('it"', "it”"), A),
        (A.replace('Detail="', "Detail=“").replace('it"', "it”"), A),
        (B.replace("Module", "**Module").replace('.x"', '.x"**'), B),
        (f"**{A}**", A),
        (A.replace("2018-", "**2018-", 1).replace(" expc01", "** expc01"), A),
        (B.replace("a b", r"gen\_server \[ x\*y \] \<z\> \#"), B.replace("a b", "gen_server [ x*y ] <z> #")),
        (B.replace('"x@y"', r'"\<0.1.2>"'), B.replace('"x@y"', '"<0.1.2>"')),
        (f"{A.replace(' Detail', chr(10) + 'Detail')}\r\n\r\nBye\r\n", A),
        (B.replace(' Detail="a b c"', ': Counting\nvideo calls'), B.replace(' Detail="a b c"', ": Counting video calls")),
    ],
)  # fmt: skip
def test_a_damage_is_repaired(pasted: str, clean: str) -> None:
    assert_reads(pasted, clean)
    assert_reads(f"{pasted}\n\nThat is all.\n", clean)


@pytest.mark.parametrize("text", [r"a\.b [x\]]\*", r"DOMAIN\user", r"DOMAIN\_svc"])
def test_a_backslash_stays_where_the_text_escapes_nothing(text: str) -> None:
    assert_reads(B.replace("a b", text) + " " + A, B.replace("a b", text) + "\n" + A)


@pytest.mark.parametrize("text", [r"a\.b", r"DOMAIN\user"])
def test_a_backslash_that_is_no_escape_stays_in_a_text_with_escapes(text: str) -> None:
    assert_reads(B.replace("a b", text + r" x\_y"), B.replace("a b", text + " x_y"))


@pytest.mark.parametrize(
    "behind",
    [
        "Thanks for looking at it.",
        'He calls it "odd".',
        "The “end” is missing.",
        'We saw Level="INFO" in it.',
        "- an item",
        "# A heading",
        "",
    ],
)
@pytest.mark.parametrize("between", ["\n", "\n\n", "\n```\n\n"])
def test_a_record_that_is_cut_does_not_take_the_prose_behind_it(between: str, behind: str) -> None:
    found = read(f"{B} {OPEN}{between}{behind}\n\nMore.\n")
    assert [row.first("Detail") for row in found] == ["a b c", None]
    assert found[1].text == 'Detail="This peer is not'


@pytest.mark.parametrize("behind", [A, f"- {A}", f"See: {A}"])
def test_a_record_that_is_cut_does_not_take_the_record_behind_it(behind: str) -> None:
    assert_reads(f"{OPEN}\n\n{behind}\n", f"{OPEN}\n{A}\n")


@pytest.mark.parametrize(
    "behind",
    ["Then nothing.", "# Heading", "- item", "**Bold**", '"Quoted" it is.', "\nA paragraph", "```\nls"],
)
def test_prose_behind_a_record_is_no_part_of_it(behind: str) -> None:
    text = f"{A}\n{behind}\n\n{B}\n"
    assert_reads(text, f"{A}\n{B}")
    assert [line for line in prose(text) if line] == behind.strip().split("\n")


def test_pairs_behind_an_empty_line_do_not_go_on_a_record_that_has_ended() -> None:
    [found] = read(f'{C}\n\nNode="x" Detail="the end of another record"\n')
    assert found.fields[-1][0] == "UTCTime"


# ── what must not be torn apart ─────────────────────────────────────────────────────────────

WHOLE = [
    f"1 2024-01-02T03:04:06+01:00 relay01 tvcs - - [meta sequenceId=\"1\"] {A}",
    f"<166>1 2024-01-02T03:04:06.5Z relay01 tvcs 12 - - {A}",
    f"2024-01-02T03:04:06+01:00 relay01 {A}",
    "<166> 2024-01-02T02:04:05Z expc01 tvcs: " + A.partition(" expc01 ")[2],
    A + r"\0x0a",
    HEADER.decode() + f'tvcs: Detail="relayed" again {B}',
    B.replace("a b", "until 2019-01-01T00:00:00Z expc01 tvcs: Level"),
    B.replace("a b", "see 2019-01-01T00:00:00Z x"),
    HEADER.decode() + 'x: script="<a t="2019-01-01T00:00:00Z" b="c">2019-01-01T00:00:00Z h tvcs: </a>" UTCTime="2018-01-02 08:04:05"',
    f"{HEADER.decode()}traffic_server[2030]:[ET_NET 1]ERROR: no route",
    HEADER.decode() + 'edgeconfigprovisioning UTCTime="2018-01-02 08:04:05,92" Module="developer.x"',
    HEADER.decode() + "-- MARK --",
    f"Line 7: {A}",
    f" {A}",
    SIP + " |\n",
    SIP + f" ```\n > {A}\n ```\n> {A}\n username=\"x\" {A}\n \n |\n",
    SIP + " table | a |\n goes on\n |\n",
    SIP + " <x>y</x>|\n",
    SIP.replace("\n ", "\n") + "|\n",
    SIP.replace("SIPMSG", "HTTPMSG") + " |\n",
]  # fmt: skip


@pytest.mark.parametrize("text", WHOLE)
def test_a_record_is_not_torn_apart(text: str) -> None:
    clean = f"{A}\n{text}\n{B}\n{C}\n"
    assert_reads(clean, clean)


@pytest.mark.parametrize(
    "text",
    [
        *WHOLE,
        OPEN,
        OPEN + "\na master of this\ncluster",
        A + '\nTraceback:\n  File "x", line 3\nValueError: y="z"',
        A + f"\n{HEADER.decode()}tvcs: Traceback\n{HEADER.decode()}tvcs:   File x",
        A.replace("Sending it", "received::\n<message to='x'>") + "\n",
        B.replace(" Detail", " RX Not Ready") + f" quotes {A}",
        B + f" text {A}",
        A.replace("Sending it", "Caf\u00e9\u00a0Bar: \u00a0x"),
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_log_is_not_taken_for_a_pasted_text(text: str, times: int) -> None:
    for log in (f"{text}\n", f"{A}\n{text}\n{B}\n", f"{text}\n{C}\n{SIP} |\n\n"):
        assert not is_pasted((log * times).encode())


def test_a_log_that_starts_within_a_record_is_not_taken_for_a_pasted_text() -> None:
    for rest in (f'[meta sequenceId="1"] {A}', f"> {A}", 'Module="x" Level="INFO"'):
        assert not is_pasted(f"{rest}\n{A}\n{B}\n".encode())


@pytest.mark.parametrize("content", [b"", b"\n", b"no record\n" * 5, b"```\n```\n", b"\x00\xff" * 99])
def test_what_holds_no_record_is_no_pasted_text(content: bytes) -> None:
    assert not is_pasted(content)
    assert [row.reason for row in pasted_rows(content) if isinstance(row, Unparsed)] == [PROSE] * len(
        list(pasted_rows(content))
    )


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_a_clean_log_keeps_its_records(path: Path) -> None:
    log = path.read_bytes()
    assert list(pasted_rows(log)) == list(rows([log]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_sample_log_is_taken_for_a_pasted_text(path: Path) -> None:
    assert not is_pasted(path.read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        f"{A} {B}\n",
        f"> {A}\n> {B}\n",
        f"Hello,\n\n```\n{A}\n{B}\n```\n\nBye\n",
        f"- {A}\n- {B}\n",
        f'He says "{A}"\n',
        A.replace(" Module", "\nModule"),
        A.replace("01-02T", "01-\n02T"),
        B.replace(" 08:04", "\n08:04"),
        A.replace("  ", "\u00a0 "),
        B.replace('"x@y"', r'"\<0.1.2\>"'),
        B.replace("a b", "a\n```\n\nb"),
    ],
)
def test_a_pasted_text_is_told(text: str) -> None:
    assert is_pasted(text.encode())


@pytest.mark.parametrize("before", [0, 1, 2, 3])
def test_a_long_text_is_told_by_its_signs_wherever_they_stand(before: int) -> None:
    clean = f"{A}\n{B}\n{C}\n" * 600  # together longer than what is looked at whole
    broken = f"{A}\n{B}\n".replace(" Module", "\nModule") * 150
    text = clean * before + broken + clean * (3 - before)
    assert is_pasted(text.encode())
    assert not is_pasted((clean * 4).encode())


# ── places ──────────────────────────────────────────────────────────────────────────────────


def assert_tiles(content: bytes) -> None:
    at = 0
    for piece in repaired(content):
        assert (piece.offset, piece.line) == (at, content.count(b"\n", 0, at) + 1)
        assert piece.length > 0
        assert piece.record is None or piece.record.endswith(b"\n")
        at += piece.length
    assert at == len(content)
    at = 0
    for row in pasted_rows(content):
        assert (row.offset, row.line) == (at, content.count(b"\n", 0, at) + 1)
        at += row.length
    assert at == len(content)
    assert is_pasted(content) in (True, False)


def test_a_row_has_the_place_of_its_damaged_record_and_its_repaired_text() -> None:
    text = f"Hello\n\n> {A}\n> {B}".replace(" Module", "\n> Module") + "\n\nBye\n"
    content = text.encode()
    first, second = read(content)
    assert [(row.line, row.offset) for row in (first, second)] == [
        (3, 7),
        (5, content.index(b"> ", 7 + len(A))),
    ]
    assert first.offset + first.length == second.offset
    assert content[second.offset + second.length :] == b"Bye\n"
    assert (first.text_as_logged, second.text_as_logged) == (A + "\n", B + "\n")


def test_prose_is_one_row_a_line() -> None:
    content = f"Hello\nyou\n\n{A}\nBye\nnow".encode()
    found = [(row.line, row.text, row.reason) for row in pasted_rows(content) if isinstance(row, Unparsed)]
    assert found == [
        (1, "Hello", PROSE),
        (2, "you", PROSE),
        (3, "", PROSE),
        (5, "Bye", PROSE),
        (6, "now", PROSE),
    ]


def test_a_record_that_the_grammar_refuses_is_one_unparsed_row() -> None:
    bad = A.replace("2018-01-02T", "2018-13-02T").replace(" Module", "\nModule")
    first, second = pasted_rows(f"{bad}\n\n{B}\n".encode())
    assert isinstance(first, Unparsed)
    assert (first.line, first.offset, first.length, first.lines) == (1, 0, len(bad) + 2, 3)
    assert (second.line, second.offset) == (4, len(bad) + 2)


AWKWARD = [
    *FRAGMENTS,
    *(text.encode() for text in (A, B, C, OPEN, SIP)),
    *(b"```\n", b"\n\n", b"> ", b"- ", b"**", rb"\_", b"\xc2\xa0", b"2018-\n", b"|\n", b" |\n\n", b'Level="INFO"', b"prose\n"),
]  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=200))
def test_pieces_tile_any_bytes(content: bytes) -> None:
    assert_tiles(content)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(AWKWARD), max_size=30).map(b"".join))
def test_pieces_tile_any_text_with_times(content: bytes) -> None:
    assert_tiles(content)


@pytest.mark.parametrize(
    "start", ["", f"{A}\n", f'{A} x="', f'{A} x="\n', f'{A} x="<a\n', SIP, f"{A} SIPMSG: |x "]
)
@pytest.mark.parametrize(
    "part",
    [
        *(f"{A} ", f'{HEADER.decode()}t: a="\n', "2020-01-01T00:00:00Z h ", "2020-01-01T00:00:00Z h\n", "2020-\n\n", "2018-"),
        *("\n", " ", "x\n", "x y\n\n", "```\n", "> ", ">\n", '"', '="', 'a="b"\n\n', "<a ", " |\n", "**", "\\_", "-a", "\r"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_long_text_takes_no_longer_than_its_length(start: str, part: str) -> None:
    """Were the same lines to be looked at again and again, this would take minutes."""
    content = (start + part * (100_000 // len(part))).encode()
    assert sum(piece.length for piece in repaired(content)) == len(content)


# ── whole texts ─────────────────────────────────────────────────────────────────────────────


def test_the_note_gives_exactly_the_records_of_the_clean_logs() -> None:
    note = (Path(__file__).parent / "data" / "pasted-note.md").read_bytes()
    clean = [row for name in NOTE for row in rows([(SAMPLES / name).read_bytes()]) if isinstance(row, Record)]
    found = read(note)
    assert is_pasted(note)
    assert len(found) == 49
    assert [columns(row) for row in found] == [columns(row) for row in clean]
    assert [row.text_as_logged for row in found] == [row.text_as_logged for row in clean]
    assert_tiles(note)


def test_the_ticket_gives_the_records_of_an_incident() -> None:
    ticket = (SAMPLES / "pasted-ticket" / "ticket.md").read_bytes()
    found = read(ticket)
    assert is_pasted(ticket)
    assert {row.host for row in found} == {"expq01"}
    assert [row.line for row in found] == [11, 14, 17, 22, 26, 27, 36, 39, 42, 48, 48, 49]
    assert [row.first("Id") for row in found if row.process == "alarm"] == ["20006", "20004"]
    assert (
        found[3].first("Reason").startswith("{ badrpc, { EXIT, { aborted, { noproc, { gen_server, call, [ ")
    )
    assert all(row.text is None and row.body is None for row in found)
    assert sorted(found, key=lambda row: row.time) == found
    assert_tiles(ticket)


LINES = sorted(
    {
        line
        for path in LOGS
        for line in path.read_text().split("\n")
        if re.match(r"\d{4}-", line) and "network.sip" not in line
    }
)
SAYINGS = [
    "This is what we saw:",
    'They call it "odd".',
    "# Title",
    "- first, then",
    "**클러스터**",
    "It is 19:57 now.",
]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[str], str]:
    """Records as a log has them, and a text into which they were pasted."""
    chosen = draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=6))
    text = ""
    fenced = False
    for line in chosen:
        between = draw(st.sampled_from(["\n", " ", "\n\n", "prose", "fence", "traces", "bullet"]))
        if not text or between not in ("\n", " ", "\n\n"):
            text += "\n```\n" if fenced else "\n\n" if text else ""
            fenced = between == "fence"
            text += draw(st.sampled_from(SAYINGS)) + "\n\n" * draw(st.booleans())
            text += {"fence": "\n```\n", "traces": "\nExpressway-E Traces ", "bullet": "\n- "}.get(
                between, "\n"
            )
        else:
            text += between
        blanks = [found.start() for found in re.finditer(r"(?<! ) (?! )", line)]
        wraps = draw(st.sets(st.sampled_from(blanks), max_size=6))
        gap = draw(st.sampled_from([None, *sorted(wraps)]))
        characters = list(line)
        for place in wraps:
            characters[place] = draw(st.sampled_from(["\n", " \n", "\r\n"])) if place != gap else "\n```\n\n"
        for hyphen in draw(st.sets(st.sampled_from([4, 7]), max_size=1)):
            characters[hyphen] = "-\n"
        text += "".join(characters)
    text += draw(st.sampled_from(["", "\n", "\n```\n", "\n\nBye\n", "\nThat was all.\n", "\n# End\n"]))
    if draw(st.booleans()):
        text = re.sub(r"(?<=[a-z])_(?=[a-z])|[\[\]<>]", r"\\\g<0>", text)
    if draw(st.booleans()):
        text = re.sub("^", "> ", text, flags=re.MULTILINE)
    if draw(st.booleans()):
        text = text.replace("  ", "\u00a0 ")
    return chosen, text


@settings(deadline=None, max_examples=200)
@given(damaged())
def test_any_mixture_of_damages_is_repaired(example: tuple[list[str], str]) -> None:
    chosen, text = example
    assert [columns(row) for row in read(text)] == [
        columns_of for line in chosen for columns_of in plain(line + "\n")
    ]


QUOTED = '2024-01-02T03:04:05.678+00:00 expc01 UTCTime="2024-01-02 03:04:05,678" Module="x" Detail="lost" Node="a@b"'
NEXT_QUOTED = QUOTED.replace("expc01", "expc02")


@pytest.mark.parametrize(
    ("opening", "closing"), [("`", "`"), ('"', '"'), ("“", "”"), ("We saw `", "`"), ("- “", "”")]
)
@pytest.mark.parametrize(
    "behind", ["", " and then it broke", ' and then Event="Restart Requested" came', ".", ","]
)
def test_what_follows_a_closing_quote_is_not_part_of_the_record(
    opening: str, closing: str, behind: str
) -> None:
    prose = 'The peer then wrote Event="Restart Requested" User="admin".'
    text = f"{opening}{QUOTED}{closing}{behind}\n{prose}\n{opening}{NEXT_QUOTED}{closing}\n"
    records = [row for row in pasted_rows(text.encode()) if isinstance(row, Record)]
    assert [record.host for record in records] == ["expc01", "expc02"]
    for record in records:
        assert [key for key, _ in record.fields] == ["UTCTime", "Module", "Detail", "Node"]
        assert (record.text, record.body) == (None, None)
    prose_rows = [row.text for row in pasted_rows(text.encode()) if not isinstance(row, Record)]
    assert prose in prose_rows
