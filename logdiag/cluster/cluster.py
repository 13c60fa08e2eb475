"""The class `Cluster`: the peers, the times that their logs cover, and claims about the primary."""

import bisect
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from logdiag.cluster.names import is_address, plain_name, short_name
from logdiag.cluster.observed import Observed
from logdiag.cluster.skew import Jump
from logdiag.model import Gap, Peer, Role
from logdiag.reading import Dump
from logdiag.records import instant


class Claim(NamedTuple):
    """What a peer logs about the configuration primary, at a time in microseconds since 1970.

    ``primary`` is None if the peer only says that it is not the primary itself.
    """

    time: int
    peer: str
    primary: str | None


@dataclass(frozen=True)
class Cluster:
    """The peers of one cluster in the order of their names, and the times that their logs cover."""

    peers: tuple[Peer, ...]
    observed: dict[str, Observed]
    listed: bool
    """Whether a list of peers was seen, so that the number of peers is known."""
    dumps: dict[str, tuple[Dump, ...]]
    """The dumps of each peer that has any."""
    aliases: dict[str, str]
    """Further names that peers go by, as `plain_name` writes them."""
    skews: dict[tuple[str, str], float]
    """Seconds by which the second peer's clock is ahead of the first's, if that could be measured."""
    jumps: tuple[Jump, ...] = ()
    """Clocks that were set while the peers logged."""
    claims: tuple[Claim, ...] = ()
    """What peers log about the primary, in the order of time."""
    strangers: tuple[str, ...] = ()
    """Nodes of the cluster database that are in no list of peers, as records write them."""

    def resolve(self, text: str) -> str | None:
        """Return the peer with a name, an FQDN, a node name or an address; None if no peer has it."""
        name = plain_name(text)
        # A name in a domain that was not seen is still the peer of its first part, as when it was found.
        return self._names.get(name) or self._names.get(short_name(name))

    def peer_of(self, host: str) -> str:
        """Return the name of the peer that has a host name or address; the host itself if no peer has it."""
        return self.resolve(host) or host

    def could_be_peer(self, address: str, host: str) -> bool:
        """Return whether an address in a host's records is that of a peer, or may be that of another peer."""
        return self.resolve(address) is not None or len(self._without_addresses) > (
            host in self._without_addresses
        )

    @cached_property
    def _without_addresses(self) -> frozenset[str]:
        return frozenset(peer.name for peer in self.peers if not peer.addresses)

    @cached_property
    def _names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for peer in self.peers:
            for alias in (peer.name, peer.fqdn, *peer.addresses):
                if alias is not None:
                    names.setdefault(plain_name(alias), peer.name)
                    if not is_address(alias):
                        names.setdefault(plain_name(alias).partition(".")[0], peer.name)
        return {**self.aliases, **names}

    @property
    def dumps_by_peer(self) -> list[tuple[str, Dump]]:
        """Each dump with the name of its peer."""
        return [(peer, dump) for peer, dumps in self.dumps.items() for dump in dumps]

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of all peers."""
        return frozenset(peer.name for peer in self.peers)

    @cached_property
    def versions(self) -> dict[str, str | None]:
        """Each peer's software version, None if it is not known."""
        return {peer.name: peer.version for peer in self.peers}

    @cached_property
    def primary(self) -> str | None:
        """The configuration primary's name, None if it is not known."""
        return next((peer.name for peer in self.peers if peer.role == "primary"), None)

    def role_at(self, peer: str, time: int) -> Role | None:
        """Return a peer's role at a time in microseconds since 1970; None if the inputs do not show it.

        A peer's own claim counts more than those of others, and claims before the time count more than claims
        after it.
        """
        own, _, others = self._claims_of(peer)
        before = [claim for claims in (own, others) if (claim := _last_before(claims, time)) is not None]
        for claim in (*before, *own[:1], *others[:1]):
            return "primary" if claim.primary == peer else "subordinate"
        return None

    def primary_of(self, peer: str, time: int) -> str | None:
        """Return the configuration primary that a peer followed at a time; None if it is not known."""
        claim = _last_before(self._claims_of(peer)[1], time)
        return self.primary if claim is None else claim.primary

    def _claims_of(self, peer: str) -> tuple[list[Claim], list[Claim], list[Claim]]:
        """Return a peer's claims, those of them that name the primary, and others' claims that name it."""
        if peer not in self._claims_on:
            own = [claim for claim in self.claims if claim.peer == peer]
            others = [claim for claim in self.claims if claim.peer != peer and claim.primary is not None]
            naming = [claim for claim in own if claim.primary is not None]
            self._claims_on[peer] = own, naming, others
        return self._claims_on[peer]

    @cached_property
    def _claims_on(self) -> dict[str, tuple[list[Claim], list[Claim], list[Claim]]]:
        """Cached results of `_claims_of`: conditions on roles call it for each matching record."""
        return {}

    @property
    def topology(self) -> str:
        """``cluster``, ``single``, or ``unknown`` if one peer was seen and no list of peers."""
        if len(self.peers) > 1:
            return "cluster"
        return "single" if self.listed else "unknown"

    @cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """The gaps in the logs of each peer, between their spans."""
        return tuple(
            Gap(peer, instant(start), instant(end))
            for peer in sorted(self.observed)
            for start, end in self.observed[peer].gaps()
        )


def _last_before(claims: list[Claim], time: int) -> Claim | None:
    place = bisect.bisect_right(claims, time, key=lambda claim: claim.time)
    return claims[place - 1] if place else None
