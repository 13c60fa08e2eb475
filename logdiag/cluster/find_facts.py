"""Finds all facts about the peers of one cluster: from dumps, from records, and from both."""

from dataclasses import replace

from logdiag.cluster import edited_settings, membership, record_facts
from logdiag.cluster.cluster import Cluster
from logdiag.cluster.dump_facts import find_dump_facts
from logdiag.cluster.dump_rows import DumpRows
from logdiag.cluster.facts import EPOCH, FACTS, Fact, Facts, nothing_found
from logdiag.cluster.moved_addresses import find_moved_addresses
from logdiag.cluster.pauses import find_pauses
from logdiag.cluster.skew import Jump
from logdiag.conditions import Log
from logdiag.i18n import gettext
from logdiag.i18n.sentences import moment
from logdiag.model import State
from logdiag.records import instant

_APART = 60.0
"""Seconds between two clocks from which `time/skew-between-peers` reports them."""


def find_facts(rows: DumpRows, log: Log, cluster: Cluster) -> Facts:
    """Return all facts about the peers of one cluster, by name and peer.

    Of several sources of one fact the last one here counts: records are newer than dumps.
    """
    found: Facts = {name: {} for name in FACTS}
    found["tls_mode"] = dict(record_facts.find_late_tls_modes(log, cluster))
    found["domain"] = dict(membership.find_domains(log, cluster))
    for name, peer, fact in find_dump_facts(rows, cluster):
        found[name][peer] = fact
    lists = edited_settings.newest_lists(log, cluster, found["peer_list"])
    found["gaps_in_list"] = dict(edited_settings.find_gaps(lists))
    for name, peer, fact in record_facts.find_record_facts(log, cluster):
        # The list of a record has no empty places, so that its numbers are others than those that are set.
        has_gap = peer in found["gaps_in_list"] and found["gaps_in_list"][peer].values
        if name != "primary_not_listed" or fact.values or not has_gap:
            found[name][peer] = fact
    found["version"] |= dict(record_facts.find_versions_before_upgrades(log, cluster, found["version"]))
    found["log"] = {
        peer.name: Fact(tuple(moment(time) for time in (peer.seen_from, peer.seen_to) if time), EPOCH)
        for peer in cluster.peers
    }
    together = record_facts.find_common_starts(log, cluster)
    nothing = nothing_found(cluster)
    everyone = together.keys() == cluster.names
    found["all_started"] = nothing | (together if everyone else {})
    found["started_together"] = nothing | ({} if everyone else together)
    found["paused"] = dict(find_pauses(log, cluster))
    without_list = {peer for peer, fact in found["peer_list"].items() if not any(fact.values)}
    single = without_list | edited_settings.find_new_peers(log, cluster)
    found["without_cycle"] = dict(record_facts.find_missing_cycles(log, cluster, single))
    found["no_primary"] = dict(record_facts.find_missing_primary(log, cluster))
    found["edited_settings"] = dict(edited_settings.find_edited_settings(log, cluster, found))
    found["unverified_in_list"] = dict(edited_settings.find_unverified_addresses(lists, found))
    found["mixed_list"] = dict(edited_settings.find_mixed_lists(lists, cluster))
    found["moved_address"] = nothing | dict(find_moved_addresses(log, cluster, found))
    for peer, fact in found["moved_address"].items():
        if fact.values and peer in found["not_in_own_list"]:  # one cause is reported once
            found["not_in_own_list"][peer] = replace(found["not_in_own_list"][peer], values=())
    measured = {name for pair in cluster.skews for name in pair}
    found["clock_skew"] = {
        peer.name: Fact((f"{peer.clock_skew:.3f}",), peer.seen_from or EPOCH)
        for peer in cluster.peers
        if peer.clock_skew is not None
    }
    found["clock_jump"] = {name: nothing[name] for name in measured} | {
        jump.peer: Fact((_worded(jump),), instant(jump.skipped[0]), state=_state(jump, cluster))
        for jump in cluster.jumps
    }
    # Who is a member follows from the facts of all peers.
    found |= membership.find_membership_facts(found, log, cluster)
    # A dump is from before the log: a list that was empty then, and was entered since, is not known.
    for peer in without_list:
        if any(lists[peer][0].values()):
            del found["peer_list"][peer]
    return found


def _worded(jump: Jump) -> str:
    forward, back = gettext("{seconds} s forward before {time}"), gettext("{seconds} s back before {time}")
    text = forward if jump.seconds > 0 else back
    return text.format(seconds=f"{abs(jump.seconds):.0f}", time=moment(instant(jump.time)))


def _state(jump: Jump, cluster: Cluster) -> State | None:
    """Return that the jump is over if the clock agrees with the others after it."""
    apart = [abs(skew) for pair, skew in cluster.skews.items() if jump.peer in pair]
    return "seen" if max(apart, default=0) < _APART else None
