"""Decides which words of a text may stay in the shapes of a log: only those of the product's own texts.

A word stays if the shipped rules or the alarm catalogue contain it. Such a word can also be a name: common
first names never stay, nor do words that the log uses as names of users, aliases or hosts. Everything else
is a value, and so is every number.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from typing import Any

from logdiag.conditions.alarm_catalogue import load as load_alarms
from logdiag.redaction.by_key import find_keyed
from logdiag.redaction.names import Domains
from logdiag.rules.library import load as load_rules

VALUE, NUMBER = "<value>", "<number>"
_MAX_TEXT = 2000
"""Characters of a text that are examined."""

_TOKEN = re.compile(r"[\[({<\"']*(?P<core>[A-Za-z][A-Za-z/_-]*)[\])}>\"':;,.!?]*")
_DIGITS = re.compile(r"[\[({<\"']*-?[0-9]+[\])}>\"':;,.!?]*")
_PUNCTUATION = re.compile(r"[-/|:;,.!?()\[\]{}<>=&+*]{1,3}")
_BETWEEN = re.compile(r"[\s:;,@<>()\[\]{}\"'=|\\]+")
_DETAIL = re.compile(r'\bDetail="([^"]*)"')
_KEY = re.compile(r"[A-Za-z][A-Za-z_-]{0,38}[A-Za-z](?:->[A-Za-z]{1,40})?(?:\(\))?")
_MODULE = re.compile(r"[a-z][A-Za-z_]{1,30}(?:\.[A-Za-z][A-Za-z_]{1,40}){0,6}")
_DIGIT_WORDS = re.compile(r"\b(?:h323|b2bua|ipv4|ipv6|sha1|oauth2)\b")
_PROCESS = re.compile(r"[a-z][a-z_-]{1,30}")
_NAMING = re.compile(
    r"(?i)user|login|account|alias|name|aor|uri|contact|identit|candidate|host|realm|domain|peer"
)
_EVENTS = """
accepted admin allowed answer attempted authentication bandwidth call cancelled changed communication
completed configuration connected decode detected disconnected diverted error external failure finish inbound
license limit login loop message negotiation outbound policy raised lowered acknowledged reached received
refresh registration rejected removed request requested rerouted response search sending sent server session
shutdown start system tls upgrade
"""
"""Words of the event log, as the administrator guide names its events."""
_FIRST_NAMES = """
adam alan alice amber andrew angel ann anna art bill bob brad brook carol chase chip chuck clay cliff
dale dan daisy dawn dean don drew earl eve faith frank gene glen grace grant guy hank harry heath hope
iris ivy jack jade jay jean jill jim joe john joy june kay ken king lance lane lee linda luke major mark
mary mason matt max may mike miles nick norm olive pat paul pearl penny pete peter price ray rich rob
robin rose ross ruby russ ruth sam sky star sue summer ted tim tom tony van victor wade ward will young
"""
"""First names that are words as well."""


@cache
def product_words() -> frozenset[str]:
    """Return the words of the shipped rules, of the Detail in their cases, and of the alarms."""
    texts: list[str] = []
    for alarm in load_alarms().values():
        texts += (alarm.title, alarm.text, alarm.meaning, alarm.remedy)
    library = load_rules()
    for name, rule in library.rules.items():
        tree = library.files[name].tree
        texts += (rule.title, rule.why, *_texts(tree.get("match")))
        texts += _DETAIL.findall("\n".join(_texts(tree.get("cases"))))
    for procedure in library.procedures.values():
        texts += (text for step in procedure.steps for text in (step.do, step.why, step.verify, step.avoid))
    texts.append(_EVENTS)
    found = (_TOKEN.fullmatch(token) for text in texts for token in text.split())
    words = {word.lower() for match in found if match is not None for word in match["core"].split("/")}
    return frozenset(words.difference(("", *_FIRST_NAMES.split())))


def _texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from _texts(item)
    else:
        yield str(tree)


@cache
def is_naming(key: str) -> bool:
    """Return whether a key of a record, or a path of a dump, has a name as its value."""
    return _NAMING.search(key) is not None or any(find_keyed(f'{key}="zq9"'))


def words_of(values: Iterable[str]) -> set[str]:
    """Return the words of names that could stay; words of domains never do."""
    known = product_words()
    tokens = (
        token for value in values for token in _BETWEEN.split(value.lower()[:_MAX_TEXT]) if "." not in token
    )
    return {word for token in tokens for word in (token, *re.split("[-_/]", token)) if word in known}


class Masker:
    """Masks the texts of one log. ``names`` are words that the log uses as names."""

    def __init__(self, names: Collection[str]) -> None:
        self._known = product_words().difference(names)
        self._names = frozenset(names)
        self._domains = Domains()

    def template(self, text: str) -> str:
        """Mask everything in a text that is not a word of the product."""
        signs: list[str] = []
        for token in text[:_MAX_TEXT].split():
            sign = self._sign(token)
            if sign in (VALUE, NUMBER) and signs and signs[-1] in (VALUE, NUMBER):
                signs[-1] = NUMBER if sign == signs[-1] == NUMBER else VALUE
            else:
                signs.append(sign)
        return " ".join(signs)

    def _sign(self, token: str) -> str:
        found = _TOKEN.fullmatch(token)
        if found is not None:
            parts = found["core"].lower().split("/")
            return token if all(part in self._known for part in parts) else VALUE
        if _DIGITS.fullmatch(token):
            return NUMBER
        return token if _PUNCTUATION.fullmatch(token) else VALUE

    def key(self, key: str) -> str:
        """Mask a key of a record, unless it is made of letters."""
        return key if _KEY.fullmatch(key) else "<key>"

    def module(self, module: str) -> str:
        """Mask a module, unless it is made of letters and dots, and is not a domain."""
        letters = _DIGIT_WORDS.sub("known", module)
        return module if _MODULE.fullmatch(letters) and not any(self._domains.find(module)) else VALUE

    def process(self, process: str) -> str:
        """Mask a process, unless it is made of letters and is not a name."""
        return process if _PROCESS.fullmatch(process) and process not in self._names else VALUE
