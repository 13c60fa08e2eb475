"""Run the fuzz targets on fixed mutations of their seeds."""

import fuzz_dumps
import fuzz_reader
import pytest
from mutations import mutations

COUNT = 300


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
