"""Reads XML dumps as a stream, by the names of their elements; no document types, no entities.

No public sample shows the XML of an Expressway. Assumptions: the root (and a wrapper below
it) is no part of a path, the other names are those of the text dumps, and items of lists
have their index as an attribute or follow each other in order.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from logdiag.dumps.setting import MAX_DEPTH, MAX_PATH_LENGTH, Setting, normalize_path
from logdiag.i18n import gettext

WRAPPERS = {"configuration", "status", "xconfiguration", "xstatus"}
"""Elements that may be between the root and the paths."""

LISTS = {
    *("alarm", "warning", "ethernet", "option", "peer", "remotesyslog"),
    *("route", "subzone", "transform", "zone"),
    *("dns server", "ntp server", "dns perdomainserver", "domains domain", "logger network"),
    *("rules rule", "services service"),
}
"""Elements that are items of lists, alone or after their parent: their index is part of the path.

Other elements have an index only if it is above 1 or if they may occur more than once: RoomOS writes
``maxOccurrence`` on list items, and old TANDBERG systems ``item="1"`` on every element.
"""

MAX_TEXT_LENGTH = 1 << 20
"""Characters of an element's text."""

MAX_TAG_BYTES = 1 << 20
"""Bytes without an element's start, end or text: nothing after such a tag is read."""

MAX_NAMES_LENGTH = 1 << 18
"""Characters of different names: the parser below keeps each name for good."""

_PIECE = 1 << 16
_MAX_SIBLINGS = 1000  # different names in one element that are counted
_KNOWN_ENCODING = re.compile(
    rb"utf-?8|utf-?16(le|be)?|(us-)?ascii|iso-?8859-\d{1,2}|latin-?1|(windows-|cp)125\d", re.IGNORECASE
)
_DECLARED = re.compile(rb"""^<\?xml[^>]*?[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([^"'>]*)""")


def read(chunks: Iterable[bytes], faults: list[str]) -> Iterator[Setting]:
    """Yield the settings of an XML dump, in order; an error that ends it early is added to ``faults``.

    An element with text or without elements in it is a setting.
    """
    from xml.sax import SAXParseException

    from defusedxml.common import DefusedXmlException
    from defusedxml.sax import make_parser

    parser = make_parser()
    parser.forbid_dtd = True
    reader = _Reader(faults, lambda: parser.getLineNumber() or 1)
    parser.setContentHandler(reader)
    fault = ""
    silent = 0  # bytes
    is_fed_whole = False
    try:
        for number, piece in enumerate(_pieces(chunks)):
            if number == 0 and not _has_known_encoding(piece):
                fault = gettext("declares an encoding that is not read")
                break
            reader.heard = False
            parser.feed(piece)
            yield from reader.drain()
            silent = 0 if reader.heard else silent + len(piece)
            if silent > MAX_TAG_BYTES:
                raise _GivenUpError(gettext("contains a tag or a comment that is longer than 1 MiB"))
        else:
            is_fed_whole = True
            parser.close()  # newer parsers put off the last tags until here
    except _GivenUpError as reason:
        said = gettext("{reason} (line {line}); what follows is not read")
        fault = said.format(reason=reason, line=reader.line())
    except DefusedXmlException:
        fault = gettext("contains a document type, which is not read")
    except SAXParseException as error:
        said = (
            gettext("the XML is cut at line {line} ({reason})")
            if is_fed_whole
            else gettext("the XML is broken at line {line} ({reason})")
        )
        fault = said.format(line=error.getLineNumber(), reason=error.getMessage())
    except (ValueError, LookupError):  # a codec of Python's does not do what its name promises
        fault = gettext("declares an encoding that is not read")
    yield from reader.drain()
    if fault:
        faults.append(fault)


class _GivenUpError(Exception):
    """What is wrong, as the start of a fault."""


@dataclass(slots=True)
class _Element:
    name: str
    path: str
    line: int
    is_leaf: bool = True
    text: list[str] = field(default_factory=list)
    length: int = 0
    seen: dict[str, int] = field(default_factory=dict)  # elements in it, by name


class _Reader(ContentHandler):
    """Collects settings; every event of the parser sets ``heard``. ``line`` returns its line, from 1."""

    def __init__(self, faults: list[str], line: Callable[[], int]) -> None:
        super().__init__()
        self.line = line
        self.heard = False
        self._faults = faults
        self._found: list[Setting] = []
        self._open: list[_Element] = []
        self._names: set[str] = set()
        self._vocabulary = 0

    def drain(self) -> Iterator[Setting]:
        """Return the settings since the last call."""
        found, self._found = self._found, []
        yield from found

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        self.heard = True
        attributes = dict(attrs.items())
        self._learn(name, *attributes)
        if len(self._open) >= MAX_DEPTH:
            raise _GivenUpError(gettext("nests elements deeper than {number}").format(number=MAX_DEPTH))
        name = name.rpartition(":")[2]
        path = ""
        if self._open:
            parent = self._open[-1]
            parent.is_leaf = False
            is_wrapper = len(self._open) == 1 and name.casefold() in WRAPPERS
            if not is_wrapper:
                path = f"{parent.path} {_named(parent, name, attributes)}".lstrip(" ")
        if len(path) > MAX_PATH_LENGTH:
            said = gettext("has a path of more than {number} characters")
            raise _GivenUpError(said.format(number=MAX_PATH_LENGTH))
        self._open.append(_Element(name, path, self.line()))

    def characters(self, content: str) -> None:
        self.heard = True
        element = self._open[-1]
        remaining = MAX_TEXT_LENGTH - element.length
        if remaining >= len(content):
            element.text.append(content)
        elif remaining > 0:
            element.text.append(content[:remaining])
            said = gettext("the text of the element in line {line} is read to 1 MiB")
            self._faults.append(said.format(line=element.line))
        element.length += len(content)

    def endElement(self, name: str) -> None:  # noqa: N802
        self.heard = True
        element = self._open.pop()
        value = "".join(element.text).strip()
        if element.path and (value or element.is_leaf):
            self._found.append(Setting(normalize_path(element.path), value, element.line))

    def _learn(self, *names: str) -> None:
        for name in names:
            if name not in self._names:
                self._names.add(name)
                self._vocabulary += len(name)
                if self._vocabulary > MAX_NAMES_LENGTH:
                    raise _GivenUpError(gettext("uses too many different names"))


def _named(parent: _Element, name: str, attributes: dict[str, str]) -> str:
    """Return the part of a path for an element: its name, with its index if it has one."""
    key = name.casefold()
    count = parent.seen.get(key, 0) + 1
    if key in parent.seen or len(parent.seen) < _MAX_SIBLINGS:
        parent.seen[key] = count
    given = attributes.get("item") or attributes.get("index") or ""
    index = int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else count
    is_list = key in LISTS or f"{parent.name} {name}".casefold() in LISTS or "maxOccurrence" in attributes
    return f"{name} {index}" if is_list or index > 1 else name


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes in pieces of one size: the parser scans an open tag again with each piece."""
    buffer = bytearray()
    for chunk in chunks:
        for start in range(0, len(chunk), _PIECE):
            buffer += chunk[start : start + _PIECE]
            if len(buffer) >= _PIECE:
                yield bytes(buffer[:_PIECE])
                del buffer[:_PIECE]
    if buffer:
        yield bytes(buffer)


def _has_known_encoding(start: bytes) -> bool:
    """Return whether a text's declaration names no encoding, or one that is safe for the parser.

    The parser gives every name that it does not know to Python, whose codecs do more than decode text.
    """
    plain = start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")  # UTF-16 as if it were ASCII
    if plain.startswith(b"<?xml") and b"?>" not in plain:
        return False
    declared = _DECLARED.match(plain)
    return declared is None or _KNOWN_ENCODING.fullmatch(declared[1]) is not None
