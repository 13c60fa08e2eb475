"""What the settings of a peer say about it."""

import pytest
from dump_reading import read, synthetic

from logdiag.dumps import Facts, ListedAlarm, ListedPeer, Setting, collect_facts

EXPC01 = Facts(
    name="expc01",
    hostname="expc01",
    domain="example.com",
    fqdn="expc01.example.com",
    addresses=("10.0.10.11", "2001:db8:10::11"),
    lan_addresses={1: "10.0.10.11", 2: ""},
    external_interface=1,
    nat_addresses={},
    cluster_name="expc-cluster.example.com",
    primary=1,
    peer_list=("expc01.example.com", "expc02.example.com", "expc03.example.com"),
    product="Expressway-C",
    is_edge=False,
    version="X14.2.5",
    hardware="VMware, medium",
    serial="0A1000B1",
    time_zone="Europe/Berlin",
    tls_mode="Enforcing",
    h323_mode="On",
    ip_protocol="Both",
    option_keys={
        "116341E00-1-AAAA0001": "Expressway Series",
        "116341X50-1-AAAA0002": "100 Rich Media Sessions",
    },
    ntp_servers=("ntp1.example.com", "ntp2.example.com"),
    dns_servers=("10.0.10.2", "10.0.10.3"),
    alarms=(
        ListedAlarm(
            "20021",
            "Cluster communication failure",
            "warning",
            "Raised",
            "2024-03-05 08:11:02",
            "2024-03-05 08:41:32",
        ),
        ListedAlarm(
            "25019",
            "Verbose log levels configured",
            "warning",
            "Acknowledged",
            "2024-03-04 22:00:10",
            "2024-03-04 22:00:10",
        ),
    ),
    alternates=(
        ListedPeer("10.0.10.11", "Active"),
        ListedPeer("10.0.10.12", "Active"),
        ListedPeer("10.0.10.13", "Failed"),
    ),
)


@pytest.mark.parametrize("suffix", ["txt", "xml"])
def test_an_expressway_c_is_known_from_its_dumps(suffix: str) -> None:
    assert collect_facts(synthetic(f"expc01_xconf.{suffix}") + synthetic(f"expc01_xstat.{suffix}")) == EXPC01


def test_the_same_dumps_in_both_formats_say_nothing_new() -> None:
    names = ["expc01_xconf.txt", "expc01_xconf.xml", "expc01_xstat.xml", "expc01_xstat.txt"]
    assert collect_facts(row for name in names for row in synthetic(name)) == EXPC01


def test_an_expressway_e_is_known_from_its_dumps() -> None:
    assert collect_facts(synthetic("expe02_xconf.txt") + synthetic("expe02_xstat.txt")) == Facts(
        name="expe02",
        hostname="expe02",
        domain="example.com",
        fqdn="expe02.example.com",
        addresses=("10.0.20.12", "10.0.21.12"),
        lan_addresses={1: "10.0.20.12", 2: "10.0.21.12"},
        external_interface=2,
        nat_addresses={2: "198.51.100.12"},
        cluster_name="expe-cluster.example.com",
        primary=1,
        peer_list=("10.0.20.11", "10.0.20.12", "10.0.20.13"),
        product="Expressway-E",
        is_edge=True,
        version="X14.2.5",
        hardware="VMware, medium",
        serial="0A2000B2",
        time_zone="Europe/Berlin",
        tls_mode="Enforcing",
        h323_mode="Off",
        ip_protocol="IPv4",
        option_keys={
            "116341E00-1-AAAA0001": "Expressway Series",
            "116341X50-1-AAAA0002": "100 Rich Media Sessions",
            "116341T00-1-AAAA0003": "Traversal Server",
        },
        ntp_servers=("ntp1.example.com", "ntp2.example.com"),
        dns_servers=("10.0.20.2", "10.0.20.3"),
        alarms=(),
        alternates=(
            ListedPeer("10.0.20.11", "Active"),
            ListedPeer("10.0.20.12", "Active"),
            ListedPeer("10.0.20.13", "Failed"),
        ),
    )


def test_no_setting_says_nothing() -> None:
    assert collect_facts([]) == Facts()
    assert (
        collect_facts([("Certificate 1 Subject", "CN=x"), ("", ""), ("1", "1"), ("Alarmed", "")]) == Facts()
    )


@pytest.mark.parametrize(
    ("path", "value", "fact"),
    [
        ("alternates configurationmaster", "3", {"primary": 3}),
        ("Alternates ConfigurationPrimary", " 2 ", {"primary": 2}),
        ("Alternates ConfigurationPrimary", "", {"primary": None}),
        ("Alternates ConfigurationPrimary", "9" * 5000, {"primary": None}),
        ("Alternates ConfigurationPrimary", "²", {"primary": None}),
        ("CLUSTERCONFIGURATION TLS_VERIFY", "Enforce", {"tls_mode": "Enforcing"}),
        ("ClusterConfiguration tls_verify", "strange", {"tls_mode": "strange"}),
        ("H323 Mode", "off", {"h323_mode": "Off"}),
        (
            "Ethernet IP V4 Address",
            "10.0.0.1",
            {"addresses": ("10.0.0.1",), "lan_addresses": {1: "10.0.0.1"}},
        ),
        ("Ethernet 2 IP V4 Address", "0.0.0.0", {"addresses": (), "lan_addresses": {2: ""}}),
        ("SystemUnit Software Version", "X15.0 (Build 7)", {"version": "X15.0"}),
        ("SystemUnit Software Version", "14.2.5", {"version": "X14.2.5"}),
        ("SystemUnit Software Version", "beta", {"version": "beta"}),
        ("IP DNS Hostname", "a.example.com", {"fqdn": "a.example.com", "hostname": "a.example.com"}),
    ],
)
def test_a_fact_by_its_path(path: str, value: str, fact: dict[str, object]) -> None:
    assert collect_facts([(path, value)]) == Facts(**fact)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "product", "is_edge"),
    [
        ("Cisco Expressway-C", "Expressway-C", False),
        ("expressway e", "Expressway-E", True),
        ("Cisco VCS Control", "VCS Control", False),
        ("VCS Expressway", "VCS Expressway", True),
        ("VCS Expressway Control", "VCS Expressway", True),
        ("Something else", "Something else", None),
        ("Expressway", "Expressway", None),
        ("Cisco Expressway-E Select", "Expressway-E Select", True),
    ],
)
def test_products_have_one_name_each(written: str, product: str, is_edge: bool | None) -> None:
    assert collect_facts([("SystemUnit Product", written)]) == Facts(product=product, is_edge=is_edge)


FLAG = ("SystemUnit Software Configuration Expressway", "False")
OPTION = ("Options Option 3 Description", "Traversal Server")
SERVER = ("Zones Zone 2 Type", "TraversalServer")
CLIENT = ("Zones Zone 1 Type", "Traversal Client")
PRODUCT = ("SystemUnit Product", "Expressway-C")


@pytest.mark.parametrize(
    ("told", "is_edge"),
    [
        ([CLIENT], False),
        ([CLIENT, SERVER], True),
        ([CLIENT, OPTION], True),
        ([SERVER, OPTION, FLAG], False),
        ([PRODUCT, SERVER], True),
        ([PRODUCT], False),
        ([("Zones Zone 1 Type", "Neighbor")], None),
        ([("Options Option 1 Description", "Expressway Series")], None),
    ],
)
def test_what_makes_a_peer_the_edge(told: list[tuple[str, str]], is_edge: bool | None) -> None:
    assert collect_facts(told).is_edge is is_edge


@pytest.mark.parametrize(
    ("addresses", "peers"),
    [
        ({}, None),
        ({1: "", 2: ""}, ()),
        ({1: "a", 2: "", 3: "c", 4: ""}, ("a", "", "c")),
        ({3: "c"}, ("", "", "c")),
        ({2: "b", 1: "a"}, ("a", "b")),
    ],
)
def test_a_peer_list_keeps_its_gaps(addresses: dict[int, str], peers: tuple[str, ...] | None) -> None:
    assert (
        collect_facts([(f"Alternates Peer {n} Address", value) for n, value in addresses.items()]).peer_list
        == peers
    )


def test_the_first_dump_counts_even_where_it_says_empty() -> None:
    told = [("Alternates Peer 1 Address", "a"), ("Alternates Peer 2 Address", "")]
    assert collect_facts([*told, ("Alternates Peer 2 Address", "b")]).peer_list == ("a",)


def test_nat_counts_only_where_it_is_on() -> None:
    told = [
        ("Ethernet 1 IP V4 StaticNAT Address", "192.0.2.1"),
        ("Ethernet 1 IP V4 StaticNAT Mode", "Off"),
        ("Ethernet 2 IP V4 StaticNAT Mode", "on"),
        ("Ethernet 2 IP V4 StaticNAT Address", "192.0.2.2"),
        ("Ethernet 3 IP V4 StaticNAT Address", "192.0.2.3"),
    ]
    assert collect_facts(told).nat_addresses == {2: "192.0.2.2"}


@pytest.mark.parametrize(
    ("dump", "alarms"),
    [
        (b'*s SystemUnit: /\n  Product: "x"\n*s/end\n', None),
        (b"*s Alarm: /\n*s/end\n", ()),
        (b"*s Alarm: /\n", None),
        (b"<Status><Alarm/></Status>", ()),
        (b"<Status><Alarms/></Status>", ()),
        (b"<Status><Alarm item='1'><ID>7</ID></Alarm></Status>", (ListedAlarm("7"),)),
        (
            b"<S><Alarms><Alarm><Id>7</Id></Alarm><Alarm><Id>8</Id></Alarm></Alarms></S>",
            (ListedAlarm("7"), ListedAlarm("8")),
        ),
        (
            b"*s Alarm: /\n 2: /\n  ID: 8\n 1: /\n  ID: 7\n  Title: t\n",
            (ListedAlarm("8"), ListedAlarm("7", "t")),
        ),
        (b"*s Alarm: /\n ID: 7\n*s/end\n*s Alarm: /\n ID: 8\n", (ListedAlarm("7"), ListedAlarm("8"))),
        (b'xStatus Alarm 1 ID: ""\nxStatus Alarm 1 Title: ""\n', ()),
        (b"xConfiguration Alarm Notification: On\n", None),
    ],
)
def test_no_alarm_is_not_no_list(dump: bytes, alarms: tuple[ListedAlarm, ...] | None) -> None:
    rows = [row for row in read(dump) if isinstance(row, Setting)]
    assert collect_facts((row.path, row.value) for row in rows).alarms == alarms


def test_keys_without_description_are_keys() -> None:
    told = [("Option 1 Key", "k1"), ("Option 2 Key", "k2"), ("Option 3 Key", "")]
    status = [("Options Option 1 Key", "k2"), ("Options Option 1 Description", "Traversal Server")]
    assert collect_facts(told + status).option_keys == {"k1": "", "k2": "Traversal Server"}
