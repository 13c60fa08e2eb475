"""Text dumps: flat lines and nested sections, by the tokens of ``grammars/xdump.lark``."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal, NamedTuple

from logdiag.dumps.lines import Line, split_lines
from logdiag.dumps.setting import (
    MAX_DEPTH,
    MAX_PATH_LENGTH,
    MAX_UNREAD_LENGTH,
    DumpKind,
    Setting,
    Unread,
    normalize_path,
)
from logdiag.grammar import Token, tokens
from logdiag.i18n import N_

NO_SHAPE = N_("does not have the form of a setting")
TOO_LONG = N_("is longer than 64 KiB")
CUT = N_("starts a section, but the dump ends there")
TOO_DEEP = N_("is nested too deep, or its path is too long")

_BATCH_BYTES = 1 << 20
"""Bytes that are handed to the grammar at a time."""

_MAX_UNMARKED_LINES = 1000
"""Lines without any mark after which all other lines are expected to lack it as well."""

_ANOTHER = re.compile(
    rb"[ \t](?=\*[cs][ \t]+[xX](?:[cC]onfiguration|[sS]tatus)[ \t])"
    rb"|(?<=\")[ \t]+(?=[xX](?:[cC]onfiguration|[sS]tatus)[ \t])"
)
"""The mark before a further setting on the same line."""

_COMPILED_FROM_BYTES = 1 << 19
"""Bytes for which loading the compiled lexer pays off: most dumps are smaller."""


class _Item(NamedTuple):
    """A path and its value; no value if the line is the heading of a section, or may be one.

    ``is_absolute``: it begins with xConfiguration or xStatus, and belongs to no section.
    ``is_section``: the slash of a heading follows it. ``kind``: what a mark or the first word says.
    """

    indent: int
    is_absolute: bool
    is_section: bool
    path: str
    value: str | None
    kind: DumpKind | None = None

    def setting(self, value: str, line: Line) -> Setting:
        return Setting(normalize_path(self.path), value, line.number, self.kind)


_Shape = _Item | Literal["blank", "end", "junk", "long"]


class _Parsed(NamedTuple):
    """What a line is; ``is_loose``: a setting without a mark and outside of sections."""

    item: Setting | Unread
    line: Line
    is_loose: bool = False


def read(chunks: Iterable[bytes]) -> Iterator[Setting | Unread]:
    """Yield the settings of a text dump, and its other lines.

    They come in order, but for an empty setting: the lines without shape after it come first. If lines
    have the mark of a dump, a line without a mark outside of sections is no setting: a terminal session
    contains ``login as: admin`` as well.
    """
    parsed = _parsed(chunks)
    first: list[_Parsed] = []  # up to a line with a mark, or very many lines without one
    has_marks = False
    for one in parsed:
        first.append(one)
        has_marks = isinstance(one.item, Setting) and one.item.kind is not None
        if has_marks or len(first) > _MAX_UNMARKED_LINES:
            break
    for one in chain(first, parsed):
        yield _unread(one.line, NO_SHAPE) if has_marks and one.is_loose else one.item


def _parsed(chunks: Iterable[bytes]) -> Iterator[_Parsed]:
    sections: list[_Item] = []  # with their whole paths, outermost first
    heading: tuple[_Item, Line] | None = None  # a section if the next line is deeper
    for line, shape in _shapes(_separated(split_lines(chunks))):
        if shape == "blank":
            continue
        if shape == "junk" or shape == "long":
            yield _Parsed(_unread(line, NO_SHAPE if shape == "junk" else TOO_LONG), line)
            continue
        if heading is not None:
            item, start = heading
            if shape != "end" and not shape.is_absolute and shape.indent > item.indent:
                sections.append(item)
            else:
                yield _Parsed(item.setting("", start), start)
            heading = None
        if shape == "end":
            sections.clear()
            continue
        while sections and (shape.is_absolute or shape.indent <= sections[-1].indent):
            sections.pop()
        if sections:
            outer = sections[-1]
            shape = shape._replace(path=f"{outer.path} {shape.path}", kind=shape.kind or outer.kind)
        if len(sections) >= MAX_DEPTH:
            yield _Parsed(_unread(line, TOO_DEEP), line)
        elif len(shape.path) > MAX_PATH_LENGTH:
            yield _Parsed(_unread(line, TOO_DEEP), line)
            # As a section it makes what is in it too long as well.
            sections.append(shape._replace(path=shape.path[: MAX_PATH_LENGTH + 1]))
        elif shape.value is None:
            heading = shape, line
        else:
            is_loose = shape.kind is None and not sections and not shape.indent
            yield _Parsed(shape.setting(shape.value, line), line, is_loose)
    if heading is not None:
        item, start = heading
        # That a section is empty is known only if something follows it.
        is_value = item.is_absolute and not item.is_section
        yield _Parsed(item.setting("", start) if is_value else _unread(start, CUT), start)


def _separated(stream: Iterable[Line]) -> Iterator[Line]:
    """Yield lines, cut before each further setting on them: pasting may lose line ends."""
    for line in stream:
        at = 0
        for found in _ANOTHER.finditer(line.content, 1) if line.is_whole else ():
            part = line.content[at : found.end()]
            # The last blank becomes a line end, so that the bytes stay as many.
            yield Line(line.number, line.offset + at, len(part), part[:-1] + b"\n")
            at = found.end()
        yield line._replace(offset=line.offset + at, length=line.length - at, content=line.content[at:])


def _shapes(stream: Iterable[Line]) -> Iterator[tuple[Line, _Shape]]:
    """Yield the parse of each line; the grammar reads many lines at a time, which is much quicker."""
    batch: list[Line] = []
    size = 0
    for line in stream:
        if line.is_whole:
            batch.append(line)
            size += line.length
        if not line.is_whole or size >= _BATCH_BYTES:
            yield from zip(batch, _read(batch), strict=True)
            batch, size = [], 0
        if not line.is_whole:
            yield line, "long"
    yield from zip(batch, _read(batch), strict=True)


def _read(batch: list[Line]) -> Iterator[_Shape]:
    content = b"".join(line.content for line in batch)
    found: dict[str, str] = {}  # the last of each terminal in the line
    indent, at, value_at = 0, 0, 0
    for token in _tokens(content):
        at = token.end
        match token.terminal:
            case "EOL":
                yield _shape(found, indent, content[value_at : token.start])
                found, indent = {}, 0
                continue
            case "MARK":
                indent = 0
            case "INDENT":
                indent = len(content[token.start : token.end].expandtabs())
            case "PATH":
                value_at = token.end
        found[token.terminal] = _text(content[token.start : token.end])
    if found:  # the dump ends without a line end
        yield _shape(found, indent, content[value_at:at])


def _tokens(content: bytes) -> Iterator[Token]:
    if len(content) < _COMPILED_FROM_BYTES:
        return tokens(content, "xdump")
    from logdiag.grammar import lexer  # machine code, which takes a moment to load

    return lexer.tokens(content, "xdump")


def _shape(found: dict[str, str], indent: int, after_path: bytes) -> _Shape:
    if "PATH" in found:
        path = " ".join(found["PATH"].rstrip(" \t").removesuffix(":").split())
        value = _value(found, _text(after_path).rstrip(" \t"))
        return _Item(indent, "ROOT" in found, "SLASH" in found, path, value, _kind(found))
    if "TEXT" in found:
        return "junk"
    if "END" in found:
        return "end"
    return "junk" if found.keys() & {"MARK", "ROOT"} else "blank"


def _kind(found: dict[str, str]) -> DumpKind | None:
    word = (found.get("ROOT") or found.get("MARK") or "").lstrip("*xX").lower()
    if not word:
        return None
    return "xconfiguration" if word.startswith("c") else "xstatus"


def _value(found: dict[str, str], text: str) -> str | None:
    if "TEXT" in found:  # bare, or a quote that closes before the line's end: then the value is open
        return text.removeprefix('"') if "QUOTED" in found else text
    if "QUOTED" in found:
        return text[1:-1]
    if "OPEN" in found:
        return text[1:]
    return None


def _unread(line: Line, reason: str) -> Unread:
    text = _text(line.content[: 4 * MAX_UNREAD_LENGTH].rstrip(b"\r\n"))
    return Unread(line.number, line.offset, line.length, text[:MAX_UNREAD_LENGTH], reason)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
