"""How the parts of a rule are written: spans of time, one item for a list, a text for a map."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

KeyPath = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a document."""

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _span(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    found = re.fullmatch(r"(\d+)(ms|s|m|h|d)", str(value))
    if found is None:
        raise ValueError("a span of time is a whole number with ms, s, m, h or d, such as 90s or 5m")
    try:
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError as error:
        raise ValueError("a span of time that no log can cover") from error


Span = Annotated[
    timedelta,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(ms|s|m|h|d)$"}),
]

T = TypeVar("T")


class _OneOrMore:
    """A list, or one item that stands for a list of it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda value: value if isinstance(value, list) else [value], handler(source)
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


OneOrMore = Annotated[list[T], _OneOrMore(), Field(min_length=1)]


class Strict(BaseModel):
    """A part of a rule: a key that nobody knows is a mistake."""

    # The text below a key says what it means. `logdiag.rules.reference` reads it: pydantic would read it each
    # time that a command starts, which takes 50 ms.
    # Validators are built when they are needed: the library in the cache is valid (`logdiag.rules.library`).
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Short(Strict):
    """A part that may be a plain text as well, which stands for a map with the key ``plain``."""

    plain: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {cls.plain: value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


def list_parts(node: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, BaseModel]]:
    """Yield every part of a rule or of a part but its cases, with the path to it; itself comes first."""
    if isinstance(node, BaseModel):
        yield path, node
        for name, field in type(node).model_fields.items():
            if name != "cases":
                yield from list_parts(getattr(node, name), (*path, field.alias or name))
    elif isinstance(node, list | dict):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from list_parts(value, (*path, key))
