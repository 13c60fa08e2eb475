"""Reads one record from its tokens. This module defines the meaning of the columns of a record."""

import re
from collections.abc import Sequence

from logdiag.grammar import Token
from logdiag.records.header import Stamp, stamp_of, yearless_of
from logdiag.records.record import Record, decode

STARTS = {"TIME", "BSD_TIME", "PASTED_TIME"}
LINE_ENDS = {"EOL", "BODY", "BODY_MESSAGE", "ORPHAN", "VALUE_LINE"}

_MAX_PID = 1 << 31
_TYPOGRAPHIC_QUOTE = "”".encode()


def read_record(log: bytes, group: Sequence[Token]) -> Record | None:
    """Return the record of some tokens, without its place; None if its header is not valid."""
    record = _header(log, group, 0)
    if record is None:
        return None

    def text_of(token: Token) -> str:
        return decode(log[token.start : token.end])

    texts: list[tuple[int, int]] = []  # runs of text outside of pairs, in the first line
    key: Token | None = None
    line_end: int | None = None  # of the first line
    host_is_text = False
    for index, token in enumerate(group[2:], start=2):
        is_text = False
        match token.terminal:
            case "TIME" | "BSD_TIME" | "PASTED_TIME":
                inner = _header(log, group, index)
                if inner is not None and record.yearless is None:
                    inner.relayed = Stamp(record.header_time, record.utc_offset, record.whole_seconds)
                is_text = host_is_text = inner is None
                record = inner or record
            case "HOST":
                is_text = host_is_text
            case "PROCESS" | "PROCESS_AGAIN":  # with a relay's tag before the process's own
                name, _, pid = text_of(token).strip(" :").rstrip("]").partition("[")
                record.process = name
                record.pid = int(pid) if pid and len(pid) <= 10 and int(pid) < _MAX_PID else None
            case "SUBPROCESS":
                name = text_of(token).strip(" :")
                is_text = record.subprocess is not None
                if not is_text and name != record.process:
                    record.subprocess = name
            case "SYSLOG":
                # These words are a header only in a relay's own header, or if a record follows.
                is_text = not _is_relayed(log, group, index)
            case "NAME":
                is_text = index + 1 == len(group) or group[index + 1].terminal != "UTC_TIME"
                if not is_text:
                    record.process = decode(log[token.start : token.end - 1])
            case "PAIR":
                name, _, value = text_of(token).partition("=")  # the first "=" ends the key
                record.fields.append((name.strip(" "), value[value.index('"') + 1 : -1]))
            case "KEY" | "UTC_TIME":
                key = token
            case "VALUE" | "VALUE_END" if key is not None:
                quote = 1 if log[token.end - 1 : token.end] == b'"' else len(_TYPOGRAPHIC_QUOTE)
                name = text_of(key).strip(' "').removesuffix("=")
                record.fields.append((name, decode(log[key.end : token.end - quote])))
                key = None
            case "TEXT" | "MESSAGE_TEXT" | "BLANK":
                is_text = True
        if is_text and line_end is None:
            start = texts.pop()[0] if texts and texts[-1][1] == token.start else token.start
            texts.append((start, token.end))
        if token.terminal in LINE_ENDS and line_end is None:
            line_end = token.start
            record.first_line = token.end - group[0].start
    if line_end is None:
        line_end = group[-1].end
        record.first_line = line_end - group[0].start
    if key is not None and key.start < line_end:  # a value without a closing quote is text
        texts.append((key.start, line_end))
    parts = [decode(log[start:end]).strip(" \r") for start, end in texts]
    record.text = " ".join(part for part in parts if part not in ("", ":", ",")) or None
    return record


def _is_relayed(log: bytes, group: Sequence[Token], index: int) -> bool:
    """Return whether the words at ``index`` are really an IETF syslog header."""
    before = log[group[0].start : group[0].end].removeprefix(b"\xef\xbb\xbf")
    return bool(re.match(rb"<|\d+ <|\d ", before)) or _header(log, group, index + 1) is not None


def _header(log: bytes, group: Sequence[Token], index: int) -> Record | None:
    """Return a record with the time and host at ``index``; None without them, or if the time is not valid."""
    if index + 1 >= len(group) or group[index].terminal not in STARTS or group[index + 1].terminal != "HOST":
        return None
    time = log[group[index].start : group[index].end]
    host = decode(log[group[index + 1].start : group[index + 1].end]).rstrip(" ")
    if group[index].terminal == "BSD_TIME":
        yearless = yearless_of(time)
        return None if yearless is None else Record(0, 0, host, whole_seconds=True, yearless=yearless)
    stamp = stamp_of(time)
    if stamp is None:
        return None
    return Record(stamp.time, stamp.utc_offset, host, whole_seconds=stamp.whole_seconds)
