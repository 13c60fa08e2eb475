"""Explains the alarms that a report names, from the alarm catalogue."""

import re
from dataclasses import dataclass
from typing import get_args

from logdiag.conditions.alarm_catalogue import load
from logdiag.i18n import gettext
from logdiag.model import AlarmState, Diagnosis, Finding

_NUMBER = re.compile(r"\b\d{5}\b")
OTHER_ALARM = "alarm/raised"
"""The rule for alarms that no other rule knows: they do not concern the cluster."""


@dataclass(frozen=True)
class GlossaryEntry:
    """An alarm that the report names: its meaning, the peers by its state, and findings on it alone."""

    title: str
    meaning: str
    peers: dict[AlarmState, list[str]]
    others: tuple[Finding, ...]


def make_glossary(diagnosis: Diagnosis) -> dict[str, GlossaryEntry]:
    """Return the alarms that peers have or that titles name, if the alarm catalogue has them, by id."""
    peers = diagnosis.cluster.peers
    titles = [one.title for one in diagnosis.findings] + [one.title for one in diagnosis.incidents]
    ids = {id_ for peer in peers for id_ in peer.alarms} | set(_NUMBER.findall(" ".join(titles)))
    states = get_args(AlarmState)
    others = [one for one in diagnosis.findings if one.rule == OTHER_ALARM]
    return {
        id_: GlossaryEntry(
            alarm.full_title(),
            gettext(alarm.meaning),
            {
                state: names
                for state in states
                if (names := [one.name for one in peers if one.alarms.get(id_) == state])
            },
            tuple(one for one in others if one.values.get("id") == id_),
        )
        for id_, alarm in load().items()
        if id_ in ids
    }
