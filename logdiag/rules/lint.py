"""What is allowed in a library and still is a mistake: things that nobody uses."""

from collections.abc import Iterator

from logdiag.rules.library import Library, bound, patterns
from logdiag.rules.schema import Rule


def lint(library: Library) -> Iterator[str]:
    """Complaints about a library that loads, each with the id it is about."""
    used = {remedy.procedure for rule in library.rules.values() for remedy in rule.remedy}
    for name in sorted(set(library.procedures) - used):
        yield f"procedures/{name}: no rule uses this procedure"
    proofs = {
        signal for rule in library.rules.values() if rule.match.state for signal in rule.match.state.over_by
    }
    for name in sorted(set(library.signals) - proofs):
        yield f"signals/{name}: no rule uses this signal"
    asked = _asked_for(library)
    for name, rule in sorted(library.rules.items()):
        for binding in sorted(_unused(rule) - asked.get(name, set())):
            yield f"{name}: the bound name {binding!r} is used nowhere"
        if rule.severity != "info" and not rule.remedy:
            yield f"{name}: a rule at {rule.severity} needs a remedy"
        if not rule.references:
            yield f"{name}: has no references"


def _asked_for(library: Library) -> dict[str, set[str]]:
    """The bound names of each rule that remedies, steps and incidents make conditions of."""
    asked: dict[str, set[str]] = {}
    whens = [remedy.when for rule in library.rules.values() for remedy in rule.remedy]
    whens += [step.when for procedure in library.procedures.values() for step in procedure.steps]
    for when in whens:
        if when is not None and when.finding is not None:
            asked.setdefault(when.finding, set()).update(when.values)
    for _, _, match in library.incidents():
        for cause in match.causes:
            asked.setdefault(cause, set()).update(match.values)
    return asked


def _unused(rule: Rule) -> set[str]:
    match = rule.match
    texts = rule.title + rule.why
    distinct = match.count.distinct if match.count else None
    # A bound peer is used without being named: it says whom the finding is about.
    peers = {n for _, p in patterns(match) for n, b in p.bind.items() if b.kind == "peer"}
    return {
        name
        for name in bound(match)
        if f"{{{name}}}" not in texts and name not in match.by and name not in peers and name != distinct
    }
