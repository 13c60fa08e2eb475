"""What was done to snapshots, as a text and as JSON: what is kept or left out, and how much is replaced."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logdiag.i18n import gettext, ngettext

SCHEMA = "logdiag.redaction/1"


@dataclass(frozen=True)
class ListedMember:
    """A member under its redacted name; ``left_out`` says why it is not in the archive."""

    name: str
    kind: str | None = None
    size: int = 0
    replaced: Mapping[str, int] = field(default_factory=dict)
    left_out: str | None = None
    long_lines: int = 0
    unredacted_lines: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListedArchive:
    """An archive that was written, and what became of the snapshot's members."""

    name: str
    members: tuple[ListedMember, ...]


def as_json(archives: Sequence[ListedArchive], *, all_searched: bool) -> str:
    """The list for a program."""
    told = {
        "schema": SCHEMA,
        "archives": [
            {"archive": archive.name, "members": [_told(member) for member in archive.members]}
            for archive in archives
        ],
        "replaced": _sum(archives),
        "all_searched": all_searched,
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _told(member: ListedMember) -> dict[str, Any]:
    return {
        "member": member.name,
        "kind": member.kind,
        "bytes": member.size,
        "replaced": dict(sorted(member.replaced.items())),
        "left_out": member.left_out,
        "long_lines_left_out": member.long_lines,
        "unredacted_lines_left_out": member.unredacted_lines,
        "faults": list(member.faults),
    }


def as_text(archives: Sequence[ListedArchive], *, all_searched: bool) -> str:
    """The list for a person."""
    told = [gettext("Redacted snapshots. Words and addresses in them stand for others."), ""]
    for archive in archives:
        told.append(archive.name)
        told += (f"  {line}" for member in archive.members for line in _lines(member))
        told.append("")
    told.append(gettext("Replaced in all: {kinds}").format(kinds=_kinds(_sum(archives))))
    if all_searched:
        told.append(gettext("All files were searched for what was replaced; nothing of it is left."))
    else:
        told.append(gettext("There was too much to search the files for all of it."))
    return "\n".join((*told, ""))


def _lines(member: ListedMember) -> list[str]:
    if member.left_out is not None:
        said = gettext("{member}: left out: {reason}").format(member=member.name, reason=member.left_out)
    else:
        kinds = _kinds(member.replaced)
        said = gettext("{member}: kept; replaced: {kinds}").format(member=member.name, kinds=kinds)
    told = [said]
    if member.long_lines:
        text = ngettext(
            "{number} line that is too long is left out",
            "{number} lines that are too long are left out",
            member.long_lines,
        )
        told.append("  " + text.format(number=member.long_lines))
    if member.unredacted_lines:
        text = ngettext(
            "{number} line that could not be redacted is left out",
            "{number} lines that could not be redacted are left out",
            member.unredacted_lines,
        )
        told.append("  " + text.format(number=member.unredacted_lines))
    return [*told, *(f"  {fault}" for fault in member.faults)]


def _kinds(replaced: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in sorted(replaced.items())) or gettext("nothing")


def _sum(archives: Sequence[ListedArchive]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for archive in archives:
        for member in archive.members:
            counts.update(member.replaced)
    return dict(sorted(counts.items()))
