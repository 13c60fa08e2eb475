"""A rule as a page of text that a reader can trust: always the same headings."""

import textwrap

from logdiag.rules.library import Library
from logdiag.wording import stretch

_WIDTH = 96


def page(name: str, library: Library) -> str:
    """The page of one rule; placeholders stand as they are written."""
    rule = library.rules[name]
    kinds = ", ".join(match.kind for match in rule.match)
    lines = [rule.title, "=" * len(rule.title), ""]
    lines += [
        f"rule {name} · severity {rule.severity} · basis {rule.basis} · match {kinds}",
        "",
    ]
    lines += ["What it means", *_wrapped(rule.why), ""]
    lines += ["How long it may take to end by itself", *_wrapped(stretch(rule.settling)), ""]
    if rule.explains:
        lines += ["What it explains"]
        lines += [f"  {effect.rule} (within {stretch(effect.within)})" for effect in rule.explains]
        lines += [""]
    if rule.remedy:
        lines += ["What to do"]
        for item in rule.remedy:
            procedure = library.procedures[item.procedure]
            lines += [f"  {procedure.title} (procedures/{item.procedure})"]
            for number, step in enumerate(procedure.steps, start=1):
                lines += _wrapped(f"{number}. {step.do}", "    ")
                lines += _wrapped(f"where: {step.where} · risk: {step.risk}", "       ")
        lines += [""]
    lines += ["Cases"]
    lines += [f"  {'fires' if case.expect else 'stays silent'}: {case.name}" for case in rule.cases]
    lines += ["", "References", *(f"  {reference}" for reference in rule.references)]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent)
