"""Collect the literals of snapshots: the first of the two reads of `logdiag redact`."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from logdiag.dumps import Setting, collect_facts, read_settings
from logdiag.redaction.line_batches import LineBatch, OpenedMember, encode, open_member, read_batches
from logdiag.redaction.line_parts import (
    LineForm,
    PemBlocks,
    cached_by_text,
    cut_line,
    cut_parameters,
    is_harmless,
)
from logdiag.redaction.literal_span import LiteralKind
from logdiag.redaction.literals import LiteralIndex, Literals, as_literal
from logdiag.redaction.pool import Stage, WorkerPool
from logdiag.redaction.read_comparison import ReadComparison
from logdiag.snapshots import Limits, Member, Meter, Snapshot

_MAX_SETTINGS = 100_000
_MAX_DOTTED_WORDS = 1_000_000


class Collected(NamedTuple):
    """Literals of a batch, and dotted words that are names if they end in a known domain."""

    literals: set[tuple[str, LiteralKind]]
    dotted: set[str]


class Collector:
    """Collects the literals of batches. The order of batches, and who has which, do not change the sum."""

    def __init__(self) -> None:
        self._literals = Literals()
        self._dotted: set[str] = set()
        self._literals.domains.unknown = self._dotted
        self._find = cached_by_text(self._find_in_part)

    def __call__(self, batch: LineBatch) -> Collected:
        """Return the literals of a batch. Dotted words that were returned before may be missing."""
        literals: set[tuple[str, LiteralKind]] = set()
        hosts: set[str] = set()
        lines = batch.text
        blocks = PemBlocks(batch.pem)
        has_blocks = blocks.may_contain(lines)
        for line in lines.split("\n"):
            if has_blocks and blocks.next(line) is not None:
                continue
            _, host, parts = cut_line(line, batch.form)
            if host:
                hosts.add(host)
            for part in parts:
                for one in cut_parameters(part):
                    literals.update(self._find(one))
        literals.update(one for host in hosts for one in as_literal(host, "host"))
        dotted = set(self._dotted)
        self._dotted.clear()
        return Collected(literals, dotted)

    def _find_in_part(self, part: str) -> tuple[tuple[str, LiteralKind], ...]:
        if is_harmless(part):
            return ()
        return tuple((literal, span.kind) for span, literal in self._literals.find_in_all_forms(part))


class SnapshotCollector:
    """Collects the literals of all snapshots together."""

    def __init__(self, limits: Limits, pool: WorkerPool, reads: ReadComparison) -> None:
        self._limits, self._reads = limits, reads
        self._stage = Stage(pool, Collector)
        self._collector = Collector()
        self._literals = Literals()
        self._dotted: set[str] = set()

    def collect(self, snapshots: Sequence[Snapshot]) -> tuple[LiteralIndex, bool]:
        """Return the literals, and whether all of them are searched everywhere."""
        meter = Meter(self._limits)
        for snapshot in snapshots:
            self._learn_text(snapshot.name, "log")
            meter.begin()
            for member in snapshot.members(meter):
                self._reads.watch_first(snapshot.name, member)
                self._learn_text(member.source, "log")
                self._learn_member(member)
        for collected in self._stage.rest():
            self._add(collected)
        self._literals.learn_dotted(self._dotted)
        return self._literals.index(), not self._literals.is_full

    def _add(self, collected: Collected) -> None:
        for literal, kind in collected.literals:
            self._literals.learn_found(literal, kind)
        self._dotted |= collected.dotted
        if len(self._dotted) > _MAX_DOTTED_WORDS:
            self._literals.is_full = True
            self._dotted = set(sorted(self._dotted)[: _MAX_DOTTED_WORDS // 2])

    def _learn_text(self, text: str, form: LineForm) -> None:
        self._add(self._collector(LineBatch(encode(text, None), form)))

    def _learn_member(self, member: Member) -> None:
        opened = open_member(member)
        if opened.kind is None:
            return
        lines = self._learn_lines(opened)
        if opened.kind != "log":
            pairs: list[tuple[str, str]] = []
            for row in read_settings(opened.kind, member.source, lines, []):
                if isinstance(row, Setting) and len(pairs) < _MAX_SETTINGS:
                    pairs.append((row.path, row.value))
                    self._learn_text(f'{row.path}: "{row.value}"', "text")
            self._learn_facts(pairs)
        deque(lines, maxlen=0)

    def _learn_lines(self, opened: OpenedMember) -> Iterator[bytes]:
        """Yield the lines of a member while they are learnt."""
        for batch in read_batches(opened, self._limits.line):
            if batch is not None:
                for collected in self._stage.put(batch):
                    self._add(collected)
                yield batch.lines

    def _learn_facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        known = collect_facts(pairs)
        lists = (known.peer_list, known.ntp_servers, known.dns_servers)
        literals: list[tuple[str | None, LiteralKind]] = [
            *((host, "host") for host in (known.name, known.fqdn)),
            *((host, "host") for hosts in lists for host in hosts or ()),
            *((known.domain, "name"), (known.cluster_name, "cluster"), (known.serial, "serial")),
            *((key, "secret") for key in known.option_keys),
        ]
        for literal, kind in literals:
            if literal:
                self._literals.learn_literal(literal, kind)
