"""What is done with a lot of lines, by whoever has it: learn them, redact them, look at what was written."""

from collections.abc import Iterator
from typing import NamedTuple

from logdiag.records.utf16 import Encoding
from logdiag.redaction.addresses import address_of
from logdiag.redaction.blocks import BEGIN_MARK, OUTSIDE, Blocks, Place
from logdiag.redaction.learning import Learner, Learnt
from logdiag.redaction.literal_span import Address, LiteralKind
from logdiag.redaction.literals import Lore
from logdiag.redaction.members import Opened, gathered, lines
from logdiag.redaction.pseudonyms import KeyedWords
from logdiag.redaction.redactor import Redactor
from logdiag.redaction.texts import Form, Texts
from logdiag.redaction.verify import Left


class Lot(NamedTuple):
    """Whole lines of a member in UTF-8, and in which encoding they are written again."""

    lines: bytes
    form: Form
    encoding: Encoding | None = None
    place: Place = OUTSIDE

    @property
    def text(self) -> str:
        """The lines. Bytes that are no UTF-8 stand as surrogates."""
        return decoded(self.lines)


class Rewritten(NamedTuple):
    """Lines as they are handed over, and what was replaced in them that was not told before."""

    content: bytes
    counts: dict[LiteralKind, int]
    issued: set[str]
    hidden: set[Address | str]


Looked = tuple[int, dict[int, LiteralKind]]
"""How many lines there are, and those that hold a literal."""


class Learning:
    """Learns lots."""

    def __init__(self) -> None:
        self._learner = Learner()

    def __call__(self, lot: Lot) -> Learnt:
        """What a lot shows."""
        return self._learner(lot.text, lot.form, lot.place)


class Rewriting:
    """Redacts lots with a key and with what all files have taught."""

    def __init__(self, key: bytes, lore: Lore) -> None:
        self._texts = texts_of(key, lore)

    def __call__(self, lot: Lot) -> Rewritten:
        """A lot with words in the place of literals."""
        texts = self._texts
        texts.begin(lot.place)
        content = encoded(texts.redact(lot.text, lot.form), lot.encoding)
        issued, hidden = set(texts.issued), set(texts.redactor.hidden)
        texts.issued.clear()
        texts.redactor.hidden.clear()
        return Rewritten(content, texts.counts, issued, hidden)


class Looking:
    """Looks for what is left in lots that were written."""

    def __init__(self, lore: Lore, hidden: set[Address | str], issued: set[str]) -> None:
        self._left = Left(lore.searched, hidden, set(map(address_of, issued)))

    def __call__(self, lot: Lot) -> Looked:
        """How many lines there are, and those that hold a literal."""
        return lot.lines.count(b"\n"), self._left.find(lot.text)


def lots(found: Opened, longest: int) -> Iterator[Lot | int]:
    """The lines of a member, many at a time, and the length of each that is too long."""
    blocks = Blocks()
    for one in gathered(lines(found.chunks, found.form, longest)):
        if isinstance(one, int):
            yield one
            continue
        yield Lot(one, found.form, found.encoding, blocks.place)
        if blocks.place.is_inside or BEGIN_MARK.encode() in one:
            blocks.pass_over(decoded(one))


def texts_of(key: bytes, lore: Lore) -> Texts:
    """What redacts with a key and what was learnt."""
    redactor = Redactor(KeyedWords(key))
    redactor.know_as(lore)
    return Texts(redactor)


def decoded(lines: bytes) -> str:
    """Lines as a text."""
    return lines.decode("utf-8", "surrogateescape")


def encoded(text: str, encoding: Encoding | None) -> bytes:
    """A text as it was written before."""
    if encoding is None:
        return text.encode("utf-8", "surrogateescape")
    return text.encode(encoding, "replace")
