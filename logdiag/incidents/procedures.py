"""Makes pages of procedures: for any cluster, or for given clusters with what was done already."""

from collections.abc import Iterable, Sequence

import yaml

from logdiag.cluster import Cluster
from logdiag.i18n import gettext
from logdiag.i18n.sentences import MOST_NAMED, listed
from logdiag.incidents.context import Context
from logdiag.incidents.examine import Examined
from logdiag.incidents.groups import is_mutual
from logdiag.model import ClusterSteps, Finding, MarkedStep, ProcedurePage, Progress, Step
from logdiag.rules.library import Library
from logdiag.rules.remedies import fill_step, resolve_procedure
from logdiag.rules.roles import ROLES, Overall, Situation
from logdiag.rules.schema import OF_A_FINDING, DoneWhen, ProcedureStep, When

_ANYWHERE = Situation(Overall(Cluster((), {}, False, {}, {}, {})), "", (), (), "")
"""The situation of a procedure that is read without evidence."""

_OPEN = ("open", "open_at_end")


def page_of(name: str, library: Library, examined: Sequence[Examined] = ()) -> ProcedurePage:
    """Return a procedure with its steps for each cluster that was examined, or for any cluster.

    With clusters, roles are peers, steps that do not apply are left out, and each step says what the evidence
    shows of it. Without clusters, the steps name roles.
    """
    procedure = library.procedures[name]
    steps = tuple(
        _marked(step, fill_step(step, (), _ANYWHERE), When.model_fields, None) for step in procedure.steps
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
    step: ProcedureStep, filled: Step, lines: Iterable[str], progress: dict[str, Progress] | None
) -> MarkedStep:
    """Return a filled step with its role, some lines of its condition as written, and its progress."""
    when = step.when.model_dump(exclude_defaults=True, include={*lines}) if step.when else {}
    if "closed" not in when.get("state", ()):
        when.pop("state", None)  # a reader expects that a repair is for what is not over
    condition = yaml.safe_dump(when, default_flow_style=True, sort_keys=False, width=1 << 16).strip()[1:-1]
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
        _marked(step, filled, lines, {peer: _progress(step.done_when, peer, one) for peer in filled.where})
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
        return Situation(overall, "", (), (), "")
    peers = {peer for finding in calling for peer in finding.peers}
    hosts = {host for finding in calling for host in finding.hosts}
    mutual = is_mutual(calling)
    return Situation(
        overall,
        calling[0].rule,
        tuple(sorted(hosts if mutual else hosts - peers or hosts)),
        tuple(sorted(peers)),
        calling[0].state,
        fired=tuple((finding.rule, finding.values) for finding in calling),
        mutual=mutual,
        values=calling[0].values,
    )


def _progress(done: DoneWhen | None, peer: str, one: Examined) -> Progress:
    """Return whether the evidence shows that a step was done on a peer; missing evidence shows nothing."""
    if done is None:
        return "unknown"
    if done.fact is not None:
        return _progress_of_fact(done, done.fact, peer, one)
    of_rule = {
        it.state
        for it in one.folded.findings
        if it.rule in (done.rule, done.not_while) and peer in (*it.hosts, *it.peers)
    }
    of_rule |= {
        it.state for it in one.folded.incidents if it.rule in (done.rule, done.not_while) and peer in it.peers
    }
    if done.rule is not None:
        return "done" if of_rule else "unknown"
    if not of_rule.isdisjoint(_OPEN):
        return "not_done"
    return "done" if of_rule == {"closed"} else "unknown"


def _progress_of_fact(done: DoneWhen, name: str, peer: str, one: Examined) -> Progress:
    facts = {host: fact for host, fact in one.case.facts[name].items() if fact.state != "closed"}
    if peer not in facts or not any(fact.values or fact.evidence for fact in facts.values()):
        return "unknown"
    # Only lists of peers have an order that counts.
    in_order = name.endswith("peer_list")
    values = {host: [value.casefold() for value in fact.values] for host, fact in facts.items()}
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
