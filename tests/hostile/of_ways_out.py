"""Cases: names and links in archives that lead out of them."""

from collections.abc import Iterator
from pathlib import Path

from archives import END, member, stored, tar, zipped
from case import RAN, Case, file, put
from texts import log

LOG = member(b"messages", log())

AWAY = (
    b"../canary/planted",
    b"../../canary/planted",
    b"a/../../canary/planted",
    b"./.././../planted",
    b"..",
    b".",
)
ELSEWHERE = (
    b"C:\\Windows\\planted",
    b"..\\..\\planted",
    b"\\\\?\\C:\\planted",
    b"//host/share/planted",
    b"/",
    b"~/planted",
    b"CON",
    b"/dev/stdout",
)


def names_that_lead_away(folder: Path) -> list[bytes]:
    return [*AWAY, *ELSEWHERE, bytes(folder.parent / "canary" / "planted")]


def leading_tar(folder: Path) -> None:
    put(folder / "a.tar", tar(*((name, log(start=n)) for n, name in enumerate(names_that_lead_away(folder)))))


def leading_zip(folder: Path) -> None:
    put(
        folder / "a.zip",
        zipped(stored(name, log(start=n)) for n, name in enumerate(names_that_lead_away(folder))),
    )


def links(folder: Path) -> Iterator[tuple[bytes, bytes, bytes]]:
    canary = bytes(folder.parent / "canary")
    for kind in (b"1", b"2"):
        yield b"secret" + kind, kind, b"../canary/secret.log"
        yield b"absolute" + kind, kind, canary + b"/secret.log"
        yield b"passwd" + kind, kind, b"/etc/passwd"
        yield b"self" + kind, kind, b"self" + kind
        yield b"loop" + kind, kind, b"pool" + kind
        yield b"pool" + kind, kind, b"loop" + kind
        yield b"folder" + kind, kind, canary


def linking_tar(folder: Path) -> None:
    told = b"".join(member(name, b"", kind, link) for name, kind, link in links(folder))
    through = b"".join(member(b"folder" + kind + b"/planted", log()) for kind in (b"1", b"2"))
    put(folder / "a.tar", LOG + told + through + END)


def linking_zip(folder: Path) -> None:
    told = [stored(name, link, 0o120777) for name, kind, link in links(folder) if kind == b"2"]
    put(folder / "a.zip", zipped([stored(b"messages", log()), *told, stored(b"folder2/planted", log())]))


def devices() -> bytes:
    return (
        LOG
        + b"".join(member(b"device" + kind, b"", kind) for kind in (b"3", b"4", b"6", b"7", b"V", b"M", b"Z"))
        + END
    )


WAYS_OUT = [
    Case("names that lead out of a tar", leading_tar, RAN, 45),
    Case("names that lead out of a zip", leading_zip, RAN),
    Case("links that lead out of a tar", linking_tar, RAN, 9, ("link",)),
    Case("links that lead out of a zip", linking_zip, RAN, 6, ("link",)),
    Case("devices in a tar", file("a.tar", devices), RAN, 3, ("device",)),
]
