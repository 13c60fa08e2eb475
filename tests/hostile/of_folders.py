"""Cases: names, in archives and in folders, and what else lies in folders."""

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from archives import END as TAR_END
from archives import gz, long_name, member, stored, tar, zipped
from case import PARTIAL, RAN, Case, file, put
from texts import NAMES, log

RAW_NAMES = [name.encode() for name in NAMES] + [b"caf\xe9.log", b"\xff\xfe\xfd"]


def named_tar() -> bytes:
    return (
        b"".join(long_name(name, log(start=n)) for n, name in enumerate([*RAW_NAMES, b"x" * 100_000]))
        + TAR_END
    )


def named_zip() -> bytes:
    return zipped(stored(name, log(start=n)) for n, name in enumerate([*RAW_NAMES, b"x" * 60_000]))


def named_utf8_zip() -> bytes:
    """Names that the archive says are UTF-8, which some are not."""
    return zipped(stored(name, log(start=n))._replace(flags=1 << 11) for n, name in enumerate(RAW_NAMES))


def named_files(folder: Path) -> None:
    for number, name in enumerate(RAW_NAMES):
        if b"/" not in name:
            put(folder / "expc01" / os.fsdecode(name), log(start=number))


def named_snapshots(folder: Path) -> None:
    """Inputs whose own names are odd."""
    for number, name in enumerate(RAW_NAMES):
        if b"/" not in name:
            put(folder / os.fsdecode(name), log(start=number))


def clashes() -> bytes:
    names = [
        b"messages",
        b"messages",
        b"messages#2",
        b"messages#2",
        b"messages",
        b"messages#2#2",
        b"messages#3",
    ]
    return tar(*((name, log(start=n)) for n, name in enumerate(names)))


def clashing_inputs(folder: Path) -> None:
    for number, name in enumerate(("a/peer", "b/peer", "c/peer#2", "d/peer", "e/peer#3")):
        put(folder / name / "messages", log(start=number))


def clashing_unpacked(folder: Path) -> None:
    put(folder / "expc01" / "messages", log())
    put(folder / "expc01" / "messages.gz", gz(log(start=1)))
    put(folder / "expc01" / "messages#2", log(start=2))


def deep_folder(folder: Path, depth: int) -> None:
    put(folder / "expc01" / "messages", log())
    here = os.open(folder / "expc01", os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    lowest = os.open("messages", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here)
    os.write(lowest, log(start=3))
    os.close(lowest)
    os.close(here)


def links_and_devices(folder: Path) -> None:
    inside = folder / "expc01"
    put(inside / "messages", log())
    (inside / "loop").symlink_to(inside)
    (inside / "self").symlink_to("self")
    (inside / "secret").symlink_to("../../canary/secret.log")
    (inside / "canary").symlink_to("../../canary")
    (inside / "passwd").symlink_to("/etc/passwd")
    (inside / "endless").symlink_to("/dev/zero")
    os.mkfifo(inside / "pipe")
    with socket.socket(socket.AF_UNIX) as opened, contextlib.chdir(inside):
        opened.bind("socket")  # the path of a socket must be short


def links_to_snapshots(folder: Path) -> None:
    put(folder / "case" / "a" / "messages", log())
    put(folder / "case" / "b" / "messages", log(start=3))
    (folder / "case" / "secret").symlink_to("../../canary")
    (folder / "case" / "secret.tar").symlink_to("../../canary/secret.log")
    os.mkfifo(folder / "case" / "pipe.tar")


def closed_file(folder: Path) -> None:
    put(folder / "expc01" / "messages", log())
    put(folder / "expc01" / "closed", log(start=3))
    (folder / "expc01" / "closed").chmod(0)


def closed_folder(folder: Path) -> None:
    put(folder / "expc01" / "messages", log())
    put(folder / "expc01" / "closed" / "messages", log(start=3))
    (folder / "expc01" / "closed").chmod(0)


def many_files(folder: Path) -> None:
    for number in range(500):
        put(folder / "expc01" / f"{number % 50}" / f"log{number}", log(1, start=number))


def many_snapshots(folder: Path) -> None:
    for number in range(100):
        put(folder / "case" / f"{number}" / "messages", log(1, start=number))


def useless_beside_useful(folder: Path) -> None:
    put(folder / "messages.log", log())
    put(folder / "notes.txt", b"nothing\n")


def nothing_at_all(folder: Path) -> None:
    for name in ("a", "b/c"):
        (folder / "case" / name).mkdir(parents=True)
    put(folder / "case" / "empty", b"")


def cases() -> Iterator[Case]:
    yield Case("odd names in a tar", file("a.tar", named_tar), RAN, 3 * len(RAW_NAMES) + 3)
    yield Case("odd names in a zip", file("a.zip", named_zip), RAN)
    yield Case("odd names in a zip that are called UTF-8", file("a.zip", named_utf8_zip), RAN)
    yield Case("odd names in a folder", named_files, RAN)
    yield Case("odd names of inputs", named_snapshots, RAN)
    yield Case("names that clash with numbered names", file("a.tar", clashes), RAN, 21)
    yield Case("names of snapshots that clash with numbered names", clashing_inputs, RAN, 15, inputs="*/*")
    yield Case("names that clash when unpacked", clashing_unpacked, RAN, 9)
    yield Case(
        "5,000 members of one name",
        file(
            "a.tar.gz",
            lambda: gz(member(b"messages", log())) + gz(member(b"messages", b"x")) * 5_000 + gz(TAR_END),
        ),
        RAN,
        3,
        heavy=True,
    )
    yield Case("a folder 200 deep", lambda folder: deep_folder(folder, 200), PARTIAL, 3, ("folders inside",))
    yield Case(
        "a folder 1,500 deep", lambda folder: deep_folder(folder, 1500), PARTIAL, 3, ("folders inside",)
    )
    yield Case("links and devices in a folder", links_and_devices, RAN, 3, ("link", "device"))
    yield Case("links in place of snapshots", links_to_snapshots, RAN, 6)
    yield Case("a file that cannot be read", closed_file, PARTIAL, 3, ("cannot be read",))
    yield Case("a folder that cannot be read", closed_folder, PARTIAL, 3, ("the folder cannot be read",))
    yield Case(
        "links, devices and files beyond the limit of members",
        links_and_devices,
        PARTIAL,
        3,
        ("no more than 4 members",),
        ("--limit", "members=4"),
    )
    yield Case("500 files", many_files, RAN, 500, heavy=True)
    yield Case("100 snapshots", many_snapshots, RAN, 100, heavy=True)
    yield Case("one input without anything", useless_beside_useful, PARTIAL, 3, ("holds no log record",))
    yield Case("folders without anything", nothing_at_all, 4, 0)
