"""Find phone numbers: as digits, with an international prefix, and as names of ENUM."""

import re
from collections.abc import Iterator

from logdiag.redaction.literal_span import LiteralSpan

# ENUM writes a number as a domain name, digit by digit from its end (RFC 6116).
ENUM_END = ".e164.arpa"
_ENUM = re.compile(r"(?i)(?<![\w.-])(?:[0-9]\.){3,15}e164\.arpa(?![\w-])")
# A count or a port does not begin with zero; seconds or milliseconds since 1970 begin with 1.
_PREFIXED = r"0{1,2}[1-9][0-9]{6,13}"
_BARE = r"(?!1[0-9]{9}(?:[0-9]{3})?(?![0-9]))[1-9][0-9]{8,14}"
_PHONE = re.compile(
    rf"(?<![\w.:+/-])(?:(?=[0-9]{{9}}){_PREFIXED}|(?:(?<=[^\W\d_] )|(?<=[(\[']))(?P<bare>{_BARE}))"
    r"(?!\w|[.:/@-]\w| ?(?:bytes|bits|bps|kbps|ms|us|ns|sec|packets)\b)"
)
_COUNTED = re.compile(
    r"(?i)\b(?:port|pid|size|length|count|seq|sequence|ssrc|time|timestamp|timer|handle|version"
    r"|udp|tcp|hash|ip4|ip6) \Z"
)
_MAX_COUNTED_LENGTH = 12
# Lines of a session description, such as `o=` and `t=`, have long numbers that are no phone numbers.
_SDP = re.compile(r"[ |]{0,4}[a-z]=")
# A quick test: most parts have no nine digits in a row, and the patterns above are slow.
_DIGITS = re.compile(r"[0-9]{9}")
_PLAIN = re.compile(r"(?:\+|00)?([1-9][0-9]{7,14})")


def find_enum(text: str) -> Iterator[LiteralSpan]:
    """Find the names that ENUM makes of phone numbers."""
    for match in _ENUM.finditer(text) if ENUM_END in text.lower() else ():
        yield LiteralSpan(*match.span(), "alias")


def find_phones(text: str) -> Iterator[LiteralSpan]:
    """Find the phone numbers of nine digits and more."""
    if _DIGITS.search(text) is None or _SDP.match(text) is not None:
        return
    for match in _PHONE.finditer(text):
        before = text[max(0, match.start() - _MAX_COUNTED_LENGTH) : match.start()]
        if match["bare"] is None or _COUNTED.search(before) is None:
            yield LiteralSpan(*match.span(), "alias")


def plain_alias(literal: str) -> str:
    """Return a phone number as its digits with the country's code, and any other alias as it is."""
    if literal.endswith(ENUM_END):
        return literal.removesuffix(ENUM_END).replace(".", "")[::-1]
    phone = _PLAIN.fullmatch(literal)
    return phone[1] if phone is not None else literal
