"""Lint: what a library allows and still is a mistake, beside what nobody uses."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from logdiag.errors import InputError, LibraryError
from logdiag.rules.library import Library, load
from logdiag.rules.lint import find_untranslated, lint
from logdiag.rules.translation import in_language

HEAD = 'title: T {host}\nseverity: info\nbasis: assumed\nwhy: W\nreferences: ["note: r"]\n'
CASES = """\
cases:
  - {name: fires, log: x, expect: [{}]}
  - {name: is silent, log: x, expect: []}
"""


def rule(match: str, rest: str = "") -> str:
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
    "{'Node[2]|exists': false, 'Node[2]|contains': a}": "Node[2] is to be absent and to have a value",
    "{Id|exists: true, any: [{Id: a}], not: {Id|exists: true}}": "it asks for a condition and for its contrary",
    "[{A: b}, {Id|contains: a, Id: 192.0.2.1}]": "no value of Id meets all that is asked of it",
    "{A: b, any: [{C: d, C|re: '^x'}]}": "no value of C meets all that is asked of it",
}
ALIVE = (
    "{Id: ['1', '21'], Id|startswith: '2'}",
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


def test_rules_that_cause_each_other_are_a_circle_unless_a_condition_decides(tmp_path: Path) -> None:
    match = "{record: {where: {A: b}}}"
    first = rule(match, "explains: [x/second]\n")
    second = rule(match, "explains: [x/third, x/second]\n")
    third = rule(match, "explains: [x/first]\n")
    own = {"x/first": first, "x/second": second, "x/third": third}
    [found] = lint(library(tmp_path, own))
    assert "is the cause of its own cause: " in found
    assert {word for word in found.split() if word.startswith("x/")} == {*own, found.split()[0]}
    conditional = third.replace("[x/first]", "[{rule: x/first, unless: x/second}]")
    assert list(lint(library(tmp_path, own | {"x/third": conditional}))) == []


def test_a_shared_effect_closes_a_circle_as_well(tmp_path: Path) -> None:
    match = "{record: {where: {A: b}}}"
    own = {
        "effects/own": "why: W\neffects: [x/second]\n",
        "x/first": rule(match, "explains: [{effects: own}]\n"),
        "x/second": rule(match, "explains: [x/first]\n"),
    }
    [found] = lint(library(tmp_path, own))
    assert "is the cause of its own cause: " in found


def test_an_effect_that_never_has_a_finding_is_a_complaint(tmp_path: Path) -> None:
    own = {
        "x/cause": rule("{record: {where: {A: b}}}", "explains: [x/composite, x/unknown, x/effect]\n"),
        "x/composite": rule("{incident: {causes: [x/cause]}}"),
        "x/unknown": f"{HEAD}match: {{cannot_tell: W}}\n",
        "x/effect": rule("{record: {where: {C: d}}}"),
    }
    assert list(lint(library(tmp_path, own))) == [
        "x/cause: explains x/composite, which never has a finding",
        "x/cause: explains x/unknown, which never has a finding",
    ]


def catalogue(folder: Path, texts: Mapping[str, str]) -> None:
    """Korean for the user's library."""
    path = folder / "own" / "locale" / "ko" / "LC_MESSAGES" / "logdiag.po"
    path.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n'
    path.write_text(
        head + "".join(f'msgid "{english}"\nmsgstr "{text}"\n' for english, text in texts.items())
    )


def test_a_text_without_a_translation_is_noted_with_its_place_and_is_no_complaint(tmp_path: Path) -> None:
    catalogue(tmp_path, {"T {host}": "{host} 제목", "W": "설명", "T": "제목", "D": "실행"})
    own = library(
        tmp_path,
        {
            "x/rule": rule(
                "{record: {where: {A: b}, bind: {a: {from: A, missing: nobody}}}}", "remedy: [own]\n"
            ).replace("why: W", "why: W {a}"),
            "x/half": rule("{audit: {of: kind, must: equal, say: {C: a core}}}"),
            "procedures/own": "title: T\nsteps:\n"
            "  - {do: D, why: W, where: every peer, risk: read, verify: V}\n",
        },
    )
    assert list(find_untranslated(own)) == [
        "x/half: not translated into ko: match.0.audit.say.C",
        "x/rule: not translated into ko: why, match.0.record.0.bind.a.missing",
        "procedures/own: not translated into ko: steps.0.verify",
    ]
    assert list(lint(own)) == []


def test_a_translation_with_other_placeholders_is_a_complaint_and_is_not_used(tmp_path: Path) -> None:
    catalogue(tmp_path, {"T {host}": "제목", "W": "{count} 설명"})
    own = library(tmp_path, {"x/rule": rule("{record: {where: {A: b}}}")})
    assert list(lint(own)) == [
        "x/rule: title: the translation into ko lacks {host}",
        "x/rule: why: the translation into ko alone has {count}",
    ]
    with pytest.raises(InputError, match=r"the translation of 'W' has {count}, which the English lacks"):
        in_language(own, "ko")


def test_a_library_of_the_user_has_its_own_translations(tmp_path: Path) -> None:
    catalogue(tmp_path, {"T {host}": "{host} 제목", "W {a}": "{a} 설명", "nobody": "아무도"})
    bind = rule("{record: {where: {A: b}, bind: {a: {from: A, missing: nobody}}}}")
    korean = in_language(library(tmp_path, {"x/rule": bind.replace("why: W", "why: W {a}")}), "ko")
    assert (korean.rules["x/rule"].title, korean.rules["x/rule"].why) == ("{host} 제목", "{a} 설명")
    assert korean.says["x/rule"] == {"nobody": "아무도"}
    assert korean.rules["incident/peer-lost"].title.startswith("{hosts}와(과) {peers}의 ")


def test_a_broken_catalogue_is_an_error_with_its_path(tmp_path: Path) -> None:
    catalogue(tmp_path, {})
    (tmp_path / "own" / "locale" / "ko" / "LC_MESSAGES" / "logdiag.po").write_text("no catalogue\n")
    with pytest.raises(InputError, match=r"logdiag\.po: not a catalogue: "):
        in_language(library(tmp_path, {}), "ko")


def test_korean_in_a_rule_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"unknown key 'ko'; translations are read from locale/ko/"):
        library(tmp_path, {"x/rule": rule("{record: {where: {A: b}}}", "ko: {title: 제목}\n")})


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
