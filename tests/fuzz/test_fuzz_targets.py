"""Run the fuzz targets on fixed mutations of their seeds."""

import importlib
import re
from pathlib import Path

import fuzz
import fuzz_dumps
import fuzz_reader
import pytest
from guard import ForbiddenError, nothing_else
from mutations import kept, mutations

COUNT = 300
FOLDER = Path(__file__).parent


@pytest.mark.parametrize("part", range(3))
def test_no_mutation_of_an_input_breaks_the_reader(part: int) -> None:
    from records_from import FRAGMENTS

    pieces = [
        *FRAGMENTS,
        b"ustar",
        b"x",
        b"L",
        b"S",
        b"\x80" + b"\xff" * 11,
        b"PK\3\4",
        b"PK\1\2",
        b"\x1f\x8b",
        bytes(512),
    ]
    for data in list(mutations(fuzz_reader.seeds(), pieces, COUNT))[part::3]:
        fuzz_reader.run_input(data)


def test_no_mutation_of_a_dump_breaks_its_reader() -> None:
    from dump_reading import FRAGMENTS

    pieces = [
        *FRAGMENTS,
        b"<a>",
        b"</a>",
        b"<",
        b"&x;",
        b"<!DOCTYPE a>",
        b"-----BEGIN CERTIFICATE-----\n",
        b"\xff\xfe",
    ]
    for data in mutations(fuzz_dumps.seeds(), pieces, COUNT):
        fuzz_dumps.run_input(data)


def test_the_seeds_are_read_and_are_many_kinds_of_things() -> None:
    for data in fuzz_reader.seeds():
        fuzz_reader.run_input(data)
    assert len(set(fuzz_reader.seeds())) > 80
    assert len(set(fuzz_dumps.seeds())) > 20


# ── all targets ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("target", fuzz.TARGETS)
def test_the_kept_inputs_of_a_target_pass(target: str) -> None:
    run_input = importlib.import_module(f"fuzz_{target}").run_input
    assert len(kept(target)) >= 5
    for data in kept(target):
        run_input(data)


@pytest.mark.parametrize("target", [name for name in fuzz.TARGETS if name not in ("reader", "records")])
def test_a_part_of_the_seeds_of_a_target_passes(target: str) -> None:
    module = importlib.import_module(f"fuzz_{target}")
    for data in module.seeds()[::7]:
        module.run_input(data)


def test_the_kept_inputs_are_small() -> None:
    sizes = [path.stat().st_size for path in (FOLDER / "corpus").rglob("*") if path.is_file()]
    assert max(sizes) <= 8192
    assert sum(sizes) <= 200_000


def test_each_target_is_in_the_tables_of_the_runner_and_of_the_page() -> None:
    modules = [path.stem.removeprefix("fuzz_") for path in sorted(FOLDER.glob("fuzz_*.py"))]
    assert sorted(fuzz.TARGETS) == modules
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(fuzz.TARGETS)


def test_code_that_runs_while_an_input_is_read_is_noticed() -> None:
    with pytest.raises(ForbiddenError, match=r"exec|compile"), nothing_else():
        eval("1 + 1")
