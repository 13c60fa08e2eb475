"""XML dumps: they say what text dumps say, and hostile ones do no harm."""

import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from dump_reading import SYNTHETIC, in_pieces, pairs, read, read_with_faults, synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.dumps import Setting
from logdiag.dumps import read_settings as settings_of

DUMP = """<Configuration>
  <Alternates>
    <Peer item="1"><Address>10.0.0.1</Address></Peer>
    <Peer item="2"><Address>10.0.0.2</Address></Peer>
  </Alternates>
  <SystemUnit><Name>Zürich &amp; Köln</Name></SystemUnit>
</Configuration>"""
SAID = [
    ("Alternates Peer 1 Address", "10.0.0.1"),
    ("Alternates Peer 2 Address", "10.0.0.2"),
    ("SystemUnit Name", "Zürich & Köln"),
]


@pytest.mark.parametrize("name", ["expc01_xconf", "expc01_xstat"])
def test_xml_says_what_the_text_says(name: str) -> None:
    said = synthetic(f"{name}.xml")
    assert len(said) > 30
    assert sorted(said) == sorted(synthetic(f"{name}.txt"))


@pytest.mark.parametrize(
    "dump",
    [
        DUMP,
        DUMP.replace("<Configuration>", '<Configuration xmlns="urn:x">'),
        DUMP.replace("Configuration>", "anything>"),
        f"<XmlDoc>{DUMP}</XmlDoc>",
        DUMP.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:Conf", "<x:Conf", 1),
        DUMP.replace(' item="1"', "").replace(' item="2"', ""),
        DUMP.replace("item", "index"),
        DUMP.replace("<Alternates", '<Alternates item="1"').replace("<Name", '<Name item="1"'),
        DUMP.replace("><", ">\n\n<"),
        "\n\ufeff"[1:] + DUMP,
        '<?xml version="1.0"?><!-- > -->' + DUMP,
    ],
)
def test_paths_depend_on_the_names_of_elements_only(dump: str) -> None:
    assert pairs(dump.encode()) == SAID


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_declared_encodings_are_read(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    assert pairs(f'<?xml version="1.0" encoding="{declared}"?>{DUMP}'.encode(encoding)) == SAID


@pytest.mark.parametrize(
    "encoding", ["hex", "rot13", "idna", "unicode_escape", "utf-7", "zlib", "undefined", "no such", "euc-jp"]
)
def test_other_encodings_are_a_fault(encoding: str) -> None:
    dump = f'<?xml version="1.0" encoding="{encoding}"?><a><b>\\]</b></a>'.encode()
    assert read_with_faults(dump) == ([], ["declares an encoding that is not read"])


def test_a_declaration_cannot_hide_its_encoding_behind_blanks() -> None:
    dump = b'<?xml version="1.0"' + b" " * 100_000 + b'encoding="unicode_escape"?><a><b>\\]</b></a>'
    assert read_with_faults(dump) == ([], ["declares an encoding that is not read"])


def test_an_element_has_an_index_where_it_is_in_a_list_or_not_alone() -> None:
    dump = b"""<a><Option><Key>k</Key></Option><Thing>1</Thing><Thing>2</Thing><Other item="1">3</Other>
      <Other2 item="7">4</Other2><Many item="1" maxOccurrence="n">5</Many><NTP><Server><Address>6</Address></Server></NTP>
      <Traversal><Server><Mode>7</Mode></Server></Traversal><Odd item="x">8</Odd></a>"""
    assert pairs(dump) == [
        ("Option 1 Key", "k"),
        ("Thing", "1"),
        ("Thing 2", "2"),
        ("Other", "3"),
        ("Other2 7", "4"),
        ("Many 1", "5"),
        ("NTP Server 1 Address", "6"),
        ("Traversal Server Mode", "7"),
        ("Odd", "8"),
    ]


def test_both_orders_of_a_peers_path_are_one_in_xml() -> None:
    dump = b'<a><Alternates item="1"><Peer item="2"><Address>x</Address></Peer></Alternates></a>'
    assert pairs(dump) == [("Alternates Peer 2 Address", "x")]


def test_a_setting_has_the_line_of_its_tag() -> None:
    found = read(DUMP.encode())
    assert [row.line for row in found] == [3, 4, 6]
    assert [
        row.line for row in read(f'<?xml version="1.0" encoding="utf-16"?>\n{DUMP}'.encode("utf-16"))
    ] == [4, 5, 7]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_pieces_of_xml_of_any_size_say_the_same(size: int) -> None:
    content = (SYNTHETIC / "expc01_xstat.xml").read_bytes()
    assert read(in_pieces(content, size)) == read(content)


def test_what_stands_before_the_cut_is_read() -> None:
    found, faults = read_with_faults(DUMP.encode()[: DUMP.index("</Alternates>")])
    assert [(row.path, row.value) for row in found if isinstance(row, Setting)] == SAID[:2]
    assert faults == ["the XML is cut at line 5 (no element found)"]


def test_an_element_in_which_the_xml_is_cut_is_not_known_to_be_empty() -> None:
    assert read_with_faults(b"<Status>\n<Alarm>")[0] == []


def test_what_stands_before_broken_xml_is_read() -> None:
    found, faults = read_with_faults(DUMP.replace("</Alternates>", "</Alternate>").encode())
    assert len(found) == 2
    assert faults == ["the XML is broken at line 5 (mismatched tag)"]


BILLION_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY a0 "lol">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10) for n in range(9))
    + b"]><a><b>&a9;</b></a>"
)
QUADRATIC = b'<!DOCTYPE a [<!ENTITY e "' + b"x" * 100_000 + b'">]><a><b>' + b"&e;" * 100_000 + b"</b></a>"
EXTERNAL = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><b>&e;</b></a>'
EXTERNAL_TYPE = b'<!DOCTYPE a SYSTEM "http://example.com/a.dtd"><a><b>1</b></a>'


@pytest.mark.parametrize(
    "dump",
    [BILLION_LAUGHS, QUADRATIC, EXTERNAL, EXTERNAL_TYPE, b"<!DOCTYPE a><a><b>1</b></a>"],
    ids=["billion-laughs", "quadratic", "external", "external-type", "type"],
)
def test_a_document_type_is_not_read(dump: bytes) -> None:
    assert read_with_faults(dump) == ([], ["contains a document type, which is not read"])


def test_an_entity_that_nobody_declared_is_a_fault() -> None:
    found, faults = read_with_faults(b"<a><b>1</b><c>&what;</c></a>")
    assert found == [Setting("b", "1", 1)]
    assert faults == ["the XML is broken at line 1 (undefined entity)"]


def test_elements_nest_a_hundred_deep_and_no_deeper() -> None:
    found, faults = read_with_faults(b"<a><x>1</x>\n" + b"<b>" * 10_000 + b"</b>" * 10_000 + b"</a>")
    assert found == [Setting("x", "1", 1)]
    assert faults == ["nests elements deeper than 100 (line 2); what follows is not read"]
    assert len(read(b"<a>" * 100 + b"</a>" * 100)) == 1


def test_a_long_path_is_given_up() -> None:
    name = b"x" * 600
    _, faults = read_with_faults(b"<a><%s><%s/></%s></a>" % (name, name, name))
    assert faults == ["has a path of more than 1000 characters (line 1); what follows is not read"]


def test_the_text_of_an_element_is_read_to_1_mib() -> None:
    found, faults = read_with_faults(b"<a><b>" + b"x" * (3 << 20) + b"</b><c>1</c></a>")
    assert [len(row.value) for row in found if isinstance(row, Setting)] == [1 << 20, 1]
    assert faults == ["the text of the element in line 1 is read to 1 MiB"]


def repeated(start: bytes, part: bytes, times: int) -> Iterator[bytes]:
    yield start
    for _ in range(times):
        yield part


def names() -> Iterator[bytes]:
    yield b"<a>"
    for start in range(0, 1_000_000, 1000):
        yield b"".join(b"<n%d/>" % n for n in range(start, start + 1000))


@pytest.mark.parametrize(
    ("dump", "fault"),
    [
        (
            lambda: repeated(b'<a><b c="', b"x" * (1 << 20), 50),
            "contains a tag or a comment that is longer than 1 MiB",
        ),
        (
            lambda: repeated(b"<a><!--", b"x" * (1 << 20), 50),
            "contains a tag or a comment that is longer than 1 MiB",
        ),
        (
            lambda: repeated(b"<a><b>", b"x" * (1 << 20), 50),
            "the text of the element in line 1 is read to 1 MiB",
        ),
        (lambda: repeated(b"", b"<a>" * 10_000, 2000), "nests elements deeper than 100"),
        (names, "uses too many different names"),
    ],
    ids=["attribute", "comment", "text", "depth", "names"],
)
def test_memory_does_not_grow_with_the_input(dump: Callable[[], Iterator[bytes]], fault: str) -> None:
    faults: list[str] = []
    tracemalloc.start()
    try:
        for row in settings_of("xstatus", "dump", dump(), faults):
            assert row.line == 1
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert faults[0].startswith(fault)
    assert peak < 150 << 20


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                *(b"<a>", b"</a>", b"</r>", b"<b/>", b"<Peer item='2'>", b"</Peer>", b"<x:y z:w='1'/>", b"<"),
                *(b"&lt;", b"&x;", b"x", b"\xff", b"\0", b"\n", b"\xff\xfe"),
                *(b"<?xml?>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE a>"),
            ]
        ),
        max_size=30,
    ).map(b"".join)
)
def test_awkward_xml_never_raises(dump: bytes) -> None:
    found, faults = read_with_faults(b"<r><a>" + dump)
    assert found or faults
