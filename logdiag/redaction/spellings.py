"""Other spellings of addresses: Erlang tuples, ``'0A4D1F05'H`` of H.225, numbers, names below arpa.

Each spelling is read into an address, and the address that replaces it is written in the same spelling.
"""

import re
import struct
from collections.abc import Callable, Container, Iterator

from logdiag.redaction.literal_span import Address, LiteralSpan

# An IPv4 address has four octets; the spellings below are of logs, traces and reverse look-ups.
_OCTETS = 4
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_COMMA = r" ?, ?"
_TUPLE = re.compile(
    rf"(?<=\{{)(?: ?{_OCTET}(?:{_COMMA}{_OCTET}){{3}}| ?[0-9]{{1,5}}(?:{_COMMA}[0-9]{{1,5}}){{7}})(?= ?\}})"
)
# Erlang writes an address as a list of numbers, `[10,0,0,1]` or `<<10,0,0,1>>`.
_LIST = re.compile(rf"(?<=[\[<]){_OCTET}(?:{_COMMA}{_OCTET}){{3}}(?=[\]>])")
# ASN.1 traces of H.323 write an address as `'0A000001'H`.
_HEX = re.compile(r"'[0-9A-Fa-f]{8}'H|(?<=ip )'[0-9A-Fa-f]{32}'H|(?<=ip6 )'[0-9A-Fa-f]{32}'H")
_ARPA = re.compile(
    rf"(?i)(?<![\w.-])(?:(?:{_OCTET}\.){{1,4}}in-addr|(?:[0-9a-f]\.){{1,32}}ip6)\.arpa(?![\w-])"
)
_BARE_HEX = r"(?=[0-9]{0,7}[A-Fa-f])[0-9A-Fa-f]{8}"
# A number without a prefix is an address only if another spelling shows it; error:0A000086 is not.
_NUMBER = re.compile(rf"(?<![\w.,:+-])(?:0[xX][0-9A-Fa-f]{{8}}|[1-9][0-9]{{7,9}}|{_BARE_HEX})(?!\w|[.,:-]\w)")
_EIGHT = re.compile(r"[0-9A-Fa-f]{8}")
_KEY = re.compile(r"(?i)(?:ip|addr|address)\"?\s?[=:]\s?[\"']?\Z")
# The longest key of an address, with its quotes and its sign, has 12 characters.
_MAX_KEY_LENGTH = 16


def from_bytes(packed: bytes) -> Address:
    """Return the address of four or sixteen bytes."""
    if len(packed) == 4:
        return tuple(packed)
    return struct.unpack(">8H", packed)


def _from_hex(digits: str) -> Address:
    return from_bytes(bytes.fromhex(digits))


def _to_hex(address: Address) -> str:
    width = 2 if len(address) == _OCTETS else 4
    return "".join(f"{part:0{width}X}" for part in address)


def _from_arpa(text: str) -> Address:
    labels = text.lower().split(".")[:-2][::-1]
    if text.lower().endswith("in-addr.arpa"):
        return tuple(map(int, [*labels, *["0"] * (_OCTETS - len(labels))]))
    return _from_hex("".join(labels).ljust(32, "0"))


def _to_arpa(address: Address, before: str) -> str:
    *labels, family, arpa = before.split(".")
    digits = list(map(str, address)) if len(address) == _OCTETS else list(_to_hex(address).lower())
    return ".".join((*digits[: len(labels)][::-1], family, arpa))


_SPELLINGS: tuple[tuple[re.Pattern[str], Callable[[str], Address], Callable[[Address, str], str]], ...] = (
    (
        re.compile(r" ?[0-9]+(?: ?, ?[0-9]+)+"),
        lambda text: tuple(map(int, text.split(","))),
        lambda address, _: ",".join(map(str, address)),
    ),
    (
        re.compile(r"'[0-9A-Fa-f]+'[Hh]"),
        lambda text: _from_hex(text[1:-2]),
        lambda address, _: f"'{_to_hex(address)}'H",
    ),
    (re.compile(r"(?i).+\.arpa"), _from_arpa, _to_arpa),
    (
        re.compile(rf"0[xX][0-9A-Fa-f]{{8}}|{_BARE_HEX}"),
        lambda text: _from_hex(text[-8:]),
        lambda address, before: before[:-8] + _to_hex(address).lower(),
    ),
    (
        re.compile(r"[0-9]{8,10}"),
        lambda text: from_bytes(int(text).to_bytes(_OCTETS, "big")),
        lambda address, _: str(int(_to_hex(address), 16)),
    ),
)
"""The form of a spelling, how it is read, and how an address is written instead of a text of that form."""


def read_spelled(text: str) -> Address | None:
    """Return the address that a text is another spelling of."""
    return next((read(text) for form, read, _ in _SPELLINGS if form.fullmatch(text)), None)


def spelled_as(before: str, address: Address) -> str | None:
    """Write an address as the text that it replaces was spelled; None for the usual spelling."""
    return next((write(address, before) for form, _, write in _SPELLINGS if form.fullmatch(before)), None)


def find_spelled(text: str) -> Iterator[LiteralSpan]:
    """Find the spellings that show by their form that they are an address."""
    if "{" in text:
        for match in _TUPLE.finditer(text):
            parts = match[0].split(",")
            if len(parts) == _OCTETS or max(map(int, parts)) < 1 << 16:
                yield LiteralSpan(*match.span(), "ipv4" if len(parts) == _OCTETS else "ipv6")
    if "'H" in text:
        for match in _HEX.finditer(text):
            yield LiteralSpan(*match.span(), "ipv4" if len(match[0]) < 4 * _OCTETS else "ipv6")
    if ".arpa" in text.lower():
        for match in _ARPA.finditer(text):
            yield LiteralSpan(*match.span(), "ipv4" if "in-addr" in match[0].lower() else "ipv6")


def find_numbers(text: str, known: Container[Address | str]) -> Iterator[LiteralSpan]:
    """Find numbers and lists that are an address: one that is known, or one that a key names."""
    for match in _NUMBER.finditer(text) if _EIGHT.search(text) is not None else ():
        if match[0].isdigit() and int(match[0]) >= 1 << 32:
            continue
        before = text[max(0, match.start() - _MAX_KEY_LENGTH) : match.start()]
        if read_spelled(match[0]) in known or _KEY.search(before):
            yield LiteralSpan(*match.span(), "ipv4")
    if "[" in text or "<<" in text:
        for match in _LIST.finditer(text):
            if tuple(map(int, match[0].split(","))) in known:
                yield LiteralSpan(*match.span(), "ipv4")
