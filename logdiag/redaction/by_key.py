"""Find literals by the key, the header of SIP or HTTP, or the sign of an address before them."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

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
"""Whole names of keys; `key_names` knows words that are parts of names."""

_KEY_ENDS = (
    *("serial", "number", "sn", "tag", "id", "branch", "alias", "aor", "contact", "uri", "identity"),
    *("candidates", "e164", "name", "phone", "mobile", "mail", "host", "server", "cn", "address", "domain"),
)
"""How these keys end: a text with no such word before a sign contains none of them."""
_MAX_KEY_LENGTH, _MAX_TAG_LENGTH = 64, 256
_SIGN = re.compile("[=:>]")

_NO_VALUE = {
    *("", "-", "none", "null", "n/a", "unknown", "on", "off", "true", "false", "yes", "no", "<concealed>"),
    *("enabled", "disabled"),
    *("localhost", "localhost.localdomain"),
}
_SCHEMES = ("sip:", "sips:", "h323:", "tel:", "callto:", "xmpp:", "im:", "pres:", "mailto:")
_SCHEME = rf"(?:{'|'.join(_SCHEMES)})"
_SCHEME_FIRST = re.compile(_SCHEME, re.IGNORECASE)
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
"""A text that one of the patterns matches contains one of these in lower case, or 32 digits."""
# At least 16 bytes as hexadecimal pairs with colons: a fingerprint or a key.
_BYTES = re.compile(r"(?::[0-9A-Fa-f]{2}){15}")
# 32 characters of base64 are 24 bytes: shorter words are seldom keys.
_LONG_WORD = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{32}")
_BASE64 = re.compile(r"(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{32,}+={0,2}")
_MIN_BETWEEN_SLASHES = 20
_OTHER_VALUE = re.compile(
    r"[=:>]\s?[\"']?(?=[^\s\"'<>=:,;@\0]{0,63}[0-9])([^\s\"'<>=:,;@\0]{12,64}={0,2})(?=[\"'<\s,;]|$)"
)
# Words of base64 change between letters, cases and digits after about two characters; names do so later.
_UNIT = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_MAX_MEAN_UNIT = 2.2
"""Mean length of the units of a random value. Names have 3 and more: ``SipProxyLeg2``."""
_VERSION = re.compile(r"[0-9]\.[0-9]")

_WORD = r"(?P<c>[^\s,;&\"'<>()\[\]{}]++)"
_QUOTED_OR_WORD = rf"(?:\"(?P<a>[^\"]*+)|'(?P<b>[^']*+)|{_WORD})"
_VALUE = re.compile(rf"\s{{0,2}}(?![=:>]){_QUOTED_OR_WORD}")
# A quote or a comma ends a secret only if what follows cannot belong to it. It may have an ampersand.
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
# A tuple of Erlang, `{password,<<"…">>}`, is a key and a value without an equals sign.
_ERLANG = re.compile(r"\{ ?'?([A-Za-z_]\w{0,63})'?, ?(?:<<)?\"(?P<a>[^\"]*+)")
_CHANGED_SIGN = " - changed from: "
_CHANGED = re.compile(r"(?i) - changed from: '?(?P<a>[^\r\n\"]{0,256}?)'? to: '?(?P<b>[^\r\n\"']{0,256})")


_BY_KEY = {
    kind: re.compile(rf"(?i)(?<![\w-])(?:{keys})\"?\s{{0,2}}[=:>]\s{{0,2}}{_QUOTED_OR_WORD}")
    for kind, keys in _KEYS.items()
}

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


def may_contain(text: str) -> tuple[bool, bool]:
    """Return whether a text may contain secrets, and keys of other kinds; most texts contain neither."""
    lower = text.lower()
    has_secrets = _CHANGED_SIGN in lower or ("{" in text and _ERLANG.search(text) is not None)
    has_keys = has_secrets
    if "=" in lower or ":" in lower or ">" in lower:
        ends = [part[-_MAX_KEY_LENGTH:].rstrip().removesuffix('"') for part in _SIGN.split(lower)[:-1]]
        has_secrets = has_secrets or any(map(STEMS.search, ends))
        has_keys = has_secrets or any(end.endswith(_KEY_ENDS) for end in ends)
    if len(text) >= 32 and (_LONG_WORD.search(text) or _BYTES.search(text)):
        has_secrets = True
    return has_secrets or any(sign in lower for sign in _SIGNS), has_keys


def find_secrets(text: str) -> Iterator[LiteralSpan]:
    """Find what is a secret by its form or its key. A secret is hidden as a whole, whatever it contains."""
    claimed = bytearray(len(text))
    for span in chain(_secrets_by_form(text), _named_values(text, is_secret=True)):
        if span.start < span.end and claimed.find(1, span.start, span.end) < 0:
            claimed[span.start : span.end] = b"\1" * (span.end - span.start)
            yield span


def _secrets_by_form(text: str) -> Iterator[LiteralSpan]:
    for pattern in _SECRETS:
        for match in pattern.finditer(text):
            yield LiteralSpan(*match.span("part" if pattern.groups else 0), "secret")
    for match in _BASE64.finditer(text):
        if _looks_encoded(match[0]):
            yield LiteralSpan(*match.span(), "secret")


def _named_values(text: str, *, is_secret: bool) -> Iterator[LiteralSpan]:
    """Find the values of keys whose names contain a word that says their kind: secrets, or all others."""
    start = 0
    for sign in _SIGN.finditer(text):
        at = sign.start()
        if at < start:
            continue  # in a value: to read on from each sign would take quadratic time
        is_first = start == 0
        before, start = text[max(start, at - _MAX_KEY_LENGTH) : at], sign.end() + text.startswith("=>", at)
        is_element = sign[0] == ">"
        if is_element:
            tag = _TAG.search(text, max(0, at - _MAX_TAG_LENGTH), at)
            before = tag[1] if tag is not None else ""
        kind = kind_of_key(before.rstrip().removesuffix('"').removesuffix("'"))
        if kind is None or (kind == "secret") != is_secret:
            continue
        value = (_ELEMENT if is_element else _SECRET if is_secret else _VALUE).match(text, start)
        if is_secret and is_first and _SETTING.fullmatch(text, 0, at):
            value = _TO_LINE_END.match(text, start) or value
        if value is not None:
            start = value.end()
            yield from _values(value, kind)
    others = [(match.start(), match) for match in _CHANGED.finditer(text)] if _CHANGED_SIGN in text else []
    others += [(match.end(1), match) for match in _ERLANG.finditer(text)] if "{" in text else []
    for at, match in others:
        kind = kind_of_key(text[max(0, at - _MAX_KEY_LENGTH) : at])
        if kind is not None and (kind == "secret") == is_secret:
            yield from _values(match, kind)


def _is_mixed(text: str) -> bool:
    return any(map(str.isdigit, text)) and any(map(str.isupper, text)) and any(map(str.islower, text))


def _looks_encoded(text: str) -> bool:
    """Return whether a long word is base64 rather than a path or a name."""
    return _is_mixed(text) and len(text) >= _MIN_BETWEEN_SLASHES * text.count("/")


@lru_cache(1 << 14)
def _looks_random(value: str) -> bool:
    """Whether a value mixes capital letters, small letters and digits nearly one by one, as passwords do."""
    units = _UNIT.findall(value)
    if not units or sum(map(len, units)) > _MAX_MEAN_UNIT * len(units) or _VERSION.search(value):
        return False
    return _is_mixed(value)


def find_random(text: str) -> Iterator[LiteralSpan]:
    """Find values of any key that look random."""
    for match in _OTHER_VALUE.finditer(text):
        if _looks_random(match[1]):
            yield LiteralSpan(*match.span(1), "secret")


def find_keyed(text: str) -> Iterator[LiteralSpan]:
    """Find users, aliases, numbers and hosts by their keys. NULs were found before."""
    yield from _named_values(text, is_secret=False)
    for kind, pattern in _BY_KEY.items():
        for match in pattern.finditer(text):
            yield from _values(match, kind)


def is_no_value(text: str) -> bool:
    """Return whether the value of a key names nothing: ``none``, ``unknown``, ``on``."""
    return text.lower() in _NO_VALUE or not text.strip(" *.<>")


def _values(match: re.Match[str], kind: LiteralKind) -> Iterator[LiteralSpan]:
    """Find the part of each value that is of its kind: of ``sip:alice@example.com`` it is ``alice``."""
    for group, value in match.groupdict().items():
        if value is None or is_no_value(value):
            continue
        start = match.start(group)
        if kind != "secret":
            if group == "c" and value in product_words():
                continue  # words of a sentence: "server: check it"
            if scheme := _SCHEME_FIRST.match(value):
                start, value = start + scheme.end(), value[scheme.end() :]
            value = value.partition("@")[0]
        if "\0" in value or not value.strip():
            continue
        if kind != "host" or (is_name(value) and "." not in value):
            yield LiteralSpan(start, start + len(value), kind)


def find_addressed(text: str) -> Iterator[LiteralSpan]:
    """Find aliases and hosts by signs: ``alice@``, ``@expc01``, ``sip:1001``, ``"Al" <sip:``."""
    words = product_words()
    if "@" in text:
        for match in _LOCAL.finditer(text):
            if match[0] not in words:
                yield LiteralSpan(*match.span(), "alias")
        for match in _AT.finditer(text):
            name = without_particle(match[0])
            if name.lower() not in _NO_VALUE:
                kind: LiteralKind = "name" if "." in name else "host"
                yield LiteralSpan(match.start(), match.start() + len(name), kind)
    lower = text.lower() if ":" in text else ""
    for match in _SCHEMED.finditer(text) if any(scheme in lower for scheme in _SCHEMES) else ():
        host, _, _ = match[1].partition(":")
        if host not in words and host.strip("."):
            yield LiteralSpan(match.start(1), match.start(1) + len(host), "alias")
    patterns = [_DISPLAYED, _BARE_DISPLAYED] if "<" in text else []
    for pattern in (*patterns, *([_ORGANISATION] if "O=" in text or "OU=" in text else [])):
        for match in pattern.finditer(text):
            if "\0" not in match[1] and match[1].strip():
                yield LiteralSpan(*match.span(1), "alias")


def find_hosts(text: str) -> Iterator[LiteralSpan]:
    """Find hosts after the time of a record, and after an address in a list of peers."""
    for sign, pattern in (("-", _HEADER_HOST), ("(", _LISTED_HOST)):
        for match in pattern.finditer(text) if sign in text else ():
            if match[1].lower() not in _NO_VALUE and is_name(match[1]):
                yield LiteralSpan(*match.span(1), "name" if "." in match[1] else "host")
