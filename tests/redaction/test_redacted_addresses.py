"""Addresses: which are replaced, which stay, and what of their structure their tokens keep."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redacting import redact

from logdiag.redaction.addresses import address_of
from logdiag.redaction.pseudonyms import NumberedWords


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("from 10.1.2.3 to 10.1.9.3", "from ipv4-1.1.1.1 to ipv4-1.1.2.1"),
        ("['IPv4''TCP''10.1.2.3:5061']", "['IPv4''TCP''ipv4-1.1.1.1:5061']"),
        ("10.1.2.0/24, 10.1.2.3.", "ipv4-1.1.1.1/24, ipv4-1.1.1.2."),
        ("logs_10.1.2.3_2024-03-05.tar.gz", "logs_ipv4-1.1.1.1_2024-03-05.tar.gz"),
        ("IP10.1.2.3 > 10.1.2.4.5061", "IPipv4-1.1.1.1 > ipv4-1.1.1.2.5061"),
        ("[2001:4860::8]:5061", "[ipv6-1:1:1:1:1:1:1:1]:5061"),
        ("2001:4860:0:0:0:0:0:8 is 2001:4860::8", "ipv6-1:1:1:1:1:1:1:1 is ipv6-1:1:1:1:1:1:1:1"),
        ("2001:4860::8 and 2001:4860:1::8/64", "ipv6-1:1:1:1:1:1:1:1 and ipv6-1:1:2:1:1:1:1:1/64"),
        ("fe80::a1:b2%eth0", "ipv6-fe80:1:1:1:1:1:1:1%eth0"),
        ("::ffff:10.1.2.3", "::ffff:ipv4-1.1.1.1"),
        ("peer:2001:4860::8: gone", "peer:ipv6-1:1:1:1:1:1:1:1: gone"),
        ("00:1A:2b:3c:4D:5e, 001a.2b3c.4d5e, 00-1a-2b-3c-4d-5e", "mac-1, mac-1, mac-1"),
    ],
)
def test_addresses_are_told_as_numbers(text: str, result: str) -> None:
    assert redact(text) == result


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1 0.0.0.0 255.255.255.0 255.255.255.255 239.1.2.3",
        "192.0.2.30 198.51.100.11 203.0.113.7 2001:db8::1 ff02::1 ::1 ::",
        "2024-03-05T09:07:11.353+01:00, until 09:07:11",
        "X8.11.4.2 and X14.2.5 and v14.0.1.2, 300.1.2, 1.2.3",
        "Class::~Class, Facade::added, std::abc",
        "ff:ff:ff:ff:ff:ff 00:00:00:00:00:00 log_24-03-05-08-19-40.txt",
    ],
)
def test_what_is_nobodys_address_stays(text: str) -> None:
    assert redact(text) == text


def shared(one: list[str], other: list[str]) -> int:
    """How many of the first parts are the same."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), len(one))


octets = st.lists(st.sampled_from((1, 2, 10, 77, 200)), min_size=4, max_size=4).map(bytes)


@given(st.lists(octets | st.binary(min_size=4, max_size=4), min_size=2, max_size=8))
def test_two_addresses_share_as_many_numbers_as_octets(addresses: list[bytes]) -> None:
    words = NumberedWords()
    result = [words.address(tuple(address)).removeprefix("ipv4-").split(".") for address in addresses]
    for address, one in zip(addresses, result, strict=True):
        for another, other in zip(addresses, result, strict=True):
            assert shared(list(map(str, address)), list(map(str, another))) == shared(one, other)


groups = st.lists(st.sampled_from((1, 0x2A00, 0xFD00, 0xFE80)), min_size=8, max_size=8)


@given(st.lists(groups, min_size=2, max_size=6))
def test_two_ipv6_addresses_share_as_many_numbers_as_groups(addresses: list[list[int]]) -> None:
    words = NumberedWords()
    result = [words.address(tuple(address)).removeprefix("ipv6-").split(":") for address in addresses]
    for address, one in zip(addresses, result, strict=True):
        for another, other in zip(addresses, result, strict=True):
            assert shared(list(map(str, address)), list(map(str, another))) == shared(one, other)


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_is_replaced_or_nobodys(address: IPv4Address) -> None:
    said = redact(f"Src-ip={address};")
    nobodys = address.is_loopback or address.is_multicast or address.packed[0] in (0, 255)
    nobodys = nobodys or str(address).startswith(("192.0.2.", "198.51.100.", "203.0.113."))
    assert said == (f"Src-ip={address};" if nobodys else "Src-ip=ipv4-1.1.1.1;")


@given(
    st.ip_addresses(v=6).filter(
        # Without a digit it may be the name of a class: ``add::bed``.
        lambda address: address.packed[0] not in (0, 0xFF) and any(map(str.isdigit, address.compressed))
    )
)
def test_every_way_to_write_an_ipv6_address_is_the_same_address(address: IPv6Address) -> None:
    assert address_of(address.compressed) == address_of(address.exploded.upper())
    if not str(address).startswith("2001:db8:"):
        one, other = redact(f"<{address.exploded}> <{address.compressed}>").split()
        assert one == other
