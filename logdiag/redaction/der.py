"""Certificates as bytes (DER), taken apart and put together with other names, keys and numbers."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import NamedTuple, Protocol

_INTEGER, _BITS, _OCTETS, _OID, _SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_STRINGS = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_COUNTRY = bytes.fromhex("550406")
_RSA = bytes.fromhex("2a864886f70d010101")
_ALTERNATIVE_NAMES, _SUBJECT_KEY, _AUTHORITY_KEY = (
    bytes.fromhex(one) for one in ("551d11", "551d0e", "551d23")
)
_KEPT = {bytes.fromhex(one) for one in ("551d0f", "551d13", "551d25")}
"""What a key may be used for; whether it signs certificates."""
_DEEPEST = 8


class Words(Protocol):
    """What stands for what a certificate holds."""

    def name(self, text: str) -> str:
        """For a name or what else is told of somebody."""

    def text(self, text: str) -> str:
        """For a text, such as an address or a URL, with what stands in it."""

    def bytes(self, given: bytes, length: int) -> bytes:
        """For bytes that only their owner has."""


class _Part(NamedTuple):
    tag: int
    content: bytes


def redacted(certificate: bytes, words: Words, public_key: Callable[[], bytes]) -> bytes:
    """A certificate of the same form and validity that says nothing of its owner.

    Nobody has signed it. Extensions that are not known are left out.

    Args:
        certificate: the certificate, DER.
        words: what stands for names and numbers.
        public_key: gives the key that stands for one that is no RSA key.

    Raises:
        ValueError: it has another form than certificates have.

    """
    signed, algorithm, signature = _parts(_parts(certificate)[0].content)
    parts = _parts(signed.content)
    first = 1 if parts[0].tag == _VERSION else 0
    serial, of_signature, issuer, validity, subject, key, *rest = parts[first:]
    number = b"\x01" + words.bytes(serial.content, 15)
    body = [
        *parts[:first],
        _Part(_INTEGER, number),
        of_signature,
        _named(issuer, words),
        validity,
        _named(subject, words),
        _key(key, words) if _is_rsa(key) else _parts(public_key())[0],
        *(_extensions(part, words) for part in rest if part.tag == _EXTENSIONS),
    ]
    signature = _Part(_BITS, b"\0" + words.bytes(signature.content, len(signature.content) - 1))
    return _written(_together(_SEQUENCE, [_together(_SEQUENCE, body), algorithm, signature]))


def _named(part: _Part, words: Words, depth: int = 0) -> _Part:
    """A name with all of its texts but the country's anew."""
    if part.tag in _STRINGS:
        encoding = _STRINGS[part.tag]
        return _Part(part.tag, words.name(part.content.decode(encoding)).encode(encoding))
    if part.tag & 0x20 and depth < _DEEPEST:
        parts = _parts(part.content)
        if parts and parts[0] == _Part(_OID, _COUNTRY):
            return part
        return _together(part.tag, [_named(one, words, depth + 1) for one in parts])
    return part


def _is_rsa(key: _Part) -> bool:
    return _parts(_parts(key.content)[0].content)[0].content == _RSA


def _key(key: _Part, words: Words) -> _Part:
    """An RSA key that is no key: its number has the same length, and nobody knows of what it is made."""
    algorithm, bits = _parts(key.content)
    number, exponent = _parts(_parts(bits.content[1:])[0].content)
    size = len(number.content.lstrip(b"\0"))
    made = bytearray(words.bytes(number.content, size))
    made[0] |= 0x80
    made[-1] |= 1
    numbers = _together(_SEQUENCE, [_Part(_INTEGER, b"\0" + bytes(made)), exponent])
    return _together(key.tag, [algorithm, _Part(_BITS, b"\0" + _written(numbers))])


def _extensions(part: _Part, words: Words) -> _Part:
    found = [_extension(one, words) for one in _parts(_parts(part.content)[0].content)]
    return _together(_EXTENSIONS, [_together(_SEQUENCE, [one for one in found if one is not None])])


def _extension(part: _Part, words: Words) -> _Part | None:
    kind, *flags, value = _parts(part.content)
    if kind.content in _KEPT:
        return part
    inner = _parts(value.content)[0]
    if kind.content == _ALTERNATIVE_NAMES:
        inner = _together(inner.tag, list(_general_names(inner, words)))
    elif kind.content == _SUBJECT_KEY:
        inner = _Part(inner.tag, words.bytes(inner.content, len(inner.content)))
    elif kind.content == _AUTHORITY_KEY:
        ids = [one for one in _parts(inner.content) if one.tag == 0x80]
        inner = _together(
            inner.tag, [_Part(one.tag, words.bytes(one.content, len(one.content))) for one in ids]
        )
    else:
        return None
    return _together(part.tag, [kind, *flags, _Part(_OCTETS, _written(inner))])


def _general_names(names: _Part, words: Words) -> Iterator[_Part]:
    for name in _parts(names.content):
        match name.tag:
            case 0x82:  # DNS
                yield _Part(name.tag, words.name(name.content.decode("ascii")).encode("ascii"))
            case 0x81 | 0x86:  # mail, URI
                yield _Part(name.tag, words.text(name.content.decode("ascii")).encode("ascii"))
            case 0x87 if len(name.content) in (4, 16):  # an address
                yield _Part(name.tag, ip_address(words.text(str(ip_address(name.content)))).packed)
            case 0xA4:  # a directory's name
                yield _named(name, words)


# ── the notation ────────────────────────────────────────────────────────────────────────────


def _parts(content: bytes) -> list[_Part]:
    """The parts that stand in a content one behind the other."""
    parts = []
    at = 0
    while at < len(content):
        if at + 2 > len(content):
            raise ValueError("cut")
        tag, length = content[at], content[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(content[at : at + size], "big"), at + size
            if not 1 <= size <= 4:
                raise ValueError("no length")
        if tag & 0x1F == 0x1F or at + length > len(content):
            raise ValueError("no such part")
        parts.append(_Part(tag, content[at : at + length]))
        at += length
    return parts


def _together(tag: int, parts: list[_Part]) -> _Part:
    return _Part(tag, b"".join(map(_written, parts)))


def _written(part: _Part) -> bytes:
    length = len(part.content)
    if length < 0x80:
        return bytes((part.tag, length)) + part.content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((part.tag, 0x80 | len(size))) + size + part.content
