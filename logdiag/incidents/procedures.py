"""Makes pages of procedures: for any cluster, or for the clusters at hand with what was done already."""

from collections.abc import Collection, Sequence

from logdiag.cluster import Cluster
from logdiag.i18n import N_, gettext
from logdiag.i18n.sentences import MOST_NAMED, listed
from logdiag.incidents.context import Context
from logdiag.incidents.examine import Examined
from logdiag.incidents.groups import is_mutual
from logdiag.model import ClusterSteps, Finding, MarkedStep, ProcedurePage, Progress
from logdiag.rules.library import Library
from logdiag.rules.remedies import fill_step, resolve_procedure
from logdiag.rules.roles import ROLES, Overall, Situation
from logdiag.rules.schema import OF_A_FINDING, DoneWhen, When

_ANYWHERE = Situation(Overall(Cluster((), {}, False, {}, {}, {})), "", (), (), "")
"""The situation of a procedure that is read without evidence."""

_CONDITIONS = {
    "topology": N_("single node or cluster: {values}"),
    "unaffected": N_("peers that do not report it: {values}"),
    "state": N_("state of the finding: {values}"),
    "finding": N_("found in the same incident: {values}"),
    "without": N_("not found in the same incident: {values}"),
    "peers": N_("number of peers it is about: {values}"),
    "mutual": N_("reported by both sides: {values}"),
    "version": N_("software version: {values}"),
    "fires": N_("found in the cluster: {values}"),
    "silent": N_("not found in the cluster: {values}"),
    "role": N_("role of the peers that report it: {values}"),
    "about": N_("role of the peers it is about: {values}"),
    "goes_on": N_("not known to be over: {values}"),
    "over": N_("over, or never seen: {values}"),
    "way": N_("connection between the peers: {values}"),
}
"""The lines of a condition, for a reader."""

_OPEN = ("open", "open_at_end")


def page_of(name: str, library: Library, examined: Sequence[Examined] = ()) -> ProcedurePage:
    """Return a procedure with its steps for each cluster that was examined, or for any cluster.

    With clusters, roles are peers, steps that do not apply are left out, and each step says what the evidence
    shows of it. Without clusters, the steps name roles.
    """
    procedure = library.procedures[name]
    steps = tuple(
        MarkedStep(
            **vars(fill_step(step, (), _ANYWHERE)),
            role=gettext(ROLES[step.where].label),
            condition=_condition(step.when),
        )
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


def _condition(when: When | None, lines: Collection[str] = _CONDITIONS) -> str:
    """Return some lines of a condition as a text."""
    found = {} if when is None else when.model_dump(exclude_defaults=True, include={*lines})
    if "closed" not in found.get("state", ()):
        found.pop("state", None)  # a reader expects that a repair is for what is not over
    return "; ".join(
        gettext(_CONDITIONS[name]).format(values=_values(value))
        for name, value in found.items()
        if name in _CONDITIONS
    )


def _values(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return ", ".join(value) if isinstance(value, list) else str(value)


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
    steps = tuple(
        MarkedStep(
            **vars(filled),
            role=gettext(ROLES[step.where].label),
            condition="" if calling else _condition(step.when, OF_A_FINDING),
            progress={peer: _progress(step.done_when, peer, one) for peer in filled.where},
        )
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
    values = {
        host: tuple(value.casefold() for value in fact.values)
        for host, fact in one.case.facts[name].items()
        if fact.values and fact.state != "closed"
    }
    if peer not in values:
        return "unknown"
    if done.among is not None:
        return "done" if {*values[peer]} <= {value.casefold() for value in done.among} else "not_done"
    # Only lists of peers have an order that counts.
    in_order = name.endswith("peer_list")
    if len({own if in_order else tuple(sorted(own)) for own in values.values()}) > 1:
        return "not_done"
    # A single peer, or a peer without evidence, shows nothing about the others.
    return "done" if len(values) > 1 and values.keys() >= one.cluster.names else "unknown"
