"""Which peers there are, which belong together, and what dumps say of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logdiag.cluster import Cluster, find_clusters
from logdiag.reading import read_texts

TIME = "2024-02-06T10:00:{:02d}.000+00:00"


def node_record(host: str, other: str, domain: str = "example.com", second: int = 0) -> str:
    return (
        f'{TIME.format(second)} {host} UTCTime="2024-02-06 10:00:{second:02d},000" '
        f'Module="developer.clusterdb.cdb" Level="INFO" Node="clusterdb@{host}.{domain}" PID="<0.1.0>" '
        f'Detail="Processed mnesia_down event from accessible node" Node="clusterdb@{other}.{domain}"\n'
    )


def list_record(host: str, *peers: tuple[str, str], primary: int = 0, second: int = 0) -> str:
    listed = ", ".join(f"u'({address} {name})'" for address, name in peers)
    return (
        f'{TIME.format(second)} {host} replication: UTCTime="2024-02-06 10:00:{second:02d},000" '
        f'Module="developer.replication" Level="INFO" AlternateIPAddresses="[{listed}]" '
        f'ConfigurationMasterIndex="{primary}" LocalPeerIndex="0"\n'
    )


def plain_record(host: str, second: int = 0) -> str:
    return f'{TIME.format(second)} {host} tvcs: Event="System Start"\n'


def clusters(**files: str) -> list[Cluster]:
    found = find_clusters(read_texts({name: text.encode() for name, text in files.items()}))
    return [cluster for cluster, _ in found]


def names(found: list[Cluster]) -> list[list[str]]:
    return [[peer.name for peer in cluster.peers] for cluster in found]


# ── records ─────────────────────────────────────────────────────────────────────────────────


def test_logs_without_anything_in_common_are_taken_for_one_cluster() -> None:
    assert names(clusters(a=plain_record("expc01"), b=plain_record("expc02"))) == [["expc01", "expc02"]]


def test_peers_that_name_each_other_are_one_cluster() -> None:
    found = clusters(a=node_record("expc01", "expc02"), b=node_record("expc02", "expc01"))
    assert names(found) == [["expc01", "expc02"]]
    assert [peer.fqdn for peer in found[0].peers] == ["expc01.example.com", "expc02.example.com"]
    assert [peer.cluster for peer in found[0].peers] == [None, None]


def test_two_lists_of_peers_are_two_clusters() -> None:
    core = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    edge = (("10.1.0.1", "expe01"), ("10.1.0.2", "expe02"))
    found = clusters(
        a=list_record("expc01", *core),
        b=list_record("expc02", *core),
        c=list_record("expe01", *edge, primary=1),
        d=list_record("expe02", *edge, primary=1),
    )
    assert names(found) == [["expc01", "expc02"], ["expe01", "expe02"]]
    assert [cluster.primary for cluster in found] == ["expc01", "expe02"]
    assert [peer.cluster for cluster in found for peer in cluster.peers] == [
        *["the cluster of expc01"] * 2,
        *["the cluster of expe01"] * 2,
    ]


def test_a_peer_that_gave_no_snapshot_belongs_to_the_cluster_that_names_it() -> None:
    found = clusters(
        a=list_record("expc01", ("10.0.0.1", "expc01"), ("10.0.0.2", "expc02")),
        b=list_record("expe01", ("10.1.0.1", "expe01"), ("10.1.0.2", "expe02")),
    )
    assert names(found) == [["expc01", "expc02"], ["expe01", "expe02"]]
    assert [peer.snapshot for cluster in found for peer in cluster.peers] == ["a", None, "b", None]


def test_a_host_that_the_list_leaves_out_is_no_peer() -> None:
    listed = list_record("expc01", ("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    assert names(clusters(a=listed, b=plain_record("other"))) == [["expc01", "expc02"], ["other"]]


def test_names_in_different_domains_are_different_peers() -> None:
    found = clusters(
        a=node_record("expc01", "expc02", "one.example"),
        b=node_record("expc01", "expc02", "two.example"),
    )
    assert names(found) == [
        ["expc01.one.example", "expc02.one.example"],
        ["expc01.two.example", "expc02.two.example"],
    ]
    first, second = found
    assert first.resolve("expc01") == "expc01.one.example"
    assert second.resolve("clusterdb@expc01.two.example") == "expc01.two.example"


def test_peers_in_different_domains_that_name_each_other_are_one_cluster() -> None:
    record = node_record("expc01", "expc02", "one.example").replace(
        'Node="clusterdb@expc02.one.example"', 'Node="clusterdb@expc02.two.example"'
    )
    other = node_record("expc02", "expc01", "two.example").replace(
        'Node="clusterdb@expc01.two.example"', 'Node="clusterdb@expc01.one.example"'
    )
    assert names(clusters(a=record, b=other)) == [["expc01", "expc02"]]


def test_one_snapshot_may_hold_the_logs_of_two_clusters() -> None:
    core, edge = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02")), (("10.1.0.1", "expe01"),)
    found = clusters(both=list_record("expc01", *core) + list_record("expe01", *edge))
    assert names(found) == [["expc01", "expc02"], ["expe01"]]


def test_every_record_belongs_to_one_cluster() -> None:
    core, edge = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02")), (("10.1.0.1", "expe01"),)
    tables = read_texts({
        "a": (list_record("expc01", *core) + plain_record("expc02")).encode(),
        "b": (list_record("expe01", *edge) + plain_record("expe01")).encode(),
    })  # fmt: skip
    parts = [part.records for _, part in find_clusters(tables)]
    assert [part.num_rows for part in parts] == [2, 2]
    assert [set(part.column("host").to_pylist()) for part in parts] == [{"expc01", "expc02"}, {"expe01"}]


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_names_of_the_snapshots_change_nothing(order: list[str]) -> None:
    core = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    edge = (("10.1.0.1", "expe01"), ("10.1.0.2", "expe02"))
    texts = [
        list_record("expc01", *core),
        plain_record("expc02"),
        plain_record("expe02"),
        list_record("expe01", *edge),
    ]
    found = clusters(**dict(zip(order, texts, strict=True)))
    assert names(found) == [["expc01", "expc02"], ["expe01", "expe02"]]


def test_many_strangers_are_told_apart_only_up_to_a_point() -> None:
    texts = {f"s{i}": node_record(f"host{i}", f"other{i}", f"d{i}.example") for i in range(200)}
    found = clusters(**texts)
    assert len(found) == 50
    assert sum(len(cluster.peers) for cluster in found) == 400


# ── dumps ───────────────────────────────────────────────────────────────────────────────────


def xconfiguration(host: str, *peers: str, name: str = "", primary: int = 1, address: str = "") -> str:
    lines = [
        f'IP DNS Hostname: "{host}"',
        'IP DNS Domain Name: "example.com"',
        f"Alternates ConfigurationPrimary: {primary}",
        *(f'Alternates Peer {number} Address: "{peer}"' for number, peer in enumerate(peers, start=1)),
    ]
    lines += [f'Alternates Cluster Name: "{name}"'] if name else []
    lines += [f'Ethernet 1 IP V4 Address: "{address}"'] if address else []
    return "".join(f"*c xConfiguration {line}\n" for line in lines)


def test_a_dump_names_the_peers_and_the_primary_counted_from_1() -> None:
    peers = ("expc01.example.com", "expc02.example.com")
    (found,) = clusters(a=plain_record("expc01"), x=xconfiguration("expc01", *peers, primary=2))
    assert names([found]) == [["expc01", "expc02"]]
    assert (found.primary, found.listed, found.topology) == ("expc02", True, "cluster")
    assert [peer.snapshots for peer in found.peers] == [("a", "x"), ()]


def test_a_newer_record_overrides_the_primary_of_a_dump() -> None:
    pairs = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    dump = xconfiguration("expc01", "10.0.0.1", "10.0.0.2", primary=2, address="10.0.0.1")
    (found,) = clusters(a=list_record("expc01", *pairs, primary=0), x=dump)
    assert (names([found]), found.primary) == ([["expc01", "expc02"]], "expc01")


def test_addresses_in_the_list_are_the_peers_whose_interfaces_have_them() -> None:
    listed = ("10.0.0.1", "10.0.0.2")
    (found,) = clusters(
        a=xconfiguration("expc01", *listed, address="10.0.0.1"),
        b=xconfiguration("expc02", *listed, address="10.0.0.2"),
    )
    assert [(peer.name, peer.addresses) for peer in found.peers] == [
        ("expc01", ("10.0.0.1",)),
        ("expc02", ("10.0.0.2",)),
    ]


def test_cluster_names_tell_clusters_apart_and_name_them() -> None:
    found = clusters(
        a=xconfiguration("expc01", "10.0.0.1", name="core.example.com", address="10.0.0.1"),
        b=xconfiguration("expe01", "10.1.0.1", name="edge.example.com", address="10.1.0.1"),
    )
    assert [(cluster.peers[0].name, cluster.peers[0].cluster) for cluster in found] == [
        ("expc01", "core.example.com"),
        ("expe01", "edge.example.com"),
    ]


def status(host: str, edge: bool, version: str = "X14.2.5") -> str:
    return (
        f'*s SystemUnit: /\n  Name: "{host}"\n  Product: "Cisco Expressway"\n  Software: /\n'
        f'    Version: "{version}"\n    Configuration: /\n      Expressway: "{edge}"\n*s/end\n'
    )


def test_expressway_c_and_e_are_never_one_cluster() -> None:
    found = clusters(
        a=plain_record("exp01"),
        b=status("exp01", edge=False),
        c=plain_record("exp02"),
        d=status("exp02", edge=True),
    )
    assert [[(p.name, p.product, p.version) for p in cluster.peers] for cluster in found] == [
        [("exp01", "Expressway-C", "X14.2.5")],
        [("exp02", "Expressway-E", "X14.2.5")],
    ]


def test_a_peer_that_gets_a_number_is_told_from_one_that_is_called_so() -> None:
    """Dumps name peers as they like."""
    dumps = {"a": status("exp", edge=False), "b": status("exp", edge=True), "c": status("exp#2", edge=True)}
    assert names(clusters(**dumps)) == [["exp"], ["exp#3", "exp#2"]]


def test_claims_are_about_the_peers_of_the_own_cluster_though_names_repeat() -> None:
    lists = {
        domain: list_record("expc01", (f"{net}.1", "expc01"), (f"{net}.2", "expc02"))
        + node_record("expc01", "expc02", domain, 1)
        for domain, net in (("a.example", "10.0.0"), ("b.example", "10.1.0"))
    }
    for cluster in clusters(a=lists["a.example"], b=lists["b.example"]):
        time = cluster.claims[-1].time
        one, other = (peer.name for peer in cluster.peers)
        assert [cluster.role_at(peer, time) for peer in (one, other)] == ["primary", "subordinate"]
        assert cluster.primary_of(other, time) == one


# ── identity: addresses before names ────────────────────────────────────────────────────────


def own_list(host: str, *peers: tuple[str, str], own: int) -> str:
    return list_record(host, *peers).replace('LocalPeerIndex="0"', f'LocalPeerIndex="{own}"')


def test_one_short_name_in_two_clusters_does_not_join_them() -> None:
    core = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    lab = (("10.9.0.1", "expc01"), ("10.9.0.2", "expc02"))
    found = clusters(
        a=list_record("expc01", *core),
        b=list_record("expc02", *core),
        c=list_record("expc01", *lab, primary=1),
        d=list_record("expc02", *lab, primary=1),
    )
    assert [len(cluster.peers) for cluster in found] == [2, 2]
    assert sorted(peer.addresses for cluster in found for peer in cluster.peers) == [
        ("10.0.0.1",),
        ("10.0.0.2",),
        ("10.9.0.1",),
        ("10.9.0.2",),
    ]


def test_a_list_of_addresses_joins_peers_of_two_domains() -> None:
    both = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    found = clusters(
        a=list_record("expc01", *both) + node_record("expc01", "expc01", "one.example"),
        b=list_record("expc02", *both) + node_record("expc02", "expc02", "two.example"),
    )
    assert names(found) == [["expc01", "expc02"]]


def test_two_clusters_with_the_same_private_addresses_and_other_domains_stay_apart() -> None:
    both = (("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    found = clusters(
        a=list_record("expc01", *both) + node_record("expc01", "expc02", "one.example"),
        b=list_record("expc01", *both) + node_record("expc01", "expc02", "two.example"),
    )
    assert [[peer.fqdn for peer in cluster.peers] for cluster in found] == [
        ["expc01.one.example", "expc02.one.example"],
        ["expc01.two.example", "expc02.two.example"],
    ]


def test_an_address_that_gatekeeper_messages_go_to_ties_a_list_to_a_log_without_one() -> None:
    ras = (
        f'{TIME.format(1)} expc01 tvcs: UTCTime="2024-02-06 10:00:01,000" Module="network.h323" Level="INFO":  '
        'Action="Sent" Dst-ip="10.5.0.2" Dst-port="1719" Detail="Sending RAS SCI  SeqNum=7"\n'
    )
    other = (("10.6.0.1", "expc01"), ("10.6.0.2", "expc02"))
    found = clusters(
        a=list_record("expc01", *other) + node_record("expc01", "expc02", "far.example"),
        b=node_record("expc01", "expc02", "near.example") + ras,
        c=list_record("expc02", ("10.5.0.1", "expc01"), ("10.5.0.2", "expc02")),
    )
    near = next(cluster for cluster in found if cluster.peers[0].fqdn == "expc01.near.example")
    assert [peer.addresses for peer in near.peers] == [("10.5.0.1",), ("10.5.0.2",)]


def test_two_peers_with_one_host_name_are_two_peers() -> None:
    three = (("10.0.0.1", "vcs"), ("10.0.0.2", "vcs"), ("10.0.0.3", "expc03"))
    (found,) = clusters(
        a=own_list("vcs", *three, own=0),
        b=own_list("vcs", *three, own=1),
        c=own_list("expc03", *three, own=2),
    )
    assert [(peer.name, peer.snapshot, peer.role) for peer in found.peers] == [
        ("10.0.0.1", "a", "primary"),
        ("10.0.0.2", "b", "subordinate"),
        ("expc03", "c", "subordinate"),
    ]


def test_two_peers_with_one_host_name_are_two_peers_in_dumps_as_well() -> None:
    def dump(address: str) -> str:
        return (
            '*c xConfiguration Alternates Peer 1 Address: "10.0.0.1"\n'
            '*c xConfiguration Alternates Peer 2 Address: "10.0.0.2"\n'
            f'*c xConfiguration Ethernet 1 IP V4 Address: "{address}"\n'
            '*c xConfiguration IP DNS Domain Name: "example.com"\n'
            '*c xConfiguration IP DNS Hostname: "vcs"\n'
        )

    (found,) = clusters(a=dump("10.0.0.1"), b=dump("10.0.0.2"))
    assert [(peer.name, peer.snapshot) for peer in found.peers] == [("10.0.0.1", "a"), ("10.0.0.2", "b")]


def test_a_peer_whose_address_changed_between_two_snapshots_is_one_peer() -> None:
    (found,) = clusters(
        a=own_list("expc01", ("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"), own=0)
        + node_record("expc01", "expc02"),
        b=own_list("expc01", ("10.0.0.7", "expc01"), ("10.0.0.2", "expc02"), own=0)
        + node_record("expc01", "expc02"),
    )
    assert [peer.name for peer in found.peers] == ["expc01", "expc02"]


def test_a_database_node_that_no_list_names_is_no_peer() -> None:
    listed = list_record("expc01", ("10.0.0.1", "expc01"), ("10.0.0.2", "expc02"))
    (found,) = clusters(a=listed + node_record("expc01", "lab07"))
    assert [peer.name for peer in found.peers] == ["expc01", "expc02"]
    assert found.strangers == ("clusterdb@lab07.example.com",)


def test_a_node_may_be_a_listed_peer_whose_name_is_not_known() -> None:
    dump = (
        '*c xConfiguration Alternates Peer 1 Address: "10.0.0.1"\n'
        '*c xConfiguration Alternates Peer 2 Address: "10.0.0.2"\n'
        '*c xConfiguration Ethernet 1 IP V4 Address: "10.0.0.1"\n'
        '*c xConfiguration IP DNS Domain Name: "example.com"\n'
        '*c xConfiguration IP DNS Hostname: "expc01"\n'
    )
    (found,) = clusters(a=dump, b=node_record("expc01", "expc02"))
    assert found.strangers == ()


@pytest.mark.parametrize("host", [":59:00.524", "::1.example", "10.0.0.1.example"])
def test_a_host_whose_first_label_looks_like_an_address_is_a_name(host: str) -> None:
    found = clusters(a=list_record("expc01", ("10.0.0.1", "expc01"), ("10.0.0.2", host)))
    assert len(names(found)[0]) == 2
