"""The titles and whys of the rules are right for one host and for several, and the titles are short."""

import re
from collections import defaultdict

import pytest

from logdiag.rules.library import load
from logdiag.rules.placeholders import fill
from logdiag.rules.translation import texts

MAX_TITLE = 90
"""Characters: a longer title does not fit on one line of the report or of a ticket."""

TYPICAL = {
    "address": "10.0.0.9",
    "alarm": "20011",
    "by": "expa01",
    "called": "Cluster peer 2",
    "change": "Change of the configuration primary",
    "command": "xCommand DefaultValuesSet Level: 3",
    "count": "3",
    "event": "Restart requested",
    "failure": "Post install script 52-set_keys failed",
    "first": "2024-05-06 09:00:00.100 UTC",
    "found": "expa01: 2; expa02: 1",
    "from": "X14.0.6",
    "id": "15005",
    "interface": "the web interface",
    "last": "2024-05-06 09:05:00.100 UTC",
    "meaning": "A database cannot be loaded.",
    "module": "tvcs",
    "name": "Cluster database failure",
    "node": "expa02",
    "peer": "expa02",
    "primary": "expa01",
    "reason": "it has expired",
    "role": "subordinate",
    "runs": "X14.0.6",
    "span": "1 week",
    "status": "Failed",
    "to": "X14.2.2",
    "took": "4 m 12 s",
    "user": "admin",
}

SINGULAR = re.compile(
    # After a preposition, the names are not the subject: "the database of expa01 and expa02 is …".
    r"(?<!\bof )(?<!\bon )(?<!\bto )(?<!\bfrom )(?<!\bwith )(?<!\bbetween )"
    r"\b(?:expa01 and expa02|expa03 and expa04) (?:is|was|has|does|\w+[^\W\dsu]s)\b"
)
"""Two hosts or two peers as the subject of a verb in the singular."""


def shown() -> list[tuple[str, str, str]]:
    """The place, the key and the English of each title and why."""
    return [
        (f"{text.file} {'.'.join(map(str, text.path))}", str(text.path[-1]), text.english)
        for text in texts(load())
        if text.path[-1] in ("title", "why") and not text.file.startswith("procedures/")
    ]


def filled(text: str, hosts: str, peers: str) -> str:
    """A text with hosts, peers and typical values."""
    values = defaultdict(lambda: "a value", TYPICAL | {"hosts": hosts, "peers": peers})
    return fill(text, values)


@pytest.mark.parametrize(("place", "text"), [(place, text) for place, _, text in shown()])
def test_a_text_is_right_for_two_hosts(place: str, text: str) -> None:
    two = filled(text, "expa01 and expa02", "expa03 and expa04")
    assert SINGULAR.findall(two) == [], f"{place}: {two}"


@pytest.mark.parametrize(("place", "text"), [(place, text) for place, key, text in shown() if key == "title"])
def test_a_title_is_short(place: str, text: str) -> None:
    one = filled(text, "expa01", "expa02")
    assert len(one) <= MAX_TITLE, f"{place}: {one}"


@pytest.mark.parametrize(
    ("text", "singular"),
    [
        ("expa01 and expa02 has no DNS server", True),
        ("In the cluster expa03 and expa04 reports an alarm", True),
        ("expa01 and expa02 cannot reach expa03 and expa04 in the cluster", False),
        ("expa01 and expa02 lost the connection", False),
        ("The database of expa01 and expa02 is frozen", False),
    ],
)
def test_a_verb_in_the_singular_is_found(text: str, singular: bool) -> None:
    assert bool(SINGULAR.search(text)) == singular
