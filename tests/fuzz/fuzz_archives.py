"""Fuzz target: archives and compressed streams inside each other, opened to members.

The first byte decides: the rest is the bytes of an archive, or a script that builds one whose members are
known, and that may be damaged.
"""

import random
from collections.abc import Iterator
from typing import NamedTuple

from mutations import ARCHIVE_WORDS, kept, with_tar_checksums

from logdiag.snapshots import Limits, Member, Meter
from logdiag.snapshots.streams import open_members

LIMITS = Limits(member=1 << 13, total=1 << 14, members=30, depth=4, ratio=20, line=1 << 12, seconds=60)
"""Limits low enough that inputs reach each of them."""

WORDS = ARCHIVE_WORDS

_KINDS = {"cut", "damaged", "limit", "unreadable", "space"}
_LIMITS = ("(depth)", "(member)", "(members)", "(total)")


class Opened(NamedTuple):
    """A member that was read whole."""

    source: str
    content: bytes
    faults: tuple[str, ...]
    skipped: str | None


class Built(NamedTuple):
    """An archive with the contents that its members must have, in order."""

    content: bytes
    members: tuple[bytes, ...]
    depth: int = 0


def run_input(data: bytes) -> None:
    """Open one archive in two ways, and check what comes out of it."""
    if len(data) < 2:
        return
    step, content = 1 + data[1] * 7, data[2:]
    if data[0] & 1:
        built = build(iter(content))
        plain = not data[0] & 2
        members, meter = opened(built.content if plain else damaged(built.content, content), step)
        if plain:
            check_all_read(members, meter, built)
        return
    content = with_tar_checksums(content) if data[0] & 2 else content
    whole, meter = opened(content, len(content) or 1)
    pieces, _ = opened(content, step)
    # Of a damaged stream the size of the pieces decides how much before the damage is read.
    if not any(one.faults for one in (*whole, *pieces)):
        assert whole == pieces
        assert meter.read == len(content)


def opened(content: bytes, step: int) -> tuple[list[Opened], Meter]:
    """Return the members of an archive that comes in pieces, and check what is true of every archive."""
    meter = Meter(LIMITS)
    chunks = (content[at : at + step] for at in range(0, len(content), step))
    members = [_read(member) for member in open_members("input", meter.given(chunks), meter)]
    # The last members may be a member that is not admitted and the archive around it, each with the reason.
    assert len(members) <= LIMITS.members + LIMITS.depth + 1
    assert sum(len(one.content) for one in members) == meter.total <= LIMITS.total
    assert all(len(one.content) <= LIMITS.member for one in members)
    assert all(one.source.encode() for one in members if one.source)
    assert all(one.source.count("!/") < LIMITS.depth for one in members if "!/" not in repr(content))
    assert meter.read <= len(content)
    if meter.stopped is not None:
        assert any(meter.stopped.text in one.faults for one in members)
    return members, meter


def _read(member: Member) -> Opened:
    content = b"".join(member.chunks)
    assert {fault.kind for fault in member.faults} <= _KINDS
    assert all(fault.text.isprintable() for fault in member.faults)
    assert member.skipped is None or not content
    return Opened(member.source, content, tuple(fault.text for fault in member.faults), member.skipped)


def check_all_read(members: list[Opened], meter: Meter, built: Built) -> None:
    """Check that an undamaged archive gives each of its members whole, unless a limit prevents it."""
    faults = [text for one in members for text in one.faults]
    if not faults:
        assert [one.content for one in members] == list(built.members)
        assert meter.read == len(built.content)
    assert all(text.endswith(_LIMITS) for text in faults)


def build(script: Iterator[int], depth: int = 0) -> Built:
    """Build an archive as a script of numbers says: its kind, the number of its members, and each member."""
    from archives import COMPRESSIONS, deflated, honest_zip, stored, tar, zipped

    kind = next(script, 0) % 8 if depth < LIMITS.depth else 0
    if kind == 0:
        size = next(script, 0) * (40 if depth % 2 else 2)
        content = bytes(b"%d," % next(script, 7) * size)[:size]
        content = b"." + content if content else content  # no archive begins like this
        return Built(content, (content,))
    if kind < 5:
        inner = build(script, depth + 1)
        wrap = list(COMPRESSIONS.values())[kind - 1]
        return Built(wrap(inner.content), inner.members, inner.depth + 1)
    inner_ones = [build(script, depth + 1) for _ in range(1 + next(script, 0) % 5)]
    names = [b"%d-%d" % (depth, number) for number in range(len(inner_ones))]
    contents = [one.content for one in inner_ones]
    pairs = list(zip(names, contents, strict=True))
    if kind == 5:
        content = tar(*pairs)
    elif kind == 6:
        content = honest_zip(*((name.decode(), one) for name, one in pairs))
    else:
        content = zipped([(deflated if len(one) % 2 else stored)(name, one) for name, one in pairs])
    members = tuple(member for one in inner_ones for member in one.members)
    return Built(content, members, 1 + max(one.depth for one in inner_ones))


def damaged(content: bytes, script: bytes) -> bytes:
    """Return the archive with up to four bytes changed, and cut at the end."""
    changed = bytearray(content)
    for at in range(0, min(len(script) - 3, 12), 3) if content else ():
        *place, value = script[-at - 3 :][:3]
        changed[int.from_bytes(place) % len(changed)] = value
    cut = script[0] if script and script[0] < 64 else 0
    return bytes(changed[: len(changed) - cut])


def seeds() -> list[bytes]:
    """Return the archives of the reader's target, scripts, and the kept inputs."""

    import fuzz_reader

    raw = [bytes([first, 3]) + seed[1:] for first in (0, 2) for seed in fuzz_reader.archives()]
    scripts = [
        bytes([1 | number % 2 * 2, number]) + random.Random(number).randbytes(24) for number in range(60)
    ]
    return [*raw, *scripts, *kept("archives")]
