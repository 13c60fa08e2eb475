"""Makes pages of procedures: for any cluster, or for given clusters with what was done already."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from logdiag.cluster import Cluster
from logdiag.cluster.facts import EPOCH
from logdiag.i18n import gettext
from logdiag.i18n.sentences import MOST_NAMED, listed
from logdiag.incidents.context import LASTING, Context
from logdiag.incidents.examine import Examined
from logdiag.incidents.groups import hosts_of, is_mutual, peers_of, without_peers
from logdiag.model import Finding, State, Step
from logdiag.procedure import ClusterSteps, MarkedStep, ProcedurePage, Progress
from logdiag.rules.library import Library
from logdiag.rules.remedies import fill_step, resolve_procedure
from logdiag.rules.roles import ROLES, Overall, Situation
from logdiag.rules.schema import OF_A_FINDING, DoneWhen, ProcedureStep, When
from logdiag.rules.when_text import describe

_ANYWHERE = Situation(Overall(Cluster((), {}, False, {}, {}, {})), "", (), (), "")
"""The situation of a procedure that is read without evidence."""


def page_of(name: str, library: Library, examined: Sequence[Examined] = ()) -> ProcedurePage:
    """Return a procedure with its steps for each cluster that was examined, or for any cluster.

    With clusters, roles are peers, steps that do not apply are left out, and each step says what the evidence
    shows of it. Without clusters, the steps name roles.
    """
    procedure = library.procedures[name]
    steps = tuple(
        _marked(step, fill_step(step, (), _ANYWHERE), When.model_fields, None, library)
        for step in procedure.steps
    )
    return ProcedurePage(
        name,
        procedure.kind,
        procedure.title,
        tuple(procedure.before),
        tuple(procedure.references),
        tuple(_in_cluster(name, library, one) for one in examined) or (ClusterSteps(None, (), "", steps),),
    )


def _marked(
    step: ProcedureStep,
    filled: Step,
    lines: Iterable[str],
    progress: dict[str, Progress] | None,
    library: Library,
) -> MarkedStep:
    """Return a filled step with its role, some lines of its condition as a sentence, and its progress."""
    when = step.when or When.model_validate({})
    if when.state and "closed" not in when.state:
        when = when.model_copy(update={"state": None})  # a reader expects a repair of what is not over
    condition = describe(when, lines, library.rules)
    return MarkedStep(
        **vars(filled), role=gettext(ROLES[step.where].label), condition=condition, progress=progress
    )


def _in_cluster(name: str, library: Library, one: Examined) -> ClusterSteps:
    context = Context.of(one.folded.findings, {}, one.changes, library, one.cluster)
    calling = _calling(name, library, one)
    if calling:
        note = gettext("These findings call for it: {findings}")
        note = note.format(findings=listed([*dict.fromkeys(it.title for it in calling)], MOST_NAMED))
    elif library.procedures[name].kind == "repair":
        note = gettext(
            "No open finding calls for it. Where only a finding shows the peers, steps name roles."
        )
    else:
        note = ""
    situation = _situation(calling, context.overall)
    lines = () if calling else OF_A_FINDING
    steps = tuple(
        _marked(step, filled, lines, {it: _progress(step.done_when, it, one) for it in filled.where}, library)
        for step, filled in resolve_procedure(name, library, situation)
    )
    if not steps:
        note = gettext("No step of it applies to this cluster.")
    name_of_cluster = next((peer.cluster for peer in one.cluster.peers), None)
    return ClusterSteps(name_of_cluster, context.overall.everyone, note, steps)


def _calling(name: str, library: Library, one: Examined) -> list[Finding]:
    """Return the findings of the worst rule that is not over and has this procedure as a remedy."""
    naming = {rule for rule, it in library.rules.items() if name in it.procedures}
    heads = [it for it in one.folded.incidents if it.rule in naming and it.state != "closed"]
    below = {id_ for incident in heads for id_ in incident.findings}
    causes = {cause for rule, _, match in library.incidents() if rule in naming for cause in match.causes}
    # The worst come first.
    found = [
        it
        for it in one.folded.findings
        if it.state != "closed" and (it.rule in naming or (it.rule in causes and it.id in below))
    ]
    return [it for it in found if it.rule == found[0].rule]


def _situation(calling: Sequence[Finding], overall: Overall) -> Situation:
    if not calling:
        return replace(_ANYWHERE, overall=overall)
    hosts, peers, mutual = hosts_of(calling), peers_of(calling), is_mutual(calling)
    return Situation(
        overall,
        calling[0].rule,
        hosts if mutual else without_peers(hosts, peers),
        peers,
        calling[0].state,
        fired=tuple((finding.rule, finding.values) for finding in calling),
        mutual=mutual,
        values=calling[0].values,
    )


class _Sign(NamedTuple):
    """A finding or an incident, as far as it can show that a step was done."""

    rule: str
    state: State
    peers: frozenset[str]
    began: datetime
    ended: datetime
    values: dict[str, str]


def _signs(one: Examined) -> list[_Sign]:
    findings = (
        _Sign(it.rule, it.state, frozenset((*it.hosts, *it.peers)), it.began, it.ended, it.values)
        for it in one.folded.findings
    )
    incidents = (
        _Sign(it.rule, it.state, frozenset(it.peers), it.first or EPOCH, it.last or EPOCH, {})
        for it in one.folded.incidents
    )
    return [*findings, *incidents]


def _progress(done: DoneWhen | None, peer: str, one: Examined) -> Progress:
    """Return whether the evidence shows that a step was done on a peer; missing evidence shows nothing.

    One sign that it is not done outweighs all signs that it is.
    """
    if done is None:
        return "unknown"
    signs = _signs(one)
    on_peer = [it for it in signs if peer in it.peers]
    against = signs if done.on == "cluster" else on_peer
    if any(it.rule in (done.not_while or ()) and it.state in LASTING for it in against):
        return "not_done"
    work = [it.began for it in signs if it.rule in (done.after or ())]
    if done.after and not work:
        return "unknown"
    shown = [
        it.ended
        for it in on_peer
        if (it.rule in (done.rule or ()) and done.values.items() <= it.values.items())
        or (it.rule in (done.not_while or ()) and it.state == "closed")
    ]
    # What was so before the work began says nothing about a step that comes after it.
    answers: set[Progress] = {"done" for ended in shown if not work or ended >= max(work)}
    if done.fact is not None:
        answers.add(_progress_of_fact(done, done.fact, peer, one))
    return "not_done" if "not_done" in answers else "done" if "done" in answers else "unknown"


def _progress_of_fact(done: DoneWhen, name: str, peer: str, one: Examined) -> Progress:
    facts = {host: fact for host, fact in one.case.facts[name].items() if fact.state != "closed"}
    if done.present is not None:
        known = peer in facts
        return "unknown" if not known else "done" if bool(facts[peer].values) == done.present else "not_done"
    if peer not in facts or not any(fact.values or fact.evidence for fact in facts.values()):
        return "unknown"
    # Only lists of peers have an order that counts.
    in_order = name.endswith("peer_list")
    values = {host: [value.casefold() for value in fact.values] for host, fact in facts.items()}
    if done.pattern is not None:
        fits = pc.match_substring_regex(pa.array(facts[peer].values, pa.string()), done.pattern).to_pylist()
        return "unknown" if not fits else "done" if all(fits) else "not_done"
    if done.among is not None:
        right = {value.casefold() for value in done.among}
        return "unknown" if not values[peer] else "done" if {*values[peer]} <= right else "not_done"
    same = {host: tuple(own if in_order else sorted(own)) for host, own in values.items()}
    if len({*same.values()}) == 1:
        # A single peer, or a cluster with a peer without evidence, shows nothing about the others.
        return "done" if len(same) > 1 and same.keys() >= one.cluster.names else "unknown"
    # A peer without a record of its own was not changed, as the others were.
    changed = {host: own for host, own in same.items() if facts[host].evidence}
    return "done" if peer in changed and len({*changed.values()}) == 1 else "not_done"
