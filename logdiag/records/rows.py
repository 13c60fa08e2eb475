"""From the tokens of one log to its rows: records, and the lines that belong to none.

Owns what a record's columns mean, what its time is, and which header is none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from logdiag.grammar import Token, tokens
from logdiag.i18n import N_
from logdiag.records.chunker import NO_YEAR, ORPHAN, Apart
from logdiag.records.header import Stamp, Yearless, dated, dated_near, stamp_of, yearless_of

NO_INSTANT = N_("starts with a time that is no instant, or with no host behind it")

_UTC_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:[,.](\d{1,6}))?", re.ASCII)
_BLANKS = " \t\n\v\f\r"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(microseconds: int) -> datetime:
    """Microseconds since 1970, as the ``time`` columns hold them, as a datetime in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def micros(time: datetime) -> int:
    """An aware datetime in microseconds since 1970."""
    return (time - instant(0)) // timedelta(microseconds=1)


EACH = 10_000
"""Lines without a record that have a row each; those that follow in one stretch share rows."""

_SHARED = 1 << 20
_LONGEST_ROW = 1 << 30  # the column of lengths holds 31 bits
_SHOWN = 4000


@dataclass
class Unparsed:
    """A line that belongs to no record: a row of `UNPARSED` but for its snapshot and source.

    A row may stand for several ``lines``; ``text`` is then the first, and never long.
    """

    line: int
    offset: int
    length: int
    text: str
    reason: str
    lines: int = 1


@dataclass
class Record:
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
    length: int = 0
    """Bytes that it takes up in its member, with its line ends."""
    yearless: Yearless | None = None
    """The header's time, if it has no year: ``header_time`` is then set by `date`."""
    relayed: Stamp | None = None
    """The time of the relay's header around one without a year."""

    @property
    def text_as_logged(self) -> str:
        """The whole record; bytes that are not UTF-8 are U+FFFD."""
        return _text(self.raw)

    @property
    def body(self) -> str | None:
        """The lines behind the first, without the last line end; None where they are blank."""
        lines = self.raw[self.first_line :]
        return _text(lines.removesuffix(b"\n").removesuffix(b"\r")) if lines.strip() else None

    def date(self, neighbour: "Record | None") -> bool:
        """Give a header without a year its year; False if neither the record nor a neighbour has one."""
        if self.yearless is None:
            return True
        utc = self._utc()
        stamp = None if utc is None else dated(self.yearless, utc[0])
        if stamp is None and self.relayed is not None:
            stamp = dated_near(self.yearless, self.relayed.time, self.relayed.utc_offset)
        if stamp is None and neighbour is not None:
            stamp = dated_near(self.yearless, neighbour.header_time, neighbour.utc_offset)
        if stamp is None:
            return False
        self.header_time, self.utc_offset, self.yearless = stamp.time, stamp.utc_offset, None
        return True

    @property
    def time(self) -> int:
        """`UTCTime` where it is valid, else the header's time."""
        utc = self._utc()
        if utc is None:
            return self.header_time
        moment, has_fraction = utc
        # Web records have whole seconds only; a header with a fraction knows better.
        near = not has_fraction and not self.whole_seconds and abs(self.header_time - moment) <= 1_000_000
        return self.header_time if near else moment

    def _utc(self) -> tuple[int, bool] | None:
        """The first `UTCTime` that is valid, and whether it has a fraction."""
        for key, value in self.fields:
            if key == "UTCTime" and (found := _UTC_TIME.fullmatch(value.strip(_BLANKS))):
                *parts, fraction = found.groups()
                try:
                    moment = datetime(*map(int, parts), tzinfo=UTC)  # type: ignore[misc,arg-type]
                except ValueError:
                    continue
                whole = (moment - _EPOCH) // _MICROSECOND
                if fraction is None:
                    return whole, False
                # Fewer than three digits are milliseconds that were not padded: ",92" is 92 ms.
                part = int(fraction) * 1000 if len(fraction) <= 3 else int(fraction.ljust(6, "0"))
                return whole + part, True
        return None

    def first(self, key: str) -> str | None:
        """The first value of a key, None where the record does not have it."""
        return next((value for name, value in self.fields if name == key), None)

    def name(self, key: str) -> str | None:
        """The first value of a key, trimmed."""
        value = self.first(key)
        return None if value is None else value.strip()


_STARTS = {"TIME", "BSD_TIME", "PASTED_TIME"}
_LINE_ENDS = {"EOL", "BODY", "BODY_MESSAGE", "ORPHAN", "VALUE_LINE"}
_LINES = {"BODY", "VALUE_LINE"}


def rows(pieces: Iterable[bytes | memoryview | Apart]) -> Iterator[Record | Unparsed]:
    """The rows of one member, in order.

    A header whose time is no instant, or which has no host, starts no record, and neither do its lines
    belong to the record before it. A header without a year takes that of its neighbours in its piece.
    """
    offset, line, each = 0, 1, EACH
    for piece in pieces:
        if isinstance(piece, Apart):
            for unparsed in unparsed_rows(piece, line, offset, each):
                yield unparsed
                line += unparsed.lines
                each -= 1
            offset += piece.length
            continue
        log = bytes(piece)
        for record, apart in _merged(_dated(_found(log, line, offset))):
            if record is not None:
                yield record
                offset, line = record.offset + record.length, record.line + record.raw.count(b"\n")
                continue
            for unparsed in unparsed_rows(apart, line, offset, each):
                yield unparsed
                line += unparsed.lines
                each -= 1
            offset += apart.length


_Found = tuple[Record | None, Apart]


def _found(log: bytes, line: int, offset: int) -> Iterator[_Found]:
    """The rows of a piece in order: a record or none, and its bytes."""
    for group in _groups(tokens(log)):
        raw = log[group[0].start : group[-1].end]
        orphan = group[0].terminal == "ORPHAN"
        record = None if orphan else _record(log, group)
        if record is not None:
            record.raw, record.length = bytearray(raw), len(raw)
            record.line, record.offset = line, offset
        yield record, Apart(raw, len(raw), ORPHAN if orphan else NO_INSTANT)
        line += raw.count(b"\n")
        offset += len(raw)


def _dated(found: Iterable[_Found]) -> Iterator[_Found]:
    """The same. Records wait for a neighbour that has a year; without one they are no records."""
    held: list[_Found] = []  # from the first record that waits
    neighbour: Record | None = None
    for one in found:
        record, _ = one
        if record is None and not held:
            yield one
        elif record is None or not record.date(neighbour):
            held.append(one)
        else:
            for waiting, _ in held:
                if waiting is not None:
                    waiting.date(record)
            yield from held
            yield one
            held.clear()
            neighbour = record
    yield from ((None, apart if record is None else apart._replace(reason=NO_YEAR)) for record, apart in held)


def _merged(found: Iterable[_Found]) -> Iterator[_Found]:
    """The same, with lines in no record that follow each other as one."""
    for reason, some in groupby(found, key=lambda one: one[1].reason if one[0] is None else None):
        if reason is None:
            yield from some
        else:
            raw = b"".join(apart.raw for _, apart in some)
            yield None, Apart(raw, len(raw), reason)


def _groups(stream: Iterable[Token]) -> Iterator[list[Token]]:
    """Tokens by record: each group starts with a time at a line's start, or is one orphan line.

    Lines below the first that follow each other are as one: a record may have a million of them.
    """
    group: list[Token] = []
    for token in stream:
        if group and token.terminal in _LINES and token.terminal == group[-1].terminal:
            group[-1] = Token(token.terminal, group[-1].start, token.end)
            continue
        new = token.terminal == "ORPHAN" or (
            token.terminal in _STARTS and bool(group) and group[-1].terminal in _LINE_ENDS
        )
        if new and group:
            yield group
            group = []
        group.append(token)
    if group:
        yield group


def unparsed_rows(apart: Apart, line: int, offset: int, each: int) -> Iterator[Unparsed]:
    """The rows of lines without a record: a row each for the first ``each`` of them."""
    if len(apart.raw) < apart.length:  # a line of which only the beginning is at hand
        text, left = _text(apart.raw), apart.length
        while left:
            length = min(left, _LONGEST_ROW)
            left -= length
            yield Unparsed(line, offset, length, text, apart.reason, lines=0 if left else 1)
            offset += length
        return
    start = number = 0
    while start < apart.length:
        end = apart.raw.find(b"\n", start) + 1 or apart.length
        first = apart.raw[start : min(end, start + _SHOWN)]
        number += 1
        if number > each:
            end = apart.raw.find(b"\n", start + _SHARED) + 1 or apart.length
        raw_lines = max(1, apart.raw.count(b"\n", start, end))
        text = _text(first.rstrip(b"\r\n"))
        yield Unparsed(line, offset + start, end - start, text, apart.reason, raw_lines)
        line += raw_lines
        start = end


def _record(log: bytes, group: Sequence[Token]) -> Record | None:
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
            case "TIME" | "BSD_TIME" | "PASTED_TIME":
                inner = _header(log, group, index)
                if inner is not None and record.yearless is None:
                    inner.relayed = Stamp(record.header_time, record.utc_offset, record.whole_seconds)
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
            case "PAIR":
                record.fields.append(_pair(log, token))
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


def _header(log: bytes, group: Sequence[Token], index: int) -> Record | None:
    """A record with the time and host that stand at ``index``; None where they are none."""
    if index + 1 >= len(group) or group[index + 1].terminal != "HOST":
        return None
    time = log[group[index].start : group[index].end]
    host = _text(log[group[index + 1].start : group[index + 1].end]).rstrip(" ")
    if group[index].terminal == "BSD_TIME":
        yearless = yearless_of(time)
        return None if yearless is None else Record(0, 0, host, whole_seconds=True, yearless=yearless)
    stamp = stamp_of(time)
    if stamp is None:
        return None
    return Record(stamp.time, stamp.utc_offset, host, whole_seconds=stamp.whole_seconds)


def _pair(log: bytes, token: Token) -> tuple[str, str]:
    """Key and value of ``key="value"``; the first "=" ends the key."""
    equals = log.index(b"=", token.start)
    value = log.index(b'"', equals) + 1
    return _text(log[token.start : equals]).strip(" "), _text(log[value : token.end - 1])


def _key(log: bytes, token: Token) -> str:
    return _text(log[token.start : token.end]).strip(' "').removesuffix("=")


def _text(raw: bytes | bytearray) -> str:
    return raw.decode("utf-8", "replace")
