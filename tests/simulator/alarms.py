"""The alarms that peers raise, with the texts of the administrator guide X15.0 and technical note 217230."""

import uuid
from typing import NamedTuple


class Alarm(NamedTuple):
    """A kind of alarm; ``detail`` is title and text as in the log."""

    id: str
    uuid: str
    severity: str
    detail: str
    tag: str = "alarm"

    @property
    def title(self) -> str:
        return self.detail.partition(":")[0]


_UUIDS = {
    "15019": "1a18bfa6-f822-11e1-b0db-c35cb1b8e3e5",
    "20004": "3bca6888-f622-11df-93be-07cc953d7b99",
    "20006": "0f96695e-d954-4f6f-85c1-2ef1eae6f764",
    "20007": "e2b8e3d1-b731-4d7d-b606-4682a8f0c2e6",
}
_TAGS = {"15019": "supervisor", "20007": "management", "20020": "management"}
_SYNC = ", manual synchronization of configuration is required"
_TEXTS = {
    "15005": "Database failure: Please remove database and restore from backup, then reboot the system",
    "15008": "Failed to load database: Some configuration was lost while the database was loaded",
    "15013": "Factory reset failed: The factory reset could not be carried out",
    "15019": "Application failed: An unexpected software error was detected in clusterdb",
    "20003": "Invalid cluster configuration: The cluster configuration is invalid",
    "20004": "Cluster communication failure: The system is unable to communicate with one or more of the cluster peers",
    "20005": "Invalid peer address: One or more peer addresses are invalid",
    "20006": "Cluster database communication failure: The database is unable to replicate with one or more of the cluster peers",
    "20007": "Restart required: Cluster configuration has been changed, however a restart is required for this to take effect",
    "20008": "Cluster replication error: Automatic replication of configuration has been temporarily disabled because an upgrade is in progress",
    "20009": "Cluster replication error: There was an error during automatic replication of configuration",
    "20011": f"Cluster replication error: This peer's configuration conflicts with the primary's configuration{_SYNC}",
    "20012": "Cluster replication error: This peer's cluster configuration settings do not match the configuration primary peer's settings",
    "20014": "Cluster replication error: Cannot find primary or this subordinate's peer configuration file",
    "20015": "Cluster replication error: The local Expressway does not appear in the list of peers",
    "20016": "Cluster replication error: The primary peer is unreachable",
    "20017": f"Cluster replication error: Configuration primary ID is inconsistent{_SYNC}",
    "20018": "Invalid clustering configuration: H.323 mode must be turned On - clustering uses H.323 communications between peers",
    "20019": "Cluster name not configured: If FindMe or clustering are in use a cluster name must be defined.",
    "20020": "Restart required: TLS verification configuration does not match active status.",
    "20021": "Cluster communication failure: Unable to establish a TCP connection with PEERS on ports 4371, 4372",
    "20024": "Cluster configuration error: Cluster is in inconsistent state",
    "20025": "Failed to synchronize database: Database synchronization failed on node NODE, reboot node NODE from CLI",
    "20026": "Failed to recover ClusterDB log server: ClusterDB log server frozen; CDB log messages are not handled",
    "25002": "Date and time not validated: The system is unable to obtain the correct time and date from an NTP server",
    "25019": "Verbose log levels configured: One or more modules of the Network Log or Support Log are set to a level of Debug or Trace",
    "25021": "NTP server not available: The system is unable to contact an NTP server",
    "30015": "License usage of lost cluster peer: Several cluster peers have been unavailable for more than 2 days",
    "40049": "Cluster TLS permissive: Cluster TLS verification mode permits invalid certificates",
    "40055": "Failed to update key file: Failed to update system key file due to inconsistent state",
    "40068": "Server certificate validity: The server certificate has expired",
    "77123": "Antenna misaligned: The flux gate reports 7 gauss",
}
_SEVERITIES = {
    "40049": "notice",
    "15005": "error",
    "15013": "alert",
    "15019": "error",
    "20025": "critical",
    "20026": "critical",
    "40068": "critical",
}

ALARMS = {
    id_: Alarm(
        id=id_,
        uuid=_UUIDS.get(id_, str(uuid.uuid5(uuid.NAMESPACE_OID, id_))),
        severity=_SEVERITIES.get(id_, "warning"),
        detail=text,
        tag=_TAGS.get(id_, "alarm"),
    )
    for id_, text in _TEXTS.items()
}

WORDINGS = {
    "20009": (
        _TEXTS["20009"],
        "Cluster replication error: manual synchronization of configuration is required",
    ),
    "20011": tuple(
        f"Cluster replication error: {this} configuration conflicts with the {whose} configuration{_SYNC}"
        for this, whose in (
            ("This peer's", "primary's"),
            ("This peer's", "master's"),
            ("this peer's", "Primary's"),
        )
    ),
    "20014": tuple(
        f"Cluster replication error: Cannot find {whose} or this {this} configuration file{_SYNC}"
        for whose, this in (
            ("primary", "peer's"),
            ("master", "slave's peer"),
            ("primary", "subordinate's peer"),
            ("master", "peer's"),
        )
    ),
    "20017": tuple(
        f"Cluster replication error: Configuration {whose} ID is inconsistent{_SYNC}"
        for whose in ("primary", "master")
    ),
}
"""Every wording that asks for manual synchronisation (document: replication-alarms), by alarm."""

ASKS_FOR_A_RESTART = frozenset({"20007", "20020", "40055", "15019", "15005", "20025", "20026"})
"""Alarms for which a restart or reboot of the peer is right."""

CLUSTER_PATH = frozenset({"20004", "20006", "20016", "20021"})
"""Alarms that report a broken connection between peers."""
