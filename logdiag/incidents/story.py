"""What an incident says besides its cause: what followed, what changed before, what else is possible."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.sentences import listed, moment, stretch
from logdiag.incidents.causes import likelihood, root_of
from logdiag.incidents.context import Context
from logdiag.incidents.groups import hosts_of, is_mutual, is_same_time_of_day, peers_of
from logdiag.model import SEVERITIES, STATES, Change, Finding
from logdiag.rules.placeholders import MAX_TITLE, fill, shortened
from logdiag.rules.roles import Situation
from logdiag.rules.schema import AsEffect, Remedy, Rule

_MAX_IN_TITLE = 2
"""Names of peers that a title lists; of more it gives the number."""

_MAX_NAMED = 2
"""Other causes, and changes, that a summary names."""

_MAX_LENGTH = 150
"""Characters of a change that a summary shows."""

_CHANGED_WITHIN = {
    "edit": timedelta(minutes=10),
    "command": timedelta(minutes=10),
    "restart": timedelta(minutes=30),
    "upgrade": timedelta(hours=2),
}
"""How long before an incident a change can have led to it."""

_REASONS = (
    N_("it began before the effect"),
    N_("it is nearer in time"),
    N_("it concerns the same peers"),
    N_("it is nearer in time"),
    N_("it began first"),
    N_("it began first"),
)
"""Why one of two possible causes is put first: for each part of `likelihood`."""

_DIRECT = N_("its record says what it caused")


@dataclass(frozen=True)
class Story:
    """The title of an incident with its main effect, further sentences of its summary, and further steps."""

    title: str
    sentences: tuple[str, ...]
    remedies: tuple[tuple[list[Remedy], Situation], ...]
    """What to do after the remedy of the cause, each with the situation that it is for."""

    @classmethod
    def of(
        cls,
        rule: Rule,
        title: str,
        named: Sequence[str],
        causes: Sequence[Finding],
        members: Sequence[Finding],
        effects: Sequence[Finding],
        context: Context,
    ) -> "Story":
        """Return the story of an incident that a rule heads with a title, about the peers that it names."""
        remedies: tuple[tuple[list[Remedy], Situation], ...] = ()
        as_effect = context.library.rules[effects[0].rule].as_effect if effects else None
        if as_effect is not None and not rule.implies_effects:
            situation = _situation(named, effects, context)
            told = fill(*_told(as_effect, situation, title, effects))
            # The short form names the effect in a few words.
            title = told if len(told) <= MAX_TITLE else fill(as_effect.short, {"cause": title})
            remedies = ((as_effect.remedy, situation),)
        if (times := _times_of_day(effects if len(causes) > 1 and effects else causes)) is not None:
            daily = gettext("{title}, at {clock} on {days} days")
            title = daily.format(title=title, clock=times[0], days=len(times[1]))
        sentences = (
            *_effects([*causes, *effects] if rule.implies_effects else causes, effects, members),
            *_times(times),
            *_changes_before(named, causes, members, context),
            *_other_causes(causes, members, context),
        )
        return cls(shortened(title), sentences, remedies)


def _told(
    as_effect: AsEffect, situation: Situation, cause: str, effects: Iterable[Finding]
) -> tuple[str, dict[str, str]]:
    """Return how a title names an effect, with the values of its placeholders."""
    took = sum((one.ended - one.began for one in effects), timedelta(0)) / max(1, len([*effects]))
    values = {"cause": cause, "peers": counted(situation.peers), "duration": stretch(took)}
    if situation.mutual:
        return as_effect.mutual, values
    if situation.state == "closed" and all(one.count == 1 for one in effects):
        return as_effect.over, values
    is_primary = situation.peers == (situation.cluster.primary,)
    return as_effect.primary if is_primary else as_effect.title, values


def counted(names: Sequence[str]) -> str:
    """Return the names of peers for a title; of more than two, their number."""
    if len(names) <= _MAX_IN_TITLE:
        return listed(names) or gettext("another peer")
    return ngettext("{number} peer", "{number} peers", len(names)).format(number=f"{len(names):,}")


def main_effects(members: Iterable[Finding], context: Context) -> list[Finding]:
    """Return the effects that the title names: of one rule that says how to, those that last if any do."""
    rules = context.library.rules
    found = [one for one in members if one.caused_by and one.severity != "info" and rules[one.rule].as_effect]
    worst = max((SEVERITIES.index(one.severity), one.rule) for one in found)[1] if found else ""
    found = [one for one in found if one.rule == worst]
    return [one for one in found if one.state != "closed"] or found


def _situation(named: Iterable[str], effects: Sequence[Finding], context: Context) -> Situation:
    """Return what the remedy of effects is resolved against; the cause says which side is at fault."""
    hosts, peers = {*hosts_of(effects)}, {*peers_of(effects)}
    mutual = is_mutual(effects)
    at_fault = (hosts | peers).intersection(named)
    if at_fault and (at_fault != hosts | peers if mutual else at_fault <= hosts - peers):
        # Each side reports the other: the cause says which one has the problem. So does the only report.
        hosts, peers, mutual = (hosts | peers) - at_fault, at_fault, False
    state = min((one.state for one in effects), key=STATES.index)
    where = tuple(sorted(hosts)), tuple(sorted(peers))
    return Situation(context.overall, effects[0].rule, *where, state, mutual=mutual)


# ── further sentences of the summary ────────────────────────────────────────────────────────


def _effects(
    causes: Iterable[Finding], named: Iterable[Finding], members: Iterable[Finding]
) -> Iterator[str]:
    """Yield a sentence about the worst effects."""
    own = {one.title for one in causes}
    effects = [one for one in members if one.caused_by and one.severity != "info" and one.title not in own]
    effects.sort(key=lambda one: (-SEVERITIES.index(one.severity), one.began, one.id))
    over = gettext("{title} (over by {time})")
    titles = {
        one.title: one.title
        if one.state != "closed" or one.last is None
        else over.format(title=one.title, time=moment(one.last))
        for one in (*named, *effects)
        if one.title not in own
    }
    if titles:
        yield gettext("What followed: {effects}.").format(effects="; ".join([*titles.values()][:_MAX_NAMED]))


def _times_of_day(causes: Iterable[Finding]) -> tuple[str, list[datetime]] | None:
    """Return the time of day at which findings began on several days, with these days."""
    begun = sorted(finding.first for finding in causes if finding.first is not None)
    days = {time.date(): time for time in reversed(begun)}
    if len(days) < 2 or not all(is_same_time_of_day(begun[0], time) for time in begun):
        return None
    return f"{begun[0]:%H:%M:%S} UTC", sorted(days.values())


def _times(times: tuple[str, list[datetime]] | None) -> Iterator[str]:
    if times is not None:
        text = gettext("It happened at about {clock} on {dates}: look for something that runs at this time.")
        yield text.format(clock=times[0], dates=listed([f"{day:%Y-%m-%d}" for day in times[1]]))


def _other_causes(causes: Sequence[Finding], members: Iterable[Finding], context: Context) -> Iterator[str]:
    """Yield a sentence for each other finding that can have caused the effects, and why it is not first."""
    own = {one.id for one in members}
    said: set[str] = set()
    for effect in members:
        for id_ in context.possible.get(effect.id, ()) if effect.caused_by else ():
            other = context.known[id_]
            root = root_of(other, context.known)
            if root.id in own or other.requested or other.severity == "info" or root.title in said:
                continue
            if root.rule == causes[0].rule:
                continue  # the same problem elsewhere
            if len(said) == _MAX_NAMED:
                return
            reason = _reason(context.known[effect.caused_by[0]], other, effect, context)
            if reason is None:
                continue
            said.add(root.title)
            text = gettext("Another possible cause: {other}. {cause} is put first because {reason}.")
            yield text.format(other=root.title, cause=f"“{causes[0].title}”", reason=gettext(reason))


def _reason(chosen: Finding, other: Finding, effect: Finding, context: Context) -> str | None:
    """Return why a cause is put before another; None if neither time nor place nor its record says so."""
    ours, theirs = likelihood(chosen, effect), likelihood(other, effect)
    if ours > theirs:
        pairs = zip(ours, theirs, _REASONS, strict=True)
        return next(reason for a, b, reason in pairs if a != b)
    explained = context.library.explained_by(chosen.rule)
    is_direct = any(explains.direct for one, explains in explained if one.rule == effect.rule)
    return _DIRECT if is_direct else None


def _changes_before(
    named: Sequence[str], causes: Iterable[Finding], members: Iterable[Finding], context: Context
) -> Iterator[str]:
    """Yield a sentence about the last changes on the peers that an incident names, shortly before it."""
    first = min((one.first for one in causes if one.first is not None), default=None)
    if first is None:
        return
    known = {record.time for one in members for record in one.evidence}
    near: list[Change] = [
        change
        for change in context.changes
        if change.peer in named
        and timedelta(0) < first - change.time <= _CHANGED_WITHIN[change.kind]
        and change.time not in known
    ]
    for change in near[-_MAX_NAMED:]:
        text = gettext("Shortly before, at {time} on {peer}: {what}.")
        yield text.format(time=moment(change.time), peer=change.peer, what=change.what[:_MAX_LENGTH])
