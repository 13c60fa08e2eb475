"""Audits: one fact of each peer, compared across the peers or with what it must be.

An answer names the peers that stand out. Where a fact is not known of a peer, the audit says so
instead of taking it for right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isclose
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from logdiag.cluster.facts import FACTS, Fact, after
from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.sentences import listed
from logdiag.model import STATES, Evidence, State
from logdiag.records import instant
from logdiag.rules import versions
from logdiag.rules.episodes import Episode
from logdiag.rules.events import CaseData, Key
from logdiag.rules.match_schema import ACROSS, Audit, Platform

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_SAYS = {
    "registrations": N_("{number} registrations"),
    "video": N_("{number} video calls"),
    "audio": N_("or {number} audio calls"),
    "rms": N_("{number} RMS licences"),
    "mra": N_("{number} MRA registrations"),
    "turn": N_("{number} TURN relays"),
}


@dataclass(frozen=True)
class Told:
    """An answer about the cluster as a whole, in which no record stands for a peer."""

    key: Key
    episode: Episode
    hosts: tuple[str, ...]
    peers: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    found: str
    dated: bool = True
    """Whether a record shows the time; a dump alone does not."""
    as_of: datetime | None = None


def answers(audit: Audit, case: CaseData, *, across: bool = False) -> tuple[list[Told], list[str]]:
    """What stands out, and why the rest could not be judged; ``across``: one answer for all peers."""
    cluster = case.cluster
    if audit.topology == "cluster" and cluster.topology != "cluster":
        single = cluster.topology == "single"
        return [], [] if single else [
            gettext("matters in a cluster only, and whether this is one does not stand here")
        ]
    known = _asked(audit, case)
    unknown = [peer.name for peer in cluster.peers if peer.name not in case.facts[audit.of]]
    label = gettext(FACTS[audit.of])
    not_known = gettext("not known of {peers}: {fact}")
    reasons = [not_known.format(peers=listed(unknown), fact=audit.unknown or label)] if unknown else []
    if audit.must in ACROSS:
        if len(known) < 2:
            alone = gettext("needs it of two peers: {fact}").format(fact=label)
            return [], [alone] if len(cluster.peers) > 1 else []
        near = _of_one_time(audit, known)
        if len(near) < len(known):
            other = gettext("from another time than the others' on {peers}: {fact}")
            reasons.append(other.format(peers=listed(sorted(set(known) - set(near))), fact=label))
        return _across(audit, near), reasons
    if audit.must == "carries":
        return _capacity(audit, known, case), reasons
    wrong = {peer: fact for peer, fact in known.items() if _is_wrong(audit, fact, peer, case)}
    if across:
        return [_told((), tuple(sorted(wrong)), (), wrong, audit)] if wrong else [], reasons
    return [
        _told((("host", peer),), (peer,), (), {peer: fact}, audit) for peer, fact in sorted(wrong.items())
    ], reasons


def _asked(audit: Audit, case: CaseData) -> dict[str, Fact]:
    """The fact of each peer that the audit is about."""
    facts = case.facts[audit.of]
    if audit.only_if is None:
        return dict(sorted(facts.items()))
    among = {value.lower() for value in audit.only_if.among}
    condition = case.facts[audit.only_if.of]
    return {
        peer: fact
        for peer, fact in sorted(facts.items())
        if peer in condition and among & {value.lower() for value in condition[peer].values}
    }


def _compared(audit: Audit, fact: Fact) -> tuple[str, ...]:
    values = [value.strip().lower().rstrip(".") for value in fact.values if not _is_exempt(audit, value)]
    return tuple(values) if audit.must == "same-order" else tuple(sorted(values))


def _is_exempt(audit: Audit, value: str) -> bool:
    text = pa.array([value])
    return any(pc.match_substring_regex(text, pattern)[0].as_py() for pattern in audit.exempt)


def _of_one_time(audit: Audit, known: dict[str, Fact]) -> dict[str, Fact]:
    """The facts that may be compared: those in the window ``[t, t + within)`` with most, the last such."""
    if audit.within is None:
        return known
    # A dump without any time is compared with all.
    timeless = {peer: fact for peer, fact in known.items() if fact.time == _EPOCH}
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


def _across(audit: Audit, known: dict[str, Fact]) -> list[Told]:
    if audit.must == "within":
        numbers = {peer: float(fact.values[0]) for peer, fact in known.items() if fact.values}
        apart = max(numbers.values()) - min(numbers.values()) if numbers else 0.0
        if apart <= float((audit.value or ["0"])[0]):
            return []
        # Those furthest from the middle stand out: of two that differ, both do.
        middle = median(numbers.values())
        far = max(abs(number - middle) for number in numbers.values())
        hosts = tuple(peer for peer, number in numbers.items() if isclose(abs(number - middle), far))
        return [_told((), hosts, tuple(set(known) - set(hosts)), known, audit)]
    groups: dict[tuple[str, ...], list[str]] = {}
    for peer, fact in known.items():
        groups.setdefault(_compared(audit, fact), []).append(peer)
    if len(groups) < 2:
        return []
    most = max(len(peers) for peers in groups.values())
    common = [peers for peers in groups.values() if len(peers) == most]
    # Where no value is the most common one, all peers stand out.
    right = set(common[0]) if len(common) == 1 else set()
    return [_told((), tuple(sorted(set(known) - right)), tuple(sorted(right)), known, audit)]


def _is_wrong(audit: Audit, fact: Fact, peer: str, case: CaseData) -> bool:
    values = [value for value in fact.values if value and not _is_exempt(audit, value)]
    match audit.must:
        case "present":
            return not values
        case "none":
            return bool(values)
        case "one-of":
            allowed = {value.lower() for value in audit.value or ()}
            return any(value.lower() not in allowed for value in values)
        case "at-most":
            return any(
                float(value) > float((audit.value or ["0"])[0]) for value in values if _is_number(value)
            )
        case "last":
            end = instant(case.cluster.observed[peer].end) if peer in case.cluster.observed else fact.time
            left = after(fact, end)
            return left is not None and left.total_seconds() <= 0
        case "told":
            return bool(values)
    return False


def _capacity(audit: Audit, known: dict[str, Fact], case: CaseData) -> list[Told]:
    """What the cluster carries: one peer's figures, times the peers that count."""
    found = {peer: _platform(audit, fact, case.cluster.versions[peer]) for peer, fact in known.items()}
    if not found:
        return []
    hosts = tuple(sorted(found))
    # What two clusters carry are two findings, also where no dump has a time.
    key: Key = (("host", ",".join(hosts)),)
    if len({platform.name if platform else None for platform in found.values()}) > 1:
        said = gettext("the peers are of different platforms, and no figures hold for all of them")
        return [_told(key, hosts, (), known, audit, found=said)]
    platform = found[hosts[0]]
    if platform is None:
        said = gettext("no figures are known of {platform}").format(platform=known[hosts[0]].values[0])
        return [_told(key, hosts, (), known, audit, found=said)]
    number = len(case.cluster.peers)
    times = _counted(number, [case.cluster.versions[peer] for peer in hosts]) if platform.grows else 1
    texts = _carried(platform, times)
    note = ngettext(
        "These are the figures of {number} peer, {platform}: {figures}.",
        "These are the figures of {number} peers, {platform}: {figures}.",
        number,
    )
    note = note.format(number=number, platform=platform.name, figures=", ".join(texts.values()))
    title = listed([texts[name] for name in ("registrations", "video") if name in texts])
    return [_told(key, hosts, (), known, audit, found=title, note=note)]


def _platform(audit: Audit, fact: Fact, version: str | None) -> Platform | None:
    for platform in audit.platforms:
        named = any(platform.hardware.lower() in value.lower() for value in fact.values)
        if named and (
            platform.versions is None or versions.applies(platform.versions, version) != "does not"
        ):
            return platform
    return None


def _counted(number: int, of: Sequence[str | None]) -> int:
    """How many peers add capacity: four at most, from X14.2 on all but one of five and of six."""
    spare = all(versions.applies([">=X14.2"], version) == "applies" for version in of)
    return min(number, max(4, number - 1) if spare else 4, 5)


def _carried(platform: Platform, times: int) -> dict[str, str]:
    one, most = platform.one.model_dump(), platform.most.model_dump()
    texts: dict[str, str] = {}
    for name, text in _SAYS.items():
        if one[name] is not None:
            number = one[name] * times if most[name] is None else min(one[name] * times, most[name])
            texts[name] = gettext(text).format(number=f"{number:,}")
    return texts


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _told(
    key: Key,
    hosts: Sequence[str],
    peers: Sequence[str],
    facts: dict[str, Fact],
    audit: Audit,
    *,
    found: str | None = None,
    note: str = "",
) -> Told:
    dated = [fact.time for fact in facts.values() if fact.dated]
    times = dated or [fact.time for fact in facts.values()]
    first, last = (int((time - _EPOCH).total_seconds() * 1_000_000) for time in (min(times), max(times)))
    state: State = "seen" if audit.must in ("told", "carries") else "open"
    states = [fact.state for fact in facts.values() if fact.state is not None]
    if states and state == "open":
        state = min(states, key=STATES.index)
        ends = [fact.until for fact in facts.values() if fact.until is not None]
        if state == "closed" and ends:
            last = max(last, int((max(ends) - _EPOCH).total_seconds() * 1_000_000))
    groups: dict[str, list[str]] = {}
    for peer, fact in facts.items():
        said = ", ".join(_say(audit, value) for value in fact.values if value) or gettext("nothing")
        groups.setdefault(said, []).append(peer)
    found = found or "; ".join(
        gettext("{what} on {peers}").format(what=said, peers=listed(on)) for said, on in groups.items()
    )
    return Told(
        key=key,
        episode=Episode((), state, first, last, 1 if audit.must == "carries" else max(1, len(hosts)), note),
        hosts=tuple(hosts),
        peers=tuple(sorted(peers)),
        evidence=tuple(one for fact in facts.values() for one in fact.evidence)[:40],
        found=found,
        dated=bool(dated),
        as_of=max((fact.as_of for fact in facts.values() if fact.as_of is not None), default=None),
    )


def _say(audit: Audit, value: str) -> str:
    return next((said for part, said in audit.say.items() if part.lower() in value.lower()), value)
