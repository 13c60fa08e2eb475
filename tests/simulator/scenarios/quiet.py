"""Healthy clusters, some of which look unhealthy."""

from ..alarms import ALARMS
from ..cluster import MINUTE
from ..faults import Raised
from ..noise import MARK, sip
from ..records import UTC_MARK
from ..truth import Action, Truth, at, truth
from .case import Case, scenario

NOTHING: tuple[Action, ...] = (
    "force-config-update",
    "force-system-key-update",
    "restart",
    "reboot",
    "upgrade",
    "destroy",
)


@scenario
def healthy(case: Case) -> Truth:
    """Every peer gives its log and its dumps, and every cycle ends."""
    case.make(2, 6)
    return truth(None, at("replication/healthy", *case.cluster.names), never=NOTHING)


@scenario
def single_node(case: Case) -> Truth:
    """A node without a cluster, with an empty list: no factory reset is pending, and H.323 may be off."""
    case.make(1, 1)
    (host,) = case.cluster.names
    case.world.configure(host, h323_mode=case.rng.choice(("On", "Off")))
    return truth(None, never=NOTHING)


@scenario
def idle_node(case: Case) -> Truth:
    """A node that is idle for hours: syslog writes a mark every hour."""
    case.make(1, 1)
    (host,) = case.cluster.names
    case.world.nodes[host].noisy = False
    for hour in range(1, 6):
        case.world.at(hour * 60 * MINUTE, case.world.say, host, MARK)
    case.keeps(host, (50 * MINUTE, 5 * 60 * MINUTE + 1))
    return truth(None, never=NOTHING)


@scenario
def peer_specific_settings(case: Case) -> Truth:
    """Peers differ in settings that may differ: time zone, DNS and NTP servers, licences."""
    case.make(2, 4)
    host = case.one(case.cluster.names)
    licences = tuple(
        ("116341X90-1-SYNTH009", "500 Rich Media Sessions") if "Sessions" in name else (key, name)
        for key, name in case.cluster.settings.options
    )
    case.world.configure(
        host, dns=("10.9.9.9",), ntp=("ntp7.example.com",), options=licences, time_zone="Asia/Seoul"
    )
    return truth(None, never=NOTHING)


@scenario
def verbose_logging(case: Case) -> Truth:
    """25019 is raised because logging runs."""
    case.make(2, 4)
    for name in case.cluster.names:
        case.inject(Raised(case.when(6, 7), name, "25019"))
    return truth(None, never=NOTHING)


@scenario
def permissive_notice(case: Case) -> Truth:
    """40049 reports that TLS verification is Permissive: a notice, not a fault."""
    case.make(2, 3)
    for name in case.cluster.names:
        case.inject(Raised(case.when(6, 7), name, "40049"))
    return truth(None, never=NOTHING)


def _alarm_text(case: Case, alarm: str) -> str:
    kind = ALARMS[alarm]
    return f'Level="WARN" Event="Alarm Raised" Id="{alarm}" UUID="{kind.uuid}" Severity="{kind.severity}" Detail="{kind.detail}"'


@scenario
def hostile_messages(case: Case) -> Truth:
    """SIP messages quote alarms and whole records, in the user agent and in texts of people."""
    case.make(2, 3)
    for number in range(12):
        host = case.one(case.cluster.names)
        node = case.world.nodes[host]
        alarm = case.rng.choice(("20004", "20006", "40055", "20011", "20025", "15005"))
        quoted = _alarm_text(case, alarm)
        pasted = f"{case.cluster.start.isoformat(timespec='milliseconds')} {host} alarm: {quoted}"
        down = (
            f'Module="developer.clusterdb.cdb" Detail="Processed mnesia_down event" Node="clusterdb@{host}"'
        )
        record = sip(
            case.rng,
            node,
            agent=f'phone" {quoted} x="',
            method="MESSAGE",
            body=(quoted, pasted, down, f"|{pasted}", "Event: Alarm Raised"),
        )
        case.world.at(case.when(7, 28) + number, case.world.say, host, record)
    return truth(None, never=NOTHING)


@scenario
def hostile_values(case: Case) -> Truth:
    """Values of network records contain texts of callers, which quote alarms.

    Quotes in values are not escaped, so parts of the text look like pairs. But a ``network`` record is never an alarm.
    """
    case.make(2, 3)
    for number in range(8):
        host = case.one(case.cluster.names)
        quoted = _alarm_text(case, case.rng.choice(("20004", "40055", "20025")))
        record = (
            f'tvcs: UTCTime="{UTC_MARK}" Module="network.sip" Level="INFO":  Action="Received" Local-ip="10.0.0.1" '
            f'Local-port="5060" Src-ip="10.8.0.9" Src-port="5060" Detail="Receive Request Method=INVITE, CSeq=1, '
            f'Request-URI=sip:a@example.com, Call-ID={number}, From-Tag=x" {quoted}, To-Tag="'
        )
        case.world.at(case.when(7, 28), case.world.say, host, record)
    return truth(None, never=NOTHING)


@scenario
def extra_licences(case: Case) -> Truth:
    """One peer has more licences of the exempt kinds; the feature keys are the same."""
    case.make(2, 3)
    host = case.one(case.cluster.subordinates)
    more = (("116341R10-1-SYNTH021", "50 Room System Registrations"), ("116341D10-1-SYNTH022", "90 Desktop System Registrations"))  # fmt: skip
    case.world.configure(host, options=(*case.cluster.settings.options, *more))
    return truth(None, never=NOTHING)
