"""What a rule, a signal and a procedure may hold. The JSON Schema for editors is made from here.

Conditions (``where``) use Sigma's words: a map is *and*, a list is *or*, ``Key|modifier``. They
are checked by `logdiag.conditions`, which knows the modifiers.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

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

from logdiag.model import Basis, Risk, Severity, State

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

Where = Annotated[
    Any, WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]})
]
"""A condition as it was written; `logdiag.conditions.compile_condition` reads it."""


def _short(name: str) -> Callable[[Any], Any]:
    """A validator that takes a plain text for a map with that one key."""
    return lambda value: {name: value} if isinstance(value, str) else value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Binding(_Strict):
    """Where a value that a rule names comes from.

    A plain text is the same as ``from``. ``re`` takes the part in its group ``value``. A record whose
    peer can be none of the cluster's, or is the one that logged it, does not match.
    """

    source: str | None = Field(
        None, alias="from", description="a key (Node[2] is its second value) or a column"
    )
    value: str | None = Field(None, description="a fixed text, instead of from")
    re: str | None = Field(None, description="a regular expression (RE2) with a group (?P<value>…)")
    say: dict[str, str] = Field({}, description="what a value is called, where it is not itself")
    kind: Literal["text", "peer", "address"] = Field(
        "text", alias="as", description="a peer is known by any of its names and addresses"
    )
    missing: str | None = Field(None, description="what {name} says where no record has the value")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return _short("from")(value)

    @model_validator(mode="after")
    def _one_source(self) -> "Binding":
        if (self.source is None) == (self.value is None):
            raise ValueError("a binding needs either from or value")
        return self


class Pattern(_Strict):
    """Records, and what is taken from each."""

    where: Where
    bind: dict[str, Binding] = {}


class Step(Pattern):
    """One step of a sequence."""

    peer: Literal["any", "same", "other"] = Field("any", description="against the peer of the first step")


class Count(_Strict):
    """At least so many records, or distinct values, within a span ``[t, t + within)``."""

    of: OneOrMore[Pattern]
    at_least: int = Field(ge=1)
    distinct: str | None = Field(None, description="a bound name: count its distinct values")
    within: Span


class Sequence(_Strict):
    """Steps in order, the last within ``[t, t + within)`` of the first."""

    steps: list[Step] = Field(min_length=2)
    within: Span
    skew: Span = Field(timedelta(0), description="how far the clocks of two peers may differ")
    ties: Literal["forbid", "allow"] = Field("forbid", description="whether equal times are in order")


class Absence(_Strict):
    """An opening record with no closing one in ``[t, t + within)``, with three answers."""

    opening: OneOrMore[Pattern]
    closing: OneOrMore[Pattern]
    within: Span
    logged_by: str = Field(
        "host", description="host, or a bound peer: whose log would hold the closing record"
    )
    report: list[Literal["absent", "open_at_end", "unknown"]] = ["absent", "open_at_end", "unknown"]


class StateMatch(_Strict):
    """Raise, lower and acknowledge, folded into intervals."""

    raised: OneOrMore[Pattern] = Field(alias="raise")
    lower: OneOrMore[Pattern] | None = None
    acknowledge: OneOrMore[Pattern] | None = None
    over_by: list[str] = Field([], description="signals that prove that it is over, at the latest then")
    unraised: Literal["closed", "nothing"] = Field(
        "closed", description="what a lowering is that nothing was seen to raise"
    )


class Words(_Strict):
    """Another title and meaning."""

    title: str
    why: str


class IncidentMatch(_Strict):
    """Findings that are one incident: those of ``causes``, and what they explain."""

    causes: list[str] = Field(min_length=1)
    values: dict[str, str] = Field({}, description="what a cause must have bound")
    by: list[Literal["peers", "hosts"]] = []
    within: Span = timedelta(minutes=5)
    mutual: Words | None = Field(
        None,
        description="what it is called where peers report it of each other: {hosts} are then all of them, "
        "{peers} those that every report is about or from",
    )
    state_of: list[str] = Field([], description="the rules that decide whether it is over; else the causes")


class Match(_Strict):
    """What a rule looks for: exactly one kind."""

    record: OneOrMore[Pattern] | None = None
    count: Count | None = None
    sequence: Sequence | None = None
    absence: Absence | None = None
    state: StateMatch | None = None
    incident: IncidentMatch | None = None
    by: list[str] = Field([], description="bound names: one finding for each of their values")
    across: Literal["peer", "cluster"] = Field(
        "peer", description="one finding a peer, or one for all of them"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> "Match":
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a match is exactly one of {', '.join(KINDS)}")
        return self

    @property
    def kind(self) -> str:
        """The one kind that is set."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


KINDS = ("record", "count", "sequence", "absence", "state", "incident")


class Explains(_Strict):
    """A rule whose findings are effects of this one's. A plain text is the rule's id."""

    rule: str
    within: Span = Field(timedelta(seconds=60), description="how long after the cause an effect may start")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return _short("rule")(value)


class When(_Strict):
    """When a procedure or a step applies; every line must hold."""

    topology: OneOrMore[Literal["single", "cluster", "unknown"]] | None = None
    primary: Literal["known", "unknown"] | None = None
    unaffected: Literal["some", "none"] | None = Field(None, description="peers that do not report it")
    state: OneOrMore[State] | None = None
    finding: str | None = Field(None, description="a rule that must have fired in the same incident")
    values: dict[str, str] = Field({}, description="what that finding must have bound")
    mutual: bool | None = Field(None, description="whether peers report it of each other")
    goes_on: str | None = Field(None, description="a rule that some peer is known to be in, and not out of")
    over: str | None = Field(None, description="a rule that no peer is known to be in now")


class Remedy(_Strict):
    """A procedure, by name, and when it applies."""

    procedure: str
    when: When | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return _short("procedure")(value)


class Expectation(_Strict):
    """One finding that a case expects; what is not named is not compared."""

    state: State | None = None
    severity: Severity | None = None
    title: str | None = None
    hosts: list[str] | None = None
    peers: list[str] | None = None
    first: str | None = None
    last: str | None = None
    count: int | None = None
    remedy: list[str] = Field([], description="texts that must stand in the rendered remedy")
    remedy_without: list[str] = Field([], description="texts that must not")


class Case(_Strict):
    """Records, and the findings of this rule that they give. ``logs`` are several log files."""

    name: str
    log: str | None = None
    logs: dict[str, str] | None = None
    expect: list[Expectation]

    @model_validator(mode="after")
    def _one_log(self) -> "Case":
        if (self.log is None) == (self.logs is None):
            raise ValueError("a case has either log or logs")
        return self


class Rule(_Strict):
    """One problem: what it means, how it is recognised, what to do."""

    title: str
    severity: Severity
    basis: Basis
    why: str
    reads: list[Literal["records"]] = ["records"]
    match: Match
    settling: Span = Field(timedelta(minutes=5), description="how long it may take to end by itself")
    explains: list[Explains] = []
    remedy: list[Remedy] = []
    references: list[str] = []
    cases: list[Case] = Field(min_length=2)

    @model_validator(mode="after")
    def _cases_both_ways(self) -> "Rule":
        fires = [bool(case.expect) for case in self.cases]
        if all(fires) or not any(fires):
            raise ValueError("a rule needs a case that fires and a near miss that stays silent")
        return self


class Signal(_Strict):
    """A match that several rules share; it makes no finding of its own."""

    why: str
    match: Match


class ProcedureStep(_Strict):
    """One step; ``where`` is a role, resolved to peers of the cluster at hand."""

    do: str
    why: str
    where: str
    command: str | None = None
    risk: Risk
    impact: str = "None."
    verify: str = ""
    wait: str = ""
    when: When | None = None


class Procedure(_Strict):
    """Steps that several rules share."""

    title: str
    reported_by: str | None = Field(
        None, description="the rule that says which peers ask for it; else the finding's own"
    )
    references: list[str] = []
    steps: list[ProcedureStep] = Field(min_length=1)
