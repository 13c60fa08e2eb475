"""Audits: one fact of each peer, compared across the peers or with what it must be.

An answer names the peers that stand out. If a fact is not known of a peer, the audit says so
instead of taking it for right.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isclose
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from logdiag.cluster.facts import EPOCH, FACTS, Fact, after
from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.sentences import listed
from logdiag.model import STATES, Evidence, State
from logdiag.records import instant, micros
from logdiag.rules import versions
from logdiag.rules.episodes import Episode
from logdiag.rules.events import CaseData, Key
from logdiag.rules.match_schema import ACROSS, Audit, Figure, Platform
from logdiag.rules.placeholders import ON_PEERS, PART

_FIGURES: dict[Figure, str] = {
    "registrations": N_("{number} registrations"),
    "video": N_("{number} video calls"),
    "audio": N_("or {number} audio calls"),
    "rms": N_("{number} RMS licences"),
    "mra": N_("{number} MRA registrations"),
    "turn": N_("{number} TURN relays"),
}


@dataclass(frozen=True)
class ClusterAnswer:
    """An answer about the cluster as a whole, in which no record is about one peer."""

    key: Key
    episode: Episode
    hosts: tuple[str, ...]
    peers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    found: str
    dated: bool = True
    """Whether a record shows the time; a dump alone does not."""
    as_of: datetime | None = None


def answer_audit(
    audit: Audit, case: CaseData, *, across: bool = False
) -> tuple[list[ClusterAnswer], list[str]]:
    """Return what stands out, and why the rest could not be judged; ``across``: one answer for all peers."""
    cluster = case.cluster
    if audit.topology == "cluster" and cluster.topology != "cluster":
        reason = gettext("matters in a cluster only, and this evidence does not show whether this is one")
        return [], [] if cluster.topology == "single" else [reason]
    known = _known(audit, case)
    label = gettext(FACTS[audit.of])
    reasons = []
    if unknown := [peer.name for peer in cluster.peers if peer.name not in case.facts[audit.of]]:
        not_known = gettext("not known of {peers}: {fact}")
        reasons.append(not_known.format(peers=listed(unknown), fact=audit.unknown or label))
    if audit.must == "carries":
        return _capacity(audit, known, case), reasons
    # One peer has nobody to be compared with.
    if audit.must in ACROSS and len(known) < 2:
        alone = gettext("needs it of two peers: {fact}").format(fact=label)
        return [], [alone] if len(cluster.peers) > 1 else []
    if audit.must in ACROSS:
        near = _of_one_time(audit, known)
        if far := sorted(set(known) - set(near)):
            other = gettext("from another time than the others' on {peers}: {fact}")
            reasons.append(other.format(peers=listed(far), fact=label))
        return _across(audit, near), reasons
    wrong = {peer: fact for peer, fact in known.items() if _is_wrong(audit, fact, peer, case)}
    if across:
        return [_answer((), tuple(wrong), (), wrong, audit)] if wrong else [], reasons
    return [
        _answer((("host", peer),), (peer,), (), {peer: one}, audit, found=_bare(one, audit))
        for peer, fact in wrong.items()
        for one in fact.episodes or (fact,)
    ], reasons


def _known(audit: Audit, case: CaseData) -> dict[str, Fact]:
    """Return the fact of each peer that the audit is about, in the order of their names."""
    facts = dict(sorted(case.facts[audit.of].items()))
    if audit.only_if is None:
        return facts
    among = {value.lower() for value in audit.only_if.among}
    meant = {
        peer
        for peer, fact in case.facts[audit.only_if.of].items()
        if not among.isdisjoint(value.lower() for value in fact.values)
    }
    return {peer: fact for peer, fact in facts.items() if peer in meant}


def _compared(audit: Audit, fact: Fact) -> tuple[str, ...]:
    values = [value.strip().lower().rstrip(".") for value in fact.values if not _is_exempt(audit, value)]
    return tuple(values) if audit.must == "same-order" else tuple(sorted(values))


def _is_exempt(audit: Audit, value: str) -> bool:
    text = pa.array([value])
    return any(pc.match_substring_regex(text, pattern)[0].as_py() for pattern in audit.exempt)


def _bare(fact: Fact, audit: Audit) -> str:
    return ", ".join(fact.values) if audit.bare else ""


def _of_one_time(audit: Audit, known: dict[str, Fact]) -> dict[str, Fact]:
    """The facts that may be compared: those in the window ``[t, t + within)`` with most, the last such."""
    if audit.within is None:
        return known
    # A dump without any time is compared with all.
    timeless = {peer: fact for peer, fact in known.items() if fact.time == EPOCH}
    newest = sorted(
        ((peer, fact) for peer, fact in known.items() if peer not in timeless), key=lambda item: item[1].time
    )
    best: list[tuple[str, Fact]] = []
    start = 0
    for end, (_, fact) in enumerate(newest):
        while fact.time - newest[start][1].time >= audit.within:
            start += 1
        if end + 1 - start >= len(best):
            best = newest[start : end + 1]
    return dict(sorted([*best, *timeless.items()]))


def _across(audit: Audit, known: dict[str, Fact]) -> list[ClusterAnswer]:
    since = None
    if audit.must == "within":
        numbers = {peer: float(fact.values[0]) for peer, fact in known.items() if fact.values}
        apart = max(numbers.values()) - min(numbers.values()) if numbers else 0.0
        if apart <= float((audit.value or ["0"])[0]):
            return []
        # Those furthest from the middle stand out: of two that differ, both do.
        middle = median(numbers.values())
        far = max(abs(number - middle) for number in numbers.values())
        hosts = {peer for peer, number in numbers.items() if isclose(abs(number - middle), far)}
    else:
        groups: dict[tuple[str, ...], list[str]] = {}
        for peer, fact in known.items():
            groups.setdefault(_compared(audit, fact), []).append(peer)
        if len(groups) < 2:
            return []
        most = max(map(len, groups.values()))
        common = [peers for peers in groups.values() if len(peers) == most]
        # If no value is the most common one, all peers stand out.
        hosts = set(known) - set(common[0] if len(common) == 1 else ())
        # Nothing differed before the second of the values was seen; a value that only a dump has is older.
        since = sorted(
            min(known[peer].began if known[peer].dated else EPOCH for peer in peers)
            for peers in groups.values()
        )[1]
    return [_answer((), sorted(hosts), sorted(set(known) - hosts), known, audit, since=since)]


def _is_wrong(audit: Audit, fact: Fact, peer: str, case: CaseData) -> bool:
    values = [value for value in fact.values if value and not _is_exempt(audit, value)]
    match audit.must:
        case "present":
            return not values
        case "none" | "told":
            return bool(values)
        case "one-of":
            return not {value.lower() for value in values} <= {value.lower() for value in audit.value or ()}
        case "at-most":
            most = float((audit.value or ["0"])[0])
            return any(float(value) > most for value in values if _is_number(value))
        case "last":
            end = instant(case.cluster.observed[peer].end) if peer in case.cluster.observed else fact.time
            rest = after(fact, end)
            return rest is not None and rest.total_seconds() <= 0
    return False


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _capacity(audit: Audit, known: dict[str, Fact], case: CaseData) -> list[ClusterAnswer]:
    """Return what the cluster carries: one peer's figures, times the peers that count."""
    versions_of = case.cluster.versions
    found = {peer: _platform(audit, fact, versions_of[peer]) for peer, fact in known.items()}
    if not found:
        return []
    platform = next(iter(found.values()))
    note = ""
    if any(other != platform for other in found.values()):
        said = gettext("the platforms differ, and no figures hold for all peers")
    elif platform is None:
        hardware = next(iter(known.values())).values[0]
        said = gettext("no figures are known of {platform}").format(platform=hardware)
    else:
        # Dumps without logs may show hosts that cannot be matched with the addresses in the lists.
        sizes = [int(fact.values[0]) for fact in case.facts["peer_count"].values() if fact.values]
        sizes += [len(fact.values) for fact in case.facts["logged_peer_list"].values()]
        number = min(len(case.cluster.peers), max(sizes, default=0) or sys.maxsize)
        times = _counted(number, [versions_of[peer] for peer in found]) if platform.grows else 1
        texts = _carried(platform, times)
        note = ngettext(
            "These are the figures of {number} peer, {platform}: {figures}.",
            "These are the figures of {number} peers, {platform}: {figures}.",
            number,
        ).format(number=number, platform=platform.name, figures=", ".join(texts.values()))
        said = listed([texts[name] for name in ("registrations", "video") if name in texts])
    # What two clusters carry are two findings, also if no dump has a time.
    key: Key = (("host", ",".join(found)),)
    return [_answer(key, tuple(found), (), known, audit, found=said, note=note)]


def _platform(audit: Audit, fact: Fact, version: str | None) -> Platform | None:
    for platform in audit.platforms:
        if any(platform.hardware.lower() in value.lower() for value in fact.values) and (
            platform.versions is None or versions.applies(platform.versions, version) != "does not"
        ):
            return platform
    return None


def _counted(number: int, of: Sequence[str | None]) -> int:
    """Return how many peers add capacity: four at most, from X14.2 on all but one of five and of six."""
    spare = all(versions.applies([">=X14.2"], version) == "applies" for version in of)
    return min(number, max(4, number - 1) if spare else 4, 5)


def _carried(platform: Platform, times: int) -> dict[str, str]:
    one, most = platform.one, platform.most
    numbers = {name: min(one[name] * times, most.get(name, sys.maxsize)) for name in _FIGURES if name in one}
    return {name: gettext(_FIGURES[name]).format(number=f"{number:,}") for name, number in numbers.items()}


def _answer(
    key: Key,
    hosts: Sequence[str],
    peers: Sequence[str],
    facts: dict[str, Fact],
    audit: Audit,
    *,
    found: str = "",
    note: str = "",
    since: datetime | None = None,
) -> ClusterAnswer:
    dated = [fact for fact in facts.values() if fact.dated]
    timed = dated or list(facts.values())
    first = max(min(fact.began for fact in timed), since or EPOCH)
    last = max(fact.time for fact in timed)
    state: State = "seen" if audit.must in ("told", "carries") else "open"
    states = [fact.state for fact in facts.values() if fact.state is not None]
    if states and state == "open":
        state = min(states, key=STATES.index)
        if state == "closed":
            last = max([last, *(fact.until for fact in facts.values() if fact.until is not None)])
    said = {
        peer: ", ".join(_said(audit, value) for value in fact.values if value) or gettext("nothing")
        for peer, fact in facts.items()
    }
    count = 1 if audit.must == "carries" else max(1, len(hosts))
    return ClusterAnswer(
        key=key,
        episode=Episode((), state, micros(first), micros(last), count, note),
        hosts=tuple(hosts),
        peers=tuple(peers),
        evidence=tuple(one for fact in facts.values() for one in fact.evidence)[:40],
        found=found or values_on_peers(said),
        dated=bool(dated),
        as_of=max((fact.as_of for fact in facts.values() if fact.as_of is not None), default=None),
    )


def _said(audit: Audit, value: str) -> str:
    return next((said for part, said in audit.say.items() if part.lower() in value.lower()), value)


def values_on_peers(said: Mapping[str, str]) -> str:
    """Return what each peer says, as a phrase with the peers that say the same together."""
    groups: dict[str, list[str]] = {}
    for peer, value in said.items():
        groups.setdefault(value, []).append(peer)
    on = gettext(ON_PEERS)
    return PART.join(on.format(what=value, peers=listed(peers)) for value, peers in groups.items())
