"""Small clusters on disk, and an engine that needs no processes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Here:
    """Does the tasks in this process, in the order in which they come, or the other way round."""

    workers: int = 1
    backwards: bool = False

    def run(self, tasks: Sequence[T], work: Callable[[T], R]) -> Iterator[tuple[T, R | None]]:
        for task in reversed(tasks) if self.backwards else tasks:
            yield task, work(task)

    def everywhere(self, ask: Callable[[], str]) -> list[tuple[str, str]]:
        return [("here", ask())]


def log(host: str, lost: str = "expz09", day: str = "2024-03-05") -> str:
    """A peer that loses another."""
    return "".join(
        f'{day}T09:{minute:02d}:00.100+00:00 {host} UTCTime="{day} 09:{minute:02d}:00,100" '
        f'Module="developer.clusterdb.cdb" Level="INFO" Node="clusterdb@{host}" PID="<0.1.0>" {told}\n'
        for minute, told in (
            (0, 'Detail="Replication started"'),
            (
                5,
                f'Detail="Processed mnesia_down event from accessible node" Node="clusterdb@{lost}"',
            ),
            (50, 'Detail="Nothing of note"'),
        )
    )


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def cluster(folder: Path, *hosts: str, day: str = "2024-03-05") -> Path:
    """A folder with a snapshot, itself a folder, for each host."""
    for host in hosts:
        put(folder / f"snapshot_{host}" / "messages.log", log(host, day=day))
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder with what they hold."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
