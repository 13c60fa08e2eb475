"""Processes on this machine: one that dies takes nothing with it but its own task."""

import os
import signal
from pathlib import Path

import pytest

from logdiag.batch.engines import Processes


def work(task: tuple[str, Path]) -> str:
    """Each call leaves a mark; some tasks kill their process, once or always."""
    name, folder = task
    marks = len(list(folder.glob(f"{name}-*")))
    (folder / f"{name}-{marks}").touch()
    if name.startswith("deadly") or (name.startswith("once") and not marks):
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "wrong":
        raise ValueError(name)
    return name.upper()


def process(_: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("workers", [1, 3])
def test_a_task_whose_process_dies_is_tried_again_once_and_the_others_never_notice(
    tmp_path: Path, workers: int
) -> None:
    names = ["a", "deadly", "b", "once", "c"]
    done = dict(Processes(workers).run([(name, tmp_path) for name in names], work))
    assert {name: result for (name, _), result in done.items()} == {
        "a": "A",
        "b": "B",
        "c": "C",
        "once": "ONCE",
        "deadly": None,
    }
    marks = sorted(path.name for path in tmp_path.iterdir())
    assert marks == ["a-0", "b-0", "c-0", "deadly-0", "deadly-1", "once-0", "once-1"]


def test_what_a_task_raises_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="wrong"):
        list(Processes(2).run([("a", tmp_path), ("wrong", tmp_path)], work))


def test_a_process_is_used_for_many_tasks_and_is_not_this_one() -> None:
    used = {result for _, result in Processes(1).run(range(5), process)}
    assert len(used) == 1
    assert os.getpid() not in used


def test_without_tasks_there_is_nothing_to_do() -> None:
    assert list(Processes(2).run([], work)) == []
