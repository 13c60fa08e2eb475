"""For a rule that stayed silent: the nearest it came, and what was missing.

Made only when somebody asks (`--explain`): it asks each rule's conditions again, one term less.
"""

import bisect

from logdiag.cluster.facts import FACTS
from logdiag.conditions import AllOf, AnyOf, Condition, Not, Test
from logdiag.i18n import gettext, ngettext
from logdiag.i18n.sentences import moment, stretch
from logdiag.records import instant
from logdiag.rules import time_logic
from logdiag.rules.audits import values_on_peers
from logdiag.rules.chains import find_sequences
from logdiag.rules.events import CaseData, Collected
from logdiag.rules.match_schema import Absence, Audit, Count, Match, Sequence
from logdiag.rules.patterns import Pattern
from logdiag.rules.schema import Rule
from logdiag.rules.time_logic import Event, to_microseconds


def find_nearest_miss(rule: Rule, case: CaseData) -> str | None:
    """Return the best partial match of a silent rule, in a sentence; None if nothing came near."""
    found = [text for match in rule.match if (text := _nearest(match, case)) is not None]
    return " ".join(found) or None


def _nearest(match: Match, case: CaseData) -> str | None:
    if match.count is not None:
        return _of_count(match.count, match, case)
    if match.sequence is not None:
        return _of_sequence(match.sequence, case)
    if match.absence is not None:
        return _of_absence(match.absence, match, case)
    if match.audit is not None:
        return _of_audit(match.audit, case)
    if match.as_state is not None:
        # A dump lists an alarm in the words of the records.
        return _of_patterns(match.as_state.raised[: 1 if match.alarm else None], case)
    return _of_patterns(match.record or [], case)


def _of_patterns(patterns: list[Pattern], case: CaseData) -> str | None:
    """Return the condition that fewest records hold but for one term, and that term."""
    best: tuple[int, str] | None = None
    for pattern in patterns:
        terms = pattern.condition.terms if isinstance(pattern.condition, AllOf) else ()
        log = case.sources[pattern.table].log
        for index, term in enumerate(terms):
            rows = log.rows(AllOf(terms[:index] + terms[index + 1 :]))
            if len(rows) and (best is None or len(rows) < best[0]):
                near = ngettext(
                    "{number} record holds all of it but {term}, the first {time} on {peer}.",
                    "{number} records hold all of it but {term}, the first {time} on {peer}.",
                    len(rows),
                )
                time, [peer] = moment(instant(log.time_at(rows[0]))), log.hosts(rows[:1])
                number = f"{len(rows):,}"
                best = (len(rows), near.format(number=number, term=_said(term), time=time, peer=peer))
    return best[1] if best else None


def _said(condition: Condition) -> str:
    match condition:
        case Test(reference, modifier, values):
            how = "" if modifier == "is" else f"|{modifier}"
            return f"{reference}{how}: {', '.join(values[:3])}"
        case Not(term):
            return gettext("not ({condition})").format(condition=_said(term))
        case AllOf(terms):
            return gettext(" and ").join(_said(term) for term in terms)
        case AnyOf(terms):
            return gettext(" or ").join(_said(term) for term in terms[:3])


def _of_count(count: Count, match: Match, case: CaseData) -> str | None:
    groups = Collected(case).grouped(count.of, match)
    most = max((_most(events, count) for events in groups.values()), default=0)
    if not most:
        return _of_patterns(count.of, case)
    near = gettext("{number} of {enough} within {span}.")
    return near.format(number=most, enough=count.at_least, span=stretch(count.within))


def _most(events: list[Event], count: Count) -> int:
    within = to_microseconds(count.within)
    # If there are enough for one number, there are for each smaller one.
    numbers = range(1, min(count.at_least, len(events)) + 1)
    return bisect.bisect_left(
        numbers, True, key=lambda enough: not time_logic.find_dense(events, enough, within, count.distinct)
    )


def _of_sequence(sequence: Sequence, case: CaseData) -> str | None:
    collected = Collected(case)
    steps = [collected.events([step]) for step in sequence.steps]
    for length in range(len(steps) - 1, 0, -1):
        chains = find_sequences(
            steps[:length],
            to_microseconds(sequence.within),
            peers=[step.peer for step in sequence.steps[:length]],
        )
        if not chains:
            continue
        near = gettext("{number} of {all} steps, up to {time} on {peer}; step {next} never came.")
        if steps[length]:
            near = gettext(
                "{number} of {all} steps, up to {time} on {peer}; step {next} did not come in order "
                "within {span}."
            )
        last = chains[-1][-1]
        return near.format(
            number=length,
            all=len(steps),
            time=moment(instant(last.time)),
            peer=last.peer,
            next=length + 1,
            span=stretch(sequence.within),
        )
    return _of_patterns(list(sequence.steps[:1]), case)


def _of_absence(absence: Absence, match: Match, case: CaseData) -> str | None:
    openings = Collected(case).events(absence.opening, match.by)
    if not openings:
        return _of_patterns(absence.opening, case)
    near = ngettext(
        "{number} opening record, answered within {span}.",
        "{number} opening records, each answered within {span}.",
        len(openings),
    )
    return near.format(number=f"{len(openings):,}", span=stretch(absence.within))


def _of_audit(audit: Audit, case: CaseData) -> str | None:
    facts = case.facts[audit.of]
    if not facts:
        return gettext("Not known of any peer: {fact}.").format(fact=gettext(FACTS[audit.of]))
    said = {peer: ", ".join(fact.values) or gettext("nothing") for peer, fact in sorted(facts.items())}
    return f"{values_on_peers(said)}."
