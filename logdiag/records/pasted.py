"""Records that were pasted into a ticket, a mail or a document: put back into the lines of a log.

Owns where a pasted record starts and ends, how its parts are joined, and what is prose. What a
record says is left to the grammar, which reads the repaired lines. The damages are those of the
published articles (joined, wrapped, quoted, fenced and escaped records) and those of mails.

Every search here is anchored at a time, at a line's start or at a quote, and none is repeated
over the same bytes more than a few times: the effort grows with the text.
"""

import re
from collections.abc import Container, Iterator
from typing import Literal, NamedTuple

from logdiag.grammar import record_start
from logdiag.records.pieces import Apart
from logdiag.records.rows import Record, Unparsed, rows

PROSE = "stands between pasted records"

LONGEST = 1 << 18
"""Bytes of a record behind which no further line of a text is taken for a part of it."""


class Piece(NamedTuple):
    """A part of a text: bytes ``[offset, offset + length)``, from line ``line`` (the first is 1) on.

    ``record`` is the record that stands there, repaired and with a line end; None for prose.
    """

    offset: int
    length: int
    line: int
    record: bytes | None


# ── what a pasted record starts with ────────────────────────────────────────────────────────

_BLANK = rb"(?:[ \t]|\xc2\xa0)"
_FENCE = rb"(?:```|~~~)[`~]{0,8}[A-Za-z0-9]{0,16}[ \t]{0,4}"
# A line end, perhaps with a few empty lines and fences behind it and a mail's quoting before what goes on.
_BREAK = rb"%b*\r{0,2}\n(?:[> \t]{0,16}(?:%b)?\r{0,2}\n){0,4}[> \t]{0,16}" % (_BLANK, _FENCE)
_GAP = rb"(?:%b|%b+)" % (_BREAK, _BLANK)
_STAMP = (
    rb"[0-9]{4}-#[0-9]{2}-#[0-9]{2}T#[0-9]{2}:#[0-9]{2}:#[0-9]{2}(?:\.#[0-9]+)?(?:Z|[+-]#[0-9]{2}:#[0-9]{2})"
).replace(b"#", b"(?:%b)?" % _BREAK)
_HOST = (
    rb"(?:[A-Za-z0-9_](?:\\?[A-Za-z0-9_.]|-(?:%b)?){0,253}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,48}"
    rb"|\\?<[A-Za-z0-9_.-]{1,64}\\?>)"
) % _BREAK
_HEADER = re.compile(
    rb"(?<![0-9A-Za-z_.:/=<(\['\\-])(%b)(?:\*\*)?%b(%b)(?=[ \t\r\n\xc2]|\Z)" % (_STAMP, _GAP, _HOST)
)
_TAG = rb"[A-Za-z_](?:\\?[A-Za-z0-9_./-]){0,63}(?:\\?\[[0-9]{1,20}\\?\])?:"
_QUOTE = rb"(?:\"|\xe2\x80\x9c)"
_KEY = rb"(?:\*\*)?(?:UTCTime|Level|Event|Module|Detail)=%b?%b" % (_BLANK, _QUOTE)
# What stands behind the host, from the strongest sign of a record to the weakest.
_BEHIND = re.compile(
    rb"(?P<key>%(g)b(?:(?:%(t)b(?:%(g)b)?){1,3}|[A-Za-z_][A-Za-z0-9_-]{0,63}%(g)b)?%(k)b)"
    rb"|(?P<relay>%(g)b(?:[^ \n]{1,64} (?:-|[0-9]{1,20}) [A-Za-z0-9_.-]{1,64} [-\[]|%(s)b))"
    rb"|(?P<tag>%(g)b(?:%(t)b|(?:-- )?MARK\b))" % {b"g": _GAP, b"t": _TAG, b"k": _KEY, b"s": _STAMP}
)
# What may stand between a line's start and a time: marks of the text around it, and what is the record's.
_DECORATION = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"(?P<marks>(?:[>|*+\"'`#-]|%b|\xe2\x80[\xa2\x9c]|\xc2\xb7|[0-9]{1,4}[.)] |Line [0-9]{1,9}: ){0,64})"
    rb"(?P<relayed>(?:[0-9]{1,9} )?<[0-9]{1,9}> ?(?:[0-9] )?|[0-9] )?" % _BLANK
)
_DECORATED = 64
_QUOTING = re.compile(rb"[> \t]{0,64}")
_BARE = re.compile(rb"(?: |Line [0-9]+: )?")
_JOINTS = re.compile(_BREAK)
_RELAY = re.compile(rb" [^ ]+ (?:-|[0-9]+) [^ ]+ (?:-|\[[^\]]*\]) *")
_PAIR_ENDED = re.compile(rb"(?:\"|\xe2\x80\x9d)%b{0,3}$" % _BLANK)
_RELAYED = re.compile(rb"[\]-] +(?:\xef\xbb\xbf)?$")
_ONE_IN = 50
_DEEPEST = 8
_FENCED = re.compile(rb"(?:^|\n)[> \t]*%b\r{0,2}\n[> \t]*$" % _FENCE)


class _Start(NamedTuple):
    """A time with a host behind it, where a record may start.

    ``marks`` is what stands before it in its line (quoting, a bullet), None where that is more;
    ``depth`` is how deep the line is quoted.
    """

    offset: int
    text: bytes
    behind: int
    host: bytes
    sign: str | None
    marks: bytes | None
    depth: int
    broken: bool


def _starts(content: bytes) -> Iterator[_Start]:
    """All times with a host behind them, in order."""
    searched = line = depth = end = 0
    for found in _HEADER.finditer(content):
        at = found.start()
        line = max(line, content.rfind(b"\n", searched, at) + 1)
        if line >= searched:  # the first in its line
            quoting = _QUOTING.match(content, line, at)
            depth = min(quoting.group().count(b">"), _DEEPEST) if quoting else 0
        searched = at
        first = line >= end and at - line <= _DECORATED  # what stands before it is no host of another
        decoration = _DECORATION.fullmatch(content, line, at) if first else None
        stamp, host = (_JOINTS.sub(b"", part).replace(b"\\", b"") for part in found.groups())
        text = (b"" if decoration is None else decoration["relayed"] or b"") + stamp + b" " + host
        behind = _BEHIND.match(content, found.end())
        sign = None if behind is None else behind.lastgroup
        end = found.end()
        if behind is not None and sign != "relay":
            text += _JOINTS.sub(b" ", behind.group())
            end = behind.end()
        yield _Start(
            offset=at if decoration is None else line,
            text=text,
            behind=end,
            host=host,
            sign=sign,
            marks=None if decoration is None else decoration["marks"],
            depth=depth,
            broken=b"\n" in content[at:end],
        )


# ── how a record goes on ────────────────────────────────────────────────────────────────────

_MARKS = re.compile(rb'= ?"|["<>]|\xe2\x80[\x9c\x9d]|(?:SIP|HTTP)MSG:')
_OPENING = re.compile(rb"=( ?)\xe2\x80\x9c")
_ESCAPE = re.compile(rb"\\([_*\[\]<>#`~|!\\])")
_BOLD = re.compile(rb"\*\*([^*\n]+)\*\*")
# Signs of Markdown's escapes: a user may be DOMAIN\_name, and a regular expression hold \[.
_ESCAPED = re.compile(rb'[a-z0-9]\\_[a-z0-9]|= ?"\\[\[<]|[a-z]\\\[[0-9]{1,20}\\?\]:')
_MARKDOWN = re.compile(rb"^[> \t]*(?:```|~~~|#{1,6} )|\*\*(?:[0-9]{4}-|[A-Za-z]+=)", re.MULTILINE)

_PAIR = re.compile(rb"[> \t]{0,16}(?:\*\*)?(&?[A-Za-z_](?:\\?[A-Za-z0-9_.:()-]|->){0,63})=")
_FOLLOWS = re.compile(
    rb"(?:\*\*)?[:,]?(?:%b*(?:\r{0,2}\n|\Z|[0-9]{4}-)|%b+&?[A-Za-z_](?:\\?[A-Za-z0-9_.:()-]|->){0,63}=)"
    % (_BLANK, _BLANK)
)
_AHEAD = re.compile(rb"\"|\xe2\x80[\x9c\x9d]|\n[> \t\r]*(?:\n|```|~~~)")
_GAP_LINES = re.compile(rb"(?:[> \t]*+(?:%b)?+\r{0,2}\n)++" % _FENCE)
_EMPTY_LINES = re.compile(rb"(?:[> \t]*+\r{0,2}\n)++")
_ASIDE = re.compile(rb"[> \t]*(?:#|[-*+] |[0-9]{1,3}[.)] |\*\*|==)")
_MESSAGE = re.compile(rb"[> \t]*(?:SIP|HTTP)MSG:")
_MESSAGE_GOES_ON = re.compile(rb"[ |<{]|[a-z]=")
_MESSAGE_END = re.compile(rb"(?: *|[^|\n][^\n]*)\|[ \t\r]*\n?")
_COMMON = frozenset(
    b"UTCTime Module Level Event CodeLocation Detail Method Thread Node PID Action UUID Severity Id Reason"
    b" Service Dst-ip Dst-port Src-ip Src-port Local-ip Local-port User".split()
)
_UNLIKE_A_LOG = re.compile(rb'[":] ?\xc2\xa0 ?[A-Za-z][A-Za-z-]{0,63}="|[A-Za-z]= ?"\\[\[<]')
_CUT_TIME = re.compile(rb'UTCTime= ?"[0-9-]*$')
_LAST_TIME = re.compile(rb'UTCTime= ?"[^"]*"$')
_HYPHENATED = re.compile(rb"[A-Za-z0-9]-$")

_Within = Literal["text", "value", "tag", "attribute"]


class _Pasted:
    """A record of a text while it is read, line by line; ``text`` is what it says so far.

    It takes part of a line where another start follows in that line. Once it is ``over``, all up to
    the next record is prose. ``damaged`` says that a line end, a no-break space
    or an escape stands where no log has one.
    """

    def __init__(self, content: bytes, start: _Start, *, escaped: bool) -> None:
        self.start = start
        self.offset, self.end = start.offset, start.behind
        self.over = self.message = self.damaged = False
        self._content = content
        self._escaped = escaped
        self._text = bytearray(self._clean(start.text))
        self._within: _Within = "text"
        self._inner_quote = False
        self._scanned = 0  # up to here the text was searched for quotes
        self._sure = 0  # up to here the content is known to belong to a value
        self._dated = False
        self._pairs = 0
        self._line_ended = self._has_body = False

    def read(self, limit: int) -> None:
        """Take what belongs to the record, up to ``limit``, where another may start."""
        while not self.over and self.end < limit:
            if self._line_ended:
                at = self._next_of_message(limit) if self.message else self._next_of_first(limit)
                if at is None:
                    return
                if self._has_body:
                    self._text += self._body(self.end, at)
                self.end = at
            if len(self._text) > LONGEST:
                self.over = True
                return
            line_end = self._content.find(b"\n", self.end, limit) + 1
            self._take(self._content[self.end : line_end or limit])
            self.end = line_end or limit

    def yields_to(self, start: _Start) -> bool:
        """Whether the record, which was read up to a start, ends there."""
        strong = start.sign == "key"
        if self.over:
            return strong or (start.marks is not None and start.sign is not None)
        if self.message:
            if start.marks is None:  # a message that was pasted into one line
                return strong and not self._has_body and self._tail().endswith(b"|")
            return not self._unquoted(start.marks)
        if start.marks is None:
            return strong and self._dated and self._within == "text"
        if start.sign is None or self._is_relay():
            return False
        return strong or self._within == "text" or not self._value_ends(self.end, apart=False)

    def close(self, limit: int) -> None:
        """End the record; the empty lines behind it, up to ``limit``, are its own."""
        empty = _EMPTY_LINES.match(self._content, self.end, limit)
        if empty is not None and self._line_ended:
            if self._has_body:
                self._text += self._body(self.end, empty.end())
            self.end = empty.end()

    def repaired(self, *, markdown: bool) -> bytes:
        """The record as a log has it."""
        first, _, body = bytes(self._text).partition(b"\n")
        first = first.rstrip()
        if markdown:
            first = _BOLD.sub(rb"\1", first).removesuffix(b"**").rstrip()
        marks = self.start.marks or b""
        if self._within == "text" and not self.message:
            if b"`" in marks:
                first = first.rstrip(b"`").rstrip()
            if b'"' in marks and first.endswith(b'""'):
                first = first[:-1]
        return first + b"\n" + (body if body.endswith(b"\n") or not body else body + b"\n")

    def _next_of_first(self, limit: int) -> int | None:
        """Where the record goes on; None where it is over, or where the start at ``limit`` decides."""
        gap = _GAP_LINES.match(self._content, self.end, limit)
        at = self.end if gap is None else gap.end()
        if at >= limit:
            return None
        if self._within != "text":
            goes_on = self._value_ends(at, apart=gap is not None)
            fenced = gap is not None and re.search(b"[`~]", gap.group()) is not None
            self.damaged |= goes_on and (fenced or _CUT_TIME.search(self._tail()) is not None)
        elif _MESSAGE.match(self._content, at):
            goes_on = self.message = True
        elif pair := _PAIR.match(self._content, at):
            finished = self._pairs > 1 and _LAST_TIME.search(self._tail()) is not None
            goes_on = gap is None or not finished
            self.damaged |= goes_on and pair[1] in _COMMON
        else:
            paired = self._tail().endswith((b'"', b"\xe2\x80\x9d"))
            goes_on = gap is None and not paired and _ASIDE.match(self._content, at) is None
        self.over = not goes_on
        return at if goes_on else None

    def _next_of_message(self, limit: int) -> int | None:
        """The same, behind the first line of a message."""
        empty = _EMPTY_LINES.match(self._content, self.end, limit)
        at = self.end if empty is None else empty.end()
        if at >= limit:
            return None
        line = self._unquoted(self._content[at : at + 64])
        last = self._text[self._text.rfind(b"\n", 0, -1) + 1 :]
        if self._has_body and _MESSAGE_END.fullmatch(last):
            goes_on = empty is None and line.startswith(b" ")
        else:
            goes_on = not line.startswith((b"```", b"~~~")) and (
                empty is None or _MESSAGE_GOES_ON.match(line) is not None
            )
        self.over = not goes_on
        return at if goes_on else None

    def _value_ends(self, at: int, *, apart: bool) -> bool:
        """Whether an open value goes on at ``at``: its end stands in this paragraph, and looks like one.

        ``apart`` says that an empty line or a fence stands before.
        """
        if at < self._sure:
            return True
        found = _AHEAD.search(self._content, at)
        if not apart and found is not None and found.group().startswith(b"\n"):
            gap = _GAP_LINES.match(self._content, found.start() + 1)
            apart, found = True, _AHEAD.search(self._content, gap.end() if gap else found.end())
        if found is None or found.group().startswith((b"\n", b"\xe2\x80\x9c")):
            return False
        before = self._content[max(at, found.start() - 2) : found.start()]
        if before.rstrip(b" ").endswith(b"="):
            ends = self._within == "tag"
        else:
            ends = self._within == "attribute" or (
                _FOLLOWS.match(self._content, found.end()) is not None
                or not (apart or before[-1:] in (b"", b" ", b"("))
            )
        self._sure = found.end() if ends else 0
        return ends

    def _take(self, part: bytes) -> None:
        fresh, self._line_ended = self._line_ended, part.endswith(b"\n")
        self.damaged |= not self.message and _UNLIKE_A_LOG.search(part) is not None
        part = self._clean(part.rstrip(b"\r\n") if self._line_ended else part)
        if fresh:
            part = self._unquoted(part)
        if fresh and self.message:
            if not self._has_body:
                self._strip()
                self._text += b"\n"
                self._has_body = True
            self._text += part + (b"\n" if self._line_ended else b"")
            return
        if fresh:
            self._strip()
            part = part.lstrip(b" \t")
            if not (_HYPHENATED.search(self._tail()) and part[:1].isalnum()):
                self._text += b" "
        self._text += part
        if self._has_body:
            self._text += b"\n" if self._line_ended else b""
        else:
            self._scan()

    def _scan(self) -> None:
        """Follow the quotes of the text, as the grammar does."""
        for mark in _MARKS.finditer(self._text, self._scanned):
            self._scanned = mark.end()
            token = mark.group()
            if self._within == "text":
                if token.startswith(b"="):
                    self._within, self._inner_quote = "value", False
                    self._pairs += 1
                    self._dated |= self._text.endswith(b"UTCTime", 0, mark.start())
                elif token.endswith(b"MSG:"):
                    self.message = True
                    return
            elif self._within == "value":
                if token == b"<":
                    self._within = "tag"
                elif token == b"\xe2\x80\x9c":
                    self._inner_quote = True
                elif token == b"\xe2\x80\x9d" and self._inner_quote:
                    self._inner_quote = False
                elif token.endswith((b'"', b"\x9d")):
                    self._within = "text"
            elif self._within == "tag":
                if token == b'="':
                    self._within = "attribute"
                elif token == b">":
                    self._within = "value"
                elif token.endswith(b'"'):
                    self._within = "text"
            elif token.endswith(b'"'):
                self._within = "tag"
        self._scanned = max(self._scanned, len(self._text) - len(b"HTTPMSG"))

    def _clean(self, part: bytes) -> bytes:
        part = _OPENING.sub(rb'=\1"', part.replace(b"\xc2\xa0", b" "))
        return _ESCAPE.sub(rb"\1", part) if self._escaped else part

    def _unquoted(self, line: bytes) -> bytes:
        for _ in range(self.start.depth):
            line = line.removeprefix(b">").removeprefix(b" ") if line.startswith(b">") else line
        return line

    def _body(self, start: int, end: int) -> bytes:
        """Lines of a message that are empty, or hold blanks."""
        lines = self._content[start:end].split(b"\n")[:-1]
        return b"".join(self._unquoted(line).rstrip(b"\r") + b"\n" for line in lines)

    def _tail(self) -> bytes:
        return bytes(self._text[-64:]).rstrip()

    def _strip(self) -> None:
        while self._text.endswith((b" ", b"\t")):
            del self._text[-1]
        self._scanned = min(self._scanned, len(self._text))

    def _is_relay(self) -> bool:
        """Whether the text is the header of a relay so far: what comes is its record."""
        said = self._text[len(self.start.text) : len(self.start.text) + 1000]
        return self.start.sign == "relay" and _RELAY.fullmatch(said) is not None


# ── a whole text ────────────────────────────────────────────────────────────────────────────


def _read(content: bytes, hosts: Container[bytes] = ()) -> Iterator[_Pasted]:
    """The records of a text, in order, each with the bytes that it takes up.

    A time and one of ``hosts`` at a line's start begin a record whatever stands behind them.
    """
    escaped = _ESCAPED.search(content) is not None
    record: _Pasted | None = None
    for start in _starts(content):
        if start.sign is None and start.host in hosts:
            start = start._replace(sign="host")
        if record is not None:
            record.read(start.offset)
            if not record.yields_to(start):
                continue
            record.close(start.offset)
            yield record
        elif start.sign != "key" and (start.marks is None or start.sign is None):
            continue
        record = _Pasted(content, start, escaped=escaped)
    if record is not None:
        record.read(len(content))
        record.close(len(content))
        yield record


def is_pasted(head: bytes) -> bool:
    """Whether a file is a text with pasted records in it; ``head`` is its beginning, at most 8 MiB.

    A log is not one, whatever its records quote. What tells, in more than a few records: a
    header or a pair that a line end breaks, a no-break space between pairs, an escape before a value,
    a record behind another in a line, a fence. Or most records stand behind quoting, bullets or prose.
    """
    records = damaged = apart = 0
    before: _Pasted | None = None
    for record in _read(head):
        records += 1
        marks = record.start.marks
        quoted_by_message = before is not None and before.message
        if record.damaged:
            damaged += 1
        elif quoted_by_message:
            pass
        elif record.start.broken or (
            marks is not None
            and _BARE.fullmatch(marks)
            and _FENCED.search(head[max(0, record.offset - 64) : record.offset])
        ):
            damaged += 1
        elif marks is None and before is not None and not before.over:
            damaged += _PAIR_ENDED.search(head[max(0, record.offset - 8) : record.offset]) is not None
        elif (marks is None or not _BARE.fullmatch(marks)) and not _starts_a_line(head, record.offset):
            apart += not _RELAYED.search(head[max(0, record.offset - 8) : record.offset])
        before = record
    return damaged * _ONE_IN >= records if damaged else apart * 2 > records


def _starts_a_line(head: bytes, offset: int) -> bool:
    """Whether the grammar takes what stands before a time in its line: a collector's or grep's prefix."""
    return record_start().match(head, head.rfind(b"\n", 0, offset) + 1) is not None


def repaired(content: bytes) -> Iterator[Piece]:
    """The records and the prose of a pasted text. The pieces tile it: no byte is left out."""
    markdown = _MARKDOWN.search(content) is not None or _ESCAPED.search(content) is not None
    hosts = {start.host for start in _starts(content) if start.sign == "key"}
    at, line = 0, 1
    for record in _read(content, hosts):
        if at < record.offset:
            yield Piece(at, record.offset - at, line, None)
            line += content.count(b"\n", at, record.offset)
        yield Piece(record.offset, record.end - record.offset, line, record.repaired(markdown=markdown))
        line += content.count(b"\n", record.offset, record.end)
        at = record.end
    if at < len(content):
        yield Piece(at, len(content) - at, line, None)


def pasted_rows(content: bytes) -> Iterator[Record | Unparsed]:
    """The rows of a pasted text, in order; places are those of the text, ``raw`` is the repaired record.

    A record that the grammar refuses is one unparsed row.
    """
    for piece in repaired(content):
        raw = content[piece.offset : piece.offset + piece.length]
        if piece.record is None:
            for row in rows([Apart(raw, piece.length, PROSE)]):
                row.offset += piece.offset
                row.line += piece.line - 1
                yield row
            continue
        row = next(rows([piece.record]))
        row.offset, row.length, row.line = piece.offset, piece.length, piece.line
        if isinstance(row, Unparsed):
            row.lines = max(1, raw.count(b"\n"))
        else:
            row.raw = bytearray(piece.record)
        yield row
