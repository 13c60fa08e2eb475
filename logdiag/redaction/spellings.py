"""Other spellings of addresses: Erlang tuples, ``'0A4D1F05'H`` of H.225, numbers, names below arpa.

Each spelling is read into an address, and the address that replaces it is written in the same spelling.
"""

import re
from collections.abc import Callable, Container, Iterator
from typing import NamedTuple

from logdiag.redaction.literal_span import Address, LiteralSpan

_OCTETS, _GROUPS, _NIBBLES = 4, 8, 4
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_COMMA = r" ?, ?"
_TUPLE = re.compile(
    rf"(?<=\{{)(?: ?{_OCTET}(?:{_COMMA}{_OCTET}){{3}}| ?[0-9]{{1,5}}(?:{_COMMA}[0-9]{{1,5}}){{7}})(?= ?\}})"
)
_LIST = re.compile(rf"(?<=[\[<]){_OCTET}(?:{_COMMA}{_OCTET}){{3}}(?=[\]>])")
_HEX = re.compile(r"'[0-9A-Fa-f]{8}'H|(?<=ip )'[0-9A-Fa-f]{32}'H|(?<=ip6 )'[0-9A-Fa-f]{32}'H")
_ARPA = re.compile(
    rf"(?i)(?<![\w.-])(?:(?:{_OCTET}\.){{1,4}}in-addr|(?:[0-9a-f]\.){{1,32}}ip6)\.arpa(?![\w-])"
)
_BARE_HEX = r"(?=[0-9]{0,7}[A-Fa-f])[0-9A-Fa-f]{8}"
# Without a prefix it is known only by another spelling; codes of errors (error:0A000086) are none.
_NUMBER = re.compile(rf"(?<![\w.,:+-])(?:0[xX][0-9A-Fa-f]{{8}}|[1-9][0-9]{{7,9}}|{_BARE_HEX})(?!\w|[.,:-]\w)")
_EIGHT = re.compile(r"[0-9A-Fa-f]{8}")
_KEY = re.compile(r"(?i)(?:ip|addr|address)\"?\s?[=:]\s?[\"']?\Z")
_LONGEST_KEY = 16


class _Spelling(NamedTuple):
    """How texts of a form are read as an address, and how an address is written in that form."""

    form: re.Pattern[str]
    read: Callable[[str], Address]
    write: Callable[[Address, str], str]
    """Given the address and the text that it replaces."""


def _integer(text: str) -> int:
    return int(text) if text.isdigit() else int(text, 16)


def _number(address: Address) -> int:
    width = 8 if len(address) == _OCTETS else 16
    return sum(part << width * i for i, part in enumerate(reversed(address)))


def _of_number(number: int) -> Address:
    return tuple(number.to_bytes(_OCTETS, "big"))


def _of_hex(digits: str) -> Address:
    width = 2 if len(digits) == 2 * _OCTETS else 4
    return tuple(int(digits[i : i + width], 16) for i in range(0, len(digits), width))


def _hex(address: Address) -> str:
    width = 2 if len(address) == _OCTETS else 4
    return "".join(f"{part:0{width}X}" for part in address)


def _of_arpa(text: str) -> Address:
    labels = text.lower().split(".")[:-2][::-1]
    if text.lower().endswith("in-addr.arpa"):
        return tuple(map(int, [*labels, *["0"] * (_OCTETS - len(labels))]))
    return _of_hex("".join(labels).ljust(_GROUPS * _NIBBLES, "0"))


def _arpa(address: Address, before: str) -> str:
    *labels, family, arpa = before.split(".")
    digits = list(map(str, address)) if len(address) == _OCTETS else list(_hex(address).lower())
    return ".".join((*digits[: len(labels)][::-1], family, arpa))


_SPELLINGS = (
    _Spelling(
        re.compile(r" ?[0-9]+(?: ?, ?[0-9]+)+"),
        lambda text: tuple(map(int, text.split(","))),
        lambda address, _: ",".join(map(str, address)),
    ),
    _Spelling(
        re.compile(r"'[0-9A-Fa-f]+'[Hh]"),
        lambda text: _of_hex(text[1:-2]),
        lambda address, _: f"'{_hex(address)}'H",
    ),
    _Spelling(re.compile(r"(?i).+\.arpa"), _of_arpa, _arpa),
    _Spelling(
        re.compile(rf"0[xX][0-9A-Fa-f]{{8}}|{_BARE_HEX}"),
        lambda text: _of_number(int(text, 16)),
        lambda address, before: f"{before[:-8]}{_number(address):08x}",
    ),
    _Spelling(
        re.compile(r"[0-9]{8,10}"),
        lambda text: _of_number(int(text)),
        lambda address, _: str(_number(address)),
    ),
)


def read_spelled(text: str) -> Address | None:
    """Return the address that a text is another spelling of."""
    spelling = _spelling(text)
    return spelling.read(text) if spelling is not None else None


def spelled_as(before: str, address: Address) -> str | None:
    """Write an address as the text that it replaces was spelled; None for the usual spelling."""
    spelling = _spelling(before)
    return spelling.write(address, before) if spelling is not None else None


def _spelling(text: str) -> _Spelling | None:
    return next((one for one in _SPELLINGS if one.form.fullmatch(text)), None)


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
        number = _integer(match[0])
        if number < 1 << 32 and (
            _of_number(number) in known
            or _KEY.search(text[max(0, match.start() - _LONGEST_KEY) : match.start()])
        ):
            yield LiteralSpan(*match.span(), "ipv4")
    if "[" in text or "<<" in text:
        for match in _LIST.finditer(text):
            if tuple(map(int, match[0].split(","))) in known:
                yield LiteralSpan(*match.span(), "ipv4")
