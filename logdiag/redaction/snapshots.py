"""Snapshots that can be sent on: read once to learn what is to be hidden, and again to replace it."""

import gzip
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

from logdiag.dumps import Setting, facts, settings
from logdiag.errors import InputError
from logdiag.language import gettext
from logdiag.numbering import Numbering
from logdiag.redaction.certificates import redacted_certificates
from logdiag.redaction.found import Kind
from logdiag.redaction.left import Left
from logdiag.redaction.listing import ListedArchive, ListedMember
from logdiag.redaction.members import MemberKind, Opened, lines, opened
from logdiag.redaction.namers import KeyedWords
from logdiag.redaction.redactor import Redactor
from logdiag.redaction.scan import RedactionError, noun_of
from logdiag.redaction.texts import Texts
from logdiag.snapshots import Limits, Member, Meter, Snapshot, find_snapshots

SHORTEST_KEY = 32
_MOST_SETTINGS = 100_000
_IN_MEMORY = 8 << 20
_LONGEST_PART = 200
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
    """Redacts snapshots with a key: first `learn`, then `write` each, then `look` at what was written."""

    def __init__(self, key: bytes, limits: Limits) -> None:
        self._limits = limits
        self._words = KeyedWords(key)
        self._redactor = Redactor(self._words)
        self._texts = Texts(self._redactor)
        self._names = Numbering()
        self.archives: list[ListedArchive] = []

    @property
    def all_searched(self) -> bool:
        """Whether each literal was searched for in all of the files."""
        return not self._redactor.is_full

    # ── learning ────────────────────────────────────────────────────────────────────────────

    def learn(self, snapshots: Sequence[Snapshot]) -> None:
        """Learn what all of the snapshots together say of the customer."""
        meter = Meter(self._limits)
        for snapshot in snapshots:
            self._texts.learn(snapshot.name, "log")
            meter.begin()
            for member in snapshot.members(meter):
                self._learn(member)
        self._redactor.know()

    def _learn(self, member: Member) -> None:
        self._texts.learn(member.source, "log")
        found = opened(member)
        if found.kind is None:
            return
        self._texts.begin()
        learning = self._tapped(found)
        if found.kind != "log":
            said: list[tuple[str, str]] = []
            for row in settings(found.kind, member.source, learning, []):
                if isinstance(row, Setting) and len(said) < _MOST_SETTINGS:
                    said.append((row.path, row.value))
                    self._redactor.learn(f'{row.path}: "{row.value}"')
            self._learn_facts(said)
        for _ in learning:
            pass

    def _tapped(self, found: Opened) -> Iterator[bytes]:
        """The same text, learnt on its way."""
        for text in lines(found.chunks, found.form, self._limits.line):
            if isinstance(text, str):
                self._texts.learn(text, found.form)
                yield text.encode("utf-8", "surrogateescape")

    def _learn_facts(self, said: Iterable[tuple[str, str]]) -> None:
        known = facts(said)
        several = (known.peer_list, known.ntp_servers, known.dns_servers)
        hosts = [known.name, known.fqdn, *(one for each in several if each for one in each)]
        literals: list[tuple[str | None, Kind]] = [(host, "host") for host in hosts]
        literals += [(known.domain, "name"), (known.cluster_name, "cluster"), (known.serial, "serial")]
        literals += [(key, "secret") for key in known.option_keys]
        for literal, kind in literals:
            if literal:
                self._redactor.learn_literal(literal, kind)

    # ── writing ─────────────────────────────────────────────────────────────────────────────

    def write(self, snapshots: Sequence[Snapshot], room: Path) -> None:
        """Write an archive for each snapshot into an empty folder."""
        meter = Meter(self._limits)
        for snapshot in snapshots:
            meter.begin()
            name = self._names.name(f"{_bare(safe(self._texts.name(snapshot.name)))}.tar.gz")
            with (room / name).open("wb") as file:
                self.archives.append(ListedArchive(name, tuple(self._archive(snapshot, meter, file))))

    def _archive(self, snapshot: Snapshot, meter: Meter, file: BinaryIO) -> Iterator[ListedMember]:
        numbering = Numbering()
        with (
            gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            for member in snapshot.members(meter):
                name = numbering.name(safe(self._texts.name(member.source)))
                with tempfile.SpooledTemporaryFile(_IN_MEMORY) as room:
                    listed = self._member(name, member, room)
                    if listed.left_out is None:
                        header = tarfile.TarInfo(name)
                        header.size, header.mode = listed.size, 0o644
                        room.seek(0)
                        archive.addfile(header, room)
                yield listed

    def _member(self, name: str, member: Member, file: IO[bytes]) -> ListedMember:
        found = opened(member)
        if found.kind is None:
            for _ in found.chunks:
                pass
            reason = found.reason or gettext("it could not be read")
            return ListedMember(name, left_out=self._said(reason), faults=self._faults(member))
        self._texts.begin()
        long_lines = 0
        for text in self._redacted(found):
            long_lines += not text
            file.write((text or _LEFT_OUT).encode(found.encoding or "utf-8", _errors(found)))
        kind: MemberKind = found.kind
        counts = {str(kind): number for kind, number in self._texts.counts.items()}
        return ListedMember(name, kind, file.tell(), counts, None, long_lines, self._faults(member))

    def _redacted(self, found: Opened) -> Iterator[str]:
        """The text of a member as it is written; empty where a line is too long."""
        cut = lines(found.chunks, found.form, self._limits.line)
        if found.kind == "certificate":
            yield from redacted_certificates(cut, self._texts, self._words)
            return
        for text in cut:
            yield self._texts.redact(text, found.form) if isinstance(text, str) else ""

    def _faults(self, member: Member) -> tuple[str, ...]:
        return tuple(self._said(fault.text) for fault in member.faults)

    def _said(self, text: str) -> str:
        return safe(self._texts.name(text), part=False)

    # ── the last look ───────────────────────────────────────────────────────────────────────

    def look(self, room: Path) -> None:
        """Search all that was written, and how it is called, for all that was replaced.

        Raises:
            RedactionError: something is left; it says where, and of what kind, and never what.

        """
        left = Left(self._texts)
        for path in sorted(room.iterdir()):
            self._look_at(left, path.name, "", path.name)
            if not path.name.endswith(".tar.gz"):
                self._look_at(left, path.name, "", path.read_text(encoding="utf-8"))
                continue
            for member in find_snapshots([path])[0].members(Meter(self._limits)):
                self._look_at(left, path.name, "", member.source)
                self._look_through(left, path.name, member)

    def _look_through(self, left: Left, archive: str, member: Member) -> None:
        found = opened(member)

        def looked_at() -> Iterator[bytes]:
            line = 0
            for text in lines(found.chunks, found.form, self._limits.line):
                if isinstance(text, str):
                    self._look_at(left, archive, member.source, text, line)
                    line += text.count("\n")
                    yield text.encode("utf-8", "surrogateescape")

        looking = looked_at()
        if found.kind == "certificate":
            for row in settings(found.kind, member.source, looking, []):
                if isinstance(row, Setting):
                    self._look_at(left, archive, member.source, row.value, row.line - 1)
        for _ in looking:
            pass

    def _look_at(self, left: Left, archive: str, member: str, text: str, before: int = 0) -> None:
        if (found := left.find(text)) is not None:
            number, kind = found
            where = f"{archive}: {member}" if member else archive
            said = gettext("not redacted: line {line} of {where} holds a literal ({kind})")
            # Where a literal stands in a name, the name tells it.
            shown = self._texts.name(where)
            raise RedactionError(said.format(line=before + number + 1, where=shown, kind=noun_of(kind)))


_LEFT_OUT = "[a line that is too long was left out]\n"


def _errors(found: Opened) -> str:
    return "surrogateescape" if found.encoding is None else "replace"


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
