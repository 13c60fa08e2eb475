"""Two diagnoses of one cluster, an older and a newer, and what became of each finding."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from logdiag.compare.baseline import Earlier, is_worse
from logdiag.i18n import N_, gettext, ngettext
from logdiag.model import SEVERITIES, Diagnosis, Finding, Severity, to_plain
from logdiag.report import labels, sentences
from logdiag.report.labels import Words
from logdiag.report.markdown_escape import inline

SCHEMA = "logdiag.diff/1"
MOST = 200
"""Findings of a kind that are shown for reading; JSON holds all."""
LONGEST = 600
"""Characters that are shown of one value."""

Became = Literal["opened", "worse", "closed", "went_on", "gone", "same"]

HEADINGS: Words[Became] = Words(
    {
        "opened": N_("New"),
        "worse": N_("Worse"),
        "closed": N_("Over"),
        "went_on": N_("Not over yet"),
        "gone": N_("Not told any more"),
        "same": N_("As it was"),
    }
)


@dataclass(frozen=True)
class Changed:
    """A finding, and what it was in the older diagnosis; of one that is gone both are the same."""

    finding: Finding
    was: Finding | None


@dataclass(frozen=True)
class Difference:
    """What became of the findings, each kind in the order of the diagnosis it is from."""

    changed: Mapping[Became, tuple[Changed, ...]]
    same_cluster: bool
    """Whether they have a peer in common."""

    def failing(self, level: Severity) -> int:
        """How many are new or worse at ``level`` or above, and not explained by requested work."""
        least = SEVERITIES.index(level)
        found = (one.finding for one in (*self.changed["opened"], *self.changed["worse"]))
        return sum(SEVERITIES.index(one.severity) >= least and not one.requested for one in found)


def compare(older: Diagnosis, newer: Diagnosis) -> Difference:
    """Compare two diagnoses, finding by finding."""
    before = Earlier(older.findings)
    after: set[str] = set()
    changed: dict[Became, list[Changed]] = {became: [] for became in HEADINGS}
    for finding in newer.findings:
        was = before.same_as(finding)
        after.add(finding.id if was is None else was.id)
        changed[_became(finding, was)].append(Changed(finding, was))
    # One that was over and is not told again is no news: logs rotate.
    gone = [one for one in older.findings if one.id not in after and one.state not in ("closed", "seen")]
    changed["gone"] = [Changed(one, one) for one in gone]
    peers = [{peer.name for peer in one.cluster.peers} for one in (older, newer)]
    told: dict[Became, tuple[Changed, ...]] = {became: tuple(ones) for became, ones in changed.items()}
    return Difference(
        told,
        same_cluster=not all(peers) or not peers[0].isdisjoint(peers[1]),
    )


def _became(finding: Finding, was: Finding | None) -> Became:
    if was is None:
        return "opened"
    if is_worse(finding, was):
        return "worse"
    if finding.state == "closed":
        return "same" if was.state == "closed" else "closed"
    return "same" if finding.state in ("seen", "closed") else "went_on"


def to_json(difference: Difference) -> str:
    """The difference for programs: all of it."""
    told: dict[str, Any] = {
        became: [_plain(one) for one in difference.changed[became]] for became in HEADINGS if became != "same"
    }
    whole = {
        "schema": SCHEMA,
        "same_cluster": difference.same_cluster,
        **told,
        "same": len(difference.changed["same"]),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _plain(one: Changed) -> dict[str, Any]:
    names = (
        "id",
        "fingerprint",
        "rule",
        "title",
        "severity",
        "state",
        "first",
        "last",
        "as_of",
        "hosts",
        "peers",
    )
    was = one.was and {"severity": one.was.severity, "state": one.was.state}
    return {**{name: to_plain(getattr(one.finding, name)) for name in names}, "was": was}


def to_markdown(difference: Difference) -> str:
    """The difference for a ticket."""
    title = gettext("What changed between two diagnoses")
    lines = [f"# {title}", "", summed(difference), ""]
    for note in notes(difference):
        lines += [note, ""]
    for became, found in sections(difference):
        lines += [f"## {HEADINGS[became]}", ""]
        for one in found[:MOST]:
            facts = f"{inline(told(one))} · {inline(sentences.clipped(one.finding.rule, LONGEST))}"
            title = inline(sentences.clipped(one.finding.title, LONGEST))
            lines += [f"- **{labels.SEVERITIES[one.finding.severity].upper()}** {title}  ", f"  {facts}"]
        lines.append("")
        if found[MOST:]:
            lines += [sentences.more(len(found) - MOST, "findings"), ""]
    return "\n".join(lines)


def sections(difference: Difference) -> Iterator[tuple[Became, tuple[Changed, ...]]]:
    """What there is to be read, kind by kind, the news first."""
    for became in HEADINGS:
        if became != "same" and difference.changed[became]:
            yield became, difference.changed[became]


def summed(difference: Difference) -> str:
    """How many findings became what."""
    numbers = {became: f"{len(found):,}" for became, found in difference.changed.items()}
    said = gettext(
        "New: {opened}; worse: {worse}; over: {closed}; not over yet: {went_on}; not told any more: {gone}; "
        "as before: {same}."
    )
    return said.format(**numbers)


def notes(difference: Difference) -> Iterator[str]:
    """What a reader has to know beside."""
    if not difference.same_cluster:
        yield gettext("The two have no peer in common: they are hardly of one cluster.")
    gone = len(difference.changed["gone"])
    if gone:
        said = ngettext(
            "{number} finding was not over and is not in the new file: its logs may not reach back to it.",
            "{number} findings were not over and are not in the new file: its logs may not reach back.",
            gone,
        )
        yield said.format(number=f"{gone:,}")


def told(one: Changed) -> str:
    """How it stands, and how it stood where that differs."""
    now = one.finding
    said = f"{labels.STATES[now.state]}: {sentences.since_until(now)}"
    if one.was is None or (one.was.state, one.was.severity) == (now.state, now.severity):
        return said
    was = gettext("was {severity}, {state}").format(
        severity=labels.SEVERITIES[one.was.severity], state=labels.STATES[one.was.state]
    )
    return f"{said} ({was})"


VIEWS: dict[str, Callable[[Difference], str]] = {".md": to_markdown, ".json": to_json}
"""What is written to a file, by its suffix."""
