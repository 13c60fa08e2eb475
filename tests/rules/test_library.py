"""Libraries: every mistake at once with its place, what loads, and the cases of the shipped rules."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from logdiag.errors import InputError, LibraryError, Mistake
from logdiag.files import resources
from logdiag.pipeline import examine
from logdiag.reading import read_texts
from logdiag.rules.cases import run_cases
from logdiag.rules.library import Library, _checked, _files, load
from logdiag.rules.lint import lint

CASES = """\
cases:
  - {name: fires, log: x, expect: [{}]}
  - {name: is silent, log: x, expect: []}
"""
HEAD = "title: T\nseverity: low\nbasis: assumed\nwhy: W\n"
STEP = "do: D, why: W, risk: read, verify: V"
RAISED = (
    '2024-03-05T09:00:00.524+00:00 expa01 alarm: Event="Alarm Raised" Id="77777" Detail="Some words" '
    'UTCTime="2024-03-05 09:00:00,524"\n'
)


def rule(match: str, *lines: str, head: str = HEAD, cases: str = CASES) -> str:
    """A rule whose match stands on line 5 and whose further lines follow on line 6."""
    return "".join([head, f"match: {match}\n", *(f"{line}\n" for line in lines), cases])


def loaded(folder: Path, files: Mapping[str, str | bytes]) -> Library:
    """The shipped library with one of these files laid over it."""
    for name, content in files.items():
        path = folder / "own" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load([folder / "own"])


def mistakes(folder: Path, files: Mapping[str, str | bytes]) -> list[Mistake]:
    with pytest.raises(LibraryError) as caught:
        loaded(folder, files)
    return caught.value.mistakes


def the_mistake(folder: Path, content: str | bytes, name: str = "x/rule") -> str:
    """The only mistake of a library of one file, without the file's name."""
    (found,) = mistakes(folder, {name: content})
    assert found.file == f"own/{name}.yaml"
    return f"{found.line}:{found.column}: {found.message}"


# ── all mistakes at once ────────────────────────────────────────────────────────────────────

WRONG: dict[str, str | bytes] = {
    "keys/of-the-rule": HEAD.replace("title", "titel").replace("low", "lo")
    + f"match: {{record: {{where: {{Event: a}}}}}}\nsettling: soon\n{CASES}",
    "keys/below-it": rule(
        "\n"
        "  record:\n"
        "    wher: {Event: a}\n"
        "    bind:\n"
        "      peer: {form: Host, as: peers}\n"
        "      user: {from: User, value: x}",
        "explains: [{rule: dns/peer-unresolved, withing: 5s}]",
        "remedy:\n  - procedure: check-replication\n    when: {topologie: single}",
    ),
    "keys/of-a-case": rule(
        "{record: {where: {Event: a}}}", cases="cases:\n  - nam: x\n    expect:\n      - {stat: open}\n"
    ),
    "conditions/modifiers": rule(
        "\n  record:\n    - where: {Event: a}\n    - where:\n        any:\n          - {Detail|contain: a}"
    ),
    "conditions/values": rule(
        "{record: [{where: {A|re: '('}}, {where: {B|gt: 5}}, {where: {C|exists: no}}]}"
    ),
    "conditions/shapes": rule("{record: [{where: Event}, {where: {}}, {where: {not: []}}, {where: {A: }}]}"),
    "conditions/re2": rule(
        "\n"
        "  record:\n"
        "    where: {Event: a, Detail|re: '(a)\\1'}\n"
        "    bind:\n"
        "      one: {from: Detail, re: '(?P<value>a)(?=b)'}\n"
        "      two: {from: Detail, re: 'a(b)'}\n"
        "      three: 'Node[0]'",
    ),
    "names/bound": rule(
        "{by: [pear], count: {of: {where: {A: b}, bind: {peer: Node}}, "
        "at_least: 2, within: 5s, distinct: uesr}}",
        head=HEAD.replace("T", "'{host} and {pier}'").replace("W", "'{took}'"),
    ),
    "names/of-others": rule(
        "{state: {raise: {where: {A: b}}, over_by: [replication-finshed]}}",
        "explains: [database/peer-dwon, {rule: dns/peer-unresolvd}]",
        "remedy: [test-the-way, {procedure: check-replication, when: {finding: databse/inconsistent}}]",
    ),
    "names/causes": rule("{incident: {causes: [database/peerdown], state_of: [cluster/restart-requird]}}"),
    "procedures/own": "title: T\nsteps:\n"
    f"  - {{{STEP}, where: the primery}}\n"
    f"  - {{{STEP}, where: every peer, when: {{finding: dns/peer-unresolve}}}}\n"
    f"  - {{{STEP}, where: every peer, command: 'ping {{peer}} {{wher}}'}}\n",
    "procedures/keys": f"title: T\nsteps:\n  - {{{STEP.replace('read', 'reed')}, wher: every peer}}\n",
    "signals/own": "why: W\nmatch: {count: {of: {where: {A: b}}, at_least: 1, within: 5s}}\n",
    "kinds/none": rule("{by: []}"),
    "kinds/two": rule("{record: {where: {A: b}}, state: {raise: {where: {A: b}}}}"),
    "kinds/optional": rule("{record: {where: {A: b}, bind: {a: {from: A, optional: true}}}}"),
    "kinds/of-any-time": rule("{audit: {of: logged_primary, must: equal}}"),
    "kinds/of-one-time": rule("{audit: {of: ntp_servers, must: present, within: 5m}}"),
    "kinds/limits": rule("{count: {of: [], at_least: 0, within: 5}}"),
    "kinds/one-step": rule("{sequence: {steps: [{where: {A: b}}], within: 1w}}"),
    "kinds/side": rule("{sequence: {steps: [{where: {A: b}}, {where: {A: b}, peer: some}], within: 1m}}"),
    "cases/only-firing": rule("{record: {where: {A: b}}}", cases=CASES.replace("[]", "[{}]")),
    "cases/only-silent": rule("{record: {where: {A: b}}}", cases=CASES.replace("[{}]", "[]")),
    "cases/only-one": rule("{record: {where: {A: b}}}", cases="cases: [{name: a, log: x, expect: [{}]}]\n"),
    "cases/no-log": rule("{record: {where: {A: b}}}", cases=CASES.replace("fires, log: x", "fires")),
    "yaml/twice": HEAD + rule("{record: {where: {A: b}}}"),
    "yaml/twice-below": rule("{record: {where: {A: b, A: c}}}"),
    "yaml/broken": "title: [a\nwhy: b\n",
    "yaml/tabs": "title:\n\tT\n",
    "yaml/latin": "title: Grün\n".encode("latin-1"),
    "yaml/empty": "",
    "yaml/list": "- a\n- b\n",
    "yaml/number": rule("{record: {where: {A: b}}}", head=HEAD.replace("T", "7").replace("W", "null")),
}


def test_all_mistakes_are_told_at_once(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    with pytest.raises(LibraryError) as caught:
        loaded(tmp_path, WRONG)
    golden("mistakes.txt", f"{caught.value}\n")
    told = caught.value.mistakes
    assert {item.file for item in told} == {f"own/{name}.yaml" for name in WRONG}
    assert told == sorted(set(told))
    assert all(re.match(r"own/[^:]+\.yaml:[1-9]\d*:[1-9]\d*: .", str(item)) for item in told)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (rule("{record: {where: {A: b}}}", "titel: x"), "6:1: unknown key 'titel'; did you mean 'title'?"),
        (rule("{record: {wher: {A: b}, where: {A: b}}}"), "5:18: unknown key 'wher'; did you mean 'where'?"),
        (
            rule("{state: {raise: {where: {A: b}}, lowered: {where: {A: b}}}}"),
            "5:41: unknown key 'lowered'; did you mean 'lower'?",
        ),
        (
            rule("{record: {where: {A|start: b}}}"),
            "5:26: unknown modifier 'start'; did you mean 'startswith'?",
        ),
        (
            rule("{record: {where: {A: b}}}", head=HEAD.replace("T", "'{hots}'")),
            "1:1: {hots} is bound by nothing; unknown placeholder 'hots'; did you mean 'hosts'?",
        ),
        (
            rule("{record: {where: {A: b}}}", "explains: [dns/unresolved]"),
            "6:12: unknown rule 'dns/unresolved'; did you mean 'dns/peer-unresolved'?",
        ),
        (
            rule("{record: {where: {A: b}}}", "remedy: [check-the-replication]"),
            "6:10: unknown procedure 'check-the-replication'; did you mean 'check-replication'?",
        ),
        (
            rule("{state: {raise: {where: {A: b}}, over_by: [change-replicate]}}"),
            "5:51: unknown signal 'change-replicate'; did you mean 'change-replicated'?",
        ),
        (
            rule("{by: [per], record: {where: {A: b}, bind: {peer: Node}}}"),
            "5:14: unknown bound name 'per'; did you mean 'peer'?",
        ),
    ],
    ids=[
        "key",
        "nested key",
        "alias",
        "modifier",
        "placeholder",
        "rule",
        "procedure",
        "signal",
        "bound name",
    ],
)
def test_the_nearest_known_word_is_named(tmp_path: Path, content: str, expected: str) -> None:
    assert the_mistake(tmp_path, content) == expected


def test_the_nearest_role_is_named(tmp_path: Path) -> None:
    content = f"title: T\nsteps:\n  - {{{STEP}, where: the primaries}}\n"
    message = the_mistake(tmp_path, content, "procedures/own")
    assert message.endswith("unknown role 'the primaries'; did you mean 'the primary'?")
    assert message.startswith("3:")


def test_a_name_that_is_bound_may_be_a_word_of_the_schema(tmp_path: Path) -> None:
    content = rule("{record: {where: {A: b}, bind: {from: {from: A, form: B}, value: {from: A, sai: {}}}}}")
    assert [item.message for item in mistakes(tmp_path, {"x/rule": content})] == [
        "unknown key 'form'; did you mean 'from'?",
        "unknown key 'sai'; did you mean 'say'?",
    ]


@pytest.mark.parametrize(
    "match",
    [
        "{state: {raised: {where: {A: b}}}}",
        "{record: {where: {A: b}, bind: {a: {source: A}}}}",
        "{record: {where: {A: b}, bind: {a: {from: A, kind: peer}}}}",
    ],
)
def test_a_key_has_one_spelling(tmp_path: Path, match: str) -> None:
    """The one that the published schema knows."""
    assert any("unknown key" in item.message for item in mistakes(tmp_path, {"x/rule": rule(match)}))


# ── YAML ────────────────────────────────────────────────────────────────────────────────────


def test_a_key_that_stands_twice(tmp_path: Path) -> None:
    message = the_mistake(tmp_path, rule("{record: {where: {Event: a, Event: b}}}"))
    assert message == "5:36: the key 'Event' is given twice"


def test_broken_yaml_has_a_place(tmp_path: Path) -> None:
    assert the_mistake(tmp_path, "title: [a\nwhy: b\n").startswith("2:4: did not find expected ',' or ']'")


def test_a_mistake_at_the_end_is_on_the_last_line(tmp_path: Path) -> None:
    assert the_mistake(tmp_path, b"title: a\nb: {") == "2:5: did not find expected node content"
    assert the_mistake(tmp_path, b"title: a\r\nb: {") == "2:5: did not find expected node content"


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    assert the_mistake(tmp_path, "title: Grün\n".encode("latin-1")) == "1:1: is not UTF-8 (byte 9)"


def test_a_character_that_yaml_forbids(tmp_path: Path) -> None:
    message = the_mistake(tmp_path, rule("{record: {where: {A: 'grün\x07'}}}"))
    assert message == "5:34: the character '\\x07' is not allowed"


@pytest.mark.parametrize("sign", ["[", "{", "- ", "? "])
def test_what_is_nested_deep_is_refused_at_once(tmp_path: Path, sign: str) -> None:
    assert the_mistake(tmp_path, f"title: \n  {sign * 40_000}").endswith("is nested too deep")


@pytest.mark.parametrize(("depth", "is_refused"), [(30, False), (60, True), (300, True)])
def test_what_unfolds_deeper_than_a_rule_can_be_is_refused(
    tmp_path: Path, depth: int, is_refused: bool
) -> None:
    told = mistakes(tmp_path, {"x/rule": f"title: {'[' * depth}x{']' * depth}\n"})
    refused = [one for one in told if str(one).endswith(("than a rule can be", "is nested too deep"))]
    assert bool(refused) == is_refused


@pytest.mark.parametrize("word", ["no", "No", "off", "yes", "on", "y"])
def test_no_is_a_text(tmp_path: Path, word: str) -> None:
    library = loaded(tmp_path, {"x/rule": rule(f"{{record: {{where: {{Answer: {word}}}}}}}")})
    log = RAISED.replace("Id=", f'Answer="{word}" Id=')
    found = examine(read_texts({"a.log": log.encode()}), library).findings
    assert "x/rule" in {finding.rule for finding in found}


@pytest.mark.parametrize(
    ("lower", "expected"),
    [
        ("{where: {<<: *shared, A|contain: b}}", "unknown modifier 'contain'; did you mean 'contains'?"),
        ("{<<: *pattern, wher: {A: b}}", "unknown key 'wher'; did you mean 'where'?"),
    ],
)
def test_anchors_and_merges(tmp_path: Path, lower: str, expected: str) -> None:
    raised = "{raise: &pattern {where: &shared {Event: a}}"
    assert the_mistake(tmp_path, rule(f"{{state: {raised}, lower: {lower}}}}}")).endswith(expected)


def test_a_mistake_in_what_is_merged_has_a_place(tmp_path: Path) -> None:
    match = "{state: {raise: {where: &shared {A|contain: a}}, lower: {where: {<<: *shared, B: c}}}}"
    found = mistakes(tmp_path, {"x/rule": rule(match)})
    assert {item.message for item in found} == {"unknown modifier 'contain'; did you mean 'contains'?"}
    assert {item.line for item in found} == {5}


# ── what must not load ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("cases", [CASES.replace("[]", "[{}]"), CASES.replace("[{}]", "[]")])
def test_a_rule_needs_a_case_that_fires_and_one_that_does_not(tmp_path: Path, cases: str) -> None:
    message = the_mistake(tmp_path, rule("{record: {where: {A: b}}}", cases=cases))
    assert message == "1:1: a rule needs a case that fires and a near miss that stays silent"


def test_a_rule_needs_two_cases(tmp_path: Path) -> None:
    message = the_mistake(tmp_path, rule("{record: {where: {A: b}}}", cases="cases: []\n"))
    assert message == "1:1: a rule needs a case that fires and a near miss that stays silent"


@pytest.mark.parametrize("title", ["'{{hosts}}'", "'{hosts'", "'{}'", "'{ hosts }'", "'{0.__class__}'"])
def test_braces_that_hold_no_placeholder(tmp_path: Path, title: str) -> None:
    assert the_mistake(tmp_path, rule("{record: {where: {A: b}}}", head=HEAD.replace("T", title)))


@pytest.mark.parametrize("pattern", ["(?P<value>a)(b|c)", "(a)?(?P<value>b)"])
def test_groups_that_cannot_be_taken(tmp_path: Path, pattern: str) -> None:
    assert the_mistake(
        tmp_path, rule(f"{{record: {{where: {{A: b}}, bind: {{x: {{from: A, re: '{pattern}'}}}}}}}}")
    )


@pytest.mark.parametrize("span", ["5", "5 m", "m", "-5m", "1.5h", "1w", "99999999999d"])
def test_what_is_no_span(tmp_path: Path, span: str) -> None:
    message = the_mistake(tmp_path, rule("{record: {where: {A: b}}}", f"settling: {span}"))
    assert message.startswith("6:1: ")


def test_every_mistake_of_a_condition(tmp_path: Path) -> None:
    content = rule("{record: {where: {A|contain: a, B|start: b}}}")
    assert len(mistakes(tmp_path, {"x/rule": content})) == 2


def test_mistakes_of_the_schema_hide_no_others(tmp_path: Path) -> None:
    content = rule("{record: {where: {A|contain: a}}}", "titel: x", "remedy: [nowhere]")
    assert len(mistakes(tmp_path, {"x/rule": content})) == 3


def test_an_unknown_key_hides_no_mistake_of_the_whole(tmp_path: Path) -> None:
    content = rule("{record: {where: {A: b}}}", "titel: x", cases=CASES.replace("[]", "[{}]"))
    assert len(mistakes(tmp_path, {"x/rule": content})) == 2


def test_a_broken_file_makes_no_mistakes_of_others(tmp_path: Path) -> None:
    files = {
        "x/broken": "title: [",
        "procedures/broken": "title: [",
        "signals/broken": "why: [",
        "x/rule": rule(
            "{state: {raise: {where: {A: b}}, over_by: [broken]}}", "explains: [x/broken]", "remedy: [broken]"
        ),
        "x/incident": rule("{incident: {causes: [x/broken]}}", head=HEAD.replace("T", "'{user}'")),
    }
    assert {item.file for item in mistakes(tmp_path, files)} == {
        "own/x/broken.yaml",
        "own/procedures/broken.yaml",
        "own/signals/broken.yaml",
    }


# ── what loads ──────────────────────────────────────────────────────────────────────────────

RULES = Path(__file__).parents[2] / "rules"


def test_every_shipped_file_loads() -> None:
    library = load()
    ids = {path.relative_to(RULES).with_suffix("").as_posix() for path in RULES.rglob("*.yaml")}
    assert ids == {
        *library.rules,
        *(f"procedures/{name}" for name in library.procedures),
        *(f"effects/{name}" for name in library.effects),
        *(f"signals/{name}" for name in library.signals),
    }
    assert library.digest == load().digest


def test_an_added_library_adds_and_overrides(tmp_path: Path) -> None:
    shipped = load()
    library = loaded(
        tmp_path,
        {
            "database/peer-down": rule("{record: {where: {A: b}}}"),
            "x/rule": rule("{record: {where: {A: b}}}", "remedy: [own, check-replication]"),
            "procedures/own": f"title: Own\nsteps: [{{{STEP}, where: every peer}}]\n",
            "procedures/check-replication": f"title: Other\nsteps: [{{{STEP}, where: every peer}}]\n",
        },
    )
    assert set(library.rules) == {*shipped.rules, "x/rule"}
    assert library.rules["database/peer-down"].title == "T"
    assert library.rules["database/inconsistent"] == shipped.rules["database/inconsistent"]
    assert library.procedures["own"].title == "Own"
    assert library.procedures["check-replication"].title == "Other"
    assert library.digest != shipped.digest
    assert load().rules["database/peer-down"] == shipped.rules["database/peer-down"]


def test_further_rules_join_the_library_as_if_all_were_checked_together(tmp_path: Path) -> None:
    own = {
        "x/rule": rule("{record: {where: {A: b}}}", "remedy: [own]", "explains: [x/other]"),
        "x/other": rule("{state: {raise: {where: {A: b}}, over_by: [own]}}"),
        "procedures/own": f"title: T\nsteps:\n  - {{{STEP}, where: every peer}}\n",
        "signals/own": "why: W\nmatch: {record: {where: {A: b}}}\n",
    }
    joined = loaded(tmp_path, own)
    whole = _checked(*_files((resources.folder("rules"), tmp_path / "own")))
    for name in ("rules", "signals", "procedures", "effects"):
        assert list(getattr(joined, name).items()) == list(getattr(whole, name).items())
    assert (joined.digest, joined.replaced) == (whole.digest, ())
    assert joined.files.keys() == whole.files.keys()


def test_a_replaced_rule_can_break_a_rule_of_the_project(tmp_path: Path) -> None:
    replaced = next(
        name
        for procedure in load().procedures.values()
        for step in procedure.steps
        if step.when is not None and step.when.values
        for name in step.when.finding or []
    )
    found = mistakes(tmp_path, {replaced: rule("{record: {where: {A: b}}}")})
    assert any(one.file.startswith("rules/") and "unknown bound name" in one.message for one in found)


def test_the_last_of_several_libraries_wins(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "x").mkdir(parents=True)
        content = rule("{record: {where: {A: b}}}", head=HEAD.replace("T", name))
        (tmp_path / name / "x" / "rule.yaml").write_text(content)
    assert load([tmp_path / "one", tmp_path / "two"]).rules["x/rule"].title == "two"
    assert load([tmp_path / "two", tmp_path / "one"]).rules["x/rule"].title == "one"


def test_one_item_stands_for_a_list_of_it(tmp_path: Path) -> None:
    one = loaded(tmp_path / "1", {"x/rule": rule("{state: {raise: {where: {A: b}, bind: {n: Node}}}}")})
    many = loaded(
        tmp_path / "2", {"x/rule": rule("{state: {raise: [{where: {A: b}, bind: {n: {from: Node}}}]}}")}
    )
    assert one.rules["x/rule"] == many.rules["x/rule"]


def test_what_no_record_of_a_cause_says_has_a_name_in_its_incident(tmp_path: Path) -> None:
    library = loaded(
        tmp_path,
        {
            "x/cause": rule(
                "{record: {where: {Id: 77777}, bind: {user: User}}}", head=HEAD.replace("T", "by {user}")
            ),
            "x/incident": rule("{incident: {causes: [x/cause]}}", head=HEAD.replace("T", "done by {user}")),
        },
    )
    diagnosis = examine(read_texts({"a.log": RAISED.encode()}), library)
    assert [finding.title for finding in diagnosis.findings if finding.rule == "x/cause"] == ["by (no user)"]
    told = [incident.title for incident in diagnosis.incidents if incident.rule == "x/incident"]
    assert told == ["done by (no user)"]


# ── lint ────────────────────────────────────────────────────────────────────────────────────


def test_the_shipped_library_gives_no_complaint() -> None:
    assert list(lint(load())) == []


def test_complaints(tmp_path: Path) -> None:
    library = loaded(
        tmp_path,
        {
            "procedures/idle": f"title: T\nsteps: [{{{STEP}, where: every peer}}]\n",
            "signals/idle": "why: W\nmatch: {record: {where: {A: b}}}\n",
            "x/rule": rule("{record: {where: {A: b}, bind: {user: User, peer: {from: Node, as: peer}}}}"),
            "x/info": rule(
                "{by: [a], count: {of: {where: {A: b}, bind: {a: A, b: B}}, "
                "at_least: 2, within: 1s, distinct: b}}",
                "references: [alarm 20004]",
                head=HEAD.replace("low", "info"),
            ),
        },
    )
    assert list(lint(library)) == [
        "procedures/idle: no rule uses this procedure",
        "signals/idle: no rule uses this signal",
        "x/rule: the bound name 'user' is used nowhere",
        "x/rule: a rule at low needs a remedy",
        "x/rule: has no references",
    ]


# ── cases ───────────────────────────────────────────────────────────────────────────────────


def problems(folder: Path, expect: str, log: str = RAISED) -> tuple[str, ...]:
    """What the firing case of a rule that fires once says."""
    lines = "".join(f"      {line}" for line in log.splitlines(keepends=True))
    cases = f"cases:\n  - name: fires\n    log: |\n{lines}    expect: {expect}\n"
    cases += "  - {name: is silent, log: '', expect: []}\n"
    content = rule("{record: {where: {Id: 77777}}}", "remedy: [check-replication]", cases=cases)
    library = loaded(folder, {"x/rule": content})
    only = replace(library, rules={"x/rule": library.rules["x/rule"]})
    told = {outcome.case: outcome.problems for outcome in run_cases(only, examine)}
    assert told["is silent"] == ()
    return told["fires"]


def test_an_expectation_that_holds(tmp_path: Path) -> None:
    expect = (
        "[{state: seen, severity: low, title: T, hosts: [expa01], peers: [], count: 1, "
        "first: '2024-03-05T09:00:00.524Z', last: '2024-03-05T09:00:00.524Z', "
        "remedy: [expa01, System > Clustering], remedy_without: [expa02]}]"
    )
    assert problems(tmp_path, expect) == ()


@pytest.mark.parametrize(
    ("expect", "problem"),
    [
        ("[{state: open}]", "finding 1: state is 'seen', expected 'open'"),
        ("[{severity: high}]", "finding 1: severity is 'low', expected 'high'"),
        ("[{title: U}]", "finding 1: title is 'T', expected 'U'"),
        ("[{hosts: [expa02]}]", "finding 1: hosts is ['expa01'], expected ['expa02']"),
        ("[{peers: [expa02]}]", "finding 1: peers is [], expected ['expa02']"),
        ("[{count: 2}]", "finding 1: count is 1, expected 2"),
        ("[{first: x}]", "finding 1: first is '2024-03-05T09:00:00.524Z', expected 'x'"),
        ("[{last: x}]", "finding 1: last is '2024-03-05T09:00:00.524Z', expected 'x'"),
        ("[{remedy: [ForceConfigUpdate]}]", "finding 1: the remedy does not say 'ForceConfigUpdate'"),
        ("[{remedy_without: [System]}]", "finding 1: the remedy says 'System'"),
        ("[{}, {}]", "expected 2 findings, found 1: ['T']"),
    ],
)
def test_a_wrong_expectation_is_reported(tmp_path: Path, expect: str, problem: str) -> None:
    assert problems(tmp_path, expect) == (problem,)


def test_a_line_of_a_case_that_is_no_record_is_reported(tmp_path: Path) -> None:
    assert problems(tmp_path, "[{}]", f"no record\n{RAISED}") == ("1 lines of its log are no records",)


# ── what would never match, or never be read ────────────────────────────────────────────────


def test_a_folder_of_rules_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such folder of rules"):
        load([tmp_path / "nowhere"])


def test_what_only_one_of_several_matches_binds_from_the_catalogue(tmp_path: Path) -> None:
    head = HEAD.replace("T", "'{id}: {name}'")
    match = "[{alarm: {where: {Id: '30030'}, bind: {id: Id}}}, {alarm: {where: {Id: '1'}, others: true, bind: {id: Id}}}]"
    library = loaded(tmp_path, {"x/rule": rule(match, head=head)})
    raised = RAISED.replace("77777", "30030")
    tables = read_texts({"a.log": raised.encode()})
    titles = {one.title for one in examine(tables, library).findings if one.rule == "x/rule"}
    assert titles == {"30030: (no name)"}


def test_what_is_no_file_of_rules(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "x" / "folder.yaml").mkdir(parents=True)
    (own / "x" / "folder.yaml" / "fine.yaml").write_text(rule("{record: {where: {A: b}}}"))
    for name in ("short.yml", "loud.YAML"):
        (own / "x" / name).write_text(rule("{record: {where: {A: b}}}"))
    (own / "large.yaml").write_bytes(b"#" * (512 << 10) + b"\n")
    (own / "link.yaml").symlink_to(own / "x" / "folder.yaml" / "fine.yaml")
    (own / "linked.yaml").symlink_to(tmp_path)
    (own / "notes.txt").write_text("no rule")
    with pytest.raises(LibraryError) as caught:
        load([own])
    plain = "1:1: a rule is a plain file of at most 512 KiB, and no link"
    assert [str(item) for item in caught.value.mistakes] == [
        f"own/large.yaml:{plain}",
        f"own/link.yaml:{plain}",
        f"own/linked.yaml:{plain}",
        f"own/x/folder.yaml:{plain}",
        "own/x/loud.YAML:1:1: a rule's file ends in .yaml",
        "own/x/short.yml:1:1: a rule's file ends in .yaml",
    ]


def test_a_rule_that_was_edited_is_read_again(tmp_path: Path) -> None:
    first = loaded(tmp_path, {"x/rule": rule("{record: {where: {A: b}}}", head=HEAD.replace("T", "one"))})
    again = loaded(tmp_path, {"x/rule": rule("{record: {where: {A: b}}}", head=HEAD.replace("T", "two"))})
    assert (first.rules["x/rule"].title, again.rules["x/rule"].title) == ("one", "two")


@pytest.mark.parametrize(
    ("match", "said"),
    [
        (
            "{record: {where: {A: b}, bind: {count: A}}}",
            "'count' means something already: choose another name",
        ),
        ("{record: {where: {'host[2]': b}}}", "'host[2]': a column has one value; write host"),
        (
            "{incident: {causes: [tls/verification-changed], values: {too: Enforcing}}}",
            "unknown bound name 'too'; did you mean 'to'?",
        ),
    ],
)
def test_what_could_never_hold(tmp_path: Path, match: str, said: str) -> None:
    assert the_mistake(tmp_path, rule(match)).endswith(said)


def test_a_remedy_that_could_never_apply(tmp_path: Path) -> None:
    when = "{finding: tls/verification-changed, values: {too: x}}"
    remedy = f"remedy: [{{procedure: check-replication, when: {when}}}]"
    message = the_mistake(tmp_path, rule("{record: {where: {A: b}}}", remedy))
    assert message.endswith("unknown bound name 'too'; did you mean 'to'?")
