"""The titles and whys of the rules are right for one host and for several, and the titles are short."""

import re
from collections import defaultdict

import pytest

from logdiag.i18n.sentences import listed
from logdiag.rules.library import load
from logdiag.rules.placeholders import MAX_TITLE, fill, fill_title
from logdiag.rules.translation import collect_texts

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
        for text in collect_texts(load())
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


MANY = tuple(f"expressway-core-{number}.example.com" for number in range(1, 7))


@pytest.mark.parametrize(("place", "text"), [(place, text) for place, key, text in shown() if key == "title"])
def test_no_title_is_too_long_whatever_is_filled_in(place: str, text: str) -> None:
    found = "; ".join(f"value {number} of a setting on {name}" for number, name in enumerate(MANY))
    hosts = {"hosts": listed(MANY), "peers": listed(MANY[:4]), "found": found}
    values = dict.fromkeys(re.findall(r"\{(\w+)\}", text), "a value") | TYPICAL | hosts
    title = fill_title(text, values, MANY, MANY[:4])
    assert len(title) <= MAX_TITLE, f"{place}: {title}"


@pytest.mark.parametrize(
    ("text", "found", "title"),
    [
        ("Two: {found}", "a on expa01; b on expa02", "Two: a on expa01; b on expa02"),
        (
            "Peers run on different hardware: {found}",
            "VMware, medium on expa01 and expa02; VMware, small on expa03",
            "Peers run on different hardware: VMware, medium on 2 peers; VMware, small on expa03",
        ),
        (
            "A title that leaves little room, about this many words in it, {hosts}: {found}",
            "a on expa01; b on expa02; c on expa03",
            "A title that leaves little room, about this many words in it, expa01: a; b; c",
        ),
        (
            "A title that leaves little room, with even more words of its own in it, {hosts}: {found}",
            "10.0.0.1 on expa01; 10.0.0.2 on expa02",
            "A title that leaves little room, with even more words of its own in it, expa01",
        ),
        ("word " * 30, "", f"{'word ' * 17}word…"),
    ],
)
def test_a_title_loses_names_of_peers_before_values(text: str, found: str, title: str) -> None:
    texts = {"hosts": "expa01", "peers": "expa02", "found": found}
    assert fill_title(text, texts, ("expa01",), ("expa02",)) == title


def test_many_hosts_are_a_few_names_and_a_number() -> None:
    texts = {"hosts": listed(MANY), "peers": ""}
    title = fill_title("The clock of {hosts} is not synchronised", texts, MANY, ())
    assert title == ("The clock of expressway-core-1.example.com and 5 more is not synchronised")
