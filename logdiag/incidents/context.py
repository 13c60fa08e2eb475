"""The facts about the whole cluster that each of its incidents needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from logdiag.cluster import Cluster
from logdiag.incidents.causes import by_time
from logdiag.model import Change, Finding
from logdiag.rules.library import Library
from logdiag.rules.roles import Overall

LOSS = "database/peer-down"
"""The rule whose findings say that a peer is lost."""

UNWATCHED = "system/started-unwatched"
"""The rule whose findings are starts that may have been requested before the logs begin."""

LASTING = ("open", "open_at_end")
"""The states of a finding that is known not to be over."""
_NOT_OVER = (*LASTING, "unknown")


@dataclass(frozen=True)
class Context:
    """Facts about the whole cluster that every remedy needs."""

    library: Library
    overall: Overall
    known: Mapping[str, Finding]
    """All findings by id."""
    possible: Mapping[str, tuple[str, ...]]
    """The possible causes of each effect by id, the most likely first."""
    changes: tuple[Change, ...]
    """What somebody changed, in the order of time."""

    @classmethod
    def of(
        cls,
        findings: Sequence[Finding],
        possible: Mapping[str, tuple[str, ...]],
        changes: tuple[Change, ...],
        library: Library,
        cluster: Cluster,
    ) -> "Context":
        """Return the context from all findings of a cluster."""
        lost = [one for one in findings if one.rule == LOSS and one.state in LASTING]
        # A peer that itself reports a loss is up, whatever the others report.
        up = {host for one in lost for host in one.hosts}
        overall = Overall(
            cluster,
            reporters=_reporters(findings),
            going_on=frozenset(one.rule for one in findings if one.state in _NOT_OVER),
            everywhere=frozenset(one.rule for one in findings),
            away=frozenset(peer for finding in lost for peer in finding.peers) - up,
            way_is_broken=any(
                one.state != "closed" and library.rules[one.rule].breaks_the_way for one in findings
            ),
            before_outages=tuple(
                (name, procedure)
                for name in sorted({one.rule for one in findings if one.state in _NOT_OVER})
                if (procedure := library.rules[name].before_outages) is not None
            ),
        )
        return cls(library, overall, {one.id: one for one in findings}, possible, changes)


def _reporters(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """Return, by rule, the peers whose newest finding of any key is not over."""
    ordered = sorted(findings, key=by_time)
    newest = {(finding.fingerprint, host): finding for finding in ordered for host in finding.hosts}
    holding: dict[str, set[str]] = {}
    for (_, host), finding in newest.items():
        if finding.state != "closed":
            holding.setdefault(finding.rule, set()).add(host)
    return {rule: tuple(sorted(hosts)) for rule, hosts in holding.items()}
