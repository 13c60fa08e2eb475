"""A job whose inputs are very large: several workers read it in parts, and one joins what they read.

What is read of a part lies in the output meanwhile, below ``.unfinished/``, and the digests of it go the way
of all results: whoever joins the parts takes nothing else for them.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from logdiag.batch.output import Output
from logdiag.i18n import speaking
from logdiag.options import Options
from logdiag.pipeline import Reading
from logdiag.reading import Stored, Tables, joined, keep
from logdiag.records import Want
from logdiag.rules.library import load
from logdiag.rules.selection import want_of
from logdiag.rules.translation import in_language
from logdiag.snapshots import Limits, Snapshot
from logdiag.snapshots.parts import parts, size

LARGE = 1 << 30
"""Bytes of a job's inputs, as they are given, from which on it is done in parts."""

_WORTH = 64 << 20
"""Bytes from which on a part is worth a task of its own."""


@dataclass(frozen=True)
class Part:
    """Parts of a snapshot that one task reads, and the folder where what it reads lies."""

    snapshot: str
    parts: tuple[Snapshot, ...]
    folder: str


@dataclass(frozen=True)
class Large:
    """A job that is to be done in parts, with the digest under which it is noted and what that is of.

    ``snapshots`` are the names of all, of those without parts, too. ``seed`` is that of the digests of
    records, which are compared across its parts.
    """

    state: str
    about: Mapping[str, Any]
    snapshots: tuple[str, ...]
    parts: tuple[Part, ...]
    seed: int = field(default_factory=partial(secrets.randbits, 64))


@dataclass(frozen=True)
class PartTask:
    """A part, and what else its reading depends on."""

    part: Part
    options: Options
    out: str
    seed: int


def large(snapshots: Sequence[Snapshot], split: int, state: str, about: Mapping[str, Any]) -> Large | None:
    """The parts of some snapshots; None where they have fewer bytes than ``split``, or are one part.

    Small parts of a snapshot that follow each other are one task.
    """
    total = 0
    found: list[tuple[str, tuple[Snapshot, ...]]] = []
    for snapshot in snapshots:
        sizes = [(part, size(part)) for part in parts(snapshot)]
        total += sum(bytes_ for _, bytes_ in sizes)
        found += [(snapshot.name, some) for some in _together(sizes, min(split, _WORTH))]
    if total < split or len(found) < 2:
        return None
    made = tuple(Part(*one, f"{state[:32]}-{number}") for number, one in enumerate(found))
    return Large(state, about, tuple(one.name for one in snapshots), made)


def _together(sizes: Iterable[tuple[Snapshot, int]], least: int) -> Iterator[tuple[Snapshot, ...]]:
    waiting: list[Snapshot] = []
    waiting_size = 0
    for part, part_size in sizes:
        waiting.append(part)
        waiting_size += part_size
        if waiting_size >= least:
            yield tuple(waiting)
            waiting, waiting_size = [], 0
    if waiting:
        yield tuple(waiting)


def read_part(task: PartTask) -> dict[str, str]:
    """Read a part. The digests of what was read; none where that failed, and the job is read as a whole."""
    options = task.options
    with speaking(options.language):
        try:
            library = in_language(load(options.rules), options.language)
            want = want_of(library, explain=options.explain)._replace(seed=task.seed)
            reading = partial(keep, task.part.parts, limits=options.limits, want=want, jobs=options.jobs)
            return Output(task.out).put_part(task.part.folder, reading)
        except Exception:  # whatever it is, the whole job meets it again, and tells it
            return {}


def reading_of(large: Large, digests: Sequence[Mapping[str, str]], limits: Limits, output: Output) -> Reading:
    """What joins the parts of a job, given the digests of what was read of each."""

    def reading(snapshots: Sequence[Snapshot], want: Want) -> Tables | None:
        stored: dict[str, list[Stored]] = {name: [] for name in large.snapshots}
        for part, digests_of in zip(large.parts, digests, strict=True):
            content = partial(output.part, part.folder, digests_of)
            stored[part.snapshot].append(Stored(part.parts, content))
        if [one.name for one in snapshots] != list(stored):
            return None
        try:
            return joined(list(stored.items()), limits, want=want)
        except Exception:  # what is lost or damaged is read again, with the whole job
            return None

    return reading
