"""Procedures, resolved to the peers of the cluster."""

from collections.abc import Iterable, Iterator

from logdiag.i18n import gettext
from logdiag.i18n.sentences import MOST_LISTED, listed
from logdiag.model import Step
from logdiag.rules import versions
from logdiag.rules.library import Library
from logdiag.rules.placeholders import fill
from logdiag.rules.roles import OF_THE_CLUSTER, ONE_UNAFFECTED, ROLES, Resolved, Situation
from logdiag.rules.schema import ProcedureStep, Remedy, When


def resolve_remedy(
    remedies: Iterable[tuple[Iterable[Remedy], Situation]], library: Library
) -> tuple[Step, ...]:
    """Return the steps of every procedure that applies in its situation, in order, each once.

    A rule with ``before_outages`` that is not over puts its own procedure in the place of every step that
    interrupts service or cannot be undone.
    """
    steps: list[tuple[str, Step]] = []
    for items, situation in remedies:
        for item in items:
            if holds(item.when, situation):
                steps += (
                    (one.do, step) for one, step in resolve_procedure(item.procedure, library, situation)
                )
    return _once(steps)


def _once(steps: Iterable[tuple[str, Step]]) -> tuple[Step, ...]:
    """Return steps, given with the text that they were made from, without those that say the same.

    Of steps that only read and were made from the same text, one for peers that another step covers is left
    out. A step that waits is a check of the result, so the last one stays; of others the first one stays.
    """
    kept: list[tuple[str, Step]] = []
    for text, step in steps:
        same = [one for one in kept if one[0] == text and one[1].risk == step.risk == "read"]
        if step.wait:
            kept = [one for one in kept if one not in same or not {*one[1].where} <= {*step.where}]
        elif any({*step.where} <= {*one[1].where} for one in same):
            continue
        kept.append((text, step))
    return tuple(dict.fromkeys(step for _, step in kept))


def resolve_procedure(
    name: str, library: Library, situation: Situation
) -> Iterator[tuple[ProcedureStep, Step]]:
    """Return the steps of a procedure that apply, as they are written and as they are resolved.

    Without a finding, what needs one is not resolved: roles are no peers, and conditions do not count.
    """
    procedure = library.procedures[name]
    situation = situation.asked_about(procedure.reported_by)
    for step in procedure.steps:
        resolved = _resolve(step, situation)
        if resolved is None:
            continue
        if step.risk in ("outage", "destructive") and situation.overall.before_outages:
            for rule, instead in situation.overall.before_outages:
                yield from resolve_procedure(instead, library, situation.asked_about(rule))
        else:
            yield step, fill_step(step, resolved, situation)


def _resolve(step: ProcedureStep, situation: Situation) -> Resolved:
    if situation.state:
        return ROLES[step.where].resolve(situation) if holds(step.when, situation) else None
    if step.when is not None and not holds(step.when.without_finding(), situation):
        return None
    return ROLES[step.where].resolve(situation) if step.where in OF_THE_CLUSTER else ()


def fill_step(step: ProcedureStep, resolved: tuple[str, ...] | str, situation: Situation) -> Step:
    """Return a step for some peers; without peers, its texts name roles."""
    peers, missing = ((), resolved) if isinstance(resolved, str) else (resolved, "")
    names = {
        "where": listed(peers) or _called(step.where),
        "hosts": listed(situation.hosts) or _called("the peers that report it"),
        "peers": listed(situation.others if situation.state else ()) or gettext("the other peers"),
        "primary": situation.cluster.primary or _called("the primary"),
        "unaffected": listed(situation.unaffected if situation.state else ())
        or _called("a peer that does not report it"),
        "advice": situation.values.get("advice", "" if situation.state else gettext("see the alarm")),
        "found": situation.values.get("found", "" if situation.state else gettext("what a finding names")),
    }
    do = f"{fill(step.do, names)} {missing}".rstrip()
    spare = tuple(name for name in situation.unaffected if name not in peers)
    if step.where == ONE_UNAFFECTED and peers and spare:
        instead = gettext("Another peer can be used instead of {where}: {peers}.")
        do = f"{do} {instead.format(where=listed(peers), peers=listed(spare))}"
    if len(peers) > MOST_LISTED:
        more = gettext("This step is for all {number} peers; only the first {most} are named.")
        do = f"{do} {more.format(number=f'{len(peers):,}', most=MOST_LISTED)}"
    return Step(
        do=do,
        why=fill(step.why, names),
        where=peers[:MOST_LISTED],
        command=None if step.command is None else fill(step.command, names),
        risk=step.risk,
        impact=fill(step.impact, names),
        verify=fill(step.verify, names),
        wait=fill(step.wait, names),
        avoid=fill(step.avoid, names),
    )


def _called(role: str) -> str:
    return gettext(ROLES[role].label)


_HOW_MANY = ("none", "one", "several")


def holds(when: When | None, situation: Situation) -> bool:
    """Return whether every line of a condition holds; no condition always holds."""
    if when is None:
        return True
    cluster = situation.cluster
    overall = situation.overall
    fired = {rule for rule, _ in situation.fired}
    bound = [values.items() for rule, values in situation.fired if rule in (when.finding or ())]
    return (
        (when.version is None or versions.applies_to_all(when.version, overall.versions) != "does not")
        and (when.topology is None or cluster.topology in when.topology)
        and (when.unaffected is None or (when.unaffected == "some") == bool(situation.unaffected))
        and (when.state is None or situation.state in when.state)
        and fired.isdisjoint(when.without or ())
        and (when.peers is None or when.peers == _HOW_MANY[min(len(situation.peers), 2)])
        and (when.mutual is None or when.mutual == situation.mutual)
        and (when.fires is None or not overall.everywhere.isdisjoint(when.fires))
        and overall.everywhere.isdisjoint(when.silent or ())
        and (when.role is None or _role(situation, situation.hosts) in when.role)
        and (when.about is None or _role(situation, situation.peers) in when.about)
        and (when.goes_on is None or not overall.going_on.isdisjoint(when.goes_on))
        and overall.going_on.isdisjoint(when.over or ())
        and (when.way is None or (when.way == "broken") == overall.way_is_broken)
        and (when.finding is None or any(when.values.items() <= values for values in bound))
    )


def _role(situation: Situation, peers: tuple[str, ...]) -> str:
    """Return the role of some peers; the primary's if it is among them."""
    primary = situation.cluster.primary
    if primary is None:
        return "unknown"
    return "primary" if primary in peers else "subordinate"
