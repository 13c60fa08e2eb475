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


Table = Literal["records", "config", "status", "alarms"]
"""``config`` and ``status`` have the keys ``path`` and ``value``; ``alarms`` are those that xStatus
dumps list as raised, with the keys ``Id``, ``Title``, ``Detail`` (the title), ``Severity``, ``Status``."""


class Pattern(_Strict):
    """Records or values of dumps, and what is taken from each."""

    table: Table = Field("records", alias="in", description="where to look")
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
    """An opening record with no closing one in ``[t, t + within)``, with three answers.

    With ``before``, none in ``[t - within, t)``: what is absent is then what would have announced it.
    """

    opening: OneOrMore[Pattern]
    closing: OneOrMore[Pattern]
    within: Span
    logged_by: str = Field(
        "host", description="host, or a bound peer: whose log would hold the closing record"
    )
    before: bool = False
    report: list[Literal["absent", "open_at_end", "unknown"]] = ["absent", "open_at_end", "unknown"]


class StateMatch(_Strict):
    """Raise, lower and acknowledge, folded into intervals."""

    raised: OneOrMore[Pattern] = Field(alias="raise")
    lower: OneOrMore[Pattern] | None = None
    acknowledge: OneOrMore[Pattern] | None = None
    over_by: list[str] = Field([], description="signals that prove that it is over, at the latest then")
    gone_by: list[str] = Field(
        [],
        description="signals that it ends nothing: what it is about was taken away within the hour around it",
    )
    unraised: Literal["closed", "nothing"] = Field(
        "closed", description="what a lowering is that nothing was seen to raise"
    )


class AlarmMatch(_Strict):
    """An alarm by its id and words: raised, lowered and acknowledged in records, listed in dumps."""

    where: Where = Field(description="a condition on Id, Detail, UUID and Severity")
    others: bool = Field(
        False,
        description="only alarms that no other rule names; their severity, {name}, {meaning} and {advice} "
        "are from the catalogue",
    )
    bind: dict[str, Binding] = {}
    over_by: list[str] = Field([], description="signals that prove that it is over, at the latest then")
    unraised: Literal["closed", "nothing"] = "closed"

    def as_state(self) -> StateMatch:
        """The same as a state."""

        def logged(event: str) -> Pattern:
            # What a caller says can look like an alarm inside a record of another module.
            where = {"Event": f"Alarm {event}", "Module|exists": False, "any": [self.where]}
            return Pattern.model_validate({"where": where, "bind": self.bind})

        listed = Pattern.model_validate({"in": "alarms", "where": self.where, "bind": self.bind})
        return StateMatch.model_validate(
            {
                "raise": [logged("Raised"), listed],
                "lower": [logged("Lowered")],
                "acknowledge": [logged("Acknowledged")],
                "over_by": self.over_by,
                "unraised": self.unraised,
            }
        )


class OnlyIf(_Strict):
    """A fact that must have one of some values, on the same peer."""

    of: str
    among: OneOrMore[str] = Field(alias="is")


class Audit(_Strict):
    """One fact of each peer, compared: across the peers, or with what it must be.

    ``equal`` and ``same-order`` compare peers, ``within`` compares numbers, which are no further apart
    than ``value``. ``present`` and ``none`` ask whether there is a value, ``one-of`` and ``at-most``
    compare each with ``value``, ``last`` asks whether it is later than the log. ``told`` is never
    wrong, only said. What only dumps say is as old as they are; a peer of which the fact is not known
    is named.
    """

    of: str = Field(description="a fact; `logdiag rules facts` lists them")
    must: Literal["equal", "same-order", "present", "none", "one-of", "at-most", "last", "within", "told"]
    value: OneOrMore[str] | None = None
    exempt: list[str] = Field([], description="regular expressions (RE2) of values that may differ")
    say: dict[str, str] = Field(
        {}, description="what a value is called in {found}: the first key it contains"
    )
    topology: Literal["cluster", "any"] = "cluster"
    only_if: OnlyIf | None = None
    unknown: str | None = Field(None, description="why it may not be known, in place of the fact's own words")

    @model_validator(mode="after")
    def _with_its_value(self) -> "Audit":
        if (self.value is not None) != (self.must in ("one-of", "at-most", "within")):
            raise ValueError("value goes with one-of, at-most and within, and with nothing else")
        if self.must in ("at-most", "within"):
            try:
                float((self.value or [""])[0])
            except ValueError as error:
                raise ValueError(f"{self.must} takes a number") from error
        return self


class Peers(_Strict):
    """Records under a quantifier over the cluster's members, in a window ``[t, t + within)``.

    ``all``: every peer logged one. ``any``: some did. ``none``: no peer did, each watched for the
    whole of ``within``. ``differ``: the newest values of ``value`` are not the same everywhere.
    ``one-sided``: a peer logged it about another (bound as ``value``) that did not log it about
    the first. Where a peer's log that would decide is missing, it cannot be told.
    """

    of: OneOrMore[Pattern]
    quantifier: Literal["all", "any", "none", "differ", "one-sided"]
    value: str | None = Field(None, description="the bound name that differ and one-sided compare")
    within: Span

    @model_validator(mode="after")
    def _with_its_value(self) -> "Peers":
        if (self.value is not None) != (self.quantifier in ("differ", "one-sided")):
            raise ValueError("value goes with differ and one-sided, and with nothing else")
        return self


class Words(_Strict):
    """Another title and meaning."""

    title: str
    why: str


class IncidentMatch(_Strict):
    """Findings that are one incident: those of ``causes``, and what they explain."""

    causes: list[str] = Field(min_length=1)
    values: dict[str, str] = Field({}, description="what a cause must have bound")
    by: list[Literal["peers", "hosts", "subject"]] = Field(
        [], description="what causes of one incident share; the subject is the peers, or else the hosts"
    )
    within: Span = timedelta(minutes=5)
    requires: list[str] = Field(
        [], description="rules of which one must have fired too, within the span or still going on"
    )
    requested: bool = Field(False, description="only causes that are work that somebody asked for")
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
    alarm: AlarmMatch | None = None
    peers: Peers | None = None
    audit: Audit | None = None
    cannot_tell: str | None = Field(
        None, description="why no snapshot answers this, and how to measure it instead"
    )
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


KINDS = (
    "record",
    "count",
    "sequence",
    "absence",
    "state",
    "alarm",
    "peers",
    "audit",
    "cannot_tell",
    "incident",
)


class Explains(_Strict):
    """A rule whose findings are effects of this one's. A plain text is the rule's id."""

    rule: str
    within: Span = Field(timedelta(seconds=60), description="how long after the cause an effect may start")
    early: Span = Field(timedelta(seconds=1), description="how long before the cause an effect may be logged")
    unless: OneOrMore[str] | None = Field(
        None, description="rules that speak against it where they fire on the same peers within the span"
    )
    on: Literal["hosts", "peers", "about", "cluster"] = Field(
        "hosts",
        description="where effects are logged: on the same peers (hosts), by others about this one's hosts "
        "(peers), by those that this one is about (about), or on any (cluster)",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return _short("rule")(value)


class Requested(_Strict):
    """Work that somebody asked for: what it causes is no fault where it ended well.

    With a finding of ``unless`` that began before and was not over, it is an attempted repair and
    folds under that finding.
    """

    over_within: Span | None = Field(
        None, description="how soon after it all effects must be over; else: ever"
    )
    unless: list[str] = []
    keeps: bool = Field(False, description="whether effects that are not over in time stay under it")


class When(_Strict):
    """When a procedure or a step applies; every line must hold."""

    topology: OneOrMore[Literal["single", "cluster", "unknown"]] | None = None
    primary: Literal["known", "unknown"] | None = None
    unaffected: Literal["some", "none"] | None = Field(None, description="peers that do not report it")
    state: OneOrMore[State] | None = None
    finding: str | None = Field(None, description="a rule that must have fired in the same incident")
    values: dict[str, str] = Field({}, description="what that finding must have bound")
    mutual: bool | None = Field(None, description="whether peers report it of each other")
    version: OneOrMore[str] | None = Field(
        None, description='software versions such as ">=X8.8"; holds too where the version is not known'
    )
    fires: OneOrMore[str] | None = Field(None, description="rules, one of which has fired in the cluster")
    silent: OneOrMore[str] | None = Field(None, description="rules, none of which has fired in the cluster")
    role: Literal["primary", "subordinate", "unknown"] | None = Field(
        None, description="the role of the peer that reports it"
    )
    goes_on: OneOrMore[str] | None = Field(
        None, description="rules, one of which some peer is known to be in, and not out of"
    )
    over: OneOrMore[str] | None = Field(None, description="rules, none of which a peer is known to be in now")


class Remedy(_Strict):
    """A procedure, by name, and when it applies."""

    procedure: str
    when: When | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return _short("procedure")(value)


class Wording(_Strict):
    """The texts of a rule in another language."""

    title: str
    why: str
    mutual: Words | None = None


class StepWording(_Strict):
    """The texts of one step in another language; the command and all else stay as they are."""

    do: str
    why: str
    impact: str | None = None
    verify: str | None = None
    wait: str | None = None


class ProcedureWording(_Strict):
    """The texts of a procedure in another language, step by step."""

    title: str
    steps: list[StepWording]


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
    requested: bool | None = None
    remedy: list[str] = Field([], description="texts that must stand in the rendered remedy")
    remedy_without: list[str] = Field([], description="texts that must not")


Mutation = Literal["drop", "drop-last", "swap", "stretch", "move", "cut"]
Outcome = Literal["same", "silent", "open", "open_at_end", "unknown", "seen", "closed"]


class Case(_Strict):
    """Records, and the findings of this rule that they give. ``logs`` are several files, also dumps."""

    name: str
    log: str | None = None
    logs: dict[str, str] | None = None
    until: str | None = Field(None, description="how long every log goes on: an ISO time, behind all records")
    expect: list[Expectation]
    mutate: dict[Mutation, Outcome] = Field(
        {},
        description="what becomes of the first finding when its first or last record is dropped, its first "
        "two swap their times, its last moves past the span or to another peer, or the log is cut "
        "behind its first",
    )

    @model_validator(mode="after")
    def _one_log(self) -> "Case":
        if (self.log is None) == (self.logs is None):
            raise ValueError("a case has either log or logs")
        if self.mutate and not self.expect:
            raise ValueError("only a case that fires has something to mutate")
        return self


class Rule(_Strict):
    """One problem: what it means, how it is recognised, what to do."""

    title: str
    severity: Severity
    basis: Basis
    why: str
    applies_to: OneOrMore[str] | None = Field(
        None, description='software versions, each such as ">=X14", "<X8.8" or "X14.2"; one must hold'
    )
    reads: list[Table] = ["records"]
    match: OneOrMore[Match] = Field(description="what it looks for; of several, each finds for itself")
    settling: Span = Field(timedelta(minutes=5), description="how long it may take to end by itself")
    explains: list[Explains] = []
    requested: Requested | None = Field(None, description="what it finds is work that somebody asked for")
    remedy: list[Remedy] = []
    references: list[str] = []
    ko: Wording | None = Field(None, description="the texts in Korean")
    cases: list[Case] = Field([], description="at least one that fires and one near miss")

    @model_validator(mode="after")
    def _cases_both_ways(self) -> "Rule":
        if any(match.cannot_tell for match in self.match):
            if len(self.match) > 1 or self.cases:
                raise ValueError("a rule that cannot tell has no other match and no cases")
            return self
        fires = [bool(case.expect) for case in self.cases]
        if len(fires) < 2 or all(fires) or not any(fires):
            raise ValueError("a rule needs a case that fires and a near miss that stays silent")
        if len(self.match) > 1 and any(match.incident for match in self.match):
            raise ValueError("an incident is the only match of its rule")
        return self

    @property
    def incident(self) -> IncidentMatch | None:
        """What makes an incident of findings, where the rule is such a one."""
        return self.match[0].incident


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
    """All of its conditions must hold, or the step is left out."""


class Procedure(_Strict):
    """Steps that several rules share."""

    title: str
    reported_by: str | None = Field(
        None, description="the rule that says which peers ask for it; else the finding's own"
    )
    references: list[str] = []
    steps: list[ProcedureStep] = Field(min_length=1)
    ko: ProcedureWording | None = Field(None, description="the texts in Korean")

    @model_validator(mode="after")
    def _a_wording_for_each_step(self) -> "Procedure":
        if self.ko is not None and len(self.ko.steps) != len(self.steps):
            raise ValueError(f"ko has {len(self.ko.steps)} steps, and there are {len(self.steps)}")
        return self
