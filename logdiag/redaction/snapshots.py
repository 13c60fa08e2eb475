"""Snapshots that can be sent on: read once to learn what is to be hidden, and again to replace it."""

import gzip
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, BinaryIO

from logdiag.dumps import Setting, facts, settings
from logdiag.errors import InputError
from logdiag.files.unique_names import Numbering
from logdiag.i18n import gettext
from logdiag.redaction.certificates import CertificateRedactor
from logdiag.redaction.learning import Learner, Learnt
from logdiag.redaction.listing import ListedArchive, ListedMember
from logdiag.redaction.literal_span import LiteralKind
from logdiag.redaction.members import MemberKind, Opened, lines, opened
from logdiag.redaction.pool import Crew, Shift
from logdiag.redaction.pseudonyms import KeyedWords
from logdiag.redaction.reads import Read, Reads
from logdiag.redaction.redactor import Redactor
from logdiag.redaction.scan import RedactionError, noun_of
from logdiag.redaction.tasks import (
    Learning,
    Looked,
    Looking,
    Lot,
    Rewriting,
    Rewritten,
    decoded,
    encoded,
    lots,
    texts_of,
)
from logdiag.snapshots import Limits, Member, Meter, Snapshot, find_snapshots

SHORTEST_KEY = 32
_MOST_SETTINGS = 100_000
_IN_MEMORY = 8 << 20
_LONGEST_PART = 200
_LONGER = 32
"""How many times as long as a literal a word may be."""
_NEW = "new"
_MOST_DOTTED = 1_000_000
_PACKED = (".gz", ".xz", ".zst", ".bz2")
_SUFFIXES = (".tar", ".tgz", ".zip", *_PACKED, *(f".tar{packed}" for packed in _PACKED))


def key_of(content: bytes) -> bytes:
    """The key that a key file holds.

    Raises:
        InputError: it is too short.

    """
    if len(content) < SHORTEST_KEY:
        said = gettext("a key file has at least {number} bytes, and this one has {found}")
        raise InputError(said.format(number=SHORTEST_KEY, found=len(content)))
    return content


class Snapshots:
    """Redacts snapshots with a key: first `learn`, then `write` each, then `look` at what was written.

    What is written does not depend on how many processes a ``crew`` has.
    """

    def __init__(self, key: bytes, limits: Limits, crew: Crew | None = None) -> None:
        self._limits = limits
        self._key, self._words = key, KeyedWords(key)
        self._crew = crew or Crew(1)
        self._learner = Learner()
        self._redactor = Redactor()
        self._dotted: set[str] = set()
        self._lore = self._redactor.lore()
        self._texts = texts_of(key, self._lore)
        self._names = Numbering()
        self._reads = Reads()
        self._own = Looking(self._lore, set(), set())
        self.archives: list[ListedArchive] = []

    @property
    def all_searched(self) -> bool:
        """Whether each literal was searched for in all of the files."""
        return not self._redactor.is_full

    # ── learning ────────────────────────────────────────────────────────────────────────────

    def learn(self, snapshots: Sequence[Snapshot]) -> None:
        """Learn what all of the snapshots together say of the customer."""
        meter = Meter(self._limits)
        learning = self._crew.at(Learning)
        for snapshot in snapshots:
            self._add(self._learner(snapshot.name, "log"))
            meter.begin()
            for member in snapshot.members(meter):
                self._reads.first(snapshot.name, member)
                self._add(self._learner(member.source, "log"))
                self._learn(member, learning)
        for learnt in learning.rest():
            self._add(learnt)
        self._redactor.learn_dotted(self._dotted)
        self._lore = self._redactor.lore()
        self._texts = texts_of(self._key, self._lore)

    def _add(self, learnt: Learnt) -> None:
        for literal, kind in learnt.literals:
            self._redactor.learn_found(literal, kind)
        self._dotted |= learnt.dotted
        if len(self._dotted) > _MOST_DOTTED:
            self._redactor.is_full = True
            self._dotted = set(sorted(self._dotted)[: _MOST_DOTTED // 2])

    def _learn(self, member: Member, learning: Shift[Learnt]) -> None:
        found = opened(member)
        if found.kind is None:
            return
        tapped = self._tapped(found, learning)
        if found.kind != "log":
            said: list[tuple[str, str]] = []
            for row in settings(found.kind, member.source, tapped, []):
                if isinstance(row, Setting) and len(said) < _MOST_SETTINGS:
                    said.append((row.path, row.value))
                    self._add(self._learner(f'{row.path}: "{row.value}"', "text"))
            self._learn_facts(said)
        for _ in tapped:
            pass

    def _tapped(self, found: Opened, learning: Shift[Learnt]) -> Iterator[bytes]:
        """The same text, learnt on its way."""
        for lot in lots(found, self._limits.line):
            if isinstance(lot, Lot):
                for learnt in learning.put(lot):
                    self._add(learnt)
                yield lot.lines

    def _learn_facts(self, said: Iterable[tuple[str, str]]) -> None:
        known = facts(said)
        several = (known.peer_list, known.ntp_servers, known.dns_servers)
        hosts = [known.name, known.fqdn, *(one for each in several if each for one in each)]
        literals: list[tuple[str | None, LiteralKind]] = [(host, "host") for host in hosts]
        literals += [(known.domain, "name"), (known.cluster_name, "cluster"), (known.serial, "serial")]
        literals += [(key, "secret") for key in known.option_keys]
        for literal, kind in literals:
            if literal:
                self._redactor.learn_literal(literal, kind)

    # ── writing ─────────────────────────────────────────────────────────────────────────────

    def write(self, snapshots: Sequence[Snapshot], room: Path) -> None:
        """Write an archive for each snapshot into an empty folder."""
        meter = Meter(self._limits)
        writing = self._crew.at(Rewriting, self._key, self._lore)
        self._reads.again()
        for snapshot in snapshots:
            meter.begin()
            name = self._names.name(f"{_bare(safe(self._texts.name(snapshot.name)))}.tar.gz")
            with (room / name).open("wb") as file:
                self.archives.append(
                    ListedArchive(name, tuple(self._archive(snapshot, meter, file, writing)))
                )

    def _archive(
        self, snapshot: Snapshot, meter: Meter, file: BinaryIO, writing: Shift[Rewritten]
    ) -> Iterator[ListedMember]:
        numbering = Numbering()
        with _new_archive(file) as archive:
            for member in snapshot.members(meter):
                read = self._reads.second(snapshot.name, member)
                if read is None:
                    # Its name was not learnt either.
                    reason = gettext("it was not there at the first read; run logdiag redact again")
                    name = numbering.name(_NEW)
                    yield ListedMember(name, left_out=reason, faults=(reason,))
                    continue
                name = numbering.name(safe(self._texts.name(member.source)))
                # Next to the archive: what a full disk stops is then one place, which the error names.
                with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(Path(file.name).parent)) as room:
                    listed = self._member(name, member, room, writing, read)
                    if listed.left_out is None:
                        _add_file(archive, name, room, listed.size)
                yield listed
        reason = gettext("it was gone at the second read; run logdiag redact again")
        for source in self._reads.missing(snapshot.name):
            name = numbering.name(safe(self._texts.name(source)))
            yield ListedMember(name, left_out=reason, faults=(reason,))

    def _member(
        self, name: str, member: Member, file: IO[bytes], writing: Shift[Rewritten], read: Read
    ) -> ListedMember:
        found = opened(member)
        if found.kind is None:
            for _ in found.chunks:
                pass
            reason = found.reason or gettext("it could not be read")
            return ListedMember(name, left_out=self._said(reason), faults=self._faults(member))
        long_lines = 0
        counts: Counter[str] = Counter()
        for done in self._redacted(found, writing):
            long_lines += done is None
            file.write(encoded(_LEFT_OUT, found.encoding) if done is None else done.content)
            if done is not None:
                counts.update(done.counts)
                self._texts.issued |= done.issued
                self._texts.redactor.hidden |= done.hidden
        if change := read.change:
            return ListedMember(name, left_out=change, faults=(*self._faults(member), change))
        faults = (*self._faults(member), *([read.growth] if read.growth else []))
        kind: MemberKind = found.kind
        return ListedMember(name, kind, file.tell(), dict(counts), None, long_lines, 0, faults)

    def _redacted(self, found: Opened, writing: Shift[Rewritten]) -> Iterator[Rewritten | None]:
        """A member as it is written; None where a line is too long."""
        if found.kind == "certificate":
            self._texts.begin()
            cut = lines(found.chunks, found.form, self._limits.line)
            texts = (decoded(one) if isinstance(one, bytes) else one for one in cut)
            for text in CertificateRedactor(self._texts, self._words).redact(texts):
                yield Rewritten(encoded(text, found.encoding), {}, set(), set()) if text else None
            yield Rewritten(b"", self._texts.counts, set(), set())
            return
        for lot in lots(found, self._limits.line):
            if isinstance(lot, Lot):
                yield from writing.put(lot)
            else:
                yield from writing.rest()
                yield None
        yield from writing.rest()

    def _faults(self, member: Member) -> tuple[str, ...]:
        return tuple(self._said(fault.text) for fault in member.faults)

    def _said(self, text: str) -> str:
        return safe(self._texts.name(text), part=False)

    # ── the last look ───────────────────────────────────────────────────────────────────────

    def look(self, room: Path) -> None:
        """Search the archives for all that was replaced, and leave out the lines in which it is left.

        Raises:
            RedactionError: something is left in a name, or a member cannot be searched; it says where,
                and of what kind, and never what.

        """
        given = (self._lore, self._texts.redactor.hidden, self._texts.issued)
        looking, self._own = self._crew.at(Looking, *given), Looking(*given)
        self.archives = [self._without_left(one, room / one.name, looking) for one in self.archives]

    def look_at(self, name: str, text: str) -> None:
        """Search a file that lists the archives, and its name.

        Raises:
            RedactionError: something is left.

        """
        for one in (name, text):
            for line, kind in self._left_in(one).items():
                self._tell(name, "", line, kind)

    def _without_left(self, listed: ListedArchive, path: Path, looking: Shift[Looked]) -> ListedArchive:
        left = self._left(path, looking)
        if not left:
            return listed
        mended = path.with_name(f"{_NEW}-{path.name}")
        known = {member.name: member for member in listed.members}
        with mended.open("wb") as file, _new_archive(file) as archive:
            for member in self._written(path):
                known[member.source] = self._mended(known[member.source], member, left, archive)
        mended.replace(path)
        for source, lines_left in self._left(path, looking).items():
            for line, kind in lines_left.items():
                self._tell(path.name, source, line, kind)
        return ListedArchive(listed.name, tuple(known.values()))

    def _mended(
        self,
        listed: ListedMember,
        member: Member,
        left: dict[str, dict[int, LiteralKind]],
        archive: tarfile.TarFile,
    ) -> ListedMember:
        """Add a member to an archive without the lines in which something is left."""
        left_out = left.get(member.source, {})
        found = opened(member)
        if left_out and (found.kind == "certificate" or found.form == "xml"):
            # Without one of its lines it would be no certificate, or no XML.
            for _ in found.chunks:
                pass
            reason = gettext("something in it could not be redacted")
            return replace(listed, left_out=reason, faults=(*listed.faults, reason))
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as room:
            number = 0
            for lot in lots(found, _unlimited(self._limits).line):
                each = lot.text.split("\n") if isinstance(lot, Lot) else [""]
                kept = (_NOT_REDACTED if i in left_out else line for i, line in enumerate(each, number))
                room.write(encoded("\n".join(kept), found.encoding))
                number += len(each) - 1
            size = room.tell()
            _add_file(archive, member.source, room, size)
        return replace(listed, size=size, unredacted_lines=len(left_out))

    def _left(self, path: Path, looking: Shift[Looked]) -> dict[str, dict[int, LiteralKind]]:
        """The lines (from 0) of an archive's members in which something is left, and of what kind it is."""
        self.look_at(path.name, "")
        left = {}
        for member in self._written(path):
            for line, kind in self._left_in(member.source).items():
                self._tell(path.name, member.source, line, kind)
            if in_member := self._look_through(looking, path.name, member):
                left[member.source] = in_member
        return left

    def _written(self, path: Path) -> Iterator[Member]:
        return find_snapshots([path])[0].members(Meter(_unlimited(self._limits)))

    def _look_through(self, looking: Shift[Looked], archive: str, member: Member) -> dict[int, LiteralKind]:
        found = opened(member)
        left: dict[int, LiteralKind] = {}
        line = 0

        def judge(looked: Iterable[Looked]) -> None:
            nonlocal line
            for number, in_lot in looked:
                left.update({line + one: kind for one, kind in in_lot.items()})
                line += number

        def looked_at() -> Iterator[bytes]:
            for lot in lots(found, _unlimited(self._limits).line):
                if not isinstance(lot, Lot):
                    self._tell_unsearched(archive, member.source)
                    return
                judge(looking.put(lot))
                yield lot.lines

        tapped = looked_at()
        if found.kind == "certificate":
            for row in settings(found.kind, member.source, tapped, []):
                if isinstance(row, Setting):
                    for kind in self._left_in(row.value).values():
                        left[row.line - 1] = kind
        for _ in tapped:
            pass
        judge(looking.rest())
        if member.faults or member.skipped:
            self._tell_unsearched(archive, member.source)
        return left

    def _left_in(self, text: str) -> dict[int, LiteralKind]:
        return self._own(Lot(text.encode("utf-8", "surrogateescape"), "log"))[1]

    def _tell(self, archive: str, member: str, line: int, kind: LiteralKind) -> None:
        where = f"{archive}: {member}" if member else archive
        said = gettext("not redacted: line {line} of {where} holds a literal ({kind})")
        # Where a literal stands in a name, the name tells it.
        shown = self._texts.name(where)
        raise RedactionError(said.format(line=line + 1, where=shown, kind=noun_of(kind)))

    def _tell_unsearched(self, archive: str, member: str) -> None:
        said = gettext("{where} cannot be searched for what is left in it")
        raise RedactionError(said.format(where=self._texts.name(f"{archive}: {member}")))


_NOT_REDACTED = "[a line that could not be redacted was left out]"
_LEFT_OUT = "[a line that is too long was left out]\n"


@contextmanager
def _new_archive(file: BinaryIO) -> Iterator[tarfile.TarFile]:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        yield archive


def _add_file(archive: tarfile.TarFile, name: str, file: IO[bytes], size: int) -> None:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o644
    file.seek(0)
    archive.addfile(header, file)


def _unlimited(limits: Limits) -> Limits:
    """Limits for what was written here: all is searched, and words are longer than literals."""
    most = sys.maxsize
    line = limits.line * _LONGER
    return replace(limits, member=most, total=most, members=most, ratio=most, seconds=most, line=line)


def safe(name: str, *, part: bool = True) -> str:
    """A name that is harmless wherever it is unpacked: relative, printable, of parts not too long."""
    shown = "".join(sign if sign.isprintable() and sign != "\\" else "_" for sign in name)
    if not part:
        return shown
    parts = [one[:_LONGEST_PART] if one not in ("", ".", "..") else "_" for one in shown.split("/")]
    return "/".join(parts)


def _bare(name: str) -> str:
    name = name.replace("/", "_")
    suffix = max((end for end in _SUFFIXES if name.lower().endswith(end)), key=len, default="")
    return name[: len(name) - len(suffix)] or "snapshot"
