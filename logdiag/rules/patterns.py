"""Which records and values a rule looks at, and what it takes from them.

Conditions (``where``) use Sigma's words: a map is *and*, a list is *or*, ``Key|modifier``. They
are checked by `logdiag.conditions`, which knows the modifiers.
"""

from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, WithJsonSchema, model_validator

from logdiag.conditions import Condition, compile_condition
from logdiag.rules.types import OneOrMore, Short, Strict

Where = Annotated[
    Any, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]})
]
"""A condition as it was written; `logdiag.conditions.compile_condition` reads it."""


class Binding(Short):
    """Where a value that a rule names comes from.

    A plain text is the same as ``from``. ``re`` takes the part in its group ``value``. A record whose
    peer can be none of the cluster's, or is the one that logged it, does not match, unless the binding
    is ``optional``: the name is then without a value, or means the peer itself. ``as: peers`` never keeps
    a record from matching.
    """

    plain: ClassVar = "from"

    source: str | None = Field(None, alias="from")
    """a key (Node[2] is its second value) or a column"""
    value: str | None = Field(None, description="a fixed text, instead of from")
    re: str | None = Field(None, description="a regular expression (RE2) with a group (?P<value>…)")
    say: dict[str, str] = Field({}, description="words to show instead of some values")
    kind: Literal["text", "peer", "peers", "stranger", "primary", "place"] = Field("text", alias="as")
    """a peer is known by any of its names and addresses; peers are a list of them, each by its name if
    it is known, otherwise as written; a stranger is an address that no peer has; primary: the
    configuration primary that this peer followed at that time, without a value if it is not known; place:
    a peer by its number, from 1, in the list of the peer that logs it, or by name or address, without a
    value if it is none of the cluster's"""
    optional: bool = False
    """whether a record that names no peer of the cluster, or the peer that logged it, matches, too"""
    missing: str | None = Field(None, description="what {name} shows if no record has the value")

    @model_validator(mode="after")
    def _one_source(self) -> "Binding":
        if (self.source is None) == (self.value is None):
            raise ValueError("a binding needs either from or value")
        if self.optional and self.kind != "peer":
            raise ValueError("optional goes with as: peer, and with nothing else")
        return self


class Pattern(Strict):
    """A condition on records or values of dumps, and the values to take from them."""

    # A Detail is as a record has it, Mode is that of TLS verification, and Database that of the own database.
    table: Literal["records", "config", "status", "alarms", "states"] = Field("records", alias="in")
    """where to look: config and status have the keys path and value, alarms (those that xStatus dumps and
    pasted pages list) Id, Title, Detail, Severity and Status, states (those in which a peer sees the peers
    of its list) Peer, Status, Certificate and Mode, or Database"""
    where: Where = Field(description="a condition: a map is *and*, a list is *or*")
    role: OneOrMore[Literal["primary", "subordinate", "unknown"]] | None = None
    """the role of the logging peer at that time, if it is known (default: any)"""
    bind: dict[str, Binding] = Field({}, description="names for values of what matches")
    older: dict[str, str] = {}
    """pairs of bound software versions: the first must be older than the second"""

    @model_validator(mode="after")
    def _older_is_bound(self) -> "Pattern":
        unbound = sorted({*self.older, *self.older.values()} - self.bind.keys())
        if unbound:
            raise ValueError(f"older compares names that bind does not have: {', '.join(unbound)}")
        return self

    @cached_property
    def condition(self) -> Condition:
        """What ``where`` says."""
        return compile_condition(self.where)


class Step(Pattern):
    """One step of a sequence."""

    peer: Literal["any", "same", "other"] = "any"
    """the logging peer: any, the same as that of the first step, or another"""
    known: bool = False
    """whether the step only shows what was known before: it is no part of the event, and no evidence"""


class Contrary(Pattern):
    """A record of the peer of the first step that contradicts a sequence."""

    until: Literal["last", "end"] = "last"
    """whether it counts up to the last step, or as long as `within` lasts"""
    after_known: bool = False
    """whether it counts only after the steps that are `known`, and up to the last step"""
