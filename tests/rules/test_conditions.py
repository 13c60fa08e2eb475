"""Conditions: what each word of them means, and that random ones agree with a naive evaluator."""

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logdiag.conditions import ConditionError, Log, Reference, any_of, compile_condition, find_references
from logdiag.reading import read_texts
from logdiag.records import RECORDS

Pairs = list[tuple[str, str]]

RECORD = """\
2024-03-05T09:00:00.100+00:00 expa01 httpd[15060]: web: Event="Login" Node="first" some words Node="Second" \
Src-ip="10.0.0.7" Level="3" Empty=""
and a second line
2024-03-05T09:00:01.100+00:00 expa02 Module="network.dns" Detail="Sending DNS query in 25 ms"
"""


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(read_texts({"a.log": RECORD.encode()}).records)


def table(*records: Pairs, host: str = "expa01") -> pa.Table:
    """Records of nothing but pairs."""
    whole = {"time": 0, "header_time": 0, "utc_offset": 0, "host": host, "snapshot": "s", "source": "s"}
    return pa.Table.from_pylist(
        [
            {
                **whole,
                "module": next((value.strip() for key, value in pairs if key == "Module"), None),
                "fields": [{"key": key, "value": value} for key, value in pairs],
                "line": number,
                "offset": number,
                "length": 1,
            }
            for number, pairs in enumerate(records)
        ],
        schema=RECORDS,
    )


def with_numbered_keys(records: pa.Table) -> pa.Table:
    """The same records as the compiled reader gives them to those that select from them."""
    fields = records.column("fields").combine_chunks()
    key, value = fields.flatten().flatten()
    pairs = pa.StructArray.from_arrays([key.dictionary_encode(), value], ["key", "value"])
    numbered = pa.ListArray.from_arrays(fields.offsets, pairs)
    return records.set_column(records.column_names.index("fields"), "fields", numbered)


def rows(log: Log, written: Any) -> list[int]:
    return [int(row) for row in log.rows(compile_condition(written))]


# ── modifiers ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("modifier", "wanted", "holds", "silent"),
    [
        ("", "Mnesia Down", ["mnesia down", "MNESIA DOWN"], ["mnesia down ", "mnesia", ""]),
        ("", 20004, ["20004"], ["020004", "20004.0"]),
        ("", True, ["true", "True"], ["yes", "1"]),
        ("", "", [""], [" ", "a"]),
        ("|contains", "nesia_D", ["mnesia_down", "MNESIA_DOWN here"], ["mnesia down", ""]),
        ("|contains", "a.c", ["xA.Cx"], ["abc"]),
        ("|contains", "ü", ["GRÜN"], ["grun"]),
        ("|startswith", "Developer.", ["developer.clusterdb", "DEVELOPER."], [" developer.", "developer"]),
        ("|re", "^a[0-9]+$", ["a1", "a20"], ["A1", "ba1", "a"]),
        ("|re", "(?i)node[0-9]", ["on NODE7 now"], ["node"]),
        ("|exists", True, ["anything", ""], []),
        ("|exists", False, [], ["anything", ""]),
    ],
)
def test_a_modifier(modifier: str, wanted: Any, holds: list[str], silent: list[str]) -> None:
    log = Log(table(*([("Key", value)] for value in holds + silent)))
    assert rows(log, {f"Key{modifier}": wanted}) == list(range(len(holds)))


@given(st.text(max_size=5))
@example("İ")
@settings(deadline=None)
def test_a_text_is_what_it_is(value: str) -> None:
    log = Log(table([("Key", value)]))
    for modifier in ("", "|contains", "|startswith"):
        assert rows(log, {f"Key{modifier}": value}) == [0], modifier


@pytest.mark.parametrize(
    ("modifier", "wanted"),
    [
        ("", ""),
        ("|contains", ""),
        ("|startswith", ""),
        ("|re", ".*"),
        ("|exists", True),
    ],
)
def test_what_a_record_does_not_have_never_matches(modifier: str, wanted: Any) -> None:
    log = Log(table([("Other", "0")]))
    assert rows(log, {f"Key{modifier}": wanted}) == []
    assert rows(log, {"not": {f"Key{modifier}": wanted}}) == [0]


# ── and, or, not ────────────────────────────────────────────────────────────────────────────

AB = Log(table([("A", "1"), ("B", "1")], [("A", "1"), ("B", "2")], [("A", "2"), ("B", "1")], [("B", "3")]))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"A": 1, "B": 1}, [0]),
        ({"B": [1, 3]}, [0, 2, 3]),
        ({"B|re": ["5", "[3-4]"]}, [3]),
        ([{"A": 2}, {"B": 2}], [1, 2]),
        ([{"A": 1}, {"B": 1}], [0, 1, 2]),
        ({"any": [{"A": 2}, {"B": 3}]}, [2, 3]),
        ({"any": {"A": 2}}, [2]),
        ({"B": 1, "any": [{"A": 2}, {"B": 3}]}, [2]),
        ({"not": {"A": 1}}, [2, 3]),
        ({"not": {"A": 1, "B": 1}}, [1, 2, 3]),
        ({"not": [{"A": 1}, {"B": 1}]}, [3]),
        ({"not": {"not": {"A": 1}}}, [0, 1]),
        ({"B": 1, "not": {"any": [{"A": 2}]}}, [0]),
    ],
)
def test_maps_are_and_lists_are_or(written: Any, expected: list[int]) -> None:
    assert rows(AB, written) == expected


def test_exists_takes_a_list_as_the_others_do() -> None:
    assert rows(AB, {"A|exists": [True, False]}) == [0, 1, 2, 3]


def test_an_empty_table() -> None:
    log = Log(table())
    for written in (
        {"A": [1, 2]},
        {"not": {"A": 1}},
        {"any": [{"host": "x"}, {"Module": "y"}]},
        {"A|exists": False},
    ):
        assert rows(log, written) == []
    assert log.values(Reference("A"), log.rows(compile_condition({"A": 1}))).to_pylist() == []


# ── references ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "EXPA01"),
        ("process", "httpd"),
        ("subprocess", "web"),
        ("text", "some words"),
        ("body", "and a second line"),
        ("Event", "login"),
        ("Level", "3"),
        ("Src-ip", "10.0.0.7"),
        ("Empty", ""),
        ("Node", "first"),
        ("Node[1]", "first"),
        ("Node[2]", "second"),
    ],
)
def test_a_key_or_a_column(log: Log, key: str, value: str) -> None:
    assert rows(log, {key: value}) == [0]


def test_a_repeat_that_is_not_there(log: Log) -> None:
    assert rows(log, {"Node[3]|exists": True}) == []
    assert rows(log, {"Node[2]|exists": False}) == [1]
    assert rows(log, {"Event[2]|exists": True}) == []


def test_keys_have_case_and_values_have_none(log: Log) -> None:
    assert rows(log, {"node": "first"}) == []
    assert rows(log, {"Node": "FIRST"}) == [0]
    assert rows(log, {"Module": "NETWORK.dns"}) == [1]


def test_columns_that_a_record_lacks_are_null(log: Log) -> None:
    assert rows(log, {"process|exists": False}) == [1]
    assert rows(log, {"body|exists": False}) == [1]
    assert log.values(
        Reference("subprocess"), log.rows(compile_condition({"host": "expa02"}))
    ).to_pylist() == [None]


def test_repeats_are_counted_within_their_record() -> None:
    log = Log(
        table([("N", "a")], [("N", "b"), ("M", "x"), ("N", "c")], [], [("N", "d"), ("N", "e"), ("N", "f")])
    )
    every = log.rows(compile_condition({"not": {"host": "none"}}))
    assert log.values(Reference("N", 1), every).to_pylist() == ["a", "b", None, "d"]
    assert log.values(Reference("N", 2), every).to_pylist() == [None, "c", None, "e"]
    assert log.values(Reference("N", 3), every[1:]).to_pylist() == [None, None, "f"]


def test_a_table_of_several_chunks() -> None:
    log = Log(
        pa.concat_tables([table([("N", "a")]), table([("N", "b")], host="expa02"), table([("M", "c")])])
    )
    assert rows(log, {"host": "expa02"}) == [1]
    assert rows(log, {"N|exists": True}) == [0, 1]
    assert rows(log, {"M": "c"}) == [2]


def test_every_reference_of_a_condition() -> None:
    written = {"A": 1, "any": [{"B[2]": 1}, {"not": {"C|re": "x"}}]}
    assert list(find_references(compile_condition(written))) == [
        Reference("A"),
        Reference("B", 2),
        Reference("C"),
    ]


@pytest.mark.parametrize("text", ["Node[0]", "Node[-1]", "Node[2", "Node|re", "", "[2]"])
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(ConditionError):
        Reference.parse(text)


# ── mistakes ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "x(?=y)", "x(?!y)", "(?<=x)y", "(?<!x)y", "(?P<a>x)(?P=a)", "("]
)
def test_what_re2_cannot_promise_to_match_in_linear_time(pattern: str) -> None:
    with pytest.raises(ConditionError, match="is no regular expression of RE2") as caught:
        compile_condition({"Id": 1, "any": [{"A": 1}, {"not": {"Detail|re": ["fine", pattern]}}]})
    assert caught.value.path == ("any", 1, "not", "Detail|re")


@pytest.mark.parametrize(
    ("written", "path", "message"),
    [
        ("Event", (), "a condition is a map"),
        ({}, (), "would match every record"),
        ([], (), "can never hold"),
        ([{"A": 1}, {}], (1,), "would match every record"),
        ({"any": []}, ("any",), "can never hold"),
        ({"A": []}, ("A",), "can never hold"),
        ({"not": "x"}, ("not",), "a condition is a map"),
        ({"A": None}, ("A",), "a value is a text or a number"),
        ({"A": {"B": 1}}, ("A",), "a value is a text or a number"),
        ({"A|contain": 1}, ("A|contain",), "unknown modifier 'contain'; did you mean 'contains'?"),
        ({"A|regex": 1}, ("A|regex",), "did you mean 're'?"),
        ({"A|contains|re": 1}, ("A|contains|re",), "several modifiers"),
        ({"A[0]": 1}, ("A[0]",), "'A[0]' is no key"),
        ({"A|re": "("}, ("A|re",), "is no regular expression of RE2"),
        ({"A|exists": "maybe"}, ("A|exists",), "exists takes true or false"),
    ],
)
def test_a_mistake_has_a_path(written: Any, path: tuple[str | int, ...], message: str) -> None:
    with pytest.raises(ConditionError, match=re.escape(message)) as caught:
        compile_condition(written)
    assert caught.value.path == path


# ── random conditions against a naive evaluator ─────────────────────────────────────────────

NAIVE: dict[str, Callable[[str, str], bool]] = {
    "": lambda a, b: a.lower() == b.lower(),
    "contains": lambda a, b: b.lower() in a.lower(),
    "startswith": lambda a, b: a.lower().startswith(b.lower()),
    "re": lambda a, b: re.search(b, a) is not None,
}


def naive(written: Any, pairs: Pairs) -> bool:
    """Whether a condition holds for one record."""
    if isinstance(written, list):
        return any(naive(item, pairs) for item in written)
    for key, value in written.items():
        values = value if isinstance(value, list) else [value]
        if key == "any":
            holds = any(naive(item, pairs) for item in values)
        elif key == "not":
            holds = not naive(value, pairs)
        else:
            name, _, modifier = key.partition("|")
            name, _, number = name.rstrip("]").partition("[")
            found = [v for k, v in pairs if k == name][int(number or 1) - 1 :][:1]
            if modifier == "exists":
                holds = bool(found) == value
            else:
                holds = any(NAIVE[modifier](found[0], str(wanted)) for wanted in values if found)
        if not holds:
            return False
    return True


WANTED = st.sampled_from(["", "a", "A", "ab", "BA", "1", "2", "2 ms", "10.0.0.1"])
REFERENCES = st.sampled_from(["A", "A[1]", "A[2]", "B", "B[3]", "Module"])
PAIRS = st.tuples(st.sampled_from(["A", "B", "Module"]), WANTED)


@st.composite
def one_test(draw: st.DrawFn) -> dict[str, Any]:
    modifier = draw(st.sampled_from([*NAIVE, "exists"]))
    values: st.SearchStrategy[Any] = {
        "re": st.sampled_from(["a", "^A", "b$", "^$", "[12]"]),
        "exists": st.booleans(),
    }.get(modifier, WANTED)
    if modifier != "exists":
        values |= st.lists(values, min_size=1, max_size=3)
    return {draw(REFERENCES) + (f"|{modifier}" if modifier else ""): draw(values)}


def combined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several,
        several.map(lambda items: {"any": items}),
        inner.map(lambda item: {"not": item}),
        st.tuples(one_test(), inner, one_test()).map(lambda of: {**of[0], "not": of[1], **of[2]}),
    )


CONDITIONS = st.recursive(one_test(), combined, max_leaves=6)


@given(CONDITIONS, st.lists(st.lists(PAIRS, max_size=4), max_size=6), st.integers(0, 6))
@settings(deadline=None, max_examples=150)
def test_random_conditions_agree_with_a_naive_evaluator(written: Any, records: list[Pairs], cut: int) -> None:
    log = Log(pa.concat_tables([table(*records[:cut]), table(*records[cut:])]))
    assert rows(log, written) == [row for row, pairs in enumerate(records) if naive(written, pairs)]
    part = Log(table(*records).slice(cut))
    assert rows(part, written) == [row for row, pairs in enumerate(records[cut:]) if naive(written, pairs)]


@given(st.lists(CONDITIONS, max_size=5), st.lists(st.lists(PAIRS, max_size=4), max_size=9))
@settings(deadline=None, max_examples=150)
def test_alternatives_select_what_one_of_them_does(written: list[Any], records: list[Pairs]) -> None:
    """Whatever they have in common is asked once."""
    log = Log(with_numbered_keys(table(*records)))
    found = log.rows(any_of(map(compile_condition, written)))
    wanted = [row for row, pairs in enumerate(records) if any(naive(one, pairs) for one in written)]
    assert found.tolist() == wanted
