"""From the tokens of the grammar to Arrow tables: records, unparsed lines and the ledger.

Owns the columns, what a record's time is, and the account of every byte: in each log member the
rows of ``records`` and ``unparsed`` tile its bytes, with no gap and no overlap.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pyarrow as pa

from logdiag.grammar import Token, plain_record_start, record_start, tokens
from logdiag.model import MemberCoverage
from logdiag.snapshots import Member, Snapshot

_NAME = pa.dictionary(pa.int32(), pa.string())
_FIELD = pa.struct(
    [pa.field("key", pa.string(), nullable=False), pa.field("value", pa.string(), nullable=False)]
)

RECORDS = pa.schema(
    [
        pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("header_time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("utc_offset", pa.int16(), nullable=False),
        pa.field("host", _NAME, nullable=False),
        pa.field("process", _NAME),
        pa.field("subprocess", _NAME),
        pa.field("pid", pa.int32()),
        pa.field("module", _NAME),
        pa.field("level", _NAME),
        pa.field("event", _NAME),
        pa.field("detail", pa.string()),
        pa.field("fields", pa.list_(pa.field("item", _FIELD, nullable=False)), nullable=False),
        pa.field("text", pa.string()),
        pa.field("body", pa.string()),
        pa.field("snapshot", _NAME, nullable=False),
        pa.field("source", _NAME, nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int32(), nullable=False),
    ]
)

UNPARSED = pa.schema(
    [
        pa.field("snapshot", _NAME, nullable=False),
        pa.field("source", _NAME, nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int32(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)

ORPHAN = "stands before the first record"
NO_RECORD = "holds no log record"
NO_INSTANT = "starts with a time that is no instant, or with no host behind it"

SEARCHED = 8 << 20
"""A member in whose first 8 MiB no record starts is no log."""

_CHUNK = 1 << 20
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d)) *$")
_UTC_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:[,.](\d{1,6}))?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Tables:
    """What was read: two Arrow tables (`RECORDS`, `UNPARSED`) and an entry for every member.

    ``texts`` holds each record as it was logged, row by row, where it was asked for.
    """

    records: pa.Table
    unparsed: pa.Table
    members: tuple[MemberCoverage, ...]
    texts: pa.ChunkedArray | None = None


def read(snapshots: Iterable[Snapshot], *, keep_texts: bool = False) -> Tables:
    """Read snapshots whole.

    Rows stand in the order of snapshot name, member and offset. No content raises: what is wrong
    with it stands in ``members`` and ``unparsed``.
    """
    kept = RECORDS.append(pa.field("raw", pa.string(), nullable=False)) if keep_texts else RECORDS
    records, unparsed = _Rows(kept), _Rows(UNPARSED)
    coverage = []
    for snapshot in snapshots:
        seen: dict[str, int] = {}
        for member in snapshot.members():
            count = seen[member.source] = seen.get(member.source, 0) + 1
            source = member.source if count == 1 else f"{member.source}#{count}"
            coverage.append(_read_member(snapshot.name, source, member, records, unparsed))
    table = records.table()
    texts = table.column("raw") if keep_texts else None
    return Tables(table.select(RECORDS.names), unparsed.table(), tuple(coverage), texts)


def read_texts(logs: Mapping[str, bytes]) -> Tables:
    """Read logs that are at hand as bytes, each as a snapshot of one member of the same name."""
    kept = RECORDS.append(pa.field("raw", pa.string(), nullable=False))
    records, unparsed = _Rows(kept), _Rows(UNPARSED)
    coverage = [
        _read_member(name, name, Member(name, iter([content])), records, unparsed)
        for name, content in sorted(logs.items())
    ]
    table = records.table()
    return Tables(table.select(RECORDS.names), unparsed.table(), tuple(coverage), table.column("raw"))


def _read_member(
    snapshot: str, source: str, member: Member, records: "_Rows", unparsed: "_Rows"
) -> MemberCoverage:
    ledger = MemberCoverage(snapshot=snapshot, source=source, kind="other", size=0, reason=member.skipped)
    head, rest = b"", member.chunks
    for chunk in rest:
        head += chunk
        if record_start().search(head) or len(head) > SEARCHED:
            break
    if not record_start().search(head):
        size = len(head) + sum(len(chunk) for chunk in rest)
        if ledger.reason is None and not (member.faults and not size):
            ledger = replace(ledger, reason=NO_RECORD)
        return replace(ledger, size=size, faults=tuple(member.faults))
    size = found = orphans = orphan_bytes = 0
    first = last = None
    waiting: list[_Unparsed] = []  # until a record shows that this is a log
    for row in _rows(_cut(head, rest)):
        size = row.offset + row.length
        if isinstance(row, _Unparsed):
            orphans += 1
            orphan_bytes += row.length
            waiting.append(row)
        else:
            found += 1
            for orphan in waiting:
                unparsed.add(snapshot, source, orphan)
            waiting.clear()
            first = row.time if first is None else min(first, row.time)
            last = row.time if last is None else max(last, row.time)
            records.add(snapshot, source, row)
    if not found:
        return replace(ledger, size=size, reason=NO_RECORD, faults=tuple(member.faults))
    return replace(
        ledger,
        kind="log",
        size=size,
        records=found,
        unparsed=orphans,
        unparsed_bytes=orphan_bytes,
        first=None if first is None else instant(first),
        last=None if last is None else instant(last),
        faults=tuple(member.faults),
    )


def instant(microseconds: int) -> datetime:
    """Microseconds since 1970, as the ``time`` columns hold them, as a datetime in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def _cut(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of about 1 MiB that start at the start of the member or of a record."""
    buffer = bytearray(head)
    searched = 0
    while True:
        if len(buffer) >= _CHUNK:
            line = buffer.rfind(b"\n", 0, searched) + 1
            cuts = [match.start() for match in plain_record_start().finditer(buffer, line) if match.start()]
            searched = len(buffer)
            if cuts:
                yield bytes(buffer[: cuts[-1]])
                del buffer[: cuts[-1]]
                searched -= cuts[-1]
        chunk = next(rest, b"")
        if not chunk:
            break
        buffer += chunk
    if buffer:
        yield bytes(buffer)


# ── from tokens to rows ─────────────────────────────────────────────────────────────────────


@dataclass
class _Unparsed:
    line: int
    offset: int
    length: int
    text: str
    reason: str


@dataclass
class _Record:
    """A row of `RECORDS` but for its snapshot and source; times in microseconds since 1970."""

    header_time: int
    utc_offset: int
    host: str
    process: str | None = None
    subprocess: str | None = None
    pid: int | None = None
    fields: list[tuple[str, str]] = field(default_factory=list)
    text: str | None = None
    whole_seconds: bool = False
    first_line: int = 0
    raw: bytearray = field(default_factory=bytearray)
    line: int = 0
    offset: int = 0

    @property
    def length(self) -> int:
        return len(self.raw)

    @property
    def body(self) -> str | None:
        lines = self.raw[self.first_line :]
        return _text(lines.removesuffix(b"\n").removesuffix(b"\r")) if lines.strip() else None

    @property
    def time(self) -> int:
        """`UTCTime` where it is valid, else the header's time."""
        for key, value in self.fields:
            if key == "UTCTime" and (found := _UTC_TIME.fullmatch(value.strip())):
                *parts, fraction = found.groups()
                try:
                    moment = datetime(*map(int, parts), tzinfo=UTC)  # type: ignore[misc,arg-type]
                except ValueError:
                    continue
                whole = (moment - _EPOCH) // _MICROSECOND
                if fraction is None:
                    # Web records have whole seconds only; a header with a fraction knows better.
                    near = not self.whole_seconds and abs(self.header_time - whole) <= 1_000_000
                    return self.header_time if near else whole
                # Fewer than three digits are milliseconds that were not padded: ",92" is 92 ms.
                return whole + (int(fraction) * 1000 if len(fraction) <= 3 else int(fraction.ljust(6, "0")))
        return self.header_time

    def first(self, key: str) -> str | None:
        """The first value of a key, None where the record does not have it."""
        return next((value for name, value in self.fields if name == key), None)

    def name(self, key: str) -> str | None:
        """The first value of a key, trimmed."""
        value = self.first(key)
        return None if value is None else value.strip()


_STARTS = {"TIME", "PASTED_TIME"}
_LINE_ENDS = {"EOL", "BODY", "BODY_MESSAGE", "ORPHAN", "VALUE_LINE"}


def _rows(pieces: Iterable[bytes]) -> Iterator[_Record | _Unparsed]:
    """The rows of one member, in order.

    A header whose time is no instant, or which has no host, starts no record: its lines belong
    to the record before it.
    """
    offset, line = 0, 1
    waiting: _Record | None = None
    for piece in pieces:
        for group in _groups(tokens(piece)):
            raw = piece[group[0].start : group[-1].end]
            record = None if group[0].terminal == "ORPHAN" else _record(piece, group)
            if record is not None:
                if waiting is not None:
                    yield waiting
                record.raw, record.line, record.offset = bytearray(raw), line, offset
                waiting = record
            elif waiting is not None:
                waiting.raw += raw
            else:
                reason = ORPHAN if group[0].terminal == "ORPHAN" else NO_INSTANT
                yield from _unparsed(raw, line, offset, reason)
            offset += len(raw)
            line += raw.count(b"\n")
    if waiting is not None:
        yield waiting


def _groups(stream: Iterable[Token]) -> Iterator[list[Token]]:
    """Tokens by record: each group starts with a time at a line's start, or is one orphan line."""
    group: list[Token] = []
    for token in stream:
        new = token.terminal == "ORPHAN" or (
            token.terminal in _STARTS and bool(group) and group[-1].terminal in _LINE_ENDS
        )
        if new and group:
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def _unparsed(raw: bytes, line: int, offset: int, reason: str) -> Iterator[_Unparsed]:
    for text in re.findall(rb"[^\n]*\n|[^\n]+", raw):
        yield _Unparsed(line, offset, len(text), _text(text.rstrip(b"\r\n")), reason)
        offset += len(text)
        line += 1


def _record(log: bytes, group: Sequence[Token]) -> _Record | None:
    """What the tokens of one record say; None where its header is none."""
    record = _header(log, group, 0)
    if record is None:
        return None
    texts: list[tuple[int, int]] = []  # runs of what is no pair, in the first line
    key: Token | None = None
    first_line = True
    host_is_text = False
    for index, token in enumerate(group[2:], start=2):
        is_text = False
        match token.terminal:
            case "TIME" | "PASTED_TIME":
                inner = _header(log, group, index)
                record, is_text = (record, True) if inner is None else (inner, False)
                host_is_text = is_text
            case "HOST":
                is_text = host_is_text
            case "PROCESS":
                record.process, record.pid = _tag(log, token)
            case "PROCESS_AGAIN":  # a relay's tag before the process's own
                record.process, record.pid = _tag(log, token)
            case "SUBPROCESS":
                name = _text(log[token.start : token.end]).strip(" :")
                is_text = record.subprocess is not None
                if not is_text and name != record.process:
                    record.subprocess = name
            case "SYSLOG":
                # Only a relay's own header, or a record behind it, makes these words a header.
                is_text = not _is_relayed(log, group, index)
            case "NAME":
                is_text = group[index + 1].terminal != "UTC_TIME" if index + 1 < len(group) else True
                record.process = record.process if is_text else _text(log[token.start : token.end - 1])
            case "KEY" | "UTC_TIME":
                key = token
            case "VALUE" | "VALUE_END" if key is not None:
                end = token.end - (1 if log[token.end - 1 : token.end] == b'"' else len("”".encode()))
                record.fields.append((_key(log, key), _text(log[key.end : end])))
                key = None
            case "TEXT" | "MESSAGE_TEXT" | "BLANK":
                is_text = True
        if is_text and first_line:
            if texts and texts[-1][1] == token.start:
                texts[-1] = (texts[-1][0], token.end)
            else:
                texts.append((token.start, token.end))
        if token.terminal in _LINE_ENDS and first_line:
            first_line = False
            record.first_line = token.end - group[0].start
            line_end = token.start
    if first_line:
        line_end = group[-1].end
        record.first_line = line_end - group[0].start
    if key is not None and key.start < line_end:  # never closed: text, as it stands there
        texts.append((key.start, line_end))
    pieces = [_text(log[start:end]).strip(" \r") for start, end in texts]
    record.text = " ".join(piece for piece in pieces if piece not in ("", ":", ",")) or None
    return record


def _tag(log: bytes, token: Token) -> tuple[str, int | None]:
    """Process and pid of ``name[pid]:``; a pid that is no 31-bit number is none."""
    name, _, pid = _text(log[token.start : token.end]).strip(" :").rstrip("]").partition("[")
    return name, int(pid) if pid and len(pid) <= 10 and int(pid) < 1 << 31 else None


def _is_relayed(log: bytes, group: Sequence[Token], index: int) -> bool:
    """Whether the words at ``index`` are the IETF syslog header that they look like."""
    before = log[group[0].start : group[0].end].removeprefix(b"\xef\xbb\xbf")
    return bool(re.match(rb"<|\d+ <|\d ", before)) or (
        index + 1 < len(group)
        and group[index + 1].terminal in _STARTS
        and _header(log, group, index + 1) is not None
    )


def _header(log: bytes, group: Sequence[Token], index: int) -> _Record | None:
    """A record with the time and host that stand at ``index``; None where they are none."""
    if index + 1 >= len(group) or group[index + 1].terminal != "HOST":
        return None
    stamp = _STAMP.search(log[group[index].start : group[index].end])
    if stamp is None:
        return None
    clock, fraction, sign, hours, minutes = stamp.groups()
    if sign is not None and (int(hours) > 23 or int(minutes) > 59):
        return None
    offset = 0 if sign is None else (int(hours) * 60 + int(minutes)) * (-1 if sign == b"-" else 1)
    try:
        local = datetime.fromisoformat(clock.decode("ascii")).replace(
            tzinfo=timezone(timedelta(minutes=offset))
        )
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    microseconds = (moment - _EPOCH) // _MICROSECOND + int((fraction or b"0")[:6].ljust(6, b"0"))
    host = _text(log[group[index + 1].start : group[index + 1].end]).rstrip(" ")
    return _Record(microseconds, offset, host, whole_seconds=fraction is None)


def _key(log: bytes, token: Token) -> str:
    return _text(log[token.start : token.end]).strip(' "').removesuffix("=")


def _text(raw: bytes | bytearray) -> str:
    return raw.decode("utf-8", "replace")


# ── from rows to Arrow ──────────────────────────────────────────────────────────────────────


class _Names:
    """A dictionary column: its values only grow, so that every chunk shares them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, value: str | None) -> int | None:
        if value is None:
            return None
        return self._numbers.setdefault(value, len(self._numbers))

    def values(self) -> pa.Array:
        return pa.array(list(self._numbers), pa.string())


class _Rows:
    """Rows on their way into an Arrow table, in chunks of at most `ROWS` rows.

    A chunk of strings must stay under 2 GiB: one that holds `BYTES` of the log ends early.
    """

    ROWS = 1 << 16
    BYTES = 1 << 28

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._names = {name: _Names() for name in schema.names if schema.field(name).type == _NAME}
        self._columns: dict[str, list[object]] = {name: [] for name in schema.names}
        self._chunks: dict[str, list[pa.Array]] = {name: [] for name in schema.names}
        self._bytes = 0

    def add(self, snapshot: str, source: str, row: _Record | _Unparsed) -> None:
        place = {"snapshot": snapshot, "source": source}
        for name, column in self._columns.items():
            value = place[name] if name in place else self._value(row, name)
            column.append(self._names[name].number(value) if name in self._names else value)
        self._bytes += row.length
        if len(column) == self.ROWS or self._bytes >= self.BYTES:
            self._flush()

    @staticmethod
    def _value(row: _Record | _Unparsed, name: str) -> Any:
        if isinstance(row, _Record):
            if name in ("module", "level", "event"):
                return row.name(name.capitalize())
            if name == "detail":
                return row.first("Detail")
            if name == "raw":
                return _text(row.raw)
            if name == "fields":
                return [{"key": key, "value": value} for key, value in row.fields]
        return getattr(row, name)

    def _flush(self) -> None:
        for name, column in self._columns.items():
            kind = pa.int32() if name in self._names else self._schema.field(name).type
            self._chunks[name].append(pa.array(column, kind))
            column.clear()
        self._bytes = 0

    def table(self) -> pa.Table:
        self._flush()
        columns = []
        for name in self._schema.names:
            chunks = self._chunks[name]
            if name in self._names:
                values = self._names[name].values()
                chunks = [pa.DictionaryArray.from_arrays(chunk, values) for chunk in chunks]
            columns.append(pa.chunked_array(chunks, self._schema.field(name).type))
        return pa.table(columns, schema=self._schema)
