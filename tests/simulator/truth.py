"""The right diagnosis of a scenario, independent of logdiag."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from .alarms import ASKS_FOR_A_RESTART, CLUSTER_PATH
from .world import World

_NAMES = {
    "replication": (
        "healthy stalled not-completed role-conflict primaries-apart different-primaries peer-list-differs manual-sync-required "
        "primary-unreachable upgrade-in-progress settings-differ not-in-peer-list"
    ),
    "database": "peer-down inconsistent connect-failed failure sync-failed log-server-frozen",
    "cluster": (
        "peer-failed communication-failure database-communication-failure restart-required ports-blocked "
        "invalid-configuration inconsistent-state name-missing peer-away-for-long"
    ),
    "h323": "peer-timeout mode-off",
    "dns": "peer-unresolved",
    "system-key": "update-failed",
    "tls": "verification-changed certificate-mismatch certificate-expired addresses-under-enforcing",
    "system": "application-failed restart-requested paused",
    "time": "not-synchronised skew-between-peers",
    "factory-reset": "pending failed",
    "requirements": (
        "mixed-c-and-e software-version hardware option-keys h323-mode peer-list cluster-name "
        "primary-index ip-version tls-mode ntp dns nat too-many-peers capacity"
    ),
    "alarm": "raised",
    "incident": (
        "peer-lost planned-restart restart-unfinished tls-enforcement upgrade-order split-brain database-rebuild "
        "system-key"
    ),
}
RULES = frozenset(f"{folder}/{name}" for folder, names in _NAMES.items() for name in names.split())
"""The ids of the rules that scenarios can expect."""

Action = Literal["force-config-update", "force-system-key-update", "restart", "reboot", "upgrade", "destroy"]
Level = Literal["host", "pair", "about"]


@dataclass(frozen=True)
class Expected:
    """A required finding.

    At level ``host``, each of ``hosts`` must report it, and no other host. At ``pair``, the host must report it about
    the peer, and no other pair may have it. At ``about``, each of ``hosts`` must be among its hosts or peers; others
    may be. ``states`` are the right states; empty means any state.
    """

    rule: str
    level: Level
    hosts: tuple[str, ...]
    peer: str | None = None
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class Headline:
    """The first incident: one of ``rules``, about ``peers`` and possibly peers of ``among``."""

    rules: tuple[str, ...]
    severity: str
    states: tuple[str, ...]
    peers: tuple[str, ...] = ()
    among: tuple[str, ...] = ()


@dataclass(frozen=True)
class Advice:
    """A required action on exactly these peers; ``first`` is the peer to start with.

    ``any_of``: one of the peers is enough, and no other peer is allowed.
    """

    action: Action
    peers: tuple[str, ...]
    first: str | None = None
    any_of: bool = False


@dataclass(frozen=True)
class Truth:
    """The whole truth of a case. ``headline`` is None if nothing is wrong: no incident above ``info``."""

    headline: Headline | None
    expected: tuple[Expected, ...] = ()
    allowed: frozenset[str] = frozenset()
    advice: tuple[Advice, ...] = ()
    never: frozenset[Action] = frozenset()
    last_resort: bool = False
    """Whether the destructive script may be advised as the last resort."""


def truth(
    headline: Headline | None,
    *expected: Expected,
    allowed: Iterable[str] = (),
    advice: Iterable[Advice] = (),
    never: Iterable[Action] = (),
    last_resort: bool = False,
) -> Truth:
    return Truth(headline, expected, frozenset(allowed), tuple(advice), frozenset(never), last_resort)


# ── short forms of expected findings ────────────────────────────────────────────────────────


def at(rule: str, *hosts: str, state: str = "") -> Expected:
    return Expected(rule, "host", hosts, states=tuple(state.split()))


def pair(rule: str, host: str, peer: str, state: str = "") -> Expected:
    return Expected(rule, "pair", (host,), peer, tuple(state.split()))


def about(rule: str, *names: str, state: str = "") -> Expected:
    return Expected(rule, "about", names, states=tuple(state.split()))


def headline(rule: str, severity: str, state: str, *peers: str, among: Iterable[str] = ()) -> Headline:
    """Return a headline; ``rule`` and ``state`` may contain several alternatives."""
    return Headline(tuple(rule.split()), severity, tuple(state.split()), peers, tuple(among))


def loss(
    host: str, lost: str, state: str, *, alarms: bool = True, unanswered: bool = True
) -> tuple[Expected, ...]:
    """Return the findings of a peer that lost another: database records, alarms, unanswered H.323."""
    found = [
        pair("database/peer-down", host, lost, state),
        pair("database/inconsistent", host, lost),
        pair("database/connect-failed", host, lost),
    ]
    if alarms:
        found += [at("cluster/communication-failure", host, state=state)]
        found += [at("cluster/database-communication-failure", host, state=state)]
    if unanswered:
        found += [pair("h323/peer-timeout", host, lost)]
    return tuple(found)


# ── dangerous advice ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Dangers:
    """Facts of the world at its end that make some advice dangerous in every scenario."""

    primary: str | None
    single: bool
    key_failed: frozenset[str]
    way_broken: bool
    may_restart: frozenset[str]
    reset_pending: bool
    last_resort: bool
    differ: bool = False
    """Whether software versions differ."""


def dangers(world: World, case: Truth) -> Dangers:
    nodes = world.nodes
    raised = {name: frozenset(node.alarms) for name, node in nodes.items()}
    listed = {entry for node in nodes.values() for entry in node.settings.peer_list}
    claims = {primary for name in nodes if (primary := world.primary_of(name)) is not None}
    texts = {
        (name, alarm): detail for name, node in nodes.items() for alarm, (_, detail) in node.alarms.items()
    }
    restarts_old_file = {
        name for (name, alarm), text in texts.items() if alarm == "20014" and "manual" not in text
    }
    named = {
        name
        for (_, alarm), text in texts.items()
        if alarm == "20025"
        for name in nodes
        if nodes[name].peer.fqdn in text
    }
    return Dangers(
        primary=claims.pop() if len(claims) == 1 else None,
        single=len(nodes) == 1,
        key_failed=frozenset(name for name in nodes if "40055" in raised[name]),
        way_broken=any(raised[name] & CLUSTER_PATH for name in nodes),
        may_restart=frozenset(
            {name for name in nodes if raised[name] & ASKS_FOR_A_RESTART or not nodes[name].up}
            | restarts_old_file
            | named
        ),
        reset_pending=any(
            not node.settings.peer_list and node.peer.entry in listed and node.up for node in nodes.values()
        ),
        last_resort=case.last_resort,
        differ=len({node.settings.version for node in nodes.values()}) > 1,
    )
