"""Follows a pasted record from its start to its end, and joins its parts."""

import re
from typing import Literal

from logdiag.records.pasted.starts import BLANK, FENCE, Start

MAX_BYTES = 1 << 18
"""Bytes of a record after which no further line of the text is added to it."""

_RELAY = re.compile(rb" [^ ]+ (?:-|[0-9]+) [^ ]+ (?:-|\[[^\]]*\]) *")
_MARKS = re.compile(rb'= ?"|["<>`]|\xe2\x80[\x9c\x9d]|(?:SIP|HTTP)MSG:')
_QUOTES = {b"`": b"`", b'"': b'"', b"\xe2\x80\x9c": b"\xe2\x80\x9d"}
_OPENING = re.compile(rb"=( ?)\xe2\x80\x9c")
_ESCAPE = re.compile(rb"\\([_*\[\]<>#`~|!\\])")
_BOLD = re.compile(rb"\*\*([^*\n]+)\*\*")
_PAIR = re.compile(rb"[> \t]{0,16}(?:\*\*)?(&?[A-Za-z_](?:\\?[A-Za-z0-9_.:()-]|->){0,63})=")
_FOLLOWS = re.compile(
    rb"(?:\*\*)?[:,]?(?:%b*(?:\r{0,2}\n|\Z|[0-9]{4}-)|%b+&?[A-Za-z_](?:\\?[A-Za-z0-9_.:()-]|->){0,63}=)"
    % (BLANK, BLANK)
)
_AHEAD = re.compile(rb"\"|\xe2\x80[\x9c\x9d]|\n[> \t\r]*(?:\n|```|~~~)")
_GAP_LINES = re.compile(rb"(?:[> \t]*+(?:%b)?+\r{0,2}\n)++" % FENCE)
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


class PastedRecord:
    """A record of a text while it is read, line by line, or up to another start in its line.

    Once it is ``over``, everything up to the next record is prose. ``damaged`` says that a line end, a
    no-break space or an escape is at a place where logs do not have it.
    """

    def __init__(self, content: bytes, start: Start, *, escaped: bool) -> None:
        self.start = start
        self.offset, self.end = start.offset, start.after
        self.over = self.message = self.damaged = False
        self._content = content
        self._escaped = escaped
        self._text = bytearray(self._clean(start.text))
        self._within: _Within = "text"
        self._inner_quote = False
        self._scanned = 0  # up to here, the text was searched for quotes
        self._sure = 0  # up to here, the content belongs to a value
        self._dated = False
        self._pairs = 0
        self._quote = self._opened_by()
        self._line_ended = self._has_body = False

    def read(self, limit: int) -> None:
        """Read the record up to ``limit``, where another one can start."""
        while not self.over and self.end < limit:
            if self._line_ended:
                at = self._next_of_message(limit) if self.message else self._next_of_first(limit)
                if at is None:
                    return
                if self._has_body:
                    self._text += self._body(self.end, at)
                self.end = at
            if len(self._text) > MAX_BYTES:
                self.over = True
                return
            line_end = self._content.find(b"\n", self.end, limit) + 1
            self._take(self._content[self.end : line_end or limit])
            self.end = line_end or limit

    def ends_at(self, start: Start) -> bool:
        """Return whether the record, which was read up to a start, ends there."""
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
        """End the record; it gets the empty lines after it, up to ``limit``."""
        empty = _EMPTY_LINES.match(self._content, self.end, limit)
        if empty is not None and self._line_ended:
            if self._has_body:
                self._text += self._body(self.end, empty.end())
            self.end = empty.end()

    def repaired(self, *, markdown: bool) -> bytes:
        """Return the record as a log has it."""
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
        """Return where the record continues; None if it has ended, or if the start at ``limit`` decides."""
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
        """Return the same after the first line of a message."""
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
        """Return whether an open value continues at ``at``: this paragraph has what looks like its end.

        ``apart`` says that an empty line or a fence precedes.
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

    def _opened_by(self) -> bytes | None:
        """Return the closing mark of the quote or code around the record; None without an opening mark."""
        at = self.start.time
        found = (closing for opening, closing in _QUOTES.items() if self._content.endswith(opening, 0, at))
        return next(found, None)

    def _scan(self) -> None:
        """Follow the quotes of the text, as the grammar does."""
        for mark in _MARKS.finditer(self._text, self._scanned):
            self._scanned = mark.end()
            token = mark.group()
            if self._within == "text" and token == self._quote:
                # The rest of the line and the next lines are no part of the record.
                self.over = True
                break
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
        if self.over:
            del self._text[self._scanned - len(self._quote or b"") :]
            return
        self._scanned = max(self._scanned, len(self._text) - len(b"HTTPMSG"))

    def _clean(self, part: bytes) -> bytes:
        part = _OPENING.sub(rb'=\1"', part.replace(b"\xc2\xa0", b" "))
        return _ESCAPE.sub(rb"\1", part) if self._escaped else part

    def _unquoted(self, line: bytes) -> bytes:
        for _ in range(self.start.depth):
            line = line.removeprefix(b">").removeprefix(b" ") if line.startswith(b">") else line
        return line

    def _body(self, start: int, end: int) -> bytes:
        """Return the lines of a message, without quoting."""
        lines = self._content[start:end].split(b"\n")[:-1]
        return b"".join(self._unquoted(line).rstrip(b"\r") + b"\n" for line in lines)

    def _tail(self) -> bytes:
        return bytes(self._text[-64:]).rstrip()

    def _strip(self) -> None:
        while self._text.endswith((b" ", b"\t")):
            del self._text[-1]
        self._scanned = min(self._scanned, len(self._text))

    def _is_relay(self) -> bool:
        """Return whether the text so far is the header of a relay: its record follows."""
        after_host = self._text[len(self.start.text) : len(self.start.text) + 1000]
        return self.start.sign == "relay" and _RELAY.fullmatch(after_host) is not None
