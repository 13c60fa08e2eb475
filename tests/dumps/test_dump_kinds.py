"""What a file is taken for, by its content before its name."""

import json

import pytest
from dump_reading import SYNTHETIC
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.dumps import kind_of

PROSE = b"""How to set up a cluster

Open the page System > Clustering and enter the addresses of the peers. On the command line the same is done with
xConfiguration H323 Mode: On
which turns on H.323 on this peer. Then wait for the replication to be over. It takes a few minutes,
and the state of it can be seen on the same page. Note that the order of peers matters:
it has to be the same on all of them, and so has the primary.
"""
HTML = b"<!DOCTYPE html>\n<html><body><status><alternates/></status>*s SystemUnit: /</body></html>"


@pytest.mark.parametrize("name", sorted(path.name for path in SYNTHETIC.glob("exp*")))
def test_content_is_stronger_than_the_name(name: str) -> None:
    content = (SYNTHETIC / name).read_bytes()
    kind = "xconfiguration" if "xconf" in name else "xstatus"
    for misleading in ("whatever.bin", "xconf_dump_a_b.txt", "a/xstat_dump_a_b.xml"):
        assert kind_of(content, misleading) == kind
        assert kind_of(content[: len(content) // 2], misleading) == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b'*c xConfiguration H323 Mode: "On"', "xconfiguration"),
        (b"\xef\xbb\xbf\r\nxConfiguration H323 Mode: On\r\n** end", "xconfiguration"),
        (b"*s H323: /\n  Mode: On\n*s/end\n", "xstatus"),
        (b"xStatus H323 Mode: On\n", "xstatus"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB", "certificate"),
        (b"# a comment\r\n-----BEGIN TRUSTED CERTIFICATE-----\r\nMIIB", "certificate"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nMIIB", "certificate"),
        ("<Status><SystemUnit/><Alarm/></Status>".encode("utf-16"), "xstatus"),
        (
            b"<?xml version='1.0'?>\n<!-- c --><x:Configuration><x:SIP/><x:H323/></x:Configuration>",
            "xconfiguration",
        ),
    ],
)
def test_content_is_enough(head: bytes, kind: str) -> None:
    assert kind_of(head, "file") == kind


@pytest.mark.parametrize(
    "head",
    [
        b'SystemUnit Product: "x"\nH323 Mode: On\n',
        b"SystemUnit: /\n  Product: x\n",
        b"<a><b>1</b></a>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a/>',
    ],
)
def test_the_name_decides_where_the_content_does_not(head: bytes) -> None:
    assert kind_of(head, "folder/xstat_dump_expc01_1.txt") == "xstatus"
    assert kind_of(head, "XCONF_dump.txt") == "xconfiguration"
    assert kind_of(head, "xconf_dump/other.txt") is None
    assert kind_of(head, "other") is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\n \n",
        PROSE,
        HTML,
        HTML.lower(),
        b"<html lang='en'><a/></html>",
        json.dumps({"SystemUnit": {"Product": "x"}}, indent=1).encode(),
        b'[\n"a: b",\nx: y\n]',
        bytes(range(256)) * 40,
        b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00",
        b"only words\nand more words\n",
        b"2024-03-05T09:00:00.000+00:00 expc01 tvcs: x\n",
    ],
)
def test_what_is_no_dump_is_none_whatever_it_is_called(head: bytes) -> None:
    for name in ("file", "xconf_dump.txt", "xstat_dump.xml"):
        assert kind_of(head, name) is None


@pytest.mark.parametrize(
    "head",
    [
        b'<Configuration status="warn"><Loggers><Logger name="a"/></Loggers></Configuration>',
        b"<project><build><plugins><configuration><options/></configuration></plugins></build></project>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>",
    ],
)
def test_xml_of_other_programs_is_none(head: bytes) -> None:
    assert kind_of(head, "file.xml") is None


@pytest.mark.parametrize(
    "part", [b"a", b"a ", b" ", b"\t", b"\r", b"*s ", b"<", b"<a", b"<!--", b"-----BEGIN ", b"\n"]
)
def test_a_mebibyte_of_anything_is_looked_at_once(part: bytes) -> None:
    for start in (b"", b"<", b"a: b\n"):
        assert kind_of(start + part * ((1 << 20) // len(part)), "file") is None


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_head_and_name_has_a_kind_or_none(head: bytes, name: str) -> None:
    assert kind_of(head, name) in {None, "xconfiguration", "xstatus", "certificate"}
