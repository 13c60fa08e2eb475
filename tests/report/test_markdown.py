"""The report for a ticket: what it says, and what no log text can make of it."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence

import pytest
import sample
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from logdiag.i18n import speaking
from logdiag.model import Command, Diagnosis
from logdiag.report import markdown
from logdiag.report.markdown_escape import fenced, inline
from logdiag.report.sanitize import defuse

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ATTACKS = (
    "[link](http://evil.example/) ![image](http://evil.example/x.png) [ref]: http://evil.example",
    "<http://evil.example> <a@evil.example> http://evil.example/?a=b&c www.evil.example mail@evil.example",
    "mailto:x@evil.example javascript:alert(1) evil.example/x ftp://evil.example smb://evil.example",
    '@admin @group/team user/repo#1 #1 !2 $3 &4 ~5 %6 ^7 ~label ~"two words" GH-12 PROJ-34 [vulnerability:8]',
    ":bomb: :+1: :100: (x) (!) :) ;) :D {color:red} {code} {{mono}} [~user] !image.png! h1. ||head||",
    "0f96695ed954 da39a3ee5e6b4b0d3255bfef95601890afd80709 [^1] $x$ $`x`$ x~~y~~ **b** __b__ *i* _i_ -d- +i+ ??c??",
    "| cell | cell |\n| --- | --- |\n| x | y |",
    "\n# heading\n\nheading\n===\n\n- item\n1. item\n> quote\n\n    code\n\n---\n***\n```\nfence\n```\n~~~\n",
    "<b>bold</b> <!-- comment --> <script>alert(1)</script> &lt;b&gt; &#64;admin &commat;admin <?x?> <![CDATA[x]]>",
    "``` ```` ` `` \\ \\\\ \\` `a` ``b`` \\[x\\](y) trailing\\",
    "\u202egnihton\u202c\x1b[31mred\x00\u2028line \udc80",
)
STARTS = (
    "# x",
    "- x",
    "+ x",
    "* x",
    "1. x",
    "1) x",
    "> x",
    "=== ",
    "---",
    "h1. x",
    "bq. x",
    "    x",
    "\tx",
    "-",
    "|x|",
)
OURS = {
    *("heading", "paragraph", "ordered_list", "bullet_list", "list_item", "fence", "hr"),
    *("table", "thead", "tbody", "tr", "th", "td", "inline"),
    *("text", "text_special", "code_inline", "strong", "hardbreak"),
}
# What GitHub, GitLab and Jira make links and pictures of in text that is no code.
MADE_LINKS = re.compile(
    r"""
      @[A-Za-z0-9_"] | [A-Za-z0-9]@ | :// | www\. | [A-Za-z0-9]\.[a-z]{2} | [~%]"
    | (?<![A-Za-z0-9])[\#!$&~%^][A-Za-z0-9] | (?<![A-Za-z0-9])[A-Z][A-Z0-9]+-[0-9]
    | :[A-Za-z] | :(?![0-9]{1,2}:)[A-Za-z0-9_+-]+:
    """,
    re.VERBOSE,
)


def tokens(text: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def kinds(text: str) -> set[str]:
    return {re.sub("_(open|close)$", "", token.type) for token in tokens(text)}


def skeleton(text: str) -> list[tuple[str, str]]:
    """The blocks of a text in their order, without what they say."""
    return [(token.type, token.tag) for token in MARKDOWN.parse(text)]


def visible_text(children: Sequence[Token]) -> str:
    """What stands in a paragraph for whoever reads the page."""
    return "".join(
        token.content for token in children if token.type in ("text", "text_special", "code_inline")
    )


def outside_code(text: str) -> Iterator[str]:
    """The stretches of text that are no code."""
    for token in MARKDOWN.parse(text):
        run = ""
        for child in token.children or ():
            if child.type in ("text", "text_special"):
                run += child.content
            else:
                yield run
                run = ""
        yield run


def expected_text(text: str) -> str:
    """A value as it has to look."""
    return defuse(re.sub(r"(?:\r\n|[ \n\t])+", " ", text)).strip()


def test_it_tells_what_matters() -> None:
    text = markdown.render(sample.sample())
    page = " ".join(visible_text(token.children) for token in MARKDOWN.parse(text) if token.children)
    diagnosis = sample.sample()
    assert diagnosis.verdict.text in page
    for incident in diagnosis.incidents:
        assert incident.title in page
        assert incident.summary in page
    for finding in diagnosis.findings:
        assert all(words in page for words in (finding.id, finding.rule, finding.title, finding.explanation))
    for wanted in diagnosis.wanted:
        assert wanted.what in page
    for one in diagnosis.not_checked:
        assert f"{one.rule}: {one.reason}" in page
    assert "Gap: expc01 says nothing 2020-08-12 19:24:31 to 19:40:02 UTC" in page
    assert "10,616 records in 2 logs, 1 xConfiguration dump" in page
    assert "admin from 10.15.13.30" in page
    records = {token.content.rstrip("\n") for token in MARKDOWN.parse(text) if token.type == "fence"}
    assert {record.text for finding in diagnosis.findings for record in finding.evidence} <= records


def test_the_steps_are_numbered_on_and_say_where() -> None:
    text = markdown.render(sample.sample())
    first, rest = text.split("## Cluster\n")
    actions = [line for line in first.split("\n") if re.match(r"\d\. ", line)]
    assert actions[0] == f"1. On expc02 (read only), incident 1: {sample.LOOK.do}"
    assert actions[3] == f"4. On expc01, expc02 (outage), incident 2: {sample.RESTART_IN_ORDER.do}"
    assert "#### What to do\n\n1. On expc02 (read only)\n" in rest
    assert "   ```text\n   xStatus SystemUnit Uptime\n   ```\n" in rest


def test_the_short_form_has_the_commands_and_what_is_missing() -> None:
    options = {"brief": "true", "case": "698001234", "customer": "Apolo *b*"}
    short = dataclasses.replace(sample.sample(), command=Command("diagnose", options))
    text = markdown.render(short)
    assert text.startswith("Case 698001234 · Customer Apolo \\*b\\*\n")
    assert [line for line in text.split("\n") if line.startswith("#")][1:] == [
        "## Do this first",
        "## Incidents",
        "## What we need from you",
    ]
    assert "   ```text\n   xStatus SystemUnit Uptime\n   ```\n" in text
    assert len(text) < 4000


def test_a_destructive_step_has_a_warning_and_no_command() -> None:
    text = markdown.render(sample.sample())
    assert "5. Where: see text (destructive)" in text
    assert "**This step destroys data and cannot be undone." in text
    assert str(sample.PURGE.command) not in text
    headline = dataclasses.replace(sample.sample().incidents[0], remedy=(sample.PURGE, sample.LOOK))
    text = markdown.render(dataclasses.replace(sample.sample(), incidents=(headline,)))
    first, rest = text.split("## Cluster\n")
    assert sample.PURGE.do not in first
    assert "#### What to do\n\n1. Where: see text (destructive)\n" in rest


def test_a_good_day_and_no_log_at_all_are_short() -> None:
    text = markdown.render(sample.quiet())
    assert "Nothing wrong in 35 minutes of 2 of 2 peers." in text
    assert "## For the record" in text
    assert "Do this first" not in text
    assert len(markdown.render(sample.empty())) < 600


@pytest.mark.parametrize("attack", [*ATTACKS, *sample.HOSTILE[:-1], " ".join(sample.HOSTILE)])
def test_log_text_forms_nothing(attack: str) -> None:
    calm = markdown.render(sample.two_clusters())
    text = markdown.render(sample.attacked(sample.two_clusters(), attack))
    assert kinds(text) <= OURS
    assert skeleton(text) == skeleton(calm)
    assert [run for run in outside_code(text) if MADE_LINKS.search(run)] == []
    text.encode("utf-8")


def test_the_patterns_of_this_test_find_what_they_look_for() -> None:
    for bare in ("x @admin", "a@b", "http://x", "www.x", "x.example", "#1", ":bomb:", "GH-12", '~"a b"'):
        assert MADE_LINKS.search(bare)
    assert kinds("[a](b) ![a](b) <b> *a* ~~b~~\n\n> x\n\n    y\n\n<div>") - OURS >= {
        *("link", "image", "html_inline", "em", "s", "blockquote", "code_block", "html_block")
    }


PLACES: dict[str, Callable[[str], str]] = {
    "paragraph": lambda value: f"{value}\n",
    "heading": lambda value: f"### {value}\n",
    "item": lambda value: f"- {value}\n",
    "step": lambda value: f"1. x\n\n   {value}\n",
    "cell": lambda value: f"| a | b |\n| --- | --- |\n| {value} | y |\n",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", [*ATTACKS, *STARTS, *sample.HOSTILE[:-1]])
def test_a_value_reads_as_it_was(place: str, value: str) -> None:
    text = PLACES[place](inline(value))
    assert expected_text(value) in [
        visible_text(token.children) for token in MARKDOWN.parse(text) if token.children
    ]


LETTERS = st.sampled_from([*"\\`*_{}[]()<>#+-.!|~&@:^=$?%\"'/ \n\tab1Z가", "www.", "http", "&lt;", "h1."])


@given(value=st.lists(LETTERS, max_size=30).map("".join))
def test_any_value_reads_as_it_was_and_forms_nothing(value: str) -> None:
    for place in PLACES.values():
        text = place(inline(value))
        children = [
            visible_text(token.children) for token in MARKDOWN.parse(text) if token.children is not None
        ]
        assert not expected_text(value) or expected_text(value) in children
        assert kinds(text) <= OURS
        assert skeleton(text) == skeleton(place("x" if expected_text(value) else ""))
        assert [run for run in outside_code(text) if MADE_LINKS.search(run)] == []


@given(
    value=st.lists(
        st.sampled_from(["`", "```", "~~~", "\n", "    ", "x", "|", "<b>", "\t"]), max_size=30
    ).map("".join)
)
def test_no_record_closes_its_block(value: str) -> None:
    for indent, before in (("", []), ("   ", ["1. x", ""])):
        parsed = MARKDOWN.parse("\n".join([*before, *fenced(value, indent), "", "after"]))
        [fence] = [token for token in parsed if token.type == "fence"]
        assert [line.rstrip() for line in fence.content.split("\n")] == [
            *(line.rstrip() for line in value.split("\n")),
            "",
        ]
        assert [token.content for token in parsed if token.type == "inline"][-1] == "after"


def test_a_record_that_is_long_or_one_of_many_is_cut_and_that_is_said() -> None:
    finding = sample.sample().findings[0]
    record = dataclasses.replace(finding.evidence[0], text="x" * 9000)
    many = dataclasses.replace(finding, evidence=(record,) * 20, count=20)
    text = markdown.render(dataclasses.replace(sample.sample(), findings=(many,)))
    assert text.count("x" * 4000 + "... (5,000 more characters)") == 8
    assert "12 more records: write the findings with -o FILE.json." in text


@pytest.mark.parametrize("make", [sample.sample, sample.hostile, sample.empty])
def test_it_is_told_in_the_language_at_hand(make: Callable[[], Diagnosis]) -> None:
    english = markdown.render(make())
    with speaking("ko"):
        korean = markdown.render(make())
    assert skeleton(korean) == skeleton(english)
    headings = [
        token.children[0].content
        for token in MARKDOWN.parse(korean)
        if token.type == "inline" and token.children and re.search("[가-힣]", token.content)
    ]
    assert len(headings) > 3
    assert not re.search(r"^#+ (Do|Cluster|Incidents|Changes|Ask|What)\b", korean, re.MULTILINE)
