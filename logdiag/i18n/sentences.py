"""Times, spans and lists as parts of sentences."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from logdiag.i18n import N_, gettext, ngettext

RAISED_BEFORE = N_("It was raised before the log begins.")
"""The outcome of a finding whose start is not in the log."""


def moment(time: datetime) -> str:
    """``2020-08-12 19:57:43.353 UTC``."""
    return f"{time:%Y-%m-%d %H:%M:%S}.{time.microsecond // 1000:03d} UTC"


def second(time: datetime) -> str:
    """``2020-08-12 19:57:43 UTC``, without milliseconds."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def stretch(span: timedelta) -> str:
    """Return a span in at most two units: ``50 ms``, ``18.3 s``, ``4 m 12 s``, ``3 h 5 m``, ``22 d 1 h``."""
    milliseconds = round(span / timedelta(milliseconds=1))
    if milliseconds < 1000:
        return gettext("{number} ms").format(number=milliseconds)
    seconds = gettext("{number} s")
    if milliseconds < 59_950:
        return seconds.format(number=f"{milliseconds / 1000:.1f}".removesuffix(".0"))
    whole = round(milliseconds / 1000)
    minutes, hours, days = gettext("{number} m"), gettext("{number} h"), gettext("{number} d")
    units = ((86400, days), (3600, hours), (60, minutes), (1, seconds))
    (size, unit), (smaller, smaller_unit) = next(pair for pair in pairwise(units) if whole >= pair[0][0])
    rest = whole % size // smaller
    said = unit.format(number=whole // size)
    return f"{said} {smaller_unit.format(number=rest)}" if rest else said


MOST_LISTED = 50
"""Names that a sentence lists. A cluster has at most six peers, but a log can name any number."""

MOST_NAMED = 5
"""Members that a sentence names for one reason. A snapshot can contain hundreds of pictures."""


def by_reason(reasons: Iterable[tuple[str | None, str]]) -> list[str]:
    """``a picture, which is not read (a.png and b.png)``: a text for each reason, with its names."""
    why: dict[str, list[str]] = {}
    for reason, name in reasons:
        if reason is not None:
            why.setdefault(reason, []).append(name)
    return [f"{reason} ({listed(names, MOST_NAMED)})" for reason, names in sorted(why.items())]


def cited(title: str, sections: Sequence[str]) -> str:
    """Return a document with its sections: ``Guide, sections "Ports" and "Logs"``."""
    if not sections:
        return title
    said = ngettext("{title}, section {sections}", "{title}, sections {sections}", len(sections))
    return said.format(title=title, sections=listed([f'"{section}"' for section in sections]))


def listed(names: Sequence[str], most: int = MOST_LISTED) -> str:
    """``a``, ``a and b``, ``a, b and c``; after ``most`` names, the number of the others."""
    if len(names) > most:
        said = gettext("{names} and {number} more")
        return said.format(names=", ".join(names[:most]), number=f"{len(names) - most:,}")
    if len(names) < 2:
        return "".join(names)
    return gettext("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])
