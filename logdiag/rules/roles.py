"""The roles that a remedy's step can name, and which peers of a cluster they are.

A role that the evidence does not settle is never guessed: it resolves to no peer, and the step
says what is missing and where to look.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from logdiag.cluster import Cluster
from logdiag.i18n import N_, gettext
from logdiag.i18n.sentences import listed

ONE_UNAFFECTED = N_("one peer that does not report it")
"""The role of a step that is done on one peer, although several may be suitable."""

_PRIMARY_UNKNOWN = N_(
    "This evidence does not show which peer is the configuration primary: System > Clustering on any "
    "peer names it, and so do the replication records of a log (ConfigurationMasterIndex, counted from 0)."
)


_MANY = 50
"""Peers that a step can be about; a cluster has six, and no text names more than a few."""


@dataclass(frozen=True)
class Overall:
    """What holds for the whole cluster, whichever finding a remedy is for.

    ``reporters`` are, for every rule, the peers that it still holds for: a remedy that is right for
    one peer can do harm while another has the problem too. ``going_on`` are the rules that some peer was
    in and is not known to be out of: what a gap or the end of a log hides is not over. ``everywhere`` are
    those that fired anywhere in the cluster. ``away`` are the peers that are lost now.
    """

    cluster: Cluster
    reporters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    going_on: frozenset[str] = frozenset()
    everywhere: frozenset[str] = frozenset()
    away: frozenset[str] = frozenset()
    way_is_broken: bool = False
    """Whether some peers may not reach each other: what is set on one does not replicate to all."""
    before_outages: tuple[tuple[str, str], ...] = ()
    """Rules that no step of risk outage or destructive may be done in, each with the procedure instead."""
    _unaffected: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    def unaffected(self, rule: str) -> tuple[str, ...]:
        """The peers without it that are there. Their logs may not say so: nothing of it was seen there."""
        if rule not in self._unaffected:
            not_meant = {*self.reporters.get(rule, ()), *self.away}
            names = (peer.name for peer in self.cluster.peers)
            self._unaffected[rule] = tuple(name for name in names if name not in not_meant)
        return self._unaffected[rule]

    @cached_property
    def versions(self) -> frozenset[str]:
        """The known software versions: all peers of a cluster run one, so these speak for the others."""
        return frozenset(version for version in self.cluster.versions.values() if version is not None)

    @cached_property
    def everyone(self) -> tuple[str, ...]:
        """The names of all peers."""
        return tuple(peer.name for peer in self.cluster.peers)


@dataclass(frozen=True)
class Situation:
    """What a remedy is resolved against.

    ``hosts`` report the problem, ``peers`` are those it is about; ``fired`` is what else was found
    in the same incident: rule ids, with what each finding bound. ``rule`` is whose reporters are
    meant. ``mutual`` is set if peers report it of each other. ``values`` is what the finding bound.
    Planned work has no finding: then ``rule`` and ``state`` are empty.
    """

    overall: Overall
    rule: str
    hosts: tuple[str, ...]
    peers: tuple[str, ...]
    state: str
    fired: tuple[tuple[str, dict[str, str]], ...] = ()
    mutual: bool = False
    values: dict[str, str] = field(default_factory=dict)

    def asked_about(self, rule: str | None) -> "Situation":
        """Return the same, with another rule's reporters in mind."""
        return self if rule is None else replace(self, rule=rule)

    @property
    def others(self) -> tuple[str, ...]:
        """The peers that the finding is about; if it names none, all that do not report it."""
        if self.peers:
            return self.peers
        reporting = frozenset(self.hosts)
        return tuple(islice((name for name in self.overall.everyone if name not in reporting), _MANY))

    @property
    def cluster(self) -> Cluster:
        """The cluster that it is about."""
        return self.overall.cluster

    @property
    def asking(self) -> tuple[str, ...]:
        """The peers that the rule in mind still holds for, wherever in the cluster."""
        return self.overall.reporters.get(self.rule, ())

    @property
    def unaffected(self) -> tuple[str, ...]:
        """The peers that are there and that it does not hold for, as far as is known."""
        return self.overall.unaffected(self.rule)


Resolved = tuple[str, ...] | str | None
"""The peers that a role is, or a sentence about what is missing, or None if no step is meant."""


def _the_primary(situation: Situation) -> Resolved:
    primary = situation.cluster.primary
    return (primary,) if primary else gettext(_PRIMARY_UNKNOWN)


def _the_first_peer(situation: Situation) -> Resolved:
    """A cluster begins with its primary; before that, the only node of the inputs is meant."""
    everyone = situation.overall.everyone
    return _the_primary(situation) if len(everyone) > 1 else everyone


def _the_lost_primary(situation: Situation) -> Resolved:
    primary = situation.cluster.primary
    return (primary,) if primary in situation.peers else None


def _the_subordinates(situation: Situation) -> Resolved:
    primary = situation.cluster.primary
    if primary is None:
        return gettext(_PRIMARY_UNKNOWN)
    return tuple(name for name in situation.overall.everyone if name != primary)


def _the_primary_if_it_asks(situation: Situation) -> Resolved:
    primary, asking = situation.cluster.primary, situation.asking
    if primary is not None:
        return (primary,) if primary in asking else None
    if len(situation.cluster.peers) == 1:
        return asking or None
    if len(asking) < 2:  # no order to keep: it is one of "the others"
        return None
    among = gettext("{peers} ask for it.").format(peers=listed(asking))
    return f"{gettext(_PRIMARY_UNKNOWN)} {among}"


def _the_others_that_ask(situation: Situation) -> Resolved:
    primary, asking = situation.cluster.primary, situation.asking
    if len(situation.cluster.peers) == 1 or not asking:
        return None
    if primary is None and len(asking) > 1:
        return gettext("They are those of {peers} that are not the primary.").format(peers=listed(asking))
    return tuple(host for host in asking if host != primary) or None


def _unaffected(situation: Situation) -> Resolved:
    return situation.unaffected or gettext("No peer is known that does not report it.")


def _one_unaffected(situation: Situation) -> Resolved:
    """Return one of them: the primary if it is among them, else the first."""
    known, primary = situation.unaffected, situation.cluster.primary
    return (primary,) if primary is not None and primary in known else known[:1] or _unaffected(situation)


def _others(situation: Situation) -> Resolved:
    """Return the peers that do not report it; no step is for them if all do."""
    reporting = frozenset(situation.hosts)
    return tuple(name for name in situation.overall.everyone if name not in reporting) or None


def _about(situation: Situation) -> Resolved:
    return situation.peers or gettext("This evidence does not show which peer this is about.")


def _subordinates_that_report(situation: Situation) -> Resolved:
    """Never the primary, and never a peer that may be it."""
    primary = situation.cluster.primary
    if len(situation.cluster.peers) < 2:
        return None
    if primary is None:
        return gettext(_PRIMARY_UNKNOWN)
    return tuple(host for host in situation.hosts if host != primary) or None


def _named(situation: Situation) -> Resolved:
    """Return the peers that it names, which may be those that report it."""
    own = {bound.get("peer", "") for rule, bound in situation.fired if rule == situation.rule}
    return tuple(sorted(own & situation.cluster.names)) or _about(situation)


def _staying(situation: Situation) -> Resolved:
    """Return the peers that are there and that it is not about; if it names no peer, those that report it."""
    leaving = {*situation.others, *situation.overall.away}
    return tuple(name for name in situation.overall.everyone if name not in leaving)


class Role(NamedTuple):
    """The label of a role that has no peer, and how the role is resolved."""

    label: str
    resolve: Callable[[Situation], Resolved]


ROLES: dict[str, Role] = {
    N_("the subordinates that report it"): Role(
        N_("a subordinate that reports it"), _subordinates_that_report
    ),
    N_("the peers that ask for it"): Role(N_("the peers that ask for it"), lambda s: s.asking),
    N_("the peers it names"): Role(N_("the peer it names"), _named),
    N_("the peers that report it"): Role(N_("the peers that report it"), lambda s: s.hosts),
    N_("the peers it is about"): Role(N_("the peer it is about"), _about),
    N_("the lost primary"): Role(N_("the lost primary"), _the_lost_primary),
    N_("the peers concerned"): Role(N_("the peers concerned"), lambda s: s.peers or s.hosts),
    N_("the other peers"): Role(N_("the other peers"), _others),
    N_("every peer"): Role(N_("every peer"), lambda s: s.overall.everyone),
    N_("the peers that stay"): Role(N_("the peers that stay"), _staying),
    # A peer that is added is in no evidence of the cluster, so the texts of its steps call it "the new peer".
    N_("the new peer"): Role(N_("the new peer"), lambda _: ()),
    N_("the first peer"): Role(N_("the first peer"), _the_first_peer),
    N_("the primary"): Role(N_("the configuration primary"), _the_primary),
    N_("the subordinates"): Role(N_("the subordinates"), _the_subordinates),
    N_("the primary, if it asks for it"): Role(N_("the configuration primary"), _the_primary_if_it_asks),
    N_("the others that ask for it"): Role(N_("the other peers that ask for it"), _the_others_that_ask),
    N_("a peer that does not report it"): Role(N_("a peer that does not report it"), _unaffected),
    ONE_UNAFFECTED: Role(N_("a peer that does not report it"), _one_unaffected),
}

OF_THE_CLUSTER = frozenset({"every peer", "the first peer", "the primary", "the subordinates"})
"""Roles that need no finding."""
