"""The catalogue of Expressway alarms: ``rules/alarms.csv``, one row for each alarm.

Ids, titles and severities are those of the administrator guide X15.0; where other guides word an alarm
differently, its ``text`` has their wordings as well. The guide also lists families of alarms (such as
60300 to 60353, the Call Connector) that are not itemised here: their own Detail says what is wrong.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from logdiag.files.resources import folder
from logdiag.i18n import gettext, in_every_language


@dataclass(frozen=True)
class Alarm:
    """One alarm; a field is a column of the file, in its order, and none is empty.

    ``text`` is what follows the title in a Detail, as the product words it, several wordings separated
    by `` | ``; ``<n>`` and similar signs are placeholders of values. In round brackets it is a description,
    because the wording is not known. ``severity`` is Cisco's word; where the guide leaves it blank it is
    ``Warning`` and the row ``inferred``. ``meaning`` and ``remedy`` are our own sentences, the titles are the
    product's; the message catalogues have them in other languages. ``versions`` are those whose documents
    have the alarm, not the only ones that raise it. ``confidence`` is ``confirmed``, ``inferred`` or
    ``assumed``: how well id, title, text and severity are known to belong together.
    """

    id: str
    title: str
    text: str
    severity: str
    meaning: str
    remedy: str
    versions: str
    confidence: str
    source: str

    def full_title(self) -> str:
        """Return the title in the current language, followed by the product's title for searches."""
        own = gettext(self.title)
        return self.title if own == self.title else f"{own} ({self.title})"


@dataclass(frozen=True)
class AlarmNote:
    """What is known about an alarm in some versions: one row of ``rules/alarm-notes.csv``.

    ``versions`` is a range as in a rule's ``applies_to``, and ``reference`` is a reference as in a rule.
    """

    id: str
    versions: str
    note: str
    reference: str


def read_rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of ``rules/``, each by its columns."""
    with (folder("rules") / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


@cache
def notes() -> Mapping[str, tuple[AlarmNote, ...]]:
    """Return the notes on each alarm that has some, in the order of the file."""
    rows = [AlarmNote(**row) for row in read_rows("alarm-notes")]
    return MappingProxyType({row.id: tuple(one for one in rows if one.id == row.id) for row in rows})


@cache
def load() -> Mapping[str, Alarm]:
    """Return the catalogue, which is read once: id to alarm, in the order of the ids.

    Raises:
        FileNotFoundError: the installation is incomplete.

    """
    return MappingProxyType({row["id"]: Alarm(**row) for row in read_rows("alarms")})


def find(words: str) -> list[Alarm]:
    """Return the alarm with an id, or else all alarms that contain every one of some words.

    They are looked for in id, text, titles and meanings, of all languages. Case does not count, a part
    of a word is enough, and no words at all find every alarm.
    """
    alarms = load()
    if words.strip() in alarms:
        return [alarms[words.strip()]]
    wanted = words.casefold().split()
    found = []
    for alarm in alarms.values():
        told = (alarm.id, alarm.text, *in_every_language(alarm.title), *in_every_language(alarm.meaning))
        searched = "\n".join(told).casefold()
        if all(word in searched for word in wanted):
            found.append(alarm)
    return found


def identify(detail: str, id_: str | None = None) -> str | None:
    """Return the id of the alarm that a Detail is about; None if neither words nor id identify it.

    The words decide: an id whose alarm has other words is not believed, because the same number was seen
    with a text that asks for something else. A title, which several alarms may share, decides only if the
    record has no id, or one that the catalogue lacks.
    """
    id_ = id_ and id_.strip()
    said = _plain(detail[:_MOST_READ])
    title, colon, text = said.partition(":")
    parts = [said, text.strip()] if text else [said]
    found = [one for one in _wordings() if any(one.words.match(part) for part in parts)]
    if any(one.alarm == id_ for one in found):
        return id_
    if found:
        return max(found, key=lambda one: one.length).alarm or None
    named = _titles().get(title.strip() if colon else said)
    return id_ if id_ in load() else named or id_ or None


_MOST_READ = 1000
"""Characters of a Detail that are compared with wordings; the longest wording has about 130."""

_PLACEHOLDER = re.compile(r"<[^<>]*>")
_SAME_WORDS = (
    ("master", "primary"),
    ("slave", "subordinate"),
    ("synchronis", "synchroniz"),
    ("communications failure", "communication failure"),
    ("\N{RIGHT SINGLE QUOTATION MARK}", "'"),
)
"""Words that differ between versions and documents, in the order of replacement."""


@dataclass(frozen=True)
class _Wording:
    """The beginning of a Detail, or of its text after the title; ``alarm`` is empty without a known id."""

    words: re.Pattern[str]
    length: int
    alarm: str


def _plain(text: str) -> str:
    plain = " ".join(text.casefold().split())
    for word, same in _SAME_WORDS:
        plain = plain.replace(word, same)
    return plain.strip(" .")


@cache
def _wordings() -> tuple[_Wording, ...]:
    """Return all known wordings of alarms: those of the catalogue, and those of other documents."""
    known = [
        (text, alarm.id)
        for alarm in load().values()
        if not alarm.text.startswith("(")
        for text in alarm.text.split(" | ")
    ]
    titles = {_plain(alarm.title) for alarm in load().values()}
    known += [(text, id_) for text, id_ in _of_documents() if _plain(text) not in titles]
    found = []
    for text, id_ in known:
        parts = [re.escape(_plain(part)) for part in _PLACEHOLDER.split(text)]
        found.append(_Wording(re.compile(" ?.{1,100}? ?".join(parts)), len("".join(parts)), id_))
    return tuple(found)


@cache
def _titles() -> dict[str, str]:
    """Return the titles that identify an alarm: only one alarm has them, or a document uses them for one."""
    ids: dict[str, list[str]] = {}
    for alarm in load().values():
        ids.setdefault(_plain(alarm.title), []).append(alarm.id)
    alone = {title: only[0] for title, only in ids.items() if len(only) == 1}
    return alone | {_plain(text): id_ for text, id_ in _of_documents() if _plain(text) in ids}


def _of_documents() -> list[tuple[str, str]]:
    return [(row["wording"], row["id"]) for row in read_rows("alarm-wordings")]


def alarm_title(detail: str) -> str:
    """Return the title of an alarm from its Detail: the text before the first colon, or all of it."""
    return detail.partition(":")[0].strip()
