"""Redacting the lines of logs and dumps: quickly, because what comes again is known.

A line is cut into its header and its pairs. Most of them stand in many lines; the others cost a search.
"""

import html
import re
from collections import Counter
from typing import Literal, NamedTuple

from logdiag.redaction.blocks import BEGIN_MARK, OUTSIDE, Blocks, Place
from logdiag.redaction.literal_span import LiteralKind, LiteralSpan
from logdiag.redaction.redactor import Redactor

_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_HEADER = re.compile(rf"({_STAMP} {{1,8}})([\w.-]{{1,255}})(?= )")
# Both begin with a space: only there is it looked for.
_BETWEEN_PAIRS = re.compile(r' (?:(?=[A-Za-z_][\w()>.:-]{0,63}= ?")|(?<=": )(?= ))')
_BETWEEN_ELEMENTS = re.compile(r"(?<=>)(?=<)")
_PARAMETER = re.compile(r"(?=;(?:branch|tag|received)=)")
_NOTHING = re.compile(
    r'UTCTime="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d{1,6})?"|(?:Thread|this)="0x[0-9a-f]{1,16}":?'
    r'|(?:Src|Dst|Local)-port="\d{1,5}"|PID="<\d{1,6}(?:\.\d{1,9}){2}>"'
    r'|CodeLocation="ppcmains/[a-z0-9/]{1,100}/[A-Za-z0-9]{1,60}\.(?:cpp|h)\(\d{1,6}\)"'
)
_VALUE = re.compile(
    r'(.{0,1000}?(?::[ \t]{0,8}"|<[^<>]{1,1000}>))([^"<>]{1,255})("?[ \t\r]*|</[^<>]{1,255}>.*)'
)

Form = Literal["log", "text", "xml"]
"""What lines are of: a log, a dump as text, a dump as XML."""

_LABELS = re.compile(r"[0-9A-Za-z-]+")

_MOST_KNOWN = 200_000
_LONGEST_KNOWN = 512
_WHOLE: tuple[LiteralKind, ...] = ("host", "domain", "cluster", "user")


class _Piece(NamedTuple):
    """What became of a piece of a line, and what was replaced in it."""

    text: str
    kinds: tuple[LiteralKind, ...]


class Texts:
    """Replaces what lines hold; ``counts`` says how often, by kind."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._tally: Counter[tuple[LiteralKind, ...]] = Counter()
        self.issued: set[str] = set()
        """The addresses that stand for others, as they are written."""
        self._known: dict[Form, dict[str, _Piece]] = {"log": {}, "text": {}, "xml": {}}
        self._blocks = Blocks()

    @property
    def counts(self) -> dict[LiteralKind, int]:
        """How often something was replaced since the file began, by kind."""
        counts: Counter[LiteralKind] = Counter()
        for kinds, times in self._tally.items():
            for kind in kinds:
                counts[kind] += times
        return dict(counts)

    def count(self, kind: LiteralKind) -> None:
        """Count what somebody else has replaced."""
        self._tally[(kind,)] += 1

    def begin(self, place: Place = OUTSIDE) -> None:
        """Begin with another file, or in the midst of one."""
        self._blocks = Blocks(place)
        self._tally.clear()

    def redact(self, lines: str, form: Form) -> str:
        """Whole lines with words in the place of literals."""
        each = lines.split("\n")
        if not self._blocks.may_hold(lines):
            return "\n".join([self._line(line, form) for line in each])
        # A line that is left out takes its end with it.
        last = each.pop() if each[-1] == "" else None
        told = [line for line in (self._with_blocks(line, form) for line in each) if line is not None]
        return "".join(f"{line}\n" for line in told) if last is not None else "\n".join(told)

    def text(self, text: str) -> str:
        """A text that is no line."""
        done = self._replaced(text, self.redactor.find_in_all_forms(text))
        self._tally[done.kinds] += 1
        return done.text

    def name(self, name: str) -> str:
        """The name of a file or an archive. A host in it is no word of the product."""
        parts = set(_LABELS.findall(name))
        hosts = tuple(sorted(part for part in parts if self.redactor.kind(part) == "host"))
        return self._replaced(name, self.redactor.find_in_all_forms(name, hosts)).text

    def _line(self, line: str, form: Form) -> str:
        known = self._known[form]
        if (done := known.get(line)) is not None:
            self._tally[done.kinds] += 1
            return done.text
        before, host, pieces = cut(line, form)
        told = []
        for piece in pieces:
            done = known.get(piece)
            if done is None:
                if says_nothing(piece):
                    told.append(piece)
                    continue
                done = self._piece(piece, form)
            if done.kinds:
                self._tally[done.kinds] += 1
            told.append(done.text)
        rest = ("" if form == "xml" else " ").join(told)
        if not host:
            return before + rest
        header = known.get(host) or self._remember(host, self._whole(host, "host"), form)
        self._tally[header.kinds] += 1
        return before + header.text + rest

    def _piece(self, piece: str, form: Form) -> _Piece:
        parts = parameters(piece)
        if len(parts) == 1:
            return self._part(piece, form)
        known = self._known[form]
        done = [known.get(part) or self._part(part, form) for part in parts]
        return _Piece(
            "".join([one.text for one in done]), tuple([kind for one in done for kind in one.kinds])
        )

    def _part(self, piece: str, form: Form) -> _Piece:
        if form != "log" and (value := _VALUE.fullmatch(piece)):
            kind = self.redactor.kind(html.unescape(value[2]))
            if kind in _WHOLE:
                word = self._whole(html.unescape(value[2]), kind)
                return self._remember(piece, _Piece(value[1] + word.text + value[3], word.kinds), form)
        return self._remember(piece, self._replaced(piece, self.redactor.find_in_all_forms(piece)), form)

    def _remember(self, piece: str, done: _Piece, form: Form) -> _Piece:
        known = self._known[form]
        if len(piece) <= _LONGEST_KNOWN:
            if len(known) >= _MOST_KNOWN:
                known.clear()
            known[piece] = done
        return done

    def _whole(self, literal: str, kind: LiteralKind) -> _Piece:
        if self.redactor.kind(literal) is not None:
            return _Piece(self.redactor.literal(literal, kind), (kind,))
        if self.redactor.is_full_name(literal):
            return _Piece(self.redactor.literal(literal, "name"), ("name",))
        return self._replaced(literal, self.redactor.find_in_all_forms(literal))

    def _replaced(self, text: str, found: list[tuple[LiteralSpan, str]]) -> _Piece:
        if not found:
            return _Piece(text, ())
        parts: list[str] = []
        end = 0
        for one, literal in found:
            word = self.redactor.token(literal, one.kind)
            if one.kind in ("ipv4", "ipv6"):
                self.issued.add(word)
            parts += (text[end : one.start], word)
            end = one.end
        return _Piece("".join((*parts, text[end:])), tuple([one.kind for one, _ in found]))

    def _with_blocks(self, line: str, form: Form) -> str | None:
        """A line that may be one of a key or a certificate; of those what is in them is one word."""
        match self._blocks.of(line):
            case "begin":
                start = line.rindex(BEGIN_MARK)
                return self._line(line[:start], form) + line[start:]
            case "first":
                self._tally[("secret",)] += 1
                return self.redactor.token(line.strip(), "secret")
            case "more":
                return None
        return self._line(line, form)


def cut(line: str, form: Form) -> tuple[str, str, list[str]]:
    """A line as what is in front of the host of its header, the host, and the rest in pieces."""
    if form == "xml":
        return "", "", _BETWEEN_ELEMENTS.split(line)
    header = _HEADER.match(line) if form == "log" else None
    if header is None:
        return "", "", _pairs(line)
    return header[1], header[2], _pairs(line[header.end() :])


def _pairs(text: str) -> list[str]:
    if '="' in text or '= "' in text or '": ' in text:
        return _BETWEEN_PAIRS.split(text)
    return [text]


def parameters(piece: str) -> list[str]:
    """A header of SIP without what is different in each message, and that apart; another piece as it is."""
    # Of a sign written as in markup, the semicolon is a part.
    return _PARAMETER.split(piece) if ";" in piece and "&" not in piece else [piece]


says_nothing = _NOTHING.fullmatch
"""Whether a piece of a line is a time, a place in the product's code or the like."""
