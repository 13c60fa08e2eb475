"""From the tokens of one log to its rows: records, and the lines that belong to none.

Owns what a record's columns mean, what its time is, and which header is none.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from logdiag.grammar import Token, tokens
from logdiag.language import N_
from logdiag.records.header import stamp_of
from logdiag.records.pieces import NO_YEAR, ORPHAN, Apart, is_too_long, lacks_year

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

    @property
    def text_as_logged(self) -> str:
        """The whole record; bytes that are not UTF-8 are U+FFFD."""
        return _text(self.raw)

    @property
    def body(self) -> str | None:
        """The lines behind the first, without the last line end; None where they are blank."""
        lines = self.raw[self.first_line :]
        return _text(lines.removesuffix(b"\n").removesuffix(b"\r")) if lines.strip() else None

    @property
    def time(self) -> int:
        """`UTCTime` where it is valid, else the header's time."""
        for key, value in self.fields:
            if key == "UTCTime" and (found := _UTC_TIME.fullmatch(value.strip(_BLANKS))):
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
_LINES = {"BODY", "VALUE_LINE"}


def rows(pieces: Iterable[bytes | memoryview | Apart]) -> Iterator[Record | Unparsed]:
    """The rows of one member, in order.

    A header whose time is no instant, or which has no host, starts no record: its lines belong
    to the record before it.
    """
    offset, line, each = 0, 1, EACH
    waiting: Record | None = None
    for piece in pieces:
        if isinstance(piece, Apart):
            if waiting is not None:
                yield waiting
                waiting = None
            for unparsed in unparsed_rows(piece, line, offset, each):
                yield unparsed
                line += unparsed.lines
                each -= 1
            offset += piece.length
            continue
        log = bytes(piece)
        for group in _groups(tokens(log)):
            raw = log[group[0].start : group[-1].end]
            record = None if group[0].terminal == "ORPHAN" else _record(log, group)
            if record is not None:
                if waiting is not None:
                    yield waiting
                record.raw, record.length = bytearray(raw), len(raw)
                record.line, record.offset = line, offset
                waiting = record
            elif waiting is not None and not is_too_long(waiting.length):
                waiting.raw += raw
                waiting.length += len(raw)
            else:
                if waiting is not None:
                    yield waiting
                    waiting = None
                reason = ORPHAN if group[0].terminal == "ORPHAN" else NO_INSTANT
                yield from unparsed_rows(Apart(raw, len(raw), reason), line, offset, EACH)
            offset += len(raw)
            line += raw.count(b"\n")
    if waiting is not None:
        yield waiting


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
        reason = NO_YEAR if apart.reason == ORPHAN and lacks_year(first) else apart.reason
        yield Unparsed(line, offset + start, end - start, _text(first.rstrip(b"\r\n")), reason, raw_lines)
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
    stamp = stamp_of(log[group[index].start : group[index].end])
    if stamp is None:
        return None
    host = _text(log[group[index + 1].start : group[index + 1].end]).rstrip(" ")
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
