"""Escapes log text for Markdown: it forms no markup, no link and no mention, and reads the same.

Backslashes keep Markdown, and the wiki markup of Jira, from forming. They do not keep GitHub, GitLab
and Jira from making links and pictures of what is in the finished page: addresses, ``@names``,
``#numbers``, ``:signs:``. All of them leave code alone, so words that contain these become code.
"""

import re

from logdiag.report.sanitize import defuse, one_line

_WORD = re.compile(r'[A-Za-z0-9_.:+/@#!~%&$^=?-]+(?:(?<=[~%])")?')
_LINKED = re.compile(
    r"""
      @ | :// | (?i:www)\.
    | [A-Za-z0-9]\.[A-Za-z]{2} | [A-Za-z0-9]_[A-Za-z0-9]     # names of hosts, files and settings
    | [\#!~%&$^][A-Za-z0-9] | [~%]"                            # issues, labels, milestones; entities
    | (?<![A-Za-z0-9])[A-Z][A-Z0-9_]+-[0-9]                   # issues by their keys
    | :[A-Za-z] | [A-Za-z]:[0-9] | :(?![0-9]{1,2}:)[\w+-]+:   # schemes and signs, but no times of day
    | (?<![A-Za-z0-9])(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,40}(?![A-Za-z0-9])  # commits
    """,
    re.VERBOSE,
)
# Markup anywhere; markup unless a word continues on both of its sides; and what Jira draws.
_MARKUP = re.compile(
    r"""
      [\\`*_\[\]<|~{}&!$^\#]
    | (?<![A-Za-z0-9])[-+](?=\S) | (?<=\S)[-+](?![A-Za-z0-9]) | \?(?=\?)
    | \((?=(?:[!?+/xyni-]|on|off|\*[rgby]?|flag|flagoff)\)) | (?<=[:;])[()]
    """,
    re.VERBOSE,
)
# What is markup at the start of a line: quotes, rules and lists, the headings and quotes of Jira.
_START = re.compile(r"([0-9]{1,9}|h[1-6]|bq|)([>=]|[.)+-](?= |$))")
_TICKS = re.compile(r"`+")


def inline(text: str) -> str:
    """Return ``text`` on one line, for a paragraph, a heading, an item of a list or a cell of a table."""
    line = one_line(text).strip()
    parts: list[str] = []
    end = 0
    for found in _WORD.finditer(line):
        word = found[0]
        if _LINKED.search(word):
            # Punctuation after a word belongs to the sentence, unless a colon is part of a sign.
            bare = word.rstrip(".!?")
            bare = bare[:-1] if bare.endswith(":") and ":" not in bare[:-1] else bare
            between = _escaped(line[end : found.start()])
            if parts and not between:
                # Two pieces of code that touch each other would form a longer fence.
                parts[-1] = f"{parts[-1][:-1]}{bare}`"
            else:
                parts += [between, f"`{bare}`"]
            end = found.start() + len(bare)
    said = "".join(parts) + _escaped(line[end:])
    return _START.sub(r"\1\\\2", said, count=1) if _START.match(said) else said


def fenced(text: str, indent: str = "") -> list[str]:
    """Return ``text`` as the lines of a block of code, whose fence it cannot close."""
    shown = defuse(text, lines=True)
    longest = max((len(run) for run in _TICKS.findall(shown)), default=0)
    # CommonMark: a fence is closed only by at least as many backticks.
    fence = "`" * max(3, longest + 1)
    return [f"{indent}{line}".rstrip() for line in (f"{fence}text", *shown.split("\n"), fence)]


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)
