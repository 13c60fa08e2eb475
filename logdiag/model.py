"""The classes of a diagnosis, as frozen dataclasses.

The stages meet here and in Arrow tables. The findings file (`logdiag.findings/2`) is `Diagnosis`
written out field by field, except for fields that are marked `INTERNAL`, and its JSON Schema is made from
these classes. Times are aware datetimes in UTC.
"""

import functools
from dataclasses import Field, dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

Severity = Literal["info", "low", "medium", "high", "critical"]
# Ascending: comparisons use the index. Each tuple has the values of its literal in their order.
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

State = Literal["open", "open_at_end", "unknown", "seen", "closed"]
STATES: tuple[State, ...] = get_args(State)  # in the order of reports

Basis = Literal["confirmed", "inferred", "assumed"]
Risk = Literal["read", "change", "outage", "destructive"]
RISKS: tuple[Risk, ...] = get_args(Risk)  # ascending
Role = Literal["primary", "subordinate"]
AlarmState = Literal["raised", "clear", "unknown"]
MemberKind = Literal["log", "xconfiguration", "xstatus", "certificate", "page", "other"]

INTERNAL = {"written": False}  # the metadata of a field that the findings file lacks

UNDATED = datetime(9999, 1, 1, tzinfo=UTC)  # findings without any time come last; a span can be added


@dataclass(frozen=True)
class Fault:
    """Why the bytes of a member are incomplete, which makes the run partial.

    ``cut``: they end too early. ``damaged``: they cannot be unpacked or read on. ``limit``: a limit was
    reached. ``unreadable``: the file cannot be opened or read. ``space``: the disk is full.
    """

    kind: Literal["cut", "damaged", "limit", "unreadable", "space"]
    text: str


@dataclass(frozen=True)
class MemberCoverage:
    """The coverage of one member; for a log, ``record_bytes`` and ``unparsed_bytes`` add up to ``size``."""

    snapshot: str
    source: str
    kind: MemberKind
    size: int
    records: int = 0
    record_bytes: int = 0
    asked: int = 0
    """Records that a rule or a stage before the rules asks for."""
    unparsed: int = 0
    """Lines that belong to no record; in a dump, lines that have no shape."""
    unparsed_bytes: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    settings: int = 0
    holds: tuple[MemberKind, ...] = ()
    """The kind of each dump in it: a file can contain several, and text with records a pasted page."""
    first: datetime | None = None
    last: datetime | None = None
    taken: datetime | None = None
    """When a dump was made; None if neither its content nor its name shows a time."""
    reason: str | None = None
    """Why a member was not read."""
    repair: str | None = None
    """What was changed in its bytes before they were read as a log."""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class SnapshotCoverage:
    """The sums over the members of one snapshot; ``given`` are its bytes, still packed, ``size`` unpacked."""

    snapshot: str
    given: int
    size: int
    members: int
    records: int
    unparsed: int
    unparsed_bytes: int
    first: datetime | None
    last: datetime | None
    faults: int
    sha256: str | None = None
    """Of the bytes that were given, in the order of their files' names; None if not all were read."""


@dataclass(frozen=True)
class PeerCoverage:
    """The records of one peer in the logs; bytes are those of its records."""

    peer: str
    records: int
    record_bytes: int
    first: datetime | None
    last: datetime | None
    gaps: int


@dataclass(frozen=True)
class Gap:
    """A span of time between two that a peer's logs cover, without any record."""

    peer: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Coverage:
    """How much of the inputs was read. The sizes of all members add up to ``size``."""

    size: int
    records: int
    unparsed: int
    unparsed_bytes: int
    snapshots: tuple[SnapshotCoverage, ...]
    members: tuple[MemberCoverage, ...]
    peers: tuple[PeerCoverage, ...]
    gaps: tuple[Gap, ...]
    asked: int = 0
    repeated: int = 0
    """Records that are identical in more than one member; they count once."""
    settings: int = 0


@dataclass(frozen=True)
class Peer:
    """One peer of the cluster; ``snapshot`` is the first by time, None if it gave none."""

    name: str
    fqdn: str | None = None
    addresses: tuple[str, ...] = ()
    snapshot: str | None = None
    snapshots: tuple[str, ...] = ()
    role: Role | None = None
    product: str | None = None
    version: str | None = None
    cluster: str | None = None
    dumps_from: datetime | None = None
    """When the first of its dumps was made."""
    seen_from: datetime | None = None
    seen_to: datetime | None = None
    utc_offset: int | None = None
    """Minutes by which its local time is ahead of UTC, in its last record."""
    clock_skew: float | None = None
    """Seconds by which its clock is ahead of the first peer's; None if it was not measured."""
    alarms: dict[str, AlarmState] = field(default_factory=dict)
    """The state of each alarm that was logged; all others are unknown."""
    alarms_listed: bool = False
    """A dump listed all alarms and the log has no gap after it: all others are clear."""


@dataclass(frozen=True)
class Stranger:
    """A node or an address, as the evidence writes it, that acts as a peer and is in no list of peers."""

    name: str
    seen_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClusterView:
    """The cluster as the evidence shows it."""

    peers: tuple[Peer, ...]
    strangers: tuple[Stranger, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A record or a line of a dump that supports a finding; ``line`` is its first. A dump has no ``time``."""

    snapshot: str
    source: str
    line: int
    time: datetime | None
    text: str


@dataclass(frozen=True)
class Step:
    """One step of a remedy.

    ``where`` contains names of peers of this cluster and nothing else. If the role cannot be resolved it is
    empty, of very many peers it has the first, and ``do`` says so. ``wait`` is text: how long, for what.
    """

    do: str
    why: str
    where: tuple[str, ...]
    command: str | None
    risk: Risk
    impact: str
    verify: str
    wait: str
    avoid: str = field(default="", kw_only=True)
    """What must not be done meanwhile, as a sentence."""


@dataclass(frozen=True)
class Citation:
    """Where a rule's knowledge is from: a document, or an alarm, a defect or a field notice by its ``id``."""

    title: str
    section: str | None = None
    url: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Finding:
    """One rule's answer for one key and episode; ``first`` and ``last`` are None if no time is known."""

    fingerprint: str
    id: str
    rule: str
    title: str
    severity: Severity
    state: State
    hosts: tuple[str, ...]
    peers: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    count: int
    evidence: tuple[Evidence, ...]
    explanation: str
    basis: Basis
    remedy: tuple[Step, ...]
    references: tuple[Citation, ...]
    caused_by: tuple[str, ...] = ()
    requested: bool = False
    as_of: datetime | None = None
    """The time of the dump that shows it, if the dump has one."""
    known: bool = False
    """The baseline contains the finding, and it is no worse than there."""
    outcome: str = ""
    """How the finding ended, or why that is not known; the last sentence of ``explanation``."""
    values: dict[str, str] = field(default_factory=dict)
    anchor: datetime | None = field(default=None, metadata=INTERNAL)
    """The place among others of a finding without ``first``: a dump is older than its log."""

    @property
    def began(self) -> datetime:
        """When the finding began, for comparisons with other findings."""
        return self.first or self.anchor or self.as_of or UNDATED

    @property
    def ended(self) -> datetime:
        """When the finding was last seen, for comparisons with other findings."""
        return self.last or self.first or self.anchor or self.as_of or UNDATED


@dataclass(frozen=True)
class Incident:
    """Findings with one cause; ``findings`` are their ids, the cause first."""

    id: str
    rule: str
    title: str
    severity: Severity
    state: State
    first: datetime | None
    last: datetime | None
    peers: tuple[str, ...]
    findings: tuple[str, ...]
    summary: str
    remedy: tuple[Step, ...]
    as_of: datetime | None = None
    """The time of the dump that shows the finding, if nothing shows when it began."""


@dataclass(frozen=True)
class Change:
    """A configuration edit, a restart or an upgrade: who did it, from which address."""

    time: datetime
    peer: str
    kind: Literal["edit", "restart", "upgrade", "command"]
    who: str | None
    address: str | None
    what: str


@dataclass(frozen=True)
class AlarmEvent:
    """A record that raises or lowers an alarm."""

    time: datetime
    peer: str
    alarm: str
    state: Literal["raised", "clear"]


@dataclass(frozen=True)
class Wanted:
    """Something to ask the customer for."""

    what: str
    why: str
    peer: str | None = None


@dataclass(frozen=True)
class NotChecked:
    """A rule that could not be judged, or that is not for these peers."""

    rule: str
    reason: str
    applies: bool = True
    """False if it is for other software than the peers have."""
    clusters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Silent:
    """A rule that found nothing, and its nearest miss."""

    rule: str
    nearest_miss: str | None = None


@dataclass(frozen=True)
class Tool:
    """The version of logdiag that made the diagnosis, and the digest of the rule library."""

    version: str
    library: str


@dataclass(frozen=True)
class Command:
    """The subcommand, and the options that change its answer, in a fixed order."""

    name: str
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reason:
    """A reason for an exit code other than 0."""

    code: int
    text: str


@dataclass(frozen=True)
class Exit:
    """The exit code, and every reason for one other than 0."""

    code: int
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer: what happened, in one sentence, and what else the reader has to know at once."""

    headline: str
    detail: str = ""

    @property
    def text(self) -> str:
        """The whole verdict as sentences."""
        headline = self.headline if self.headline.endswith((".", "!", "?")) else f"{self.headline}."
        return f"{headline} {self.detail}".rstrip()


@dataclass(frozen=True)
class Diagnosis:
    """Everything that a report shows."""

    tool: Tool
    command: Command
    exit: Exit
    verdict: Verdict
    cluster: ClusterView
    coverage: Coverage
    changes: tuple[Change, ...]
    wanted: tuple[Wanted, ...]
    incidents: tuple[Incident, ...]
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]
    silent: tuple[Silent, ...]
    alarm_events: tuple[AlarmEvent, ...] = ()
    capped: tuple[str, ...] = ()
    """Rules that matched more than the limit: their findings are only a part."""
    language: str = "en"
    """The language of all texts that are not from the evidence."""


def to_plain(value: Any) -> Any:
    """Return a value of the model as JSON has it; times are RFC 3339 in UTC with milliseconds."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in written(type(value))}
    # A fixed width, so that times sort as text.
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    return value


@functools.cache  # a diagnosis can contain 100,000 members
def written(noun: Any) -> tuple["Field[Any]", ...]:
    """Return the fields of a class that the findings file has."""
    return tuple(field for field in fields(noun) if field.metadata != INTERNAL)
