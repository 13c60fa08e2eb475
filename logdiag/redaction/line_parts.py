"""Cut lines into parts that recur in other lines, and recognise lines within PEM blocks."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Literal, TypeVar

LineForm = Literal["log", "text", "xml"]
"""Lines of a log, of a dump as text, of a dump as XML."""

# The time stamp of an Expressway record, `2020-08-12T14:57:43.524-05:00`, also without a fraction.
_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)"
_HEADER = re.compile(rf"({_STAMP} {{1,8}})([\w.-]{{1,255}})(?= )")
# Both alternatives begin with a space: the search tries no other places.
_BETWEEN_PAIRS = re.compile(r' (?:(?=[A-Za-z_][\w()>.:-]{0,63}= ?")|(?<=": )(?= ))')
_BETWEEN_ELEMENTS = re.compile(r"(?<=>)(?=<)")
_PARAMETER = re.compile(r"(?=;(?:branch|tag|received)=)")
_HARMLESS = re.compile(
    r'UTCTime="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d{1,6})?"|(?:Thread|this)="0x[0-9a-f]{1,16}":?'
    r'|(?:Src|Dst|Local)-port="\d{1,5}"|PID="<\d{1,6}(?:\.\d{1,9}){2}>"'
    r'|CodeLocation="ppcmains/[a-z0-9/]{1,100}/[A-Za-z0-9]{1,60}\.(?:cpp|h)\(\d{1,6}\)"'
)

BEGIN_MARK = "-----BEGIN "
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----[ \t\r]*\Z")
_WITHIN = re.compile(r"[ \t>]*(?:[0-9A-Za-z+/=]*|[A-Za-z-]{1,40}: .*)[ \t\r]*")

# Parts repeat from line to line. Long parts seldom do, and would fill the memory.
_MAX_CACHED_PARTS = 200_000
_MAX_CACHED_LENGTH = 512

R = TypeVar("R")

is_harmless = _HARMLESS.fullmatch
"""Whether a part is a time, a port, a process, an address in memory or a place in the product's code."""


def cut_line(line: str, form: LineForm) -> tuple[str, str, list[str]]:
    """Return the text before the host of a record's header, the host, and the parts after it."""
    if form == "xml":
        return "", "", _BETWEEN_ELEMENTS.split(line)
    header = _HEADER.match(line) if form == "log" else None
    before, host, rest = (header[1], header[2], line[header.end() :]) if header else ("", "", line)
    has_pairs = '="' in rest or '= "' in rest or '": ' in rest
    return before, host, _BETWEEN_PAIRS.split(rest) if has_pairs else [rest]


def cut_parameters(part: str) -> list[str]:
    """Cut a part before the SIP parameters that differ in each message."""
    # With an ampersand it is markup, whose character references contain semicolons.
    return _PARAMETER.split(part) if ";" in part and "&" not in part else [part]


def cached_by_text(function: Callable[[str], R]) -> Callable[[str], R]:
    """Cache what a function returns for short texts; long ones seldom recur and would fill the memory."""
    cached = lru_cache(_MAX_CACHED_PARTS)(function)
    return lambda text: cached(text) if len(text) <= _MAX_CACHED_LENGTH else function(text)


PemState = Literal["outside", "inside", "replaced"]
"""Whether a line follows within a PEM block, and whether the block has its pseudonym already."""


class PemBlocks:
    """Follows lines one by one through PEM blocks."""

    def __init__(self, state: PemState = "outside") -> None:
        self.state = state

    def may_contain(self, lines: str) -> bool:
        """Return whether some of the next lines may be in a block."""
        return self.state != "outside" or BEGIN_MARK in lines

    def next(self, line: str) -> Literal["begin", "first", "more"] | None:
        """Return the role of the next line in a block; ``first`` is the first line with content."""
        if self.state != "outside" and _WITHIN.fullmatch(line):
            if self.state == "replaced" or not line.strip():
                return "more"
            self.state = "replaced"
            return "first"
        self.state = "outside" if _BEGIN.search(line) is None else "inside"
        return "begin" if self.state == "inside" else None
