"""List what was done to each member, as text and as JSON."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from logdiag.i18n import gettext, ngettext

SCHEMA = "logdiag.redaction/1"


@dataclass(frozen=True)
class ListedMember:
    """A member under its redacted name; ``left_out`` is the reason why it is not in the archive."""

    name: str
    kind: str | None = None
    bytes: int = 0
    replaced: Mapping[str, int] = field(default_factory=dict)
    left_out: str | None = None
    long_lines_left_out: int = 0
    unredacted_lines_left_out: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedArchive:
    """An archive that was written, and all members of its snapshot."""

    name: str
    members: tuple[ListedMember, ...]


def as_json(archives: Sequence[ListedArchive], *, all_searched: bool) -> str:
    """Return the list for a program."""
    listed = [
        {"archive": archive.name, "members": [_values(member) for member in archive.members]}
        for archive in archives
    ]
    replaced = _sum(archives)
    content = {"schema": SCHEMA, "archives": listed, "replaced": replaced, "all_searched": all_searched}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _values(member: ListedMember) -> dict[str, Any]:
    values = asdict(member)
    return {"member": values.pop("name"), **values, "replaced": dict(sorted(member.replaced.items()))}


def as_text(archives: Sequence[ListedArchive], *, all_searched: bool) -> str:
    """Return the list for a person."""
    lines = [gettext("Redacted snapshots. Words and addresses in them stand for others."), ""]
    for archive in archives:
        lines += (archive.name, *(f"  {line}" for member in archive.members for line in _lines(member)), "")
    lines.append(gettext("Replaced in all: {kinds}").format(kinds=_kinds(_sum(archives))))
    if all_searched:
        lines.append(gettext("All files were searched for the replaced values; none remains."))
    else:
        lines.append(gettext("There was too much to search the files for all of it."))
    return "\n".join((*lines, ""))


def _lines(member: ListedMember) -> list[str]:
    if member.left_out is not None:
        first = gettext("{member}: left out: {reason}").format(member=member.name, reason=member.left_out)
    else:
        kinds = _kinds(member.replaced)
        first = gettext("{member}: kept; replaced: {kinds}").format(member=member.name, kinds=kinds)
    long_lines = ngettext(
        "{number} line that is too long is left out",
        "{number} lines that are too long are left out",
        member.long_lines_left_out,
    )
    unredacted_lines = ngettext(
        "{number} line that could not be redacted is left out",
        "{number} lines that could not be redacted are left out",
        member.unredacted_lines_left_out,
    )
    counted = (
        (long_lines, member.long_lines_left_out),
        (unredacted_lines, member.unredacted_lines_left_out),
    )
    more = [text.format(number=number) for text, number in counted if number]
    return [first, *(f"  {text}" for text in (*more, *member.faults))]


def _kinds(replaced: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in sorted(replaced.items())) or gettext("nothing")


def _sum(archives: Sequence[ListedArchive]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for archive in archives:
        for member in archive.members:
            counts.update(member.replaced)
    return dict(sorted(counts.items()))
