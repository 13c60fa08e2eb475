"""The answers of all matches of a rule, with what records and a dump both say reported once."""

from dataclasses import dataclass, field, replace

from logdiag.i18n import gettext
from logdiag.rules import audits
from logdiag.rules.audits import ClusterAnswer
from logdiag.rules.durations import answer_lasting
from logdiag.rules.episodes import Episode, answer_match
from logdiag.rules.events import CaseData, Collected, Key
from logdiag.rules.library import Library
from logdiag.rules.match_schema import Match, list_peer_names, list_signals
from logdiag.rules.schema import Rule
from logdiag.rules.unclaimed_alarms import UnclaimedAlarms


@dataclass(frozen=True)
class Answer:
    """An episode that a match of a rule, by its number, has for a key; ``told`` is what an audit adds."""

    number: int
    key: Key
    episode: Episode
    told: ClusterAnswer | None = None
    capped: bool = False


@dataclass
class Evaluation:
    """The answers of a rule, and why it could not be judged further."""

    answers: list[Answer] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    capped: bool = False


def evaluate(rule: Rule, library: Library, case: CaseData) -> Evaluation:
    """Evaluate every match of a rule."""
    found = Evaluation()
    for number, match in enumerate(rule.match):
        if match.cannot_tell is None:
            _evaluate(number, match, rule, library, case, found)
        elif case.cluster.topology != "single":
            found.reasons.append(match.cannot_tell.strip())
    found.answers = _joined(found.answers, rule)
    return found


def _evaluate(
    number: int, match: Match, rule: Rule, library: Library, case: CaseData, found: Evaluation
) -> None:
    if match.audit is not None:
        told, reasons = audits.answer_audit(match.audit, case, across=match.across == "cluster")
        found.answers += [Answer(number, one.key, one.episode, one) for one in told]
        found.reasons += reasons
        return
    collected = UnclaimedAlarms(case, library) if match.is_of_others else Collected(case)
    signals = {signal: library.signals[signal].match for signal in list_signals(match)}
    if match.lasts is not None and match.absence is None:
        episodes = list(answer_lasting(match.lasts, match, rule.settling, collected, signals))
    else:
        episodes = list(answer_match(match, rule.settling, collected, signals))
    found.answers += [Answer(number, key, episode, None, collected.capped) for key, episode in episodes]
    found.capped |= collected.capped
    if collected.left_out:
        out = gettext("{number} matching records do not say which peer they are about and are left out")
        found.reasons.append(out.format(number=collected.left_out))


def _joined(found: list[Answer], rule: Rule) -> list[Answer]:
    """Answers, those of records and of a dump that say the same of one peer as one.

    A dump shows how it was when logging began. What an alarm says of it since, also that it ended, is
    newer: its state holds, and the dump is evidence for it. That it was logged ends nothing.
    """
    by_host: dict[str, list[int]] = {}
    for index, one in enumerate(found):
        match = rule.match[one.number]
        # What names other peers is about them.
        if match.kind in ("alarm", "state", "record", "absence") and not list_peer_names(match):
            by_host.setdefault(dict(one.key).get("host", ""), []).append(index)
    joined: dict[int, Answer] = dict(enumerate(found))
    for index, one in enumerate(found):
        if one.told is None or one.key != (("host", *one.told.hosts),):
            continue
        same = [
            other
            for other in by_host.get(one.told.hosts[0], ())
            if found[other].episode.state != "closed" or one.episode.first <= found[other].episode.last
        ]
        if same:
            # Of several alarms the one that is not over, else the last.
            best = max(same, key=lambda n: (found[n].episode.state != "closed", found[n].episode.last))
            joined[best] = replace(found[best], told=one.told, episode=_both(found[best], one))
            del joined[index]
    return list(joined.values())


def _both(one: Answer, dumped: Answer) -> Episode:
    state = dumped.episode.state if one.episode.state == "seen" else one.episode.state
    if dumped.told is not None and not dumped.told.dated:
        return replace(one.episode, state=state)
    first = min(one.episode.first, dumped.episode.first)
    return replace(one.episode, state=state, first=first, last=max(one.episode.last, dumped.episode.last))
