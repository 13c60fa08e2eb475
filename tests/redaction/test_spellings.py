"""One address and one phone number have one pseudonym in all the spellings of a log."""

import re
import tempfile
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redacting import members, redact, redact_into

from logdiag.redaction.addresses import address_of, find_addresses
from logdiag.redaction.spellings import spelled_as

HEAD = "2024-03-05T09:00:00.000+01:00 kilo7 x:"


def result(*texts: str) -> list[str]:
    """What becomes of the texts of some records."""
    with tempfile.TemporaryDirectory() as name:
        log, room = Path(name) / "log", Path(name) / "out"
        room.mkdir()
        log.write_text("".join(f"{HEAD} {text}\n" for text in texts), encoding="utf-8")
        redact_into([log], room)
        (content,) = members(room / "log.tar.gz").values()
        return [line.partition(" x: ")[2] for line in content.decode().splitlines()]


def spellings(address: IPv4Address) -> dict[str, str]:
    """The spellings of an address, by names."""
    octets = [str(octet) for octet in address.packed]
    return {
        "dotted": str(address),
        "tuple": f"{{{','.join(octets)}}}",
        "nested tuple": f"{{{{{', '.join(octets)}}}, 4372}}",
        "binary": f"<<{','.join(octets)}>>",
        "list": f"[{','.join(octets)}]",
        "H.225": f"ip '{address.packed.hex().upper()}'H, port 1719",
        "hexadecimal": f"0x{address.packed.hex()}",
        "bare hexadecimal": f"at {address.packed.hex()} now",
        "decimal": f"at {int(address)} now",
        "reversed": ".".join([*octets[::-1], "in-addr.arpa"]),
        "network": ".".join([*octets[2::-1], "in-addr.arpa"]),
        "mapped": f"::ffff:{address}",
    }


@pytest.mark.parametrize("form", spellings(IPv4Address("10.77.31.5")))
def test_each_spelling_is_replaced_by_the_same_address(form: str) -> None:
    text = spellings(IPv4Address("10.77.31.5"))[form]
    # Alone, too: numbers and lists are known by another spelling of the same address.
    shown, dotted = result(f"Detail: {text}", "from 10.77.31.5")
    new = IPv4Address(dotted.removeprefix("from "))
    assert new != IPv4Address("10.77.31.5")
    if form == "binary" or form == "nested tuple":
        text = spellings(new)[form]
        assert shown.replace(" ", "") == f"Detail: {text}".replace(" ", "")
    else:
        assert shown == f"Detail: {spellings(new)[form]}"


def test_a_list_of_character_codes_becomes_the_address() -> None:
    codes = ",".join(str(ord(sign)) for sign in "10.77.31.5")
    shown, dotted = result(f"host [{codes}] lost", "from 10.77.31.5")
    assert shown == f"host [{dotted.removeprefix('from ')}] lost"


def test_ipv6_addresses_have_spellings_too() -> None:
    address = IPv6Address("2a01:bc8::5")
    groups = [int(group, 16) for group in address.exploded.split(":")]
    *shown, plain = result(
        f"{{{','.join(map(str, groups))}}}",
        f"ip '{address.packed.hex().upper()}'H",
        f"Name={address.reverse_pointer}",
        "from 2a01:bc8::5",
    )
    new = IPv6Address(plain.removeprefix("from "))
    groups = [int(group, 16) for group in new.exploded.split(":")]
    assert shown == [
        f"{{{','.join(map(str, groups))}}}",
        f"ip '{new.packed.hex().upper()}'H",
        f"Name={new.reverse_pointer}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("{2024,3,5}", "{0,1,2,3}", "[1,2,3,4]", "0x0a4d1f06", "error:0A000086:SSL routines", "<0.159.0>"),
        *("1.0.0.127.in-addr.arpa", "{1,2,3,4,5}", "port 172826374"),
        "Msg-Hash=18446744073709550200",
    ],
)
def test_numbers_that_are_no_known_address_stay(text: str) -> None:
    assert result(text, "from 10.77.31.5")[0] == text


def test_a_number_behind_a_key_of_an_address_is_one() -> None:
    assert result('Src-ip="172826373"', "dest-addr=0x0a4d1f05")[0].startswith('Src-ip="1')
    assert "172826373" not in "".join(result('Src-ip="172826373"'))
    assert "0a4d1f05" not in "".join(result("dest-addr=0x0a4d1f05"))


@given(st.ip_addresses(v=4), st.integers(1 << 24, (1 << 32) - 1).map(IPv4Address))
def test_what_is_written_in_a_spelling_is_read_as_the_same_address(
    one: IPv4Address, other: IPv4Address
) -> None:
    for form, text in spellings(one).items():
        if form == "bare hexadecimal" and (other.packed.hex().isdigit() or one.packed.hex().isdigit()):
            continue  # it is read as a decimal number
        for found in find_addresses(text, {tuple(one.packed)}):
            literal = text[found.start : found.end]
            written = spelled_as(literal, tuple(other.packed)) or str(other)
            wanted = (*other.packed[:3], 0) if form == "network" else tuple(other.packed)
            assert address_of(written) == wanted


@pytest.mark.parametrize(
    "text",
    [
        *("dialled 0038614567890", "Name=0.9.8.7.6.5.4.1.6.8.3.e164.arpa", "call to 38614567890 failed"),
        *('Dst-alias="38614567890"', "'+38614567890'", "(38614567890)", "to tel:0038614567890;x=y"),
    ],
)
def test_phone_numbers_have_one_pseudonym_in_all_spellings(text: str) -> None:
    shown, plain = result(text, "tel:+38614567890")
    word = plain.removeprefix("tel:")
    assert re.fullmatch("alias-[a-z]{11}", word)
    digits = r"\+?(?:00)?38614567890|0\.9\.8\.7\.6\.5\.4\.1\.6\.8\.3"
    assert shown == re.sub(digits, word, text)


@pytest.mark.parametrize("number", ["089123456789", "0049891234567", "+49 89 1234567", "4989123456"])
def test_phone_numbers_are_found_that_nothing_else_shows(number: str) -> None:
    assert number not in "".join(result(f"he dialled {number} twice"))


@pytest.mark.parametrize(
    "text",
    [
        *("a=candidate:1 1 UDP 2130706431 0.0.0.0 5000 typ host", "o=- 123456789 1 IN IP4 0.0.0.0"),
        *(
            "since 1709629200 and 1709629200123",
            "CSeq: 123456789 INVITE",
            "read 123456789 bytes",
            "size 123456789",
        ),
        *("0000000000", "v1.234567890", "12345678 is short", "Msg-Hash=18446744073709550200"),
    ],
)
def test_counts_and_times_are_no_phone_numbers(text: str) -> None:
    assert result(text) == [text]


def test_a_report_has_tokens_in_the_place_of_all_spellings() -> None:
    assert redact("10.77.31.5 is {10,77,31,5}, '0A4D1F05'H, 5.31.77.10.in-addr.arpa and 0x0a4d1f05") == (
        "ipv4-1.1.1.1 is {ipv4-1.1.1.1}, ipv4-1.1.1.1, ipv4-1.1.1.1 and ipv4-1.1.1.1"
    )
