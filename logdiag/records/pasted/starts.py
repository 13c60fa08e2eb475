"""Finds where a pasted record can start: at a time and a host, whatever precedes and follows them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

BLANK = rb"(?:[ \t]|\xc2\xa0)"
FENCE = rb"(?:```|~~~)[`~]{0,8}[A-Za-z0-9]{0,16}[ \t]{0,4}"
# A line end, perhaps with a few empty lines and fences and a mail's quoting after it.
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
# The text after the host, from the strongest sign of a record to the weakest.
_AFTER = re.compile(
    rb"(?P<key>%(g)b(?:(?:%(t)b(?:%(g)b)?){1,3}|[A-Za-z_][A-Za-z0-9_-]{0,63}%(g)b)?%(k)b)"
    rb"|(?P<relay>%(g)b(?:[^ \n]{1,64} (?:-|[0-9]{1,20}) [A-Za-z0-9_.-]{1,64} [-\[]|%(s)b))"
    rb"|(?P<tag>%(g)b(?:%(t)b|(?:-- )?MARK\b))" % {b"g": _GAP, b"t": _TAG, b"k": _KEY, b"s": _STAMP}
)
# The text between the start of a line and a time: marks of the pasted text, and a part of the record.
_DECORATION = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"(?P<marks>(?:[>|*+\"'`#-]|%b|\xe2\x80[\xa2\x9c]|\xc2\xb7|[0-9]{1,4}[.)] |Line [0-9]{1,9}: ){0,64})"
    rb"(?P<relayed>(?:[0-9]{1,9} )?<[0-9]{1,9}> ?(?:[0-9] )?|[0-9] )?" % BLANK
)
_MAX_DECORATION = 64
_QUOTING = re.compile(rb"[> \t]{0,64}")
_JOINTS = re.compile(_BREAK)
_MAX_DEPTH = 8


class Start(NamedTuple):
    """A time and a host, where a record can start.

    ``marks`` are the quoting and bullets before it in its line, None if there is other text; they begin at
    ``offset``, and the time at ``time``. ``depth`` is how deep the line is quoted, ``after`` the end of
    ``text``, and ``broken`` says that a line break is in it.
    """

    offset: int
    time: int
    text: bytes
    after: int
    host: bytes
    sign: str | None
    marks: bytes | None
    depth: int
    broken: bool


def starts(content: bytes) -> Iterator[Start]:
    """Return all times with a host after them, in order."""
    searched = line = depth = end = 0
    for found in _HEADER.finditer(content):
        at = found.start()
        line = max(line, content.rfind(b"\n", searched, at) + 1)
        if line >= searched:  # the first in its line
            quoting = _QUOTING.match(content, line, at)
            depth = min(quoting.group().count(b">"), _MAX_DEPTH) if quoting else 0
        searched = at
        is_first = line >= end and at - line <= _MAX_DECORATION  # no other start precedes it in its line
        decoration = _DECORATION.fullmatch(content, line, at) if is_first else None
        stamp, host = (_JOINTS.sub(b"", part).replace(b"\\", b"") for part in found.groups())
        text = (b"" if decoration is None else decoration["relayed"] or b"") + stamp + b" " + host
        following = _AFTER.match(content, found.end())
        sign = None if following is None else following.lastgroup
        end = found.end()
        if following is not None and sign != "relay":
            text += _JOINTS.sub(b" ", following.group())
            end = following.end()
        yield Start(
            offset=at if decoration is None else line,
            time=at,
            text=text,
            after=end,
            host=host,
            sign=sign,
            marks=None if decoration is None else decoration["marks"],
            depth=depth,
            broken=b"\n" in content[at:end],
        )
