"""Text dumps: flat lines and nested sections, by the tokens of ``grammars/xdump.lark``."""

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from logdiag.dumps.lines import Line, lines
from logdiag.dumps.setting import DEEPEST, LONGEST_PATH, LONGEST_UNREAD, Setting, Unread, canonical
from logdiag.grammar import Token, tokens
from logdiag.language import N_

NO_SHAPE = N_("has the shape of no setting")
TOO_LONG = N_("is longer than 64 KiB")
CUT = N_("starts a section, and there the dump ends")
TOO_DEEP = N_("is nested too deep, or its path is too long")

_BATCH = 1 << 20
"""Bytes that are handed to the grammar at a time."""

_MANY = 1 << 19
"""Bytes for which it is worth while to load machine code: most dumps are smaller."""


class _Item(NamedTuple):
    """A path and its value; no value where the line is the heading of a section, or may be one.

    ``is_absolute``: it begins with xConfiguration or xStatus, and lies in no section.
    ``is_section``: the slash of a heading stands behind it.
    """

    indent: int
    is_absolute: bool
    is_section: bool
    path: str
    value: str | None


_Shape = _Item | Literal["blank", "end", "junk", "long"]


def read(chunks: Iterable[bytes]) -> Iterator[Setting | Unread]:
    """The settings of a text dump, and its lines that are none.

    They come in order, but for an empty setting: the lines without shape behind it come first.
    """
    sections: list[tuple[int, str]] = []  # indent and path, outermost first
    heading: tuple[_Item, str, Line] | None = None  # with its path: a section if the next line is deeper
    for line, shape in _shapes(lines(chunks)):
        if shape == "blank":
            continue
        if shape == "junk" or shape == "long":
            yield _unread(line, NO_SHAPE if shape == "junk" else TOO_LONG)
            continue
        if heading is not None:
            item, path, start = heading
            if shape != "end" and not shape.is_absolute and shape.indent > item.indent:
                sections.append((item.indent, path))
            else:
                yield Setting(_path(path), "", start.number)
            heading = None
        if shape == "end":
            sections.clear()
            continue
        while sections and (shape.is_absolute or shape.indent <= sections[-1][0]):
            sections.pop()
        path = f"{sections[-1][1]} {shape.path}" if sections else shape.path
        if len(sections) >= DEEPEST:
            yield _unread(line, TOO_DEEP)
        elif len(path) > LONGEST_PATH:
            yield _unread(line, TOO_DEEP)
            # As a section it makes what is in it too long as well.
            sections.append((shape.indent, path[: LONGEST_PATH + 1]))
        elif shape.value is None:
            heading = shape, path, line
        else:
            yield Setting(_path(path), shape.value, line.number)
    if heading is not None:
        item, path, start = heading
        # That a section is empty is known only where something follows it.
        is_value = item.is_absolute and not item.is_section
        yield Setting(_path(path), "", start.number) if is_value else _unread(start, CUT)


def _shapes(stream: Iterable[Line]) -> Iterator[tuple[Line, _Shape]]:
    """What each line is; lines go through the grammar many at a time, which is much quicker."""
    batch: list[Line] = []
    size = 0
    for line in stream:
        if line.is_whole:
            batch.append(line)
            size += line.length
        if not line.is_whole or size >= _BATCH:
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
    if len(content) < _MANY:
        return tokens(content, "xdump")
    from logdiag.grammar import compiled  # machine code, which takes a moment to load

    return compiled.tokens(content, "xdump")


def _shape(found: dict[str, str], indent: int, behind_path: bytes) -> _Shape:
    if "PATH" in found:
        path = " ".join(found["PATH"].rstrip(" \t").removesuffix(":").split())
        value = _value(found, _text(behind_path).rstrip(" \t"))
        return _Item(indent, "ROOT" in found, "SLASH" in found, path, value)
    if "TEXT" in found:
        return "junk"
    if "END" in found:
        return "end"
    return "junk" if found.keys() & {"MARK", "ROOT"} else "blank"


def _value(found: dict[str, str], text: str) -> str | None:
    if "TEXT" in found:  # bare, or a quote that closes before the line's end: then the value is open
        return text.removeprefix('"') if "QUOTED" in found else text
    if "QUOTED" in found:
        return text[1:-1]
    if "OPEN" in found:
        return text[1:]
    return None


def _path(path: str) -> str:
    return canonical(path.split(" "))


def _unread(line: Line, reason: str) -> Unread:
    text = _text(line.content[: 4 * LONGEST_UNREAD].rstrip(b"\r\n"))
    return Unread(line.number, line.offset, line.length, text[:LONGEST_UNREAD], reason)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
