"""The paths of facts in dumps, and the words in their values, as tables.

The paths are from the command reference of the administrator guide X15.0, if it has them. For
xStatus, the TLS mode and option keys, no public sample or reference shows a path: those below
are assumed, with similar spellings next to them. To add another spelling, add it to `PATHS`.
"""

import re
from collections.abc import Mapping

PATHS: Mapping[str, tuple[str, ...]] = {
    "name": ("SystemUnit Name", "SystemUnit SystemName", "SystemUnit System Name", "System Name"),
    "hostname": ("IP DNS Hostname", "DNS Hostname", "SystemUnit Hostname", "System Hostname"),
    "domain": ("IP DNS Domain Name", "DNS Domain Name", "IP DNS DomainName", "DNS DomainName"),
    "address_v4": ("Ethernet IP V4 Address", "Ethernet IPV4 Address", "Ethernet IP Address"),
    "address_v6": ("Ethernet IP V6 Address", "Ethernet IPV6 Address"),
    "external_interface": ("IP External Interface", "IP ExternalInterface"),
    "nat_mode": ("Ethernet IP V4 StaticNAT Mode", "Ethernet IPV4 StaticNAT Mode"),
    "nat_address": ("Ethernet IP V4 StaticNAT Address", "Ethernet IPV4 StaticNAT Address"),
    "cluster_name": (
        "Alternates Cluster Name",
        "Alternates ClusterName",
        "ClusterConfiguration ClusterName",
        "ClusterConfiguration Cluster Name",
        "ClusterConfiguration Name",
        "Cluster Name",
    ),
    "primary": (
        "Alternates ConfigurationPrimary",
        "Alternates Configuration Primary",
        "AlternatesConfiguration ConfigurationPrimary",
        "ClusterConfiguration ConfigurationPrimary",
        "Cluster ConfigurationPrimary",
    ),
    "peer": (
        "Alternates Peer Address",
        "AlternatesConfiguration Peer Address",
        "ClusterConfiguration Peer Address",
        "Cluster Peer Address",
    ),
    "product": ("SystemUnit Product", "SystemUnit ProductName", "SystemUnit Product Name"),
    "edge": ("SystemUnit Software Configuration Expressway", "SystemUnit Configuration Expressway"),
    "version": ("SystemUnit Software Version", "SystemUnit SoftwareVersion", "Software Version"),
    "hardware": ("SystemUnit Hardware Version", "SystemUnit HardwareVersion", "Hardware Version"),
    "serial": (
        "SystemUnit Hardware SerialNumber",
        "SystemUnit Hardware Serial Number",
        "SystemUnit SerialNumber",
        "SystemUnit Hardware Module SerialNumber",
        "Hardware SerialNumber",
    ),
    "time": ("SystemUnit SystemTime", "SystemUnit System Time", "Time SystemTime"),
    "time_zone": (
        "SystemUnit TimeZone",
        "SystemUnit TimeZone Name",
        "TimeZone Name",
        "TimeZone",
        "Time Zone",
        "Time TimeZone",
    ),
    "tls_mode": (
        "ClusterConfiguration tls_verify",
        "Cluster tls_verify",
        "Alternates tls_verify",
        "ClusterConfiguration TlsVerify",
        "Alternates TLS Verification Mode",
    ),
    "h323_mode": ("H323 Mode",),
    "ip_protocol": ("IPProtocol", "IP Protocol", "IP IPProtocol"),
    "ntp_server": ("NTP Server Address", "Time NTP Server Address"),
    "dns_server": ("DNS Server Address", "IP DNS Server Address"),
    "option": (
        "Option",
        "Options Option",
        "SystemUnit Software Options Option",
        "SystemUnit Software Configuration Option",
        "SystemUnit Options Option",
    ),
    "database": ("Alternates DatabaseStatus", "Cluster DatabaseStatus", "Cluster Database Status"),
    "zone_type": ("Zones Zone Type", "Zone Type"),
    "zone_peer": ("Zones Zone Neighbor Peer Address", "Zones Zone TraversalClient Peer Address"),
    "alarm": ("Alarm", "Alarm Alarm", "Alarms Alarm", "Alarms", "Warnings Warning", "Warning", "Warnings"),
    "alternate": ("Alternates Peer", "Cluster Peer"),
}
"""Facts and the paths that state them, the best first, without indexes and in any case.

A missing index is 1, and ``Master`` counts as ``Primary``: older releases write it.
"""

FAMILIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "option": {"key": ("Key",), "description": ("Description",)},
    "alarm": {  # assumed: no public sample shows these names
        "id": ("ID", "AlarmID"),
        "title": ("Title", "Name"),
        "description": ("Description", "Reason", "Detail", "Details", "Text"),
        "severity": ("Severity",),
        "status": ("Status", "State"),
        "peer": ("Peer",),
        "first_raised": ("FirstRaised", "FirstRaisedTime", "First Raised"),
        "last_raised": ("LastRaised", "LastRaisedTime", "Last Raised"),
    },
    "alternate": {
        "address": ("Address",),
        "status": ("Status", "State", "Clustering"),
        "certificate": ("Certificate",),
    },
}
"""Facts that are lists of members, whose paths continue with a name, such as ``Alarm 1 ID``: the fields of a
member, and the names of each field."""

PRODUCTS = (
    (re.compile(r"\bvcs[ -]?expressway\b"), "VCS Expressway", True),
    (re.compile(r"\bvcs[ -]?control\b"), "VCS Control", False),
    (re.compile(r"\bexpressway[ -]?(e|edge)\b"), "Expressway-E", True),
    (re.compile(r"\bexpressway[ -]?(c|core)\b"), "Expressway-C", False),
)
"""How products are written in any case, what they are called here, and whether they are the edge."""

TLS_MODES = {
    "enforce": "Enforcing",
    "enforced": "Enforcing",
    "enforcing": "Enforcing",
    "permissive": "Permissive",
}
"""The log writes Enforcing and Permissive, the web interface Enforce."""
