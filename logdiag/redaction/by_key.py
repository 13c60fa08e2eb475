"""Literals that are known by what stands before them: keys, headers of SIP and HTTP, signs of an address."""

import re
from collections.abc import Iterator
from functools import lru_cache

from logdiag.redaction.by_context import is_placed
from logdiag.redaction.key_names import STEMS, kind_of_key
from logdiag.redaction.literal_span import LiteralKind, LiteralSpan
from logdiag.redaction.names import LABEL, is_name, without_particle
from logdiag.redaction.vocabulary import product_words

_KEYS: dict[LiteralKind, str] = {
    "serial": r"serial(?:[ _-]?number)?|sn",
    "id": r"call-serial-number|(?:from-|to-)?tag|call[_-]?id|(?:global|local)-call-?id"
    r"|(?:local|remote)-sessionid|session-id|branch",
    "alias": r"(?:src-|dst-)?alias|aor|contact|(?:source|destination|request)-uri|matchedidentity"
    r"|candidates|e164|h323-?id|(?:display|first|given|last|sur|nick)[_-]?name"
    r"|(?:tele)?phone(?:[_-]?number)?|mobile|(?:calling|called)-number|e-?mail",
    "host": r"host(?:name)?|server|common-?name|cn|address|systemunit name|domain(?: name)?|remote-host",
}
"""Whole names of keys. What words in the name of any key say, `key_names` knows."""

_ENDS: dict[LiteralKind, tuple[str, ...]] = {
    "serial": ("serial", "number", "sn"),
    "id": ("number", "tag", "id", "branch"),
    "alias": (
        *("alias", "aor", "contact", "uri", "identity", "candidates", "e164", "id", "name"),
        *("phone", "number", "mobile", "mail"),
    ),
    "host": ("host", "name", "server", "cn", "address", "domain"),
}
"""How the keys of a kind end: where no word in front of a sign ends so, there is none of them."""
_ALL_ENDS = tuple({end for ends in _ENDS.values() for end in ends})
_LONGEST_KEY, _LONGEST_TAG = 64, 256
_SIGN = re.compile("[=:>]")

_NO_VALUE = {
    *("", "-", "none", "null", "n/a", "unknown", "on", "off", "true", "false", "yes", "no", "<concealed>"),
    *("enabled", "disabled"),
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
        r"(?i)\b(?:pass(?:word|phrase|wd)|secret|community|psk|token|credential) (?:is |was )?['\"]?"
        r"(?P<part>(?=[^\s\"',;]{0,63}[0-9])[^\s\"',;]{4,64})",
        r"(?i)\bbearer +(?=[^\s\"]{0,64}[0-9])(?P<part>[\w.~+/=-]{8,})",
        r"\beyJ[\w-]{8,}(?:\.[\w-]+)*",
        r"(?<=://)[^\s/@\"'<>]{1,255}(?=@)",
        r"(?<![0-9A-Fa-f:])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,}+",
        r"(?<![0-9A-Za-z])(?<!ip ')(?<!ip6 ')[0-9A-Fa-f]{32,}+(?![0-9A-Za-z])",
    )
]
_SIGNS = (
    *("-----begin ", "authorization", "cookie", "bearer", "eyj", "://"),
    *("password ", "passphrase ", "passwd ", "secret ", "community ", "psk ", "token ", "credential "),
)
_LONG = 32
_OF_CHANGED = {"secrets", "keyed"}
"""What is in a text (the signs: in lower case) that one of these may match, but for digits of 32 and more."""
_DATE = re.compile(r"\d-\d\d-\d\dT")
_BYTES = re.compile(r"(?::[0-9A-Fa-f]{2}){15}")
_LONG_WORD = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{32}")
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{32,}+={0,2}")
_FEWEST_BETWEEN_SLASHES = 20
_OTHER_VALUE = re.compile(
    r"[=:>]\s?[\"']?(?=[^\s\"'<>=:,;@\0]{0,63}[0-9])([^\s\"'<>=:,;@\0]{12,64}={0,2})(?=[\"'<\s,;]|$)"
)
_UNIT = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_LONGEST_UNIT = 2.2
"""Mean letters or digits in the units of a random value. Names have 3 and more: ``SipProxyLeg2``."""
_VERSION = re.compile(r"[0-9]\.[0-9]")

_WORD = r"(?P<c>[^\s,;&\"'<>()\[\]{}]++)"
_VALUE = re.compile(rf"\s{{0,2}}(?![=:>])(?:\"(?P<a>[^\"]*+)|'(?P<b>[^']*+)|{_WORD})")
# A quote or a comma ends a secret only if what follows cannot be more of it. It may have an ampersand.
_NO_END = r"(?![\s,:;&)}\]<>\"']|$)"
_SECRET = re.compile(
    rf"\s{{0,2}}(?![=:>])(?:\"(?P<a>(?:[^\"]|\"{_NO_END})*+)|'(?P<b>(?:[^']|'{_NO_END})*+)"
    r"|(?P<c>(?:[^\s\"'<>,;()\[\]{}]|[',;()\[\]{}](?![\s,;)\]}\"']|[\w-]+=|$))++))"
)
_ELEMENT = re.compile(r"(?P<a>[^<]++)")
_TAG = re.compile(r"<([A-Za-z][\w:.-]*)(?:\s[^<>]*)?(?<!/)\Z")
_SETTING = re.compile(r"\s*(?:\*[cs] )?[\w .-]+")
_TO_LINE_END = re.compile(r"[ \t]{1,2}(?P<a>[^\s\"'<][^\r\n]*)")
"""Without quotes, the value of a setting of a dump ends where its line does."""
_ERLANG = re.compile(r"\{ ?'?([A-Za-z_]\w{0,63})'?, ?(?:<<)?\"(?P<a>[^\"]*+)")
_CHANGED_SIGN = " - changed from: "
_CHANGED = re.compile(r"(?i) - changed from: '?(?P<a>[^\r\n\"]{0,256}?)'? to: '?(?P<b>[^\r\n\"']{0,256})")


def _keyed(keys: str) -> re.Pattern[str]:
    value = rf"(?:\"(?P<a>[^\"]*+)|'(?P<b>[^']*+)|{_WORD})"
    return re.compile(rf"(?i)(?<![\w-])(?:{keys})\"?\s{{0,2}}[=:>]\s{{0,2}}{value}")


_BY_KEY = {kind: _keyed(keys) for kind, keys in _KEYS.items()}

_LOCAL = re.compile(r"(?<![^\s@<>\"'(),;:\[\]{}|=/\\\0])[^\s@<>\"'(),;:\[\]{}|=/\\\0]++(?=@)")
_AT = re.compile(rf"(?<=@){LABEL}(?:\.{LABEL})*+")
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
    if ends := _ends(lower):
        signs |= _meant_by(ends)
    if _CHANGED_SIGN in lower or ("{" in text and _ERLANG.search(text) is not None):
        signs |= {"secrets", "keyed"}
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
    if _OTHER_VALUE.search(text) is not None:
        signs.add("random")
    if is_placed(lower):
        signs.add("placed")
    if "(" in text or ("-" in text and _DATE.search(text) is not None):
        signs.add("hosts")
    return signs


def _ends(lower: str) -> tuple[str, ...]:
    """What in front of a sign may be a key."""
    if not ("=" in lower or ":" in lower or ">" in lower):
        return ()
    ends = [part[-_LONGEST_KEY:].rstrip().removesuffix('"') for part in _SIGN.split(lower)[:-1]]
    return tuple([end for end in ends if end.endswith(_ALL_ENDS) or STEMS.search(end)])


@lru_cache(1 << 14)
def _meant_by(ends: tuple[str, ...]) -> frozenset[str]:
    signs = {"secrets", "keyed"} if any(STEMS.search(end) for end in ends) else set()
    return frozenset(signs | ({"keyed"} if any(end.endswith(_ALL_ENDS) for end in ends) else set()))


def find_secrets(text: str) -> Iterator[LiteralSpan]:
    """What is a secret by its form or its key; it is hidden as a whole, whatever stands in it."""
    claimed = bytearray(len(text))
    for found in _secrets(text):
        if found.start < found.end and claimed.find(1, found.start, found.end) < 0:
            claimed[found.start : found.end] = b"\1" * (found.end - found.start)
            yield found


def _secrets(text: str) -> Iterator[LiteralSpan]:
    lower = text.lower()
    has_long = len(text) >= 32 and _LONG_WORD.search(text) is not None
    if has_long or any(sign in lower for sign in _SIGNS) or (":" in text and _BYTES.search(text)):
        for pattern in _SECRETS:
            for match in pattern.finditer(text):
                yield LiteralSpan(*match.span("part" if pattern.groups else 0), "secret")
    if has_long:
        for match in _BASE64.finditer(text):
            if _looks_random(match[0]):
                yield LiteralSpan(match.start(), match.end(), "secret")
    yield from _named_values(text, is_secret=True)


def _named_values(text: str, *, is_secret: bool) -> Iterator[LiteralSpan]:
    """Find the values of keys whose names say of what kind they are: secrets, or all others."""
    start = 0
    for sign in _SIGN.finditer(text):
        at = sign.start()
        if at < start:
            continue  # in a value: to read on from each sign would take quadratic time
        is_first = start == 0
        before, start = text[max(start, at - _LONGEST_KEY) : at], sign.end() + text.startswith("=>", at)
        is_element = sign[0] == ">"
        if is_element:
            tag = _TAG.search(text, max(0, at - _LONGEST_TAG), at)
            before = tag[1] if tag is not None else ""
        kind = kind_of_key(before.rstrip().removesuffix('"').removesuffix("'"))
        if kind is None or (kind == "secret") != is_secret:
            continue
        value = (_ELEMENT if is_element else _SECRET if is_secret else _VALUE).match(text, start)
        if is_secret and is_first and _SETTING.fullmatch(text, 0, at):
            value = _TO_LINE_END.match(text, start) or value
        if value is not None:
            start = value.end()
            yield from _values(value, kind, text)
    others = [(match.start(), match) for match in _CHANGED.finditer(text)] if _CHANGED_SIGN in text else []
    others += [(match.end(1), match) for match in _ERLANG.finditer(text)] if "{" in text else []
    for at, match in others:
        kind = kind_of_key(text[max(0, at - _LONGEST_KEY) : at])
        if kind is not None and (kind == "secret") == is_secret:
            yield from _values(match, kind, text)


def _looks_random(text: str) -> bool:
    """Whether a long word is base64 rather than a path or a name."""
    slashes = text.count("/")
    return (
        any(map(str.isdigit, text))
        and any(map(str.isupper, text))
        and any(map(str.islower, text))
        and len(text) >= _FEWEST_BETWEEN_SLASHES * slashes
    )


@lru_cache(1 << 14)
def _is_random(value: str) -> bool:
    """Whether the value of any key looks like a password or a token that was generated.

    Such a value mixes capital letters, small letters and digits nearly letter by letter.
    """
    units = _UNIT.findall(value)
    if not units or sum(map(len, units)) > _LONGEST_UNIT * len(units) or _VERSION.search(value):
        return False
    has_upper, has_lower = any(map(str.isupper, value)), any(map(str.islower, value))
    return any(map(str.isdigit, value)) and has_upper and has_lower


def find_random(text: str) -> Iterator[LiteralSpan]:
    """Find values of keys that say nothing that look random. NULs are what was found before."""
    for match in _OTHER_VALUE.finditer(text):
        if _is_random(match[1]):
            yield LiteralSpan(*match.span(1), "secret")


def find_keyed(text: str) -> Iterator[LiteralSpan]:
    """Users, aliases, numbers and hosts that keys name. NULs are what was found before."""
    yield from _named_values(text, is_secret=False)
    # To ask how keys end is far quicker than to let each pattern search.
    ends = _ends(text.lower())
    for kind, pattern in _BY_KEY.items():
        for match in pattern.finditer(text) if any(end.endswith(_ENDS[kind]) for end in ends) else ():
            yield from _values(match, kind, text)


def is_no_value(text: str) -> bool:
    """Whether what stands behind a key names nothing: ``none``, ``unknown``, ``on``."""
    return text.lower() in _NO_VALUE or not text.strip(" *.<>")


def _values(match: re.Match[str], kind: LiteralKind, text: str) -> Iterator[LiteralSpan]:
    for name, value in match.groupdict().items():
        if value is None or is_no_value(value):
            continue
        start, end = match.span(name)
        if kind == "secret":
            if "\0" not in value:
                yield LiteralSpan(start, end, kind)
        elif name == "c" and value in product_words():
            continue  # words of a sentence: "server: check it"
        else:
            yield from _within(text, start, end, kind)


def _within(text: str, start: int, end: int, kind: LiteralKind) -> Iterator[LiteralSpan]:
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
        yield LiteralSpan(start, end, kind)


def find_addressed(text: str) -> Iterator[LiteralSpan]:
    """Aliases and hosts by the signs of an address: ``alice@``, ``@expc01``, ``sip:1001``, ``"Al" <sip:``."""
    words = product_words()
    if "@" in text:
        for match in _LOCAL.finditer(text):
            if match[0] not in words:
                yield LiteralSpan(match.start(), match.end(), "alias")
        for match in _AT.finditer(text):
            name = without_particle(match[0])
            if name.lower() not in _NO_VALUE:
                yield LiteralSpan(match.start(), match.start() + len(name), "name" if "." in name else "host")
    for match in _SCHEMED.finditer(text) if ":" in text and _is_schemed(text) else ():
        host, _, _ = match[1].partition(":")
        if host not in words and host.strip("."):
            yield LiteralSpan(match.start(1), match.start(1) + len(host), "alias")
    marked = [_DISPLAYED, _BARE_DISPLAYED] if "<" in text else []
    for pattern in (*marked, *([_ORGANISATION] if "O=" in text or "OU=" in text else [])):
        for match in pattern.finditer(text):
            if "\0" not in match[1] and match[1].strip():
                yield LiteralSpan(*match.span(1), "alias")


def _is_schemed(text: str) -> bool:
    lower = text.lower()
    return any(scheme in lower for scheme in _SCHEMES)


def find_hosts(text: str) -> Iterator[LiteralSpan]:
    """Hosts by their place: behind the time of a record, behind an address in a list of peers."""
    for sign, pattern in (("-", _HEADER_HOST), ("(", _LISTED_HOST)):
        for match in pattern.finditer(text) if sign in text else ():
            if match[1].lower() not in _NO_VALUE and is_name(match[1]):
                yield LiteralSpan(*match.span(1), "name" if "." in match[1] else "host")
