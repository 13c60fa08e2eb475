"""Every key that rules and procedures may have, as a page of Markdown made from the schema."""

import re
import types
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from logdiag.cluster.facts import FACTS
from logdiag.i18n.sentences import stretch
from logdiag.rules.checking import ALWAYS_BOUND, IN_PROCEDURES
from logdiag.rules.roles import ROLES
from logdiag.rules.schema import Procedure, Rule, Signal

_PLAIN = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    timedelta: "span",
    Any: "condition",
}
_HEAD = """\
# What rules may say

`logdiag rules reference` prints this page; it is made from the schema. [CONTRIBUTING](../CONTRIBUTING.md) has
the recipe and an example, [the library](library.md) shows the rules that there are. A *span* is a whole
number with `ms`, `s`, `m`, `h` or `d`, such as `90s`. Where a key takes a list, one item may stand without
its brackets. A key without a default must be there, unless it is one of several kinds.

## In an editor

`logdiag rules schema > rule.schema.json` writes the JSON Schema of a rule. An editor with the YAML language
server (in VS Code the extension *YAML* brings it) completes keys, tells what they mean and marks what is
wrong, if the first line of a file says where the schema lies, by its path from that file:

```yaml
# yaml-language-server: $schema=../rule.schema.json
title: "{hosts} wrote {count} reports of crashes"
severity: info
basis: assumed
why: The product writes such a report when a part of it crashes.
match:
  record: {where: {Event: Crash Report}}
references: ["what a customer sent"]
cases:
  - name: a report
    log: |
      2024-03-05T09:00:00.000+00:00 expa01 tvcs: Event="Crash Report" UTCTime="2024-03-05 09:00:00,000"
    expect: [{state: seen, hosts: [expa01]}]
  - name: another event
    log: |
      2024-03-05T09:00:00.000+00:00 expa01 tvcs: Event="Report Sent" UTCTime="2024-03-05 09:00:00,000"
    expect: []
```

Procedures and signals have no such schema; `logdiag rules lint --rules DIR` checks them all.

## In another language

Rules and procedures are in English. `DIR/locale/ko/LC_MESSAGES/logdiag.po` is a gettext catalogue with the
Korean of the library in `DIR`: the English text, with its placeholders, is the `msgid`. A text that neither
this catalogue nor the one of logdiag has stays English; `logdiag rules lint --rules DIR` lists such texts.
"""
_TAIL = """\
## Roles

What `where` of a step can be. A role that the evidence does not settle is no peer, and the step says so.

{roles}

## Facts

What `of` of an audit can be.

{facts}

## Placeholders

In `title` and `why` of a rule: what `bind` names, and {always}; `took` in a sequence, `found` in an audit and
under `peers`; `name`, `meaning` and `advice` in an alarm with `others`; in an incident what all of its causes
bind. In the texts and the command of a step: {steps}.
"""


def reference() -> str:
    """The page."""
    always, steps = (
        ", ".join(f"`{name}`" for name in sorted(names)) for names in (ALWAYS_BOUND, IN_PROCEDURES)
    )
    roles = "\n".join(f"- `{role}`" for role in ROLES)
    facts = "\n".join(f"- `{fact}`: {meaning}" for fact, meaning in FACTS.items())
    parts = [_HEAD, *map(_section, _models())]
    return "\n".join([*parts, _TAIL.format(always=always, steps=steps, roles=roles, facts=facts)])


def _models() -> list[type[BaseModel]]:
    """Rule, Procedure, Signal and everything in them, each once, where it is first named."""
    found: list[type[BaseModel]] = []

    def add(model: type[BaseModel]) -> None:
        if model not in found:
            found.append(model)
            for field in model.model_fields.values():
                for part in _parts(field.annotation):
                    add(part)

    for model in (Rule, Procedure, Signal):
        add(model)
    return found


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts(argument)


def _section(model: type[BaseModel]) -> str:
    lines = [f"## {_called(model)}", "", _prose(model.__doc__ or ""), ""]
    lines += ["| key | is | default | meaning |", "| --- | --- | --- | --- |"]
    for name, field in model.model_fields.items():
        cells = (
            f"`{field.alias or name}`",
            _type(field.annotation),
            _default(field),
            _prose(field.description or ""),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _called(model: type[BaseModel]) -> str:
    """``ProcedureStep`` is "procedure step"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower()


def _prose(text: str) -> str:
    return " ".join(text.replace("``", "`").split()).replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is PydanticUndefined:
        return ""
    if default is None or default in ("", [], {}):
        return "–"
    if isinstance(default, timedelta):
        return f"`{stretch(default).replace(' ', '')}`"
    if isinstance(default, list):
        return f"`{', '.join(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _type(annotation: Any) -> str:
    """A type as a rule's author would call it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (Union, types.UnionType):
        return _type(next(argument for argument in arguments if argument is not type(None)))
    if origin is Literal:
        return ", ".join(f"`{argument}`" for argument in arguments)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"map of {_type(arguments[0])} to {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        name = _called(annotation)
        return f"[{name}](#{name.replace(' ', '-')})"
    return _PLAIN[annotation]
