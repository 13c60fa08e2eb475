"""Chooses Korean particles, whose form depends on the last sound of the word before them.

A text has both forms, ``{peers}이(가)``; `choose_particle` chooses one when the word is known.
"""

import re

# A translator cannot choose the form: it depends on a name in the log.
_FORMS = {
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "은(는)": ("은", "는"),
    "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
"""Both forms as texts write them: the form after a consonant, the form after a vowel."""

BOTH_FORMS = "|".join(map(re.escape, _FORMS))
"""A regular expression for a particle with both forms."""

# Hangul syllables are ordered by initial, vowel and final: the offset modulo 28 is the final (8 is ㄹ).
_FIRST, _LAST, _FINALS, _L = 0xAC00, 0xD7A3, 28, 8
_CONSONANTS = "013678lmnrLMNR"
"""Digits and letters whose Korean names end in a consonant, because names of hosts end in them."""

_LIKE_L = "178lrLR"
"""Those whose Korean names end in an l, after which the particle is ``로``."""


def choose_particle(word: str, both: str) -> str:
    """Return the form of a particle, which is given with both forms, after a word."""
    closed, opened = _FORMS[both]
    final, like_l = _ending(word)
    return opened if both == "(으)로" and like_l else closed if final else opened


def _ending(word: str) -> tuple[bool, bool]:
    """Return whether a word ends in a consonant, and whether that is an l."""
    # Names are in quotes or brackets sometimes, which are not pronounced.
    last = next((one for one in reversed(word) if one.isalnum()), "")
    if last and _FIRST <= ord(last) <= _LAST:
        final = (ord(last) - _FIRST) % _FINALS
        return final != 0, final == _L
    return last != "" and last in _CONSONANTS, last != "" and last in _LIKE_L
