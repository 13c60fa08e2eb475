"""Find literals by the text around them: in lines of ssh and sudo, in names of LDAP, paths and URLs."""

import re
from collections.abc import Iterator

from logdiag.redaction.literal_span import LiteralKind, LiteralSpan
from logdiag.redaction.names import NAME_SIGNS, is_common_end
from logdiag.redaction.vocabulary import product_words

_NAMED = (
    r"from|to|contact|[ftm]|reply-to|referred-by|diversion|remote-party-id|p-(?:asserted|preferred)-identity"
)
_HEAD = r"(?im)^[ |]{0,4}"
_DOMAIN, _USER = r"[A-Z][A-Z0-9-]{1,14}", r"(?![bfnrt])[A-Za-z][\w.-]{1,63}"
# A backslash with one of the letters bfnrt is an escape, not a user of a Windows domain.
_NO_PATH = r"(?<![\w\\:/-])"
_PATTERNS: list[tuple[LiteralKind, str, str]] = [
    (
        "alias",
        "<sip",
        rf"(?i)(?<![\w-])(?:{_NAMED})\s{{0,2}}: {{0,4}}"
        r"(?P<part>[^\s\"<:\0][^\"<\n:\0]{0,63}?)\s{0,2}<sips?:",
    ),
    ("alias", "organization", _HEAD + r"organization: {0,4}(?P<part>[^\s\0][^\r\n\0]{0,127})"),
    ("alias", "subject", _HEAD + r"subject: {0,4}(?P<part>[^\s\0=][^\r\n\0=]{0,127})$"),
    ("id", "i:", _HEAD + r"i: {0,4}(?P<part>[^\s\0@]{1,255})"),
    ("id", "urn:uuid:", r"(?i)urn:uuid:(?P<part>[0-9a-f-]{8,64})"),
    ("alias", "+", r"(?<![0-9A-Za-z+])(?P<part>\+[1-9][0-9](?:[ ./()-]{0,2}[0-9]){5,13})(?![0-9A-Za-z])"),
    (
        "user",
        " for ",
        r"(?:Accepted|Failed) [\w/-]{1,32} for (?:invalid user )?(?P<part>[^\s\0]{1,64}) from ",
    ),
    ("user", " for user ", r"session (?:opened|closed) for user (?P<part>[^\s(\0]{1,64})"),
    ("user", "sudo:", r"sudo: {1,16}(?P<part>[^\s:\0]{1,64}) : "),
    ("user", " logged ", r"(?i)\buser '?(?P<part>[^\s'\0]{1,64})'? logged (?:in|out)"),
    ("user", "/home/", r"/home/(?P<part>[^/\s\"'<>\0]{1,64})"),
    ("user", "users\\", r"(?i)[a-z]:\\{1,2}users\\{1,2}(?P<part>[^\\/\s\"'<>\0]{1,64})"),
    ("user", "uid=", r"(?i)(?<![\w-])uid=(?P<part>[^\W\d\0][^\s,\"'\0]{0,63})"),
    ("alias", "cn=", r"(?<![\w-])(?:CN|cn)=(?P<part>[^\s,/\"+;\0]{1,64} [^,/\n\"+;\0]{1,128})"),
    ("alias", "ou=", r"(?<![\w-])(?:OU|ou)=(?P<part>[^,/\n\"+;\0]{1,128})"),
    ("domain", "dc=", r"(?i)(?<![\w-])dc=(?P<part>[0-9a-z-]{4,63}|[^\W0-9a-z][\w-]{1,62})(?![\w-])"),
    ("domain", "\\", rf"{_NO_PATH}(?P<part>{_DOMAIN})\\{{1,2}}{_USER}(?![\w\\])"),
    ("user", "\\", rf"{_NO_PATH}{_DOMAIN}\\{{1,2}}(?P<part>{_USER})(?![\w\\])"),
    ("host", "://", rf"://(?P<part>[{NAME_SIGNS}]{{1,63}})(?=[:/?\s\"'<>]|$)"),
]
_PLACES = [(kind, sign, re.compile(pattern)) for kind, sign, pattern in _PATTERNS]
"""The kind of the group ``part``, and a sign that each match contains in lower case."""


def find_placed(text: str) -> Iterator[LiteralSpan]:
    """Find users, names and hosts by the text around them. NULs were found before."""
    lower, words = text.lower(), product_words()
    for kind, sign, pattern in _PLACES:
        for match in pattern.finditer(text) if sign in lower else ():
            part = match["part"].strip()
            if not part or part.isdigit() or part in words or is_common_end(part) or part == "localhost":
                continue
            start = match.start("part") + match["part"].index(part)
            yield LiteralSpan(start, start + len(part), kind)
