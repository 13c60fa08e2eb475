"""Redacting the lines of logs and dumps: quickly, because what comes again is known.

A line is cut into its header and its pairs. Most of them stand in many lines; the others cost a search.
"""

import html
import re
from collections import Counter
from typing import Literal, NamedTuple

from logdiag.redaction.addresses import Address, address_of
from logdiag.redaction.escapes import has_escapes, in_base64, unescaped
from logdiag.redaction.found import Found, Kind, masked
from logdiag.redaction.redactor import Redactor

_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_HEADER = re.compile(rf"({_STAMP} {{1,8}})([\w.-]{{1,255}})(?= )")
_BETWEEN_PAIRS = re.compile(r' (?=[A-Za-z_][\w()>.:-]{0,63}= ?")|(?<=":) (?= )')
_BETWEEN_ELEMENTS = re.compile(r"(?<=>)(?=<)")
_NOTHING = re.compile(
    r'UTCTime="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d{1,6})?"|(?:Thread|this)="0x[0-9a-f]{1,16}":?'
)
_VALUE = re.compile(
    r'(.{0,1000}?(?::[ \t]{0,8}"|<[^<>]{1,1000}>))([^"<>]{1,255})("?[ \t\r]*|</[^<>]{1,255}>.*)'
)
_BEGIN_MARK = "-----BEGIN "
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----[ \t\r]*\Z")
_OF_BLOCK = re.compile(r"[ \t>]*(?:[0-9A-Za-z+/=]*|[A-Za-z-]{1,40}: .*)[ \t\r]*")


Form = Literal["log", "text", "xml"]
"""What lines are of: a log, a dump as text, a dump as XML."""

_LABELS = re.compile(r"[0-9A-Za-z-]+")

_MOST_KNOWN = 200_000
_LONGEST_KNOWN = 512
_WHOLE: tuple[Kind, ...] = ("host", "domain", "cluster", "user")


class _Piece(NamedTuple):
    """What became of a piece of a line, and what was replaced in it."""

    text: str
    kinds: tuple[Kind, ...]


class Texts:
    """Learns lines, and then replaces what they hold; ``counts`` says how often, by kind."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.counts: Counter[Kind] = Counter()
        self.issued: set[Address] = set()
        """The addresses that stand for others."""
        self._learnt: set[str] = set()
        self._known: dict[Form, dict[str, _Piece]] = {"log": {}, "text": {}, "xml": {}}
        self._in_block = self._is_told = False

    # ── learning ────────────────────────────────────────────────────────────────────────────

    def learn(self, lines: str, form: Form) -> None:
        """Learn the literals of whole lines."""
        learnt = self._learnt
        has_blocks = self._in_block or _BEGIN_MARK in lines
        for line in lines.split("\n"):
            if has_blocks and self._of_block(line):
                continue
            host, pieces = cut(line, form)[1:]
            if host and host not in learnt:
                learnt.add(host)
                self.redactor.learn_literal(host, "host")
            for piece in pieces:
                if piece not in learnt and not says_nothing(piece):
                    if len(learnt) >= _MOST_KNOWN:
                        learnt.clear()
                    if len(piece) <= _LONGEST_KNOWN:
                        learnt.add(piece)
                    for one, literal in self._found(piece):
                        self.redactor.learn_found(literal, one.kind)

    # ── replacing ───────────────────────────────────────────────────────────────────────────

    def begin(self) -> None:
        """Begin with another file."""
        self._in_block = False
        self.counts = Counter()

    def redact(self, lines: str, form: Form) -> str:
        """Whole lines with words in the place of literals."""
        each = lines.split("\n")
        if not self._in_block and _BEGIN_MARK not in lines:
            return "\n".join([self._line(line, form) for line in each])
        told = (self._with_blocks(line, form) for line in each)
        return "\n".join(line for line in told if line is not None)

    def text(self, text: str) -> str:
        """A text that is no line."""
        done = self._replaced(text, self._found(text))
        self.counts.update(done.kinds)
        return done.text

    def name(self, name: str) -> str:
        """The name of a file or an archive. A host in it is no word of the product."""
        parts = set(_LABELS.findall(name))
        hosts = tuple(sorted(part for part in parts if self.redactor.kind(part) == "host"))
        return self._replaced(name, self._found(name, hosts)).text

    def _line(self, line: str, form: Form) -> str:
        before, host, pieces = cut(line, form)
        known = self._known[form]
        told = []
        for piece in pieces:
            done = known.get(piece)
            if done is None:
                done = self._piece(piece, form)
            if done.kinds:
                self.counts.update(done.kinds)
            told.append(done.text)
        rest = ("" if form == "xml" else " ").join(told)
        if not host:
            return before + rest
        header = known.get(host) or self._remember(host, self._whole(host, "host"), form)
        self.counts.update(header.kinds)
        return before + header.text + rest

    def _piece(self, piece: str, form: Form) -> _Piece:
        if says_nothing(piece):
            return _Piece(piece, ())
        if form != "log" and (value := _VALUE.fullmatch(piece)):
            kind = self.redactor.kind(html.unescape(value[2]))
            if kind in _WHOLE:
                word = self._whole(html.unescape(value[2]), kind)
                return self._remember(piece, _Piece(value[1] + word.text + value[3], word.kinds), form)
        return self._remember(piece, self._replaced(piece, self._found(piece)), form)

    def _remember(self, piece: str, done: _Piece, form: Form) -> _Piece:
        known = self._known[form]
        if len(piece) <= _LONGEST_KNOWN:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[piece] = done
        return done

    def _whole(self, literal: str, kind: Kind) -> _Piece:
        if self.redactor.kind(literal) is not None:
            return _Piece(self.redactor.literal(literal, kind), (kind,))
        if self.redactor.is_full_name(literal):
            return _Piece(self.redactor.literal(literal, "name"), ("name",))
        return self._replaced(literal, self._found(literal))

    def _found(self, text: str, names: tuple[str, ...] = ()) -> list[tuple[Found, str]]:
        """The literals of a text with what they are, also as URLs, markup and base64 write them."""
        found: list[tuple[Found, str]] = []
        rest = text
        if has_escapes(text):
            # What is meant comes first: in %40acme.com the name does not begin with 40.
            meant, places = unescaped(text)
            end = 0
            for one in self.redactor.find(meant, names):
                where = Found(places[one.start][0], places[one.end - 1][1], one.kind)
                if where.start >= end:
                    found.append((where, meant[one.start : one.end]))
                    end = where.end
            rest = masked(text, [one for one, _ in found])
        plain = self.redactor.find(rest, names)
        found += ((one, text[one.start : one.end]) for one in plain)
        rest = masked(rest, plain)
        for start, end, content in in_base64(rest):
            if self.redactor.holds_known(content):
                found.append((Found(start, end, "secret"), text[start:end]))
        return sorted(found)

    def _replaced(self, text: str, found: list[tuple[Found, str]]) -> _Piece:
        parts: list[str] = []
        end = 0
        for one, literal in found:
            word = self.redactor.token(literal, one.kind)
            if one.kind in ("ipv4", "ipv6"):
                self.issued.add(address_of(word))
            parts += (text[end : one.start], word)
            end = one.end
        return _Piece("".join((*parts, text[end:])), tuple(one.kind for one, _ in found))

    def _with_blocks(self, line: str, form: Form) -> str | None:
        """A line that may be one of a key or a certificate; of those what is in them is one word."""
        match self._of_block(line):
            case "begin":
                start = line.rindex(_BEGIN_MARK)
                self._is_told = False
                return self._line(line[:start], form) + line[start:]
            case "inside":
                if self._is_told or not line.strip():
                    return None
                self._is_told = True
                self.counts["secret"] += 1
                return self.redactor.token(line.strip(), "secret")
        return self._line(line, form)

    def _of_block(self, line: str) -> Literal["begin", "inside"] | None:
        if self._in_block and _OF_BLOCK.fullmatch(line):
            return "inside"
        self._in_block = _BEGIN.search(line) is not None
        return "begin" if self._in_block else None


def cut(line: str, form: Form) -> tuple[str, str, list[str]]:
    """A line as what is in front of the host of its header, the host, and the rest in pieces."""
    if form == "xml":
        return "", "", _BETWEEN_ELEMENTS.split(line)
    header = _HEADER.match(line) if form == "log" else None
    if header is None:
        return "", "", _BETWEEN_PAIRS.split(line)
    return header[1], header[2], _BETWEEN_PAIRS.split(line[header.end() :])


def says_nothing(piece: str) -> bool:
    """Whether a piece of a line is a time or the like, which is different in each line."""
    return _NOTHING.fullmatch(piece) is not None
