"""Text dumps: flat and nested lines become the same settings."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from dump_reading import FRAGMENTS, SYNTHETIC, in_pieces, pairs, read
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.dumps import Setting, Unread
from logdiag.dumps.text import CUT, NO_SHAPE, TOO_DEEP, TOO_LONG

FLAT = [
    ("SystemUnit Product", "Cisco Expressway-C"),
    ("SystemUnit Software Version", "X14.2.5"),
    ("SystemUnit Software Configuration Expressway", "False"),
    ("SystemUnit Uptime", "12"),
    ("Alternates Peer 1 Address", "10.0.0.1"),
]
NESTED = b"""*s SystemUnit: /
  Product: "Cisco Expressway-C"
  Software: /
    Version: "X14.2.5"
    Configuration:
      Expressway: False
  Uptime: 12
*s/end
*s Alternates: /
  Peer 1: /
    Address: "10.0.0.1"
*s/end
** end
"""


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\n\n", b"\r\n \t\r\n"], ids=repr)
@pytest.mark.parametrize("mark", [b"*s ", b""], ids=repr)
@pytest.mark.parametrize("indent", [b"  ", b"\t", b" ", b"        "], ids=repr)
def test_a_nested_dump_says_what_a_flat_one_says(line_end: bytes, mark: bytes, indent: bytes) -> None:
    nested = NESTED.replace(b"*s ", mark).replace(b"  ", indent).replace(b"\n", line_end)
    assert pairs(nested) == FLAT


@pytest.mark.parametrize("mark", [b"*s xStatus ", b"*s ", b"xStatus ", b""], ids=repr)
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=repr)
def test_a_flat_dump_is_read_with_and_without_its_marks(mark: bytes, start: bytes) -> None:
    flat = b"\r\n".join(mark + f'{path}: "{value}"'.encode() for path, value in FLAT)
    assert pairs(start + flat) == FLAT


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b'"v"', "v"),
        (b"v", "v"),
        (b"two words  ", "two words"),
        (b'""', ""),
        (b"", ""),
        (b'" v "', " v "),
        (b'"he said "no": never"', 'he said "no": never'),
        (b'"open', "open"),
        (b'"', ""),
        (b'"a" b', 'a" b'),
        (b"10:20:30", "10:20:30"),
        (b"::1", "::1"),
        (b"/usr/bin", "/usr/bin"),
        (b'"/"', "/"),
        ("Zürich".encode(), "Zürich"),
        (b"Z\xfcrich", "Z\ufffdrich"),
    ],
)
@pytest.mark.parametrize("line_end", [b"", b"\n", b"\r\n"], ids=repr)
def test_a_value_comes_without_its_quotes(written: bytes, value: str, line_end: bytes) -> None:
    assert pairs(b"xConfiguration SystemUnit Name: " + written + line_end) == [("SystemUnit Name", value)]


@pytest.mark.parametrize("path", ["Alternates 1 Peer Address", "Alternates  Peer 1\tAddress"])
def test_both_orders_of_a_peers_path_are_one(path: str) -> None:
    assert pairs(f'*c xConfiguration {path}: "10.0.0.1"'.encode()) == [
        ("Alternates Peer 1 Address", "10.0.0.1")
    ]


def test_both_orders_of_a_peers_path_are_one_in_sections() -> None:
    assert pairs(b"*c Alternates: /\n 1 Peer: /\n  Address: a\n") == [("Alternates Peer 1 Address", "a")]


def test_lines_are_counted_from_one_and_blank_ones_too() -> None:
    found = read(b"\n*s A: /\n\n  B: 1\r\n*s/end\n\nxStatus C: 2")
    assert found == [Setting("A B", "1", 4), Setting("C", "2", 7)]


def test_a_line_without_shape_is_told_with_its_place() -> None:
    found = read(b"*s A: /\n  B: 1\nwhat is this\r\n  C: 2\n*s ?\n")
    assert found == [
        Setting("A B", "1", 2),
        Unread(3, 15, 14, "what is this", NO_SHAPE),
        Setting("A C", "2", 4),
        Unread(5, 36, 5, "*s ?", NO_SHAPE),
    ]


def test_a_log_record_is_no_setting() -> None:
    [row] = read(b'2024-03-05T09:00:00.000+00:00 expc01 alarm: Level="WARN"\n')
    assert isinstance(row, Unread)


def test_a_section_with_nothing_in_it_is_an_empty_setting() -> None:
    assert pairs(b"*s Alarm: /\n*s/end\n*s B: /\n*s C: 1\n") == [("Alarm", ""), ("B", ""), ("C", "1")]


@pytest.mark.parametrize("heading", [b"*s Alarm: /", b"*s Alarm: /\n", b"*s Alarm:\n\n", b"xStatus Alarm: /"])
def test_a_section_in_which_the_dump_ends_is_not_known_to_be_empty(heading: bytes) -> None:
    [row] = read(heading)
    assert isinstance(row, Unread)
    assert row.reason == CUT


def test_a_section_whose_end_was_lost_ends_where_the_next_one_begins() -> None:
    assert pairs(b"*s A: /\n  B: 1\n*s C: /\n  D: 2\nxStatus E F: 3\n  G: 4\n") == [
        ("A B", "1"),
        ("C D", "2"),
        ("E F", "3"),
        ("G", "4"),
    ]


def test_a_line_over_64_kib_is_not_read_and_the_rest_is() -> None:
    long = b"A: " + b"x" * (1 << 16) + b"\n"
    found = read(in_pieces(b"B: 1\n" + long + b"C: 2\n", 1000))
    assert found == [
        Setting("B", "1", 1),
        Unread(2, 5, len(long), "A: " + "x" * 997, TOO_LONG),
        Setting("C", "2", 3),
    ]


def test_a_line_of_64_kib_is_read() -> None:
    long = b"A: " + b"x" * ((1 << 16) - 4) + b"\n"
    assert [row.line for row in read(long) if isinstance(row, Setting)] == [1]


def test_a_stream_without_line_ends_is_one_line_that_is_not_kept() -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(50):
            yield bytes(1 << 20)

    [row] = read(endless())
    assert isinstance(row, Unread)
    assert (row.length, len(row.text)) == (50 << 20, 1000)


def test_sections_nest_a_hundred_deep_and_no_deeper() -> None:
    dump = b"".join(b" " * depth + b"a: /\n" for depth in range(2000)) + b"b: 1\n"
    found = read(dump)
    assert {row.reason for row in found if isinstance(row, Unread)} == {TOO_DEEP}
    assert [row for row in found if isinstance(row, Setting)] == [Setting("b", "1", 2001)]
    assert pairs(b"".join(b" " * depth + b"a: /\n" for depth in range(99)) + b" " * 99 + b"b: 1\n") == [
        (" ".join(["a"] * 99 + ["b"]), "1")
    ]


def test_what_lies_below_a_path_that_is_too_long_is_not_read() -> None:
    found = read(b"a" * 1001 + b": /\n b: 1\n  c: 2\nd: 3\n")
    assert [type(row).__name__ for row in found] == ["Unread", "Unread", "Unread", "Setting"]


@pytest.mark.parametrize("name", ["expc01_xconf.txt", "expc01_xstat.txt"])
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_pieces_of_any_size_say_the_same(name: str, size: int) -> None:
    content = (SYNTHETIC / name).read_bytes()
    assert read(in_pieces(content, size)) == read(content)


def test_a_dump_of_more_than_one_batch_says_the_same() -> None:
    dump = b"".join(b'*c xConfiguration A %d: "%060d"\n' % (n, n) for n in range(6000))
    found = read(dump)
    assert found == [Setting(f"A {n}", f"{n:060}", n + 1) for n in range(6000)]


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from([*FRAGMENTS, b"\n", b": 1\n"]), max_size=30).map(b"".join))
def test_awkward_bytes_are_read_and_no_byte_twice(dump: bytes) -> None:
    # A dump begins with a word here, for XML and certificates are other formats.
    found = read(b"a: b\n" + dump, "xconfiguration")
    spans = sorted((row.offset, row.offset + row.length) for row in found if isinstance(row, Unread))
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for row in found:
        assert not isinstance(row, Setting) or row.path == " ".join(row.path.split())


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b'*c xConfiguration A: "1" *c xConfiguration B: "2"\n', [("A", "1"), ("B", "2")]),
        (b"*c xConfiguration A: 1  *c xConfiguration B: 2\n", [("A", "1"), ("B", "2")]),
        (
            b'xConfiguration A: "1" xConfiguration B: "2" xConfiguration C: "3"',
            [("A", "1"), ("B", "2"), ("C", "3")],
        ),
        (b'*c xConfiguration A: "see xConfiguration B: 2"\n', [("A", "see xConfiguration B: 2")]),
    ],
)
def test_settings_that_share_a_line_are_settings_of_their_own(
    line: bytes, values: list[tuple[str, str]]
) -> None:
    assert pairs(line) == values


def test_what_a_terminal_says_beside_a_dump_is_no_setting() -> None:
    session = (
        b"login as: admin\nSW Release Date: 2023-01-01\nOK\nxstatus\n*s A: /\n  B: 1\n*s/end\nDone: yes\n"
    )
    assert pairs_of(read(session)) == [("A B", "1")]
    assert pairs_of(read(b"A: 1\nB: 2\n")) == [("A", "1"), ("B", "2")]


def pairs_of(found: list[Setting | Unread]) -> list[tuple[str, str]]:
    return [(row.path, row.value) for row in found if isinstance(row, Setting)]
