"""Unfinished peers while a cluster is being found, by each of their names."""

from dataclasses import dataclass, field

from logdiag.cluster.names import is_address, short_name


@dataclass(eq=False)
class Draft:
    """An unfinished peer: its names and addresses so far."""

    name: str
    fqdn: str | None = None
    addresses: set[str] = field(default_factory=set)

    @property
    def is_nameless(self) -> bool:
        """Whether it is known only by an address."""
        return self.name in self.addresses


class Drafts:
    """Unfinished peers, by each of their names and addresses."""

    def __init__(self) -> None:
        self._by_name: dict[str, Draft] = {}

    def add(self, name: str) -> Draft:
        """Return the peer of a host name, FQDN or address; a new one if it is not known."""
        key = short_name(name)
        draft = self._by_name.get(key)
        if draft is None:
            draft = self._by_name[key] = Draft(name if is_address(name) else name.partition(".")[0])
        if is_address(name):
            draft.addresses.add(name)
        elif "." in name and draft.fqdn is None:
            draft.fqdn = name
        return draft

    def find(self, name: str) -> Draft | None:
        """Return the peer of a host name, FQDN or address, if there is one already; it takes the FQDN."""
        if is_address(name):
            return next((draft for draft in self.all() if name in draft.addresses), None)
        return self.add(name) if short_name(name) in self._by_name else None

    def leaves_out(self, name: str) -> bool:
        """Return whether no peer can have a new name or address, because all have one already."""
        if is_address(name):
            return all(draft.addresses for draft in self.all())
        return not any(draft.is_nameless for draft in self.all())

    def merge_addresses(self) -> None:
        """Merge each peer that is known only by an address with the named peer that has this address."""
        owners: dict[str, dict[Draft, None]] = {}  # by address, in order
        for draft in self.all():
            for address in draft.addresses:
                owners.setdefault(address, {})[draft] = None
        merged: dict[Draft, Draft] = {}
        for nameless in [draft for draft in self.all() if draft.is_nameless]:
            if others := [draft for draft in owners[nameless.name] if draft is not nameless]:
                # Of several that have one address it is that of the one that has no other.
                owner = min(others, key=lambda one: (len(one.addresses), one.name.lower()))
                merged[nameless] = owner
                owner.addresses |= nameless.addresses
                for address in nameless.addresses:
                    del owners[address][nameless]
                    owners[address][owner] = None
        for key, draft in self._by_name.items():
            while draft in merged:
                draft = self._by_name[key] = merged[draft]

    def all(self) -> list[Draft]:
        """Return each peer once, in the order of their names."""
        return sorted(dict.fromkeys(self._by_name.values()), key=lambda draft: draft.name.lower())
