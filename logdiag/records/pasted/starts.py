"""Where a pasted record may start: at a time with a host behind it, whatever stands around them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

BLANK = rb"(?:[ \t]|\xc2\xa0)"
FENCE = rb"(?:```|~~~)[`~]{0,8}[A-Za-z0-9]{0,16}[ \t]{0,4}"
# A line end, perhaps with a few empty lines and fences behind it and a mail's quoting before what goes on.
_BREAK = rb"%b*\r{0,2}\n(?:[> \t]{0,16}(?:%b)?\r{0,2}\n){0,4}[> \t]{0,16}" % (BLANK, FENCE)
_GAP = rb"(?:%b|%b+)" % (_BREAK, BLANK)
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
_KEY = rb"(?:\*\*)?(?:UTCTime|Level|Event|Module|Detail)=%b?%b" % (BLANK, _QUOTE)
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
    rb"(?P<relayed>(?:[0-9]{1,9} )?<[0-9]{1,9}> ?(?:[0-9] )?|[0-9] )?" % BLANK
)
_DECORATED = 64
_QUOTING = re.compile(rb"[> \t]{0,64}")
_JOINTS = re.compile(_BREAK)
_DEEPEST = 8


class Start(NamedTuple):
    """A time with a host behind it, where a record may start.

    ``marks`` is what stands before it in its line (quoting, a bullet), None where that is more;
    ``depth`` is how deep the line is quoted. The marks begin at ``offset``, the time at ``time``.
    """

    offset: int
    time: int
    text: bytes
    behind: int
    host: bytes
    sign: str | None
    marks: bytes | None
    depth: int
    broken: bool


def starts(content: bytes) -> Iterator[Start]:
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
        yield Start(
            offset=at if decoration is None else line,
            time=at,
            text=text,
            behind=end,
            host=host,
            sign=sign,
            marks=None if decoration is None else decoration["marks"],
            depth=depth,
            broken=b"\n" in content[at:end],
        )
