"""Redact lines of logs and dumps. Most parts of lines recur, so the results are cached."""

import html
import re
from collections import Counter
from collections.abc import Callable, Mapping, Set
from functools import partial
from typing import NamedTuple, get_args

from logdiag.redaction.line_batches import LineBatch, encode
from logdiag.redaction.line_parts import (
    BEGIN_MARK,
    LineForm,
    PemBlocks,
    cached_by_text,
    cut_line,
    cut_parameters,
    is_harmless,
)
from logdiag.redaction.literal_span import Address, LiteralKind
from logdiag.redaction.literals import LiteralIndex
from logdiag.redaction.pseudonyms import KeyedWords
from logdiag.redaction.redactor import Redacted, Redactor

_VALUE = re.compile(
    r'(.{0,1000}?(?::[ \t]{0,8}"|<[^<>]{1,1000}>))([^"<>]{1,255})("?[ \t\r]*|</[^<>]{1,255}>.*)'
)
_LABELS = re.compile(r"[0-9A-Za-z-]+")
_WHOLE_KINDS: tuple[LiteralKind, ...] = ("host", "domain", "cluster", "user")


class RewrittenLines(NamedTuple):
    """Redacted lines, how often each kind was replaced in them, and addresses that are new since then."""

    content: bytes
    counts: Mapping[LiteralKind, int] = {}
    issued: Set[str] = frozenset()
    hidden: Set[Address | str] = frozenset()


class LineRedactor:
    """Replaces the literals of an index in lines and names, by pseudonyms that come from a key."""

    def __init__(self, key: bytes, index: LiteralIndex) -> None:
        self.words = KeyedWords(key)
        self.redactor = Redactor(self.words)
        self.redactor.use_index(index)
        self._tally: Counter[tuple[LiteralKind, ...]] = Counter()
        self._blocks = PemBlocks()
        self._host = cached_by_text(lambda host: self.redactor.literal(host, "host"))
        self._parts: dict[LineForm, Callable[[str], Redacted]] = {
            form: cached_by_text(partial(self._part, form)) for form in get_args(LineForm)
        }

    def __call__(self, batch: LineBatch) -> RewrittenLines:
        """Redact a batch."""
        self._tally.clear()
        self._blocks = PemBlocks(batch.pem)
        content = encode(self.redact(batch.text, batch.form), batch.encoding)
        issued, hidden = self.redactor.issued.copy(), self.redactor.hidden.copy()
        self.redactor.issued.clear()
        self.redactor.hidden.clear()
        return RewrittenLines(content, self.take_counts(), issued, hidden)

    def take_counts(self) -> dict[LiteralKind, int]:
        """Return how often each kind was replaced since the last time, and begin anew."""
        counts: Counter[LiteralKind] = Counter()
        for kinds, times in self._tally.items():
            for kind in kinds:
                counts[kind] += times
        self._tally.clear()
        self._blocks = PemBlocks()
        return dict(counts)

    def count(self, kind: LiteralKind) -> None:
        """Count a literal that was replaced elsewhere."""
        self._tally[kind,] += 1

    def redact(self, lines: str, form: LineForm) -> str:
        """Redact whole lines."""
        each = lines.split("\n")
        if not self._blocks.may_contain(lines):
            return "\n".join([self._line(line, form) for line in each])
        # A line that is dropped takes its line end with it.
        is_ended = each[-1] == ""
        texts = [self._with_blocks(line, form) for line in (each[:-1] if is_ended else each)]
        kept = [text for text in texts if text is not None]
        return "".join(f"{text}\n" for text in kept) if is_ended else "\n".join(kept)

    def text(self, text: str) -> str:
        """Redact a text that is not a line."""
        return self._counted(self.redactor.replace(text))

    def name(self, name: str) -> str:
        """Redact the name of a file or an archive. A host in it is not a word of the product."""
        parts = set(_LABELS.findall(name))
        hosts = tuple(sorted(part for part in parts if self.redactor.kind(part) == "host"))
        return self.redactor.replace(name, hosts).text

    def _counted(self, redacted: Redacted) -> str:
        if redacted.kinds:
            self._tally[redacted.kinds] += 1
        return redacted.text

    def _line(self, line: str, form: LineForm) -> str:
        before, host, parts = cut_line(line, form)
        counted, redacted = self._counted, self._parts[form]
        if host:
            before += counted(self._host(host))
        separator = "" if form == "xml" else " "
        return before + separator.join(
            ["".join([counted(redacted(one)) for one in cut_parameters(part)]) for part in parts]
        )

    def _part(self, form: LineForm, part: str) -> Redacted:
        if is_harmless(part):
            return Redacted(part, ())
        if form != "log" and (value := _VALUE.fullmatch(part)):
            kind = self.redactor.kind(html.unescape(value[2]))
            if kind in _WHOLE_KINDS:
                word = self.redactor.literal(html.unescape(value[2]), kind)
                return Redacted(value[1] + word.text + value[3], word.kinds)
        return self.redactor.replace(part)

    def _with_blocks(self, line: str, form: LineForm) -> str | None:
        """Redact a line. The first line in a PEM block becomes a pseudonym, the others are dropped."""
        match self._blocks.next(line):
            case "begin":
                start = line.rindex(BEGIN_MARK)
                return self._line(line[:start], form) + line[start:]
            case "first":
                self.count("secret")
                return self.redactor.token(line.strip(), "secret")
            case "more":
                return None
        return self._line(line, form)
