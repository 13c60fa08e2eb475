"""Literals that are known by what stands before them: keys, headers of SIP and HTTP, signs of an address."""

import re
from collections.abc import Iterator
from functools import lru_cache

from logdiag.redaction.found import Found, Kind
from logdiag.redaction.names import is_name
from logdiag.redaction.placed import is_placed
from logdiag.redaction.vocabulary import product_words

_KEYS: dict[Kind, str] = {
    "secret": r"pass(?:word|phrase|wd)|(?:client_?)?secret|key|private[ -]?key|psk|token|access_?token"
    r"|c?nonce|opaque|community(?:[ -]?name)?|(?:x-)?(?:api[_-]?key|(?:auth|csrf)[_-]?token)",
    "user": r"user(?:[ _-]?name)?|login|remote[_-]user|account",
    "serial": r"serial(?:[ _-]?number)?|sn",
    "id": r"call-serial-number|(?:from-|to-)?tag|call[_-]?id|(?:global|local)-call-?id"
    r"|(?:local|remote)-sessionid|session-id|branch",
    "alias": r"(?:src-|dst-)?alias|aor|contact|realm|(?:source|destination|request)-uri|matchedidentity"
    r"|candidates|e164|h323-?id|(?:display|first|given|last|sur|nick)[_-]?name"
    r"|(?:tele)?phone(?:[_-]?number)?|mobile|(?:calling|called)-number|e-?mail",
    "host": r"host(?:name)?|server|common-?name|cn|address|systemunit name|domain(?: name)?|remote-host",
}
_SETTINGS: dict[Kind, str] = {
    "secret": r"(?:password|passphrase|secret|community|preshared|private_?key)\w{0,32}",
    "user": r"user_?name",
}
"""Of settings that are changed: ``… password - changed from: 'a' to: 'b'``."""

_ENDS: dict[Kind, tuple[str, ...]] = {
    "secret": (
        *("password", "passphrase", "passwd", "secret", "key", "psk", "token", "nonce", "opaque"),
        *("community", "name"),
    ),
    "user": ("user", "name", "login", "account"),
    "serial": ("serial", "number", "sn"),
    "id": ("number", "tag", "id", "branch"),
    "alias": (
        "alias",
        "aor",
        "contact",
        "realm",
        "uri",
        "identity",
        "candidates",
        "e164",
        "id",
        "name",
        "phone",
        "number",
        "mobile",
        "mail",
    ),
    "host": ("host", "name", "server", "cn", "address", "domain"),
}
"""How the keys of a kind end: where no word in front of a sign ends so, there is none of them."""
_ALL_ENDS = tuple({end for ends in _ENDS.values() for end in ends})
_LONGEST_END = 16
_SIGN = re.compile("[=:>]")

_NO_VALUE = {
    *("", "-", "none", "null", "n/a", "unknown", "on", "off", "true", "false", "yes", "no", "<concealed>"),
    *("localhost", "localhost.localdomain"),
}
_SCHEMES = ("sip:", "sips:", "h323:", "tel:", "callto:", "xmpp:", "im:", "pres:", "mailto:")
_SCHEME = rf"(?:{'|'.join(_SCHEMES)})"
_SECRETS = [
    re.compile(pattern)
    for pattern in (
        r"-----BEGIN [A-Z0-9 ]{1,40}-----(?:[^-]|-(?!----END ))*+(?:-----END [A-Z0-9 ]{1,40}-----)?",
        r"(?i)\bauthorization\s{0,2}[:=]\s{0,2}\"?(?:basic|bearer|negotiate|ntlm) +(?P<part>[^\s\",]+)",
        r"(?i)(?<!-)\b(?:set-)?cookie\s{0,2}[:=]\s{0,2}(?P<part>[^\r\n\"]+)",
        r"(?i)\bbearer +(?=[^\s\"]{0,64}[0-9])(?P<part>[\w.~+/=-]{8,})",
        r"\beyJ[\w-]{8,}(?:\.[\w-]+)*",
        r"(?<=://)[^\s/@\"'<>]{1,255}(?=@)",
        r"(?<![0-9A-Fa-f:])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,}+",
        r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32,}+(?![0-9A-Za-z])",
    )
]
_SIGNS = ("-----begin ", "authorization", "cookie", "bearer", "eyj", "://")
_LONG = 32
_OF_CHANGED = {"secrets", "keyed"}
_DATE = re.compile(r"\d-\d\d-\d\dT")
_BYTES = re.compile(r"(?::[0-9A-Fa-f]{2}){15}")
"""What is in a text (the signs: in lower case) that one of these may match, but for digits of 32 and more."""
_LONG_WORD = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{32}")
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{32,}+={0,2}")
_FEWEST_BETWEEN_SLASHES = 20

_VALUE = r"(?:\"(?P<a>[^\"]*+)|'(?P<b>[^']*+)|(?P<c>[^\s,;\"'<>()\[\]{}]++))"


def _keyed(kind: Kind, keys: str) -> re.Pattern[str]:
    # In a URL another key follows behind an ampersand; a password may have one.
    value = _VALUE if kind == "secret" else _VALUE.replace("[^\\s,;", "[^\\s,;&")
    return re.compile(rf"(?i)(?<![\w-])(?:{keys})\"?\s{{0,2}}[=:>]\s{{0,2}}{value}")


def _changed(keys: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?i)(?:{keys}) - changed from: '?(?P<a>[^\r\n\"]{{0,256}}?)'? to: '?(?P<b>[^\r\n\"']{{0,256}})"
    )


_AFTER_SECRETS: tuple[Kind, ...] = ("user", "serial", "id", "alias", "host")
_BY_KEY = {kind: _keyed(kind, keys) for kind, keys in _KEYS.items()}
_BY_SETTING = {kind: _changed(keys) for kind, keys in _SETTINGS.items()}

_LOCAL = re.compile(r"(?<![^\s@<>\"'(),;:\[\]{}|=/\\\0])[^\s@<>\"'(),;:\[\]{}|=/\\\0]++(?=@)")
_AT = re.compile(r"(?<=@)[0-9A-Za-z-]++(?:\.[0-9A-Za-z-]++)*+")
_SCHEMED = re.compile(rf"(?i)\b{_SCHEME}([^\s@;,<>\"'?()\[\]|\0]++)(?!@)")
_DISPLAYED = re.compile(rf"(?i)\"([^\"\n]{{1,128}})\"\s{{0,2}}<{_SCHEME}")
_BARE_DISPLAYED = re.compile(
    rf"(?i)\b(?:from|to|contact)\s{{0,2}}:\s{{0,2}}([^\s\"<:\0][^\"<\n:\0]{{0,63}}?)\s{{0,2}}<{_SCHEME}"
)
_ORGANISATION = re.compile(r"(?<![\w-])OU?=([^,/\n\"+\0]{1,128})")
_HEADER_HOST = re.compile(r"(?<![^\s>])\d{4}-\d\d-\d\dT[0-9:.+Z-]{8,24} ([^\s=:\"\0]{1,255})(?!\S)")
_LISTED_HOST = re.compile(
    r"\((?:\0++|[0-9]{1,3}\.[0-9.]{5,11}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,40}) ([^\s()\0]{1,255})\)"
)


def signs_of(text: str) -> set[str]:
    """Which finders may find something in a text, even once parts of it are NULs: ``secrets``, ``keyed``.

    To ask it is far quicker than to let each of them search.
    """
    lower = text.lower()
    signs: set[str] = set()
    ends = _ends(lower)
    if ends:
        signs |= _meant_by(ends)
    if " - " in lower and " - changed from: " in lower:
        signs |= _OF_CHANGED
    if any(sign in lower for sign in _SIGNS) or (
        len(text) >= _LONG and (_LONG_WORD.search(text) is not None or _BYTES.search(text) is not None)
    ):
        signs.add("secrets")
    if (
        "@" in text
        or "O=" in text
        or "OU=" in text
        or (":" in text and any(one in lower for one in _SCHEMES))
    ):
        signs.add("addressed")
    if is_placed(lower):
        signs.add("placed")
    if "(" in text or ("-" in text and _DATE.search(text) is not None):
        signs.add("hosts")
    return signs


def _ends(lower: str) -> tuple[str, ...]:
    """What in front of a sign ends as a key does."""
    if not ("=" in lower or ":" in lower or ">" in lower):
        return ()
    ends = [part[-_LONGEST_END:].rstrip().removesuffix('"') for part in _SIGN.split(lower)[:-1]]
    return tuple([end for end in ends if end.endswith(_ALL_ENDS)])


@lru_cache(1 << 14)
def _meant_by(ends: tuple[str, ...]) -> frozenset[str]:
    kinds = {kind for kind, known in _ENDS.items() if any(end.endswith(known) for end in ends)}
    return frozenset("secrets" if kind == "secret" else "keyed" for kind in kinds)


def find_secrets(text: str) -> Iterator[Found]:
    """What is a secret by its form or its key; it is hidden as a whole, whatever stands in it."""
    claimed = bytearray(len(text))
    for found in _secrets(text):
        if found.start < found.end and claimed.find(1, found.start, found.end) < 0:
            claimed[found.start : found.end] = b"\1" * (found.end - found.start)
            yield found


def _secrets(text: str) -> Iterator[Found]:
    lower = text.lower()
    has_long = len(text) >= 32 and _LONG_WORD.search(text) is not None
    if has_long or any(sign in lower for sign in _SIGNS) or (":" in text and _BYTES.search(text)):
        for pattern in _SECRETS:
            for match in pattern.finditer(text):
                yield Found(*match.span("part" if pattern.groups else 0), "secret")
    if has_long:
        for match in _BASE64.finditer(text):
            if _looks_random(match[0]):
                yield Found(match.start(), match.end(), "secret")
    yield from _keyed_values("secret", text, _ends(lower))


def _keyed_values(kind: Kind, text: str, ends: tuple[str, ...]) -> Iterator[Found]:
    """What keys of a kind name; ``ends`` are those of the text's `_ends`."""
    if ends and any(end.endswith(_ENDS[kind]) for end in ends):
        yield from _values(_BY_KEY[kind], kind, text)
    if kind in _BY_SETTING and " - " in text and " - changed from: " in text.lower():
        yield from _values(_BY_SETTING[kind], kind, text)


def _looks_random(text: str) -> bool:
    """Whether a long word is base64 rather than a path or a name."""
    slashes = text.count("/")
    return (
        any(map(str.isdigit, text))
        and any(map(str.isupper, text))
        and any(map(str.islower, text))
        and len(text) >= _FEWEST_BETWEEN_SLASHES * slashes
    )


def find_keyed(text: str) -> Iterator[Found]:
    """Users, aliases, numbers and hosts that keys name. NULs are what was found before."""
    ends = _ends(text.lower())
    for kind in _AFTER_SECRETS:
        yield from _keyed_values(kind, text, ends)


def is_no_value(text: str) -> bool:
    """Whether what stands behind a key names nothing: ``none``, ``unknown``, ``on``."""
    return text.lower() in _NO_VALUE or not text.strip(" *.<>")


def _values(pattern: re.Pattern[str], kind: Kind, text: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        for name, value in match.groupdict().items():
            if value is None or is_no_value(value):
                continue
            start, end = match.span(name)
            if kind == "secret":
                yield Found(start, end, kind)
            elif name == "c" and value in product_words():
                continue  # words of a sentence: "server: check it"
            else:
                yield from _within(text, start, end, kind)


def _within(text: str, start: int, end: int, kind: Kind) -> Iterator[Found]:
    """The part of a value that is of its kind: of ``sip:alice@example.com`` it is ``alice``."""
    value = text[start:end]
    if scheme := re.match(_SCHEME, value, re.IGNORECASE):
        start += scheme.end()
        value = text[start:end]
    if "@" in value:
        end = start + value.index("@")
        value = text[start:end]
    if "\0" in value or not value.strip():
        return
    if kind != "host" or (is_name(value) and "." not in value):
        yield Found(start, end, kind)


def find_addressed(text: str) -> Iterator[Found]:
    """Aliases and hosts by the signs of an address: ``alice@``, ``@expc01``, ``sip:1001``, ``"Al" <sip:``."""
    words = product_words()
    if "@" in text:
        for match in _LOCAL.finditer(text):
            if match[0] not in words:
                yield Found(match.start(), match.end(), "alias")
        for match in _AT.finditer(text):
            if match[0].lower() not in _NO_VALUE:
                yield Found(match.start(), match.end(), "name" if "." in match[0] else "host")
    for match in _SCHEMED.finditer(text) if ":" in text and _is_schemed(text) else ():
        host, _, _ = match[1].partition(":")
        if host not in words and host.strip("."):
            yield Found(match.start(1), match.start(1) + len(host), "alias")
    marked = [_DISPLAYED, _BARE_DISPLAYED] if "<" in text else []
    for pattern in (*marked, *([_ORGANISATION] if "O=" in text or "OU=" in text else [])):
        for match in pattern.finditer(text):
            if "\0" not in match[1] and match[1].strip():
                yield Found(*match.span(1), "alias")


def _is_schemed(text: str) -> bool:
    lower = text.lower()
    return any(scheme in lower for scheme in _SCHEMES)


def find_hosts(text: str) -> Iterator[Found]:
    """Hosts by their place: behind the time of a record, behind an address in a list of peers."""
    for sign, pattern in (("-", _HEADER_HOST), ("(", _LISTED_HOST)):
        for match in pattern.finditer(text) if sign in text else ():
            if match[1].lower() not in _NO_VALUE and is_name(match[1]):
                yield Found(*match.span(1), "name" if "." in match[1] else "host")
