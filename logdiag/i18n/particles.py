"""Korean particles that depend on how the word before them ends.

A text writes both forms, ``{peers}이(가)``; once the word is known, one of them is right.
"""

_FORMS = {
    "이(가)": ("이", "가"),
    "을(를)": ("을", "를"),
    "은(는)": ("은", "는"),
    "와(과)": ("과", "와"),
    "(으)로": ("으로", "로"),
}
"""Both forms, and which is said behind a consonant, which behind a vowel."""

_FIRST, _LAST, _FINALS, _L = 0xAC00, 0xD7A3, 28, 8
_CONSONANTS = "013678lmnrLMNR"
"""Digits and letters whose Korean names end in a consonant: names of hosts end in them."""

_LIKE_L = "178lrLR"
"""Of those the ones that end in an l, behind which it is ``로``."""


def with_particle(word: str, behind: str) -> tuple[str, str]:
    """The particle that belongs behind a word, and what is left of the text that began with both forms."""
    for both, (closed, opened) in _FORMS.items():
        if behind.startswith(both):
            final, like_l = _ending(word)
            particle = opened if both == "(으)로" and like_l else closed if final else opened
            return particle, behind[len(both) :]
    return "", behind


def _ending(word: str) -> tuple[bool, bool]:
    """Whether a word ends in a consonant, and whether in an l."""
    last = next((one for one in reversed(word) if one.isalnum()), "")
    if last and _FIRST <= ord(last) <= _LAST:
        final = (ord(last) - _FIRST) % _FINALS
        return final != 0, final == _L
    return last != "" and last in _CONSONANTS, last != "" and last in _LIKE_L
