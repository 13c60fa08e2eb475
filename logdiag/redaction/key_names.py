"""The kind of a value by the words in the name of its key: ``BindPassword``, ``Account 1 Name``."""

import re
from functools import lru_cache
from itertools import pairwise

from logdiag.redaction.literal_span import LiteralKind

_WORDS: dict[LiteralKind, str] = {
    "secret": """
    password passwords passwd passphrase passphrases passcode pwd secret secrets key psk token otp pin pincode
    credential credentials cookie cookies bearer nonce cnonce opaque community preshared 비밀번호 암호
    """,
    "user": "user username userid login logon owner account dn 사용자 계정",
    "alias": "realm",
    "domain": "workgroup",
}
"""A key is of a kind if one of these words is a part of its name. Earlier kinds win: ``UserPassword``."""

_PHRASES: dict[LiteralKind, str] = {
    "secret": """
    access-code activation-code auth-code authorization-code host-code pairing-code pass-code pass-phrase
    pass-word security-code verification-code
    """,
    "user": "authentication-name auth-name",
}
"""Words that say what a value is only when they follow each other."""

_ENDINGS: dict[LiteralKind, tuple[str, ...]] = {
    "secret": (
        *("password", "passwd", "passphrase", "passcode", "secret", "token", "credential", "credentials"),
        *("apikey", "authkey", "privatekey", "secretkey", "sharedkey", "accesscode"),
    ),
    "user": ("username", "userid", "accountname"),
}
"""How words end that a product writes as one: ``bindpassword``."""

_HARMLESS_ENDS = """
    agent algorithm attempts bits change changed check class count day days delay disabled enable enabled
    encoding encryption exchange expired expires expiry failed failures format frame groups hours interval
    length level lifetime limit lockout max maximum method min minimum minutes mode number parameters policy
    port protocol reason refresh request required result retries role size source state status store strength
    support supported timeout type usage valid validity verification verify version
"""
"""Last words of keys that say how a secret or an account is used, and not what it is: ``PasswordMode``."""

_HARMLESS = frozenset(
    ("key-id", "key-tag", "token-id", "last-login", "foreign-key", "primary-key", "public-key", "sort-key")
)
"""Whole names that only seem to be of a kind. A public key is replaced by its form (a long base64 word)."""

_GENERIC = frozenset(("name", "names", "value", "string", "text", "data"))
"""Last words of settings that get their meaning from the word before: ``Account 1 Name``."""

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
_OUTSIDE = re.compile(r"[^\w .-]")
_MAX_CACHED = 1 << 14

_HARMLESS_WORDS = frozenset(_HARMLESS_ENDS.split())
_BY_WORD: dict[str, LiteralKind] = {word: kind for kind in reversed(_WORDS) for word in _WORDS[kind].split()}
_BY_PHRASE: dict[str, LiteralKind] = {
    phrase: kind for kind, phrases in _PHRASES.items() for phrase in phrases.split()
}
_ORDER: list[LiteralKind] = list(_WORDS)
STEMS = re.compile(
    "pass|pwd|secret|key|psk|token|otp|pin|credential|cookie|bearer|nonce|opaque|community|preshared|code"
    "|user|login|logon|owner|account|dn|auth|realm|workgroup|비밀번호|암호|사용자|계정"
)
"""A text in lower case without one of these contains no key that `kind_of_key` knows."""


@lru_cache(_MAX_CACHED)
def kind_of_key(text: str) -> LiteralKind | None:
    """Return the kind of the values of the key that a text ends with, if its name says one.

    The last word counts, which is all of a key in a log; in the path of a setting the words before
    it count only when it is generic.
    """
    words = [parts for parts in map(_parts, _OUTSIDE.split(text)[-1].split()[-4:]) if parts]
    if not words:
        return None
    last = words[-1]
    if len(words) > 1 and (len(last) == 1 or last[0] in _GENERIC):
        both = "-".join((words[-2][-1], *last))
        if both in _BY_PHRASE or both in _HARMLESS:
            return _BY_PHRASE.get(both)
    if last[-1] in _HARMLESS_WORDS or "-".join(last[-2:]) in _HARMLESS:
        return None
    if last[0] in _GENERIC and len(last) == 1 and len(words) > 1:
        last = words[-2]
    kinds = {_BY_WORD.get(part) or _by_ending(part) for part in last}
    kinds |= {_BY_PHRASE.get("-".join(pair)) for pair in pairwise(last)}
    return next((kind for kind in _ORDER if kind in kinds), None)


def _parts(word: str) -> list[str]:
    """Return the parts of a name in lower case, split at case changes, digits and signs."""
    return [part.lower() for part in _PART.findall(word)]


def _by_ending(part: str) -> LiteralKind | None:
    return next((kind for kind, endings in _ENDINGS.items() if part.endswith(endings)), None)
