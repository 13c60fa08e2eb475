"""What is known of each Expressway alarm: ``rules/alarms.csv``, one row an alarm.

Ids, titles and severities are those of the administrator guide X15.0; where other guides word an alarm
differently, its ``text`` has their wordings as well. The guide also lists families of alarms (such as
60300 to 60353, the Call Connector) that are not itemised here: their own Detail says what is wrong.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from logdiag.language import gettext, language
from logdiag.resources import folder


@dataclass(frozen=True)
class Alarm:
    """One alarm; a field is a column of the file, in its order, and none is empty.

    ``text`` is what follows the title in a Detail, as the product words it, several wordings separated
    by `` | ``; ``<n>`` and the like stand for values. In round brackets it is a description, because the
    wording is not known. ``severity`` is Cisco's word; where the guide leaves it blank it is ``Warning``
    and the row ``inferred``. ``meaning`` and ``remedy`` are our own sentences, in English and Korean;
    the titles are the product's, with our Korean.
    ``versions`` are those whose documents have the alarm, not the only ones that raise it.
    ``confidence`` is ``confirmed``, ``inferred`` or ``assumed``: how well id, title, text and severity
    are known to belong together.
    """

    id: str
    title: str
    text: str
    severity: str
    meaning: str
    remedy: str
    title_ko: str
    meaning_ko: str
    remedy_ko: str
    versions: str
    confidence: str
    source: str

    def called(self) -> str:
        """The title in the language at hand, with the product's own, by which it is looked up."""
        own = self.title_ko if language() == "ko" else gettext(self.title)
        return self.title if own == self.title else f"{own} ({self.title})"

    def told(self) -> str:
        """The meaning in the language at hand."""
        return self.meaning_ko if language() == "ko" else gettext(self.meaning)

    def advice(self) -> str:
        """The remedy in the language at hand."""
        return self.remedy_ko if language() == "ko" else gettext(self.remedy)


@cache
def load() -> Mapping[str, Alarm]:
    """The catalogue, read once: id to alarm, in the order of the ids.

    Raises:
        FileNotFoundError: the installation is incomplete.

    """
    with (folder("rules") / "alarms.csv").open(encoding="utf-8", newline="") as file:
        alarms = [Alarm(**row) for row in csv.DictReader(file, strict=True)]
    return MappingProxyType({alarm.id: alarm for alarm in alarms})


def find(words: str) -> list[Alarm]:
    """The alarm with this id, or else all that hold every one of the words.

    They are looked for in id, text, titles and meanings, of both languages. Case does not count, a part
    of a word is enough, and no words at all find every alarm.
    """
    alarms = load()
    if words.strip() in alarms:
        return [alarms[words.strip()]]
    wanted = words.casefold().split()
    found = []
    for alarm in alarms.values():
        told = (alarm.id, alarm.title, alarm.text, alarm.meaning, alarm.title_ko, alarm.meaning_ko)
        searched = "\n".join(told).casefold()
        if all(word in searched for word in wanted):
            found.append(alarm)
    return found


def alarm_title(detail: str) -> str:
    """The title of an alarm from its Detail: what stands before the first colon, or all of it."""
    return detail.partition(":")[0].strip()
