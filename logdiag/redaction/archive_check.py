"""Search the archives that were written, and remove the lines in which something remains."""

import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tarfile import TarFile

from logdiag.dumps import Setting, read_settings
from logdiag.i18n import gettext
from logdiag.redaction.archives import MAX_IN_MEMORY, add_file, new_archive
from logdiag.redaction.line_batches import encode, open_member, read_batches
from logdiag.redaction.listing import ListedArchive, ListedMember
from logdiag.redaction.literal_span import LiteralKind
from logdiag.redaction.pool import Stage
from logdiag.redaction.verify import Checked, LeakCheck, RedactionError, noun_of
from logdiag.snapshots import Limits, Member, Meter, find_snapshots

_NOT_REDACTED = "[a line that could not be redacted was left out]"
_MAX_GROWTH = 32
"""How many times as long as its literal a pseudonym may be."""


class ArchiveCheck:
    """Searches archives in the workers of a stage, and names in this process.

    ``redact`` replaces the literals of a name in an error.
    """

    def __init__(
        self, stage: Stage[Checked], check: LeakCheck, limits: Limits, redact: Callable[[str], str]
    ) -> None:
        self._stage, self._check, self._redact = stage, check, redact
        self._limits = lift_limits(limits)

    def check_archive(self, listed: ListedArchive, path: Path) -> ListedArchive:
        """Search an archive, and replace it by one without the lines in which something remains.

        Raises:
            RedactionError: something remains in a name, or a member cannot be searched.

        """
        leaks = self._leaks(path)
        if not leaks:
            return listed
        mended = path.with_name(f"mended-{path.name}")
        known = {member.name: member for member in listed.members}
        with mended.open("wb") as file, new_archive(file) as archive:
            for member in self._members(path):
                name = member.source
                known[name] = self._mend(known[name], member, leaks.get(name, {}), archive)
        mended.replace(path)
        for source, lines in self._leaks(path).items():
            for line, kind in lines.items():
                raise self._error(f"{path.name}: {source}", line, kind)
        return ListedArchive(listed.name, tuple(known.values()))

    def check_text(self, where: str, text: str) -> None:
        """Search a text.

        Raises:
            RedactionError: something remains in it.

        """
        for line, kind in self._check.find(text).items():
            raise self._error(where, line, kind)

    def _leaks(self, path: Path) -> dict[str, dict[int, LiteralKind]]:
        """Return the lines (from 0) of members in which something remains, and its kind."""
        self.check_text(path.name, path.name)
        leaks = {}
        for member in self._members(path):
            self.check_text(f"{path.name}: {member.source}", member.source)
            if in_member := self._leaks_in(f"{path.name}: {member.source}", member):
                leaks[member.source] = in_member
        return leaks

    def _members(self, path: Path) -> Iterator[Member]:
        return find_snapshots([path])[0].members(Meter(self._limits))

    def _leaks_in(self, where: str, member: Member) -> dict[int, LiteralKind]:
        opened = open_member(member)
        leaks: dict[int, LiteralKind] = {}
        results: list[Checked] = []
        is_searched = True

        def search() -> Iterator[bytes]:
            nonlocal is_searched
            for batch in read_batches(opened, self._limits.line):
                if batch is None:
                    is_searched = False
                    return
                results.extend(self._stage.put(batch))
                yield batch.lines

        lines = search()
        if opened.kind == "certificate":
            for row in read_settings(opened.kind, member.source, lines, []):
                if isinstance(row, Setting):
                    for kind in self._check.find(row.value).values():
                        leaks[row.line - 1] = kind
        deque(lines, maxlen=0)
        results += self._stage.rest()
        if member.faults or member.skipped or not is_searched:
            text = gettext("{where} cannot be searched for remaining values")
            raise RedactionError(text.format(where=self._redact(where)))
        first = 0
        for count, found in results:
            leaks |= {first + line: kind for line, kind in found.items()}
            first += count
        return leaks

    def _mend(
        self, listed: ListedMember, member: Member, leaks: dict[int, LiteralKind], archive: TarFile
    ) -> ListedMember:
        """Add a member to an archive without the lines in which something remains."""
        opened = open_member(member)
        if leaks and (opened.kind == "certificate" or opened.form == "xml"):
            # Without one of its lines it would not be a certificate, or XML.
            deque(opened.chunks, maxlen=0)
            reason = gettext("something in it could not be redacted")
            return replace(listed, left_out=reason, faults=(*listed.faults, reason))
        with tempfile.SpooledTemporaryFile(MAX_IN_MEMORY) as file:
            first = 0
            for batch in filter(None, read_batches(opened, self._limits.line)):
                lines = batch.text.split("\n")
                kept = (_NOT_REDACTED if i in leaks else line for i, line in enumerate(lines, first))
                file.write(encode("\n".join(kept), opened.encoding))
                first += len(lines) - 1
            size = add_file(archive, member.source, file)
        return replace(listed, bytes=size, unredacted_lines_left_out=len(leaks))

    def _error(self, where: str, line: int, kind: LiteralKind) -> RedactionError:
        text = gettext("not redacted: line {line} of {where} holds a literal ({kind})")
        return RedactionError(text.format(line=line + 1, where=self._redact(where), kind=noun_of(kind)))


def lift_limits(limits: Limits) -> Limits:
    """Return limits for archives that were written here: all is searched, in lines that grew."""
    most = sys.maxsize
    line = limits.line * _MAX_GROWTH
    return replace(limits, member=most, total=most, members=most, ratio=most, seconds=most, line=line)
