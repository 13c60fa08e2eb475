"""Lint: what a library allows and still is a mistake, beside what nobody uses."""

from collections.abc import Mapping
from pathlib import Path

from logdiag.rules.library import Library, load
from logdiag.rules.lint import lint, untranslated

HEAD = "title: T {host}\nseverity: info\nbasis: assumed\nwhy: W\nreferences: [r]\n"
CASES = """\
cases:
  - {name: fires, log: x, expect: [{}]}
  - {name: is silent, log: x, expect: []}
"""
KO = "ko: {title: '{host} 제목', why: 설명}\n"


def rule(match: str, rest: str = KO) -> str:
    return f"{HEAD}match: {match}\n{rest}{CASES}"


def library(folder: Path, files: Mapping[str, str]) -> Library:
    """The shipped library with files of one's own laid over it."""
    for name, content in files.items():
        path = folder / "own" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return load([folder / "own"])


DEAD = {
    "{Id: '1', Id|startswith: '2'}": "no value of Id meets all that is asked of it",
    "{Id: ['1', '2'], not: {Id: ['2', '1']}}": "no value of Id meets all that is asked of it",
    "{Level|gt: 5, Level|lt: 5}": "no value of Level meets all that is asked of it",
    "{'Node[2]|exists': false, 'Node[2]|contains': a}": "Node[2] is to be absent and to have a value",
    "{Id|exists: true, any: [{Id: a}], not: {Id|exists: true}}": "it asks for a condition and for its contrary",
    "[{A: b}, {Id|cidr: 10.0.0.0/8, Id: 192.0.2.1}]": "no value of Id meets all that is asked of it",
    "{A: b, any: [{C: d, C|re: '^x'}]}": "no value of C meets all that is asked of it",
}
ALIVE = (
    "{Id: ['1', '21'], Id|startswith: '2'}",
    "{Level|gte: 5, Level|lte: 5}",
    "{Level|gt: [9, 1], Level|lt: 5}",
    "{Node: a, 'Node[2]|exists': false}",
    "{Id: '1', not: {Id: '1', A: b}}",
    "{Detail|contains: a, Detail|startswith: b, not: {Detail: c}}",
)


def test_conditions_that_nothing_can_meet_are_found_and_no_others(tmp_path: Path) -> None:
    rules = {f"x/{number}": where for number, where in enumerate([*DEAD, *ALIVE], start=1)}
    own = {name: rule(f"{{record: {{where: {where}}}}}") for name, where in rules.items()}
    assert list(lint(library(tmp_path, own))) == [
        f"x/{number}: record.0 can never match: {reason}"
        for number, reason in enumerate(DEAD.values(), start=1)
    ]


def test_an_incident_of_a_value_that_no_cause_binds_is_dead(tmp_path: Path) -> None:
    cause = rule("{by: [kind], record: {where: {A: b}, bind: {kind: {value: one}}}}")
    incident = rule("{incident: {causes: [x/cause], values: {kind: two}}}")
    found = list(lint(library(tmp_path, {"x/cause": cause, "x/incident": incident})))
    assert found == ["x/incident: can never be made: no cause binds kind: two"]


def test_what_has_no_korean_is_noted_with_its_places_and_is_no_complaint(tmp_path: Path) -> None:
    own = library(
        tmp_path,
        {
            "x/rule": rule(
                "{record: {where: {A: b}, bind: {a: {from: A, missing: nobody}}}}", "remedy: [own]\n"
            ).replace("why: W", "why: W {a}"),
            "x/half": rule("{audit: {of: kind, must: equal, say: {C: a core}}}"),
            "procedures/own": "title: T\nsteps:\n"
            "  - {do: D, why: W, where: every peer, risk: read, verify: V}\n"
            "ko: {title: 제목, steps: [{do: 실행, why: 이유}]}\n",
        },
    )
    assert list(untranslated(own)) == [
        "x/half: has no Korean for says 'a core'",
        "x/rule: has no Korean for title, why, says 'nobody'",
        "procedures/own: has no Korean for step 1: verify",
    ]
    assert list(lint(own)) == []


def test_korean_with_other_placeholders_or_for_texts_that_are_not_there_is_a_complaint(
    tmp_path: Path,
) -> None:
    ko = "ko: {title: 제목, why: '{count} 설명', says: {what: 무엇}}\n"
    assert list(lint(library(tmp_path, {"x/rule": rule("{record: {where: {A: b}}}", ko)}))) == [
        "x/rule: title: the Korean lacks {host}",
        "x/rule: why: only the Korean has {count}",
        "x/rule: ko says 'what', which the rule does not",
    ]


UNREQUIRED = {
    # findings are told apart by it, and a record need not have it
    "{by: [a], record: {where: {B: c}, bind: {a: A}}}": ("a", "A"),
    "{by: [a], alarm: {where: [{Id: '1'}, {Detail|contains: x}], bind: {a: Id}}}": ("a", "Id"),
    # one alternative asks for it and another does not
    "{by: [p], record: {where: [{A: x}, {B: c}], bind: {p: {from: A, as: peer}}}}": ("p", "A"),
    "{by: [a], record: {where: {B: c, not: {A: x}}, bind: {a: A}}}": ("a", "A"),
    "{by: [a], record: {where: {A|exists: false}, bind: {a: A}}}": ("a", "A"),
}
REQUIRED = (
    "{by: [a], record: {where: {A: c}, bind: {a: A}}}",
    "{by: [a], record: {where: [{A: x}, {A|exists: true, B: c}], bind: {a: A}}}",
    "{by: [a], record: {where: {B: c}, bind: {a: {from: A, missing: none}}}}",
    "{by: [p], record: {where: {B: c}, bind: {p: {from: A, as: peer}}}}",
    "{by: [h], record: {where: {B: c}, bind: {h: host}}}",
)


def test_a_bound_key_that_an_alternative_does_not_require_is_refused(tmp_path: Path) -> None:
    matches = {f"x/{number}": match for number, match in enumerate([*UNREQUIRED, *REQUIRED], start=1)}
    own = {name: rule(match) for name, match in matches.items()}
    assert list(lint(library(tmp_path, own))) == [
        f"x/{number}: the bound name {name!r} needs {key}, which one of the alternatives does not require: say "
        "what is missing there, or require it everywhere"
        for number, (name, key) in enumerate(UNREQUIRED.values(), start=1)
    ]
