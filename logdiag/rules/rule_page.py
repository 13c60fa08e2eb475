"""A rule as a page of text that a reader can trust: always the same headings."""

import textwrap
from itertools import chain
from typing import Any

import yaml

from logdiag.i18n import N_, gettext
from logdiag.i18n.sentences import cited, listed, stretch
from logdiag.model import Risk
from logdiag.rules.library import Library
from logdiag.rules.references import find
from logdiag.rules.schema import Effect, Explains, Remedy, Rule

# A page fits a terminal of 100 columns with a margin.
_WIDTH = 96

_RISKS: dict[Risk, str] = {
    "read": N_("read"),
    "change": N_("change"),
    "outage": N_("outage"),
    "destructive": N_("destructive"),
}
_ON = {
    "hosts": N_("the same peers"),
    "peers": N_("the others, about them"),
    "about": N_("the peers it is about"),
    "path": N_("the peers that it names, about each other"),
    "replication": N_("the same peers, or any peer if the primary is concerned"),
    "cluster": N_("any peer"),
}


def render_rule(name: str, library: Library) -> str:
    """Return the page of one rule; placeholders are shown as they are written."""
    rule, file = library.rules[name], library.files[name]
    lines = [rule.title, "=" * len(rule.title), ""]
    facts = gettext("rule {name} · severity {severity} · basis {basis}")
    lines += [facts.format(name=name, severity=gettext(rule.severity), basis=gettext(rule.basis))]
    lines += [gettext("file {path}").format(path=file.path), ""]
    lines += [gettext("What it means"), *_wrapped(rule.why), ""]
    if rule.applies_to:
        lines += [gettext("Software versions"), *_wrapped(listed(rule.applies_to)), ""]
    lines += [gettext("What it looks for"), *_as_yaml(file.tree["match"]), ""]
    lines += [gettext("How long it may take to end without help"), *_wrapped(stretch(rule.settling)), ""]
    if rule.requested:
        lines += [gettext("Work that somebody asked for"), *_as_yaml(file.tree["requested"]), ""]
    if effects := library.explained_by(name):
        lines += [gettext("What it explains"), *(f"  {_explained(*effect)}" for effect in effects), ""]
    if rule.remedy:
        lines += [gettext("What to do")]
        for number, item in enumerate(rule.remedy):
            lines += _procedure(item, file.tree["remedy"][number], library)
        lines += [""]
    lines += _cases(rule)
    lines += [gettext("References"), *chain.from_iterable(map(_reference, rule.references))]
    return "\n".join(lines) + "\n"


def _explained(effect: Effect, explains: Explains) -> str:
    said = gettext("{rule} (within {span}, on {peers})")
    return said.format(rule=effect.rule, span=stretch(explains.within), peers=gettext(_ON[effect.on]))


def _procedure(item: Remedy, written: Any, library: Library) -> list[str]:
    procedure = library.procedures[item.procedure]
    lines = [f"  {procedure.title} (procedures/{item.procedure})"]
    if item.when is not None:
        lines += ["    " + gettext("when"), *_as_yaml(written["when"], "      ")]
    for number, step in enumerate(procedure.steps, start=1):
        lines += _wrapped(f"{number}. {step.do}", "    ")
        said = gettext("where: {role} · risk: {risk}")
        lines += _wrapped(said.format(role=gettext(step.where), risk=gettext(_RISKS[step.risk])), "       ")
    return lines


def _cases(rule: Rule) -> list[str]:
    if not rule.cases:
        return []
    fires, silent = gettext("fires: {case}"), gettext("stays silent: {case}")
    said = [f"  {(fires if case.expect else silent).format(case=case.name)}" for case in rule.cases]
    return [gettext("Cases"), *said, ""]


def _reference(text: str) -> list[str]:
    """Return a reference as reports show it; a remark, which they leave out, is shown as it is written."""
    if (one := find(text)) is None:
        return [f"  {text}"]
    return [
        f"  {cited(one.title, (one.section,) if one.section else ())}",
        *([f"    {one.url}"] if one.url else ()),
    ]


def _as_yaml(tree: Any, indent: str = "  ") -> list[str]:
    # An endless line: a pattern that is to be matched stays in one piece.
    text = yaml.safe_dump(tree, default_flow_style=None, sort_keys=False, allow_unicode=True, width=1 << 16)
    return textwrap.indent(text, indent).splitlines()


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent)
