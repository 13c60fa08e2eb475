"""Every key that rules and procedures may have, as a page of Markdown made from the schema."""

import ast
import inspect
import itertools
import re
import textwrap
import types
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from logdiag.cluster.facts import FACTS
from logdiag.files.resources import folder
from logdiag.i18n.sentences import stretch
from logdiag.rules.checking import ALWAYS_BOUND, IN_PROCEDURES
from logdiag.rules.roles import ROLES
from logdiag.rules.schema import Effects, Procedure, Rule, Signal
from logdiag.rules.yaml_file import models_in

_PLAIN = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    timedelta: "span",
    Any: "condition",
}


def render_reference() -> str:
    """Return the page: ``rules/reference.md`` with its placeholders filled in."""
    always, steps = (
        ", ".join(f"`{name}`" for name in sorted(names)) for names in (ALWAYS_BOUND, IN_PROCEDURES)
    )
    texts = {
        "<parts>": "\n".join(map(_section, _models())),
        "<roles>": "\n".join(f"- `{role}`" for role in ROLES),
        "<facts>": "\n".join(f"- `{fact}`: {meaning}" for fact, meaning in FACTS.items()),
        "<always>": always,
        "<steps>": steps,
    }
    page = (folder("rules") / "reference.md").read_text(encoding="utf-8")
    return re.sub("|".join(texts), lambda found: texts[found[0]], page)


def schema() -> dict[str, Any]:
    """The JSON Schema of a rule, with the meaning of each key."""
    for model in reversed(_models()):
        model.model_rebuild(force=True)
    return Rule.model_json_schema()


@cache
def _models() -> list[type[BaseModel]]:
    """Rule, Procedure, Signal, Effects and everything in them, each once, where it is first named."""
    found: list[type[BaseModel]] = []

    def add(model: type[BaseModel]) -> None:
        if model not in found:
            found.append(model)
            for field in model.model_fields.values():
                for part in models_in(field.annotation):
                    add(part)

    for top in (Rule, Procedure, Signal, Effects):
        add(top)
    for model in found:
        _describe(model)
    return found


def _describe(model: type[BaseModel]) -> None:
    """Give each key of a model its meaning: the text below it."""
    for part in reversed(model.__mro__):
        if part in (BaseModel, object):
            continue
        for node in ast.parse(textwrap.dedent(inspect.getsource(part))).body:
            for key, text in itertools.pairwise(getattr(node, "body", ())):
                match key, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(meaning))):
                        model.model_fields[name].description = inspect.cleandoc(meaning)


def _section(model: type[BaseModel]) -> str:
    lines = [f"## {_called(model)}", "", _prose(model.__doc__ or ""), ""]
    lines += ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
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
    """Return a type as a rule's author would call it."""
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
