"""A diagnosis made by hand: a peer lost, a TLS mode changed, and everything a report has to show."""

import dataclasses
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, get_args, get_origin, get_type_hints

from logdiag.model import (
    Change,
    Citation,
    ClusterView,
    Command,
    Coverage,
    Diagnosis,
    Evidence,
    Exit,
    Fault,
    Finding,
    Gap,
    Incident,
    MemberCoverage,
    NotChecked,
    Peer,
    PeerCoverage,
    Reason,
    Silent,
    SnapshotCoverage,
    Step,
    Tool,
    Verdict,
    Wanted,
)

SNAPSHOT = "diagnostic_log_expc01_2020-08-12.tar.gz"
LOG = "loggingsnapshot_expc01_2020-08-12_20_15_44.txt"
WORD = "W" * 100_000
HOSTILE = (
    "<script>pwned=1;alert(1)</script>",
    '"><img src=x onerror="pwned=1;alert(1)">',
    "</script></style></title></textarea></svg><script src=//evil.example/x.js></script>",
    "javascript:alert(1)",
    "'onmouseover='alert(1)",
    "{{7*7}}{% raw %}${7*7}",
    "\x1b[31mred\x1b]0;title\x07\x1b[2J\x9b2J",
    "\u202egnihton\u202c\u2066\u200f",
    "nul\x00cr\rbs\x08del\x7f",
    "[bold red]markup[/] :bomb:",
    "\udc80",
    WORD,
)


CISCO = "https://www.cisco.com/c/en/us/search.html"


def of_note(section: str) -> Citation:
    """A section of a technical note."""
    return Citation('TechNote 217230, "Clusters & how they work"', section, f"{CISCO}?q=217230")


def at(clock: str) -> datetime:
    """A moment of the day of the sample."""
    return datetime.fromisoformat(f"2020-08-12T{clock}+00:00").astimezone(UTC)


def evidence(line: int, clock: str, text: str, source: str = LOG) -> Evidence:
    time = at(clock)
    header = (time - timedelta(hours=5)).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return Evidence(SNAPSHOT, source, line, time, f"{header}-05:00 expc01 {text}")


BACKUP = Step(
    do="Make a backup: Maintenance > Backup and restore > System backup.",
    why="It is the way back if the peer does not come up as it went down.",
    where=("expc01",),
    command=None,
    risk="read",
    impact="None.",
    verify="The browser has saved a .tar.gz.enc file.",
    wait="",
)
LOOK = Step(
    do="Find out whether expc02 runs, and since when: log in to it, or look at its console.",
    why="The database said noproc, which suggests that expc02 still answered while it was stopping. "
    "A restart or a power-off is therefore more likely than a cut link.",
    where=("expc02",),
    command="xStatus SystemUnit Uptime",
    risk="read",
    impact="None.",
    verify="An uptime shorter than the time since 19:57:43 UTC means that it restarted.",
    wait="",
)
PORTS = Step(
    do="Check that nothing between the peers blocks the cluster ports in either direction: "
    "TCP 4371 and 4372, UDP 1719.",
    why="After 19:57:43 neither the database nor H.323 heard anything from expc02.",
    where=("expc01", "expc02"),
    command="xCommand Networking Ping Host: expc02.apolo.local",
    risk="read",
    impact="None.",
    verify="System > Clustering shows expc02 as Active.",
    wait="About 2 minutes after a change, until the next replication cycle.",
)
RESTART = Step(
    do="Restart expc02 if it runs and still does not join. Put it into maintenance mode first.",
    why="A restart makes its database connect to the cluster again.",
    where=("expc02",),
    command="xCommand Restart",
    risk="outage",
    impact="Calls and MRA sessions on expc02 drop.",
    verify="Alarms 20004 and 20006 are lowered on expc01.",
    wait="Up to 5 minutes.",
)
PURGE = Step(
    do="Only with Cisco support at hand: purge the cluster database of expc02 as root.",
    why="It is the last resort where a database does not recover.",
    where=(),
    command="clusterdb_destroy_and_purge_data.sh",
    risk="destructive",
    impact="The configuration and the registrations of that peer are destroyed.",
    verify="The peer starts with an empty configuration.",
    wait="Until the peer answers on its web interface.",
)
RESTART_IN_ORDER = Step(
    do="Restart the peers that ask for it, one at a time: expc01 first, then expc02.",
    why="The new TLS verification mode takes effect with the restart.",
    where=("expc01", "expc02"),
    command=None,
    risk="outage",
    impact="Calls and MRA sessions on the peer that restarts drop.",
    verify="Alarm 20007 is lowered on each peer; System > Clustering is green.",
    wait="Between the two, until the web interface of expc01 answers.",
)


def _finding(number: int, rule: str, title: str, **more: Any) -> Finding:
    given: dict[str, Any] = {
        "fingerprint": f"{number:012x}",
        "id": f"{number:012x}:1",
        "rule": rule,
        "title": title,
        "severity": "medium",
        "state": "open_at_end",
        "hosts": ("expc01",),
        "peers": ("expc02",),
        "first": at("19:57:43.353"),
        "last": at("19:57:43.353"),
        "count": 1,
        "evidence": (),
        "explanation": "",
        "basis": "confirmed",
        "remedy": (),
        "references": (of_note("Log Details"),),
    }
    return Finding(**(given | more))


def _lost() -> tuple[Finding, ...]:
    node = "clusterdb@{}.apolo.local"
    cdb = f'Level="{{}}" Node="{node.format("expc01")}" PID="<0.159.0>" {{}} Node="{node.format("expc02")}"'
    utc = 'UTCTime="2020-08-12 19:57:43,353" Module="developer.clusterdb.cdb"'
    down = _finding(
        1,
        "database/peer-down",
        "The database of expc01 lost its connection to expc02",
        severity="high",
        evidence=(
            evidence(
                8412,
                "19:57:43.353",
                f"{utc} " + cdb.format("INFO", 'Detail="Processed mnesia_down event from accessible node"'),
            ),
        ),
        explanation="The cluster database on expc01 was told that the database node of expc02 went away. "
        "The log of expc02 itself is needed to tell a stopped peer from a cut link.",
        remedy=(LOOK, PORTS),
        values={"node": "clusterdb@expc02.apolo.local"},
    )
    caused = partial(_finding, caused_by=(down.id,))
    return (
        down,
        caused(
            2,
            "database/inconsistent",
            "The database marked itself inconsistent",
            severity="info",
            state="seen",
            evidence=(
                evidence(
                    8413,
                    "19:57:43.354",
                    f"{utc} "
                    + cdb.format(
                        "ERROR", 'Detail="Inconsistent Database" Context="from mnesia system - mnesia down"'
                    ),
                ),
            ),
            explanation="A part of every loss of a peer: the two databases can no longer agree.",
        ),
        caused(
            3,
            "database/connect-failed",
            "Connecting again to expc02 failed",
            basis="inferred",
            count=3,
            last=at("20:07:44.020"),
            evidence=(
                evidence(
                    8418,
                    "19:57:43.354",
                    'UTCTime="2020-08-12 19:57:43,354" Module="developer.clusterdb.synchronise" Level="WARN" '
                    'Node="clusterdb@expc01.apolo.local" PID="<0.14215.425>" Detail="Failed '
                    'connecting to node" '
                    'Node="clusterdb@expc02.apolo.local" Reason="{ badrpc, { EXIT, { aborted, { noproc, '
                    "{ gen_server, call, [ kernel_safe_sup, { start_child, { dets_sup, { "
                    "dets_sup, start_link,  }, "
                    'permanent, 1000, supervisor, [ dets_sup ] } }, infinity ] } } } } }"',
                ),
                evidence(
                    9120,
                    "20:02:43.871",
                    'Module="developer.clusterdb.synchronise" Level="WARN" Detail="Failed '
                    'connecting to node"',
                ),
                evidence(
                    9544,
                    "20:07:44.020",
                    'Module="developer.clusterdb.synchronise" Level="WARN" Detail="Failed '
                    'connecting to node"',
                ),
            ),
            explanation="noproc means that the other side still answered, and that the process "
            "asked for was gone.",
        ),
        caused(
            4,
            "cluster/database-communication-failure",
            "Alarm 20006: no database replication with a peer",
            first=at("19:57:43.524"),
            last=at("19:57:43.524"),
            evidence=(
                evidence(
                    8421,
                    "19:57:43.524",
                    'alarm: Level="WARN" Event="Alarm Raised" Id="20006" '
                    'UUID="0f96695e-d954-4f6f-85c1-2ef1eae6f764" '
                    'Severity="warning" Detail="Cluster database communication failure: The '
                    "database is unable to "
                    'replicate with one or more of the cluster peers" UTCTime="2020-08-12 19:57:43,524"',
                ),
            ),
            explanation="Raised while any peer's database cannot be reached. It lowers itself "
            "once it can be.",
            remedy=(PORTS,),
            references=(
                Citation("Alarm 20006: Cluster database communication failure", id="20006"),
                of_note("Add Peers"),
            ),
        ),
        caused(
            5,
            "cluster/communication-failure",
            "Alarm 20004: no contact with a peer",
            first=at("19:57:43.771"),
            last=at("19:57:43.771"),
            evidence=(
                evidence(
                    8422,
                    "19:57:43.771",
                    'alarm: Level="WARN" Event="Alarm Raised" Id="20004" '
                    'UUID="3bca6888-f622-11df-93be-07cc953d7b99" '
                    'Severity="warning" Detail="Cluster communication failure: The system is '
                    "unable to communicate "
                    'with one or more of the cluster peers" UTCTime="2020-08-12 19:57:43,771"',
                ),
            ),
            explanation="Raised while any peer does not answer.",
            remedy=(PORTS,),
            references=(Citation("Alarm 20004: Cluster communication failure", id="20004"),),
        ),
        caused(
            6,
            "h323/peer-timeout",
            "No H.323 answer from expc02 (10.15.13.16:1719)",
            first=at("19:57:53.872"),
            last=at("19:58:01.871"),
            count=8,
            evidence=(
                evidence(
                    8460,
                    "19:57:58.871",
                    'tvcs: Event="External Server Communications Failure" Reason="gatekeeper timed out" '
                    'Service="NeighbourGatekeeper" Detail="name:10.15.13.16:1719" Level="1" '
                    'UTCTime="2020-08-12 19:57:58,871"',
                ),
                evidence(
                    8462,
                    "19:58:01.871",
                    'tvcs: UTCTime="2020-08-12 19:58:01,871" Module="network.h323" '
                    'Level="INFO":  Action="Sent" '
                    'Dst-ip="10.15.13.16" Dst-port="1719" Detail="Sending RAS SCI  SeqNum=52319 '
                    'Timeout=True"',
                ),
            ),
            explanation="The peers exchange location requests over UDP 1719. Eight went "
            "unanswered in 8 seconds, "
            "so the loss is not one of the database alone.",
            references=(of_note("Ports"), of_note("Log Details")),
        ),
        caused(
            7,
            "dns/peer-unresolved",
            "The name of a peer was not resolved",
            severity="info",
            state="seen",
            basis="assumed",
            first=at("19:57:59.601"),
            last=at("19:57:59.601"),
            evidence=(
                evidence(
                    8461,
                    "19:57:59.601",
                    'UTCTime="2020-08-12 19:57:59,601" '
                    'Module="developer.clusterdb.peernameresolver" Level="INFO" '
                    'Detail="Triggering forced peer update of peers which failed DNS and queueing next run" '
                    'Queue-Time-ms="300000"',
                ),
            ),
            explanation="A periodic task that any loss of a peer triggers. Once is no fault of the DNS.",
        ),
    )


def _tls() -> Finding:
    return _finding(
        8,
        "tls/verification-changed",
        "TLS verification was changed from Permissive to Enforcing",
        first=at("20:13:24.975"),
        last=at("20:13:25.194"),
        count=2,
        evidence=(
            evidence(
                10233,
                "20:13:24.976",
                'httpd[15060]: web: Event="System Configuration Changed" '
                'Detail="configuration/cluster/tls_verify - '
                'changed from: \'Permissive\' to: \'Enforcing\'" Src-ip="10.15.13.30" Src-port="53155" '
                'User="admin" Level="1" UTCTime="2020-08-12 20:13:24"',
            ),
            evidence(
                10251,
                "20:13:25.194",
                'management: Level="WARN" Event="Alarm Raised" Id="20007" Severity="warning" '
                'Detail="Restart required: '
                "Cluster configuration has been changed, however a restart is required for this to take "
                'effect" UTCTime="2020-08-12 20:13:25,194"',
            ),
        ),
        explanation="The mode replicates from the primary; each peer applies it at its next restart.",
        remedy=(BACKUP, RESTART_IN_ORDER),
        references=(
            of_note("Enforce TLS"),
            Citation("Defect CSCvx35891", url=f"{CISCO}?q=CSCvx35891", id="CSCvx35891"),
        ),
    )


def _healthy(number: int, first: str, last: str, count: int) -> Finding:
    return _finding(
        number,
        "replication/healthy",
        "Replication between expc01 and expc02 completed",
        severity="info",
        state="seen",
        first=at(first),
        last=at(last),
        count=count,
        evidence=(
            evidence(
                120 + number,
                first,
                'replication: Module="developer.replication" Level="INFO" '
                'CodeLocation="clusterconfigurationsynchroniser(336)" Detail="Synchronisation '
                'completed successfully"',
            ),
        ),
        explanation="Each cycle that was started was also finished.",
        references=(of_note("Log Details"), Citation("A book")),
    )


def ledger(members: tuple[MemberCoverage, ...], gaps: tuple[Gap, ...] = (), repeated: int = 0) -> Coverage:
    """What members add up to, where all records of a snapshot are of the peer in its name."""
    snapshots, peers = [], []
    for name in dict.fromkeys(member.snapshot for member in members):
        own = [member for member in members if member.snapshot == name]
        first = min((member.first for member in own if member.first is not None), default=None)
        last = max((member.last for member in own if member.last is not None), default=None)
        size, records, unparsed, unparsed_bytes = (
            sum(getattr(member, of) for member in own)
            for of in ("size", "records", "unparsed", "unparsed_bytes")
        )
        faults = sum(bool(member.faults) for member in own)
        snapshots.append(
            SnapshotCoverage(
                name, 3_141_592, size, len(own), records, unparsed, unparsed_bytes, first, last, faults
            )
        )
        record_bytes = sum(member.record_bytes for member in own)
        peer = name.split("_")[2]
        own_gaps = sum(gap.peer == peer for gap in gaps)
        peers.append(PeerCoverage(peer, records, record_bytes, first, last, own_gaps))
    return Coverage(
        size=sum(member.size for member in members),
        records=sum(member.records for member in members),
        unparsed=sum(member.unparsed for member in members),
        unparsed_bytes=sum(member.unparsed_bytes for member in members),
        snapshots=tuple(snapshots),
        members=members,
        peers=tuple(peers),
        gaps=gaps,
        repeated=repeated,
        settings=sum(member.settings for member in members),
    )


def sample() -> Diagnosis:
    """Two peers, one of which gave a snapshot; two incidents."""
    lost, tls = _lost(), _tls()
    members = (
        MemberCoverage(
            SNAPSHOT,
            LOG,
            "log",
            4_812_331,
            records=10_412,
            record_bytes=4_811_920,
            unparsed=3,
            unparsed_bytes=411,
            reasons={"a line that is too long": 2, "is before the first record": 1},
            first=at("19:40:02.118"),
            last=at("20:15:44.730"),
            repair="UTF-16, read as UTF-8",
        ),
        MemberCoverage(
            SNAPSHOT,
            "loggingsnapshot_expc01_2020-08-12_19_20_00.txt",
            "log",
            65_536,
            records=204,
            record_bytes=65_459,
            unparsed=1,
            unparsed_bytes=77,
            reasons={"is before the first record": 1},
            first=at("19:20:00.004"),
            last=at("19:24:31.900"),
            faults=(
                Fault("cut", "the compressed stream is cut after 65,536 bytes"),
                Fault("limit", "of a member no more than 64 KiB are read"),
            ),
        ),
        MemberCoverage(
            SNAPSHOT,
            "xconf_dump_expc01_2020-08-12_19_20_00.txt",
            "xconfiguration",
            188_230,
            unparsed=2,
            unparsed_bytes=31,
            reasons={"does not have the form of a setting": 2},
            settings=2_871,
            taken=at("19:20:00.004"),
        ),
        MemberCoverage(
            SNAPSHOT,
            "xstat_dump_expc01_2020-08-12_19_20_00.txt",
            "xstatus",
            97_401,
            settings=1_204,
            taken=at("19:20:00.004"),
            faults=(Fault("damaged", "the document does not end"),),
        ),
        MemberCoverage(
            SNAPSHOT,
            "eth0_diagnostic_logging_tcpdump0_expc01_2020-08-12.pcap",
            "other",
            20_971_520,
            reason="a packet capture, which is not read",
        ),
        MemberCoverage(
            SNAPSHOT, "var/log/locked", "other", 0, faults=(Fault("unreadable", "permission is denied"),)
        ),
        MemberCoverage(SNAPSHOT, "server_expc01_2020-08-12.pem", "certificate", 2_214, settings=9),
    )
    return Diagnosis(
        tool=Tool("0.1.0", "sha256:4f1d2c7a90be3371"),
        command=Command("diagnose", {"explain": "yes"}),
        exit=Exit(5, (Reason(5, "3 members were not read to their end"),)),
        verdict=Verdict(
            "expc02 was lost to expc01 at 19:57:43 UTC on 12 August 2020 and had not come "
            "back when the log ended."
        ),
        cluster=ClusterView(
            (
                Peer(
                    "expc01",
                    "expc01.apolo.local",
                    ("10.15.13.15",),
                    SNAPSHOT,
                    (SNAPSHOT,),
                    "primary",
                    product="Expressway-C",
                    version="X12.5.9",
                    dumps_from=at("19:20:00.004"),
                    seen_from=at("19:20:00.004"),
                    seen_to=at("20:15:44.730"),
                    clock_skew=0.0,
                    alarms={
                        "20004": "raised",
                        "20006": "raised",
                        "20007": "raised",
                        "20009": "clear",
                        "40055": "unknown",
                    },
                ),
                Peer("expc02", "expc02.apolo.local", ("10.15.13.16",), role="subordinate"),
            )
        ),
        coverage=ledger(members, (Gap("expc01", at("19:24:31.900"), at("19:40:02.118")),), repeated=12),
        changes=(
            Change(at("19:22:10.500"), "expc01", "restart", "admin", "10.15.13.30", "Restart requested"),
            Change(
                at("20:13:24.976"),
                "expc01",
                "edit",
                "admin",
                "10.15.13.30",
                "configuration/cluster/tls_verify: Permissive to Enforcing",
            ),
        ),
        wanted=(
            Wanted(
                "The diagnostic log of expc02 that covers 19:50 to 20:15 UTC on 2020-08-12",
                "Only it can tell a stopped peer from a cut link.",
                "expc02",
            ),
            Wanted("What happened to the virtual machine of expc02 at 19:57 UTC", "The log hints at a stop."),
        ),
        incidents=(
            Incident(
                "incident-1",
                "incident/peer-lost",
                "Peer expc02 was lost",
                "high",
                "open_at_end",
                at("19:57:43.353"),
                at("20:07:44.020"),
                ("expc01", "expc02"),
                tuple(finding.id for finding in lost),
                "At 19:57:43 UTC the database of expc01 lost expc02. Within 16 seconds the "
                "alarms 20006 and 20004 were "
                "raised and H.323 requests went unanswered; three attempts to connect again failed. "
                "The log ends 18 minutes later with expc02 still away.",
                (LOOK, PORTS, BACKUP, RESTART, PURGE),
            ),
            Incident(
                "incident-2",
                "incident/tls-enforcement",
                "TLS enforcement waits for a restart of both peers",
                "medium",
                "open_at_end",
                at("20:13:24.975"),
                at("20:13:25.194"),
                ("expc01", "expc02"),
                (tls.id,),
                "admin changed TLS verification from Permissive to Enforcing from 10.15.13.30. "
                "Both peers ask for a "
                "restart (alarm 20007), and neither was restarted before the log ended.",
                (BACKUP, RESTART_IN_ORDER),
            ),
        ),
        findings=(
            *lost,
            tls,
            _healthy(9, "19:20:50.437", "19:22:50.437", 2),
            _healthy(10, "19:40:50.437", "19:56:50.437", 9),
        ),
        not_checked=(
            NotChecked("requirements/hardware", "expc02 gave no snapshot."),
            NotChecked("requirements/too-far-apart", "Delay between peers cannot be read from snapshots."),
        ),
        silent=(
            Silent("incident/split-brain", "Two peers must claim to be primary; only expc01 does."),
            Silent("factory-reset/pending"),
            Silent("time/not-synchronised"),
        ),
    )


def quiet() -> Diagnosis:
    """The same cluster on a good day: nothing wrong, and little to ask for."""
    full = sample()
    first, second = full.cluster.peers
    seen = {"seen_from": at("19:40:02.118"), "seen_to": at("20:15:44.730"), "version": "X12.5.9"}
    clear: dict[str, Any] = {"20004": "clear", "20006": "clear"}
    other = SNAPSHOT.replace("expc01", "expc02")
    peers = (
        dataclasses.replace(first, **seen, alarms=clear),
        dataclasses.replace(second, **seen, snapshot=other, snapshots=(other,), alarms=clear),
    )
    log = dataclasses.replace(full.coverage.members[0], repair=None)
    members = (log, dataclasses.replace(log, snapshot=other, source=LOG.replace("expc01", "expc02")))
    return dataclasses.replace(
        full,
        exit=Exit(0),
        verdict=Verdict("Nothing wrong in 35 minutes of 2 of 2 peers."),
        cluster=ClusterView(peers),
        coverage=ledger(members),
        changes=(),
        wanted=(),
        incidents=(),
        findings=full.findings[-1:],
        not_checked=(),
    )


def two_clusters() -> Diagnosis:
    """The sample, and a cluster of Expressway-E beside it, whose peer's dumps were given and no log."""
    full = sample()
    edge = "diagnostic_log_expe01_2020-08-12.tar.gz"
    peers = (
        *(dataclasses.replace(peer, cluster="core.apolo.local") for peer in full.cluster.peers),
        Peer(
            "expe01",
            "expe01.apolo.example",
            ("192.0.2.15",),
            edge,
            (edge,),
            product="Expressway-E",
            version="X14.0.7",
            cluster="the cluster of expe01",
            dumps_from=at("18:00:00.000"),
        ),
    )
    dump = MemberCoverage(edge, "xconf_dump_expe01_2020-08-12.xml", "xconfiguration", 90_210, settings=812)
    members = (*full.coverage.members, dump)
    return dataclasses.replace(
        full,
        cluster=ClusterView(peers),
        coverage=ledger(members, full.coverage.gaps, full.coverage.repeated),
    )


def empty() -> Diagnosis:
    """No log at all."""
    return Diagnosis(
        tool=Tool("0.1.0", "sha256:0"),
        command=Command("diagnose"),
        exit=Exit(4, (Reason(4, "no record in any input"),)),
        verdict=Verdict("No log record was found."),
        cluster=ClusterView(()),
        coverage=ledger(()),
        changes=(),
        wanted=(),
        incidents=(),
        findings=(),
        not_checked=(),
        silent=(),
    )


def hostile() -> Diagnosis:
    """Two clusters with an attack in every string that is free to hold one; the relations stay."""
    return attacked(two_clusters(), " ".join(HOSTILE))


def calm() -> Diagnosis:
    """The same with a harmless word instead."""
    return attacked(two_clusters(), "calm")


def attacked(diagnosis: Diagnosis, attack: str) -> Diagnosis:
    """The diagnosis with ``attack`` behind every string that is free to hold it."""
    changed: Diagnosis = _attack(diagnosis, Diagnosis, attack)
    return changed


def _attack(value: Any, kind: Any, attack: str) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        return dataclasses.replace(
            value,
            **{
                field.name: _attack(getattr(value, field.name), hints[field.name], attack)
                for field in dataclasses.fields(value)
            },
        )
    if isinstance(value, tuple):
        return tuple(_attack(item, _inner(kind, item), attack) for item in value)
    if isinstance(value, dict):
        kinds = get_args(kind)
        return {_attack(key, str, attack): _attack(item, kinds[1], attack) for key, item in value.items()}
    if isinstance(value, str) and value and not _is_literal(kind):
        return value + attack
    return value


def _inner(kind: Any, item: Any) -> Any:
    return str if isinstance(item, str) else type(item)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal or any(_is_literal(part) for part in get_args(kind))
