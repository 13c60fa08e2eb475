"""Redact snapshots: a first read collects their literals, a second one replaces them, a third one checks."""

import tempfile
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

from logdiag.errors import InputError
from logdiag.files.unique_names import Numbering
from logdiag.i18n import gettext
from logdiag.redaction.archive_check import ArchiveCheck
from logdiag.redaction.archives import (
    MAX_IN_MEMORY,
    add_file,
    archive_name,
    new_archive,
    printable,
    safe_name,
)
from logdiag.redaction.certificates import CertificateRedactor
from logdiag.redaction.collect import SnapshotCollector
from logdiag.redaction.line_batches import OpenedMember, encode, open_member, read_batches
from logdiag.redaction.line_redactor import LineRedactor, RewrittenLines
from logdiag.redaction.listing import ListedArchive, ListedMember
from logdiag.redaction.pool import Stage, WorkerPool
from logdiag.redaction.read_comparison import Read, ReadComparison
from logdiag.redaction.verify import LeakCheck
from logdiag.snapshots import Limits, Member, Meter, Snapshot

MIN_KEY_BYTES = 32
_NEW = "new"
_LEFT_OUT = "[a line that is too long was left out]\n"


def check_key(content: bytes) -> bytes:
    """Return the key that a key file contains.

    Raises:
        InputError: the key is too short.

    """
    if len(content) < MIN_KEY_BYTES:
        text = gettext("a key file has at least {number} bytes, and this one has {found}")
        raise InputError(text.format(number=MIN_KEY_BYTES, found=len(content)))
    return content


class SnapshotRedactor:
    """Redacts snapshots with a key: `learn` all, then `write` all, then `check` what was written.

    What is written does not depend on the number of workers. ``all_searched`` says whether every literal
    was replaced everywhere.
    """

    archives: list[ListedArchive]
    all_searched: bool
    _lines: LineRedactor
    _check: ArchiveCheck

    def __init__(self, key: bytes, limits: Limits, pool: WorkerPool | None = None) -> None:
        self._key, self._limits, self._pool = key, limits, pool or WorkerPool(1)
        self._reads = ReadComparison()
        self._archive_names = Numbering()

    def learn(self, snapshots: Sequence[Snapshot]) -> None:
        """Learn the literals of all snapshots together."""
        collector = SnapshotCollector(self._limits, self._pool, self._reads)
        self._index, self.all_searched = collector.collect(snapshots)
        self._lines = LineRedactor(self._key, self._index)

    def write(self, snapshots: Sequence[Snapshot], folder: Path) -> None:
        """Write an archive for each snapshot into an empty folder."""
        meter = Meter(self._limits)
        stage = Stage(self._pool, partial(LineRedactor, self._key, self._index))
        self.archives = []
        for snapshot in snapshots:
            meter.begin()
            name = self._archive_names.name(archive_name(self._lines.name(snapshot.name)))
            with (folder / name).open("wb") as file:
                members = tuple(self._archive(snapshot, meter, file, stage))
            self.archives.append(ListedArchive(name, members))

    def check(self, folder: Path) -> None:
        """Search the archives for all that was replaced, and leave out the lines in which it remains.

        Raises:
            RedactionError: something remains in a name, or a member cannot be searched; the error says
                where and of what kind, and never what.

        """
        redactor = self._lines.redactor
        make = partial(LeakCheck, self._index.searched, redactor.hidden, redactor.issued)
        self._check = ArchiveCheck(Stage(self._pool, make), make(), self._limits, self._lines.name)
        self.archives = [self._check.check_archive(one, folder / one.name) for one in self.archives]

    def check_text(self, name: str, text: str) -> None:
        """Search a file that lists the archives, and its name. Raises as `check` does."""
        for searched in (name, text):
            self._check.check_text(name, searched)

    def _archive(
        self, snapshot: Snapshot, meter: Meter, file: BinaryIO, stage: Stage[RewrittenLines]
    ) -> Iterator[ListedMember]:
        numbering = Numbering()
        with new_archive(file) as archive:
            for member in snapshot.members(meter):
                read = self._reads.watch_second(snapshot.name, member)
                if read is None:
                    # Its name was not learnt either.
                    reason = gettext("it was not there at the first read; run logdiag redact again")
                    yield ListedMember(numbering.name(_NEW), left_out=reason, faults=(reason,))
                    continue
                name = numbering.name(safe_name(self._lines.name(member.source)))
                # Next to the archive: an error about a full disk names one place.
                folder = str(Path(file.name).parent)
                with tempfile.SpooledTemporaryFile(MAX_IN_MEMORY, dir=folder) as content:
                    listed = self._member(name, member, content, stage, read)
                    if listed.left_out is None:
                        add_file(archive, name, content)
                yield listed
        reason = gettext("it was gone at the second read; run logdiag redact again")
        for source in self._reads.missing(snapshot.name):
            name = numbering.name(safe_name(self._lines.name(source)))
            yield ListedMember(name, left_out=reason, faults=(reason,))

    def _member(
        self, name: str, member: Member, file: IO[bytes], stage: Stage[RewrittenLines], read: Read
    ) -> ListedMember:
        opened = open_member(member)
        long_lines = 0
        counts: Counter[str] = Counter()
        for part in self._rewritten(opened, stage):
            if part is None:
                long_lines += 1
                file.write(encode(_LEFT_OUT, opened.encoding))
                continue
            file.write(part.content)
            counts.update(part.counts)
            self._lines.redactor.issued |= part.issued
            self._lines.redactor.hidden |= part.hidden
        faults = tuple(self._redacted(fault.text) for fault in member.faults)
        if opened.kind is None:
            reason = self._redacted(opened.reason or gettext("it could not be read"))
            return ListedMember(name, left_out=reason, faults=faults)
        if read.change is not None:
            return ListedMember(name, left_out=read.change, faults=(*faults, read.change))
        faults += (read.growth,) if read.growth is not None else ()
        return ListedMember(name, opened.kind, file.tell(), dict(counts), None, long_lines, 0, faults)

    def _rewritten(
        self, opened: OpenedMember, stage: Stage[RewrittenLines]
    ) -> Iterator[RewrittenLines | None]:
        """Yield the redacted content of a member, and None for a line that is too long."""
        if opened.kind is None:
            deque(opened.chunks, maxlen=0)  # the faults of a member are complete at its end
            return
        cut = read_batches(opened, self._limits.line)
        if opened.kind == "certificate":
            texts = (batch and batch.text for batch in cut)
            for text in CertificateRedactor(self._lines).redact(texts):
                yield None if text is None else RewrittenLines(encode(text, opened.encoding))
            yield RewrittenLines(b"", self._lines.take_counts())
            return
        for batch in cut:
            if batch is not None:
                yield from stage.put(batch)
            else:
                yield from stage.rest()
                yield None
        yield from stage.rest()

    def _redacted(self, text: str) -> str:
        return printable(self._lines.name(text))
