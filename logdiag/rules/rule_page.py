"""A rule as a page of text that a reader can trust: always the same headings."""

import textwrap
from typing import Any

import yaml

from logdiag.i18n.sentences import listed, stretch
from logdiag.rules.library import Library
from logdiag.rules.schema import Explains, Remedy, Rule

_WIDTH = 96


def page(name: str, library: Library) -> str:
    """The page of one rule; placeholders stand as they are written."""
    rule, file = library.rules[name], library.files[name]
    lines = [rule.title, "=" * len(rule.title), ""]
    lines += [f"rule {name} · severity {rule.severity} · basis {rule.basis}", f"file {file.path}", ""]
    lines += ["What it means", *_wrapped(rule.why), ""]
    if rule.applies_to:
        lines += ["Software versions", *_wrapped(listed(rule.applies_to)), ""]
    lines += ["What it looks for", *_as_yaml(file.tree["match"]), ""]
    lines += ["How long it may take to end without help", *_wrapped(stretch(rule.settling)), ""]
    if rule.requested:
        lines += ["Work that somebody asked for", *_as_yaml(file.tree["requested"]), ""]
    if rule.explains:
        lines += ["What it explains", *(f"  {_explained(effect)}" for effect in rule.explains), ""]
    if rule.remedy:
        lines += ["What to do"]
        for number, item in enumerate(rule.remedy):
            lines += _procedure(item, file.tree["remedy"][number], library)
        lines += [""]
    lines += _cases(rule)
    lines += ["References", *(f"  {reference}" for reference in rule.references)]
    return "\n".join(lines) + "\n"


def _explained(effect: Explains) -> str:
    on = {"hosts": "the same peers", "peers": "the others, about them", "about": "the peers it is about"}
    return f"{effect.rule} (within {stretch(effect.within)}, on {on.get(effect.on, 'any peer')})"


def _procedure(item: Remedy, written: Any, library: Library) -> list[str]:
    procedure = library.procedures[item.procedure]
    lines = [f"  {procedure.title} (procedures/{item.procedure})"]
    if item.when is not None:
        lines += ["    when", *_as_yaml(written["when"], "      ")]
    for number, step in enumerate(procedure.steps, start=1):
        lines += _wrapped(f"{number}. {step.do}", "    ")
        lines += _wrapped(f"where: {step.where} · risk: {step.risk}", "       ")
    return lines


def _cases(rule: Rule) -> list[str]:
    if not rule.cases:
        return []
    said = [f"  {'fires' if case.expect else 'stays silent'}: {case.name}" for case in rule.cases]
    return ["Cases", *said, ""]


def _as_yaml(tree: Any, indent: str = "  ") -> list[str]:
    # An endless line: a pattern that is to be matched stays in one piece.
    text = yaml.safe_dump(tree, default_flow_style=None, sort_keys=False, allow_unicode=True, width=1 << 16)
    return textwrap.indent(text, indent).splitlines()


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent)
