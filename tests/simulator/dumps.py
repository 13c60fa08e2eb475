"""Write the xConfiguration and xStatus dumps of a peer, with the assumed paths."""

from datetime import datetime

from .alarms import ALARMS
from .cluster import MINUTE, Peer, Settings

MOST_PEERS = 6


def xconfiguration(peer: Peer, settings: Settings) -> str:
    peers = (*settings.peer_list, *[""] * (MOST_PEERS - len(settings.peer_list)))
    zone = ("Traversal to C", "TraversalServer") if settings.edge else ("To E", "TraversalClient")
    hostname, _, domain = peer.fqdn.partition(".")
    values: list[tuple[str, object]] = [
        ("Administration SSH Mode", "On"),
        ("Alternates Cluster Name", f'"{settings.cluster_name}"'),
        ("Alternates ConfigurationPrimary", settings.primary),
        *((f"Alternates Peer {n} Address", f'"{address}"') for n, address in enumerate(peers, start=1)),
        ("ClusterConfiguration tls_verify", settings.tls_mode),
        *(
            (f"DNS Server {n} Address", f'"{address}"')
            for n, address in enumerate(settings.dns or ("",), start=1)
        ),
        ("Ethernet 1 IP V4 Address", f'"{settings.behind_nat or peer.address}"'),
        ("Ethernet 1 IP V4 StaticNAT Address", f'"{peer.address if settings.behind_nat else ""}"'),
        ("Ethernet 1 IP V4 StaticNAT Mode", "On" if settings.behind_nat else "Off"),
        ("Ethernet 1 IP V4 SubnetMask", '"255.255.255.0"'),
        ("H323 Gatekeeper Registration UDP Port", 1719),
        ("H323 Mode", settings.h323_mode),
        ("IP DNS Domain Name", f'"{domain}"'),
        ("IP DNS Hostname", f'"{hostname}"'),
        ("IP External Interface", "LAN1"),
        ("IPProtocol", settings.ip_protocol),
        ("Logger Network 1 Level", '"INFO"'),
        *(
            (f"NTP Server {n} Address", f'"{address}"')
            for n, address in enumerate(settings.ntp or ("",), start=1)
        ),
        *((f"Option {n} Key", f'"{key}"') for n, (key, _) in enumerate(settings.options, start=1)),
        ("SIP Mode", "On"),
        ("SNMP SystemLocation", f'"Rack {peer.index}"'),
        ("SystemUnit Name", f'"{peer.name}"'),
        ("TimeZone Name", f'"{settings.time_zone}"'),
        ("Zones Zone 1 Name", f'"{zone[0]}"'),
        ("Zones Zone 1 Type", f'"{zone[1]}"'),
    ]
    return "".join(f"*c xConfiguration {path}: {value}\n" for path, value in values) + "** end\n"


def xstatus(
    peer: Peer, settings: Settings, alarms: dict[str, tuple[datetime, str]], alternates: dict[str, str]
) -> str:
    """Return xStatus. ``alarms``: id to time and Detail; ``alternates``: peer address to state."""
    lines: list[str] = [] if alarms else ["*s Alarm: /", "*s/end"]
    for number, (alarm, (raised, detail)) in enumerate(sorted(alarms.items()), start=1):
        lines += [
            f"*s Alarm {number}: /",
            f'  FirstRaised: "{raised:%Y-%m-%d %H:%M:%S}"',
            f'  ID: "{alarm}"',
            f'  LastRaised: "{raised:%Y-%m-%d %H:%M:%S}"',
            f'  Severity: "{ALARMS[alarm].severity}"',
            '  Status: "Raised"',
            f'  Title: "{detail.partition(":")[0]}"',
            "*s/end",
        ]
    lines.append("*s Alternates: /")
    for number, (address, state) in enumerate(alternates.items(), start=1):
        lines += [f"  Peer {number}: /", f'    Address: "{address}"', f'    Status: "{state}"']
    lines += ["*s/end", "*s H323: /", "  Registration:", '    Status: "Inactive"', "*s/end", "*s Options: /"]
    for number, (key, description) in enumerate(settings.options, start=1):
        lines += [f"  Option {number}: /", f'    Description: "{description}"', f'    Key: "{key}"']
    lines += [
        "*s/end",
        "*s SystemUnit: /",
        "  Hardware: /",
        f'    SerialNumber: "0A{peer.index:02d}77C{peer.index}"',
        f'    Version: "{settings.hardware}"',
        '  Product: "Cisco Expressway"',
        "  Software: /",
        "    Configuration: /",
        f"      Expressway: {settings.edge}",
        f'    Version: "{settings.version}"',
        f'  TimeZone: "{settings.time_zone}"',
        f"  Uptime: {17 * MINUTE}",
        "*s/end",
        "*s Time: /",
        "  NTP: /",
    ]
    condition = "sys.peer" if settings.ntp_flash == "0000" else "reject"
    for number, address in enumerate(settings.ntp, start=1):
        lines += [
            f"    Server {number}: /",
            f'      Address: "{address}"',
            f'      Condition: "{condition}"',
            f'      Flash: "{settings.ntp_flash}"',
        ]
    return "\n".join([*lines, "*s/end", "** end", ""])
