"""Numbers behind names that come again."""

from hypothesis import given
from hypothesis import strategies as st

from logdiag.files.unique_names import Numbering

NAMES = st.lists(st.sampled_from(["a", "A", "b", "a#2", "a#3", "A#2", "a#2#2", "b#2", "#2", ""]), max_size=40)


@given(NAMES, st.booleans())
def test_no_name_is_given_out_twice_and_one_that_is_free_stays_as_it_is(names: list[str], fold: bool) -> None:
    numbering = Numbering(fold=fold)
    given_out: set[str] = set()
    for name in names:
        found = numbering.name(name)
        assert found.lower() not in {one.lower() for one in given_out} if fold else found not in given_out
        assert found == name or name.lower() in {one.lower() for one in given_out}
        given_out.add(found)


def test_numbers_count_from_two_and_pass_over_those_that_are_taken() -> None:
    numbering = Numbering()
    names = ["messages", "messages#3", "messages", "messages", "messages#3"]
    assert [numbering.name(name) for name in names] == [
        "messages",
        "messages#3",
        "messages#2",
        "messages#4",
        "messages#3#2",
    ]


def test_a_hundred_thousand_names_that_are_taken_are_passed_over_once() -> None:
    numbering = Numbering()
    for number in range(2, 100_000):
        numbering.name(f"a#{number}")
    assert [numbering.name("a") for _ in range(100_000)][-1] == "a#199998"
