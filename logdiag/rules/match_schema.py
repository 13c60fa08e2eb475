"""What a rule can look for: the kinds of match."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, model_validator

from logdiag.rules.patterns import Binding, Contrary, Pattern, Step, Where
from logdiag.rules.types import KeyPath, OneOrMore, Span, Strict, list_parts


class Count(Strict):
    """At least so many records, or distinct values, within a span ``[t, t + within)``."""

    of: OneOrMore[Pattern] = Field(description="what is counted")
    at_least: int = Field(ge=1, description="how many")
    distinct: str | None = Field(None, description="a bound name: count its distinct values")
    within: Span = Field(description="the span")


class Sequence(Strict):
    """Steps in order, the last within ``[t, t + within)`` of the first."""

    steps: list[Step] = Field(min_length=2, description="what happens, in this order")
    within: Span = Field(description="the longest time from the first step to the last")
    at_least: Span = Field(timedelta(0), description="the shortest time from the first step to the last")
    unless: list[Contrary] = []
    """records that contradict the sequence; names of `by` that they bind must agree"""


class Absence(Strict):
    """An opening record with no closing one in ``[t, t + within)``, with three answers.

    With ``before``, an opening record with no closing one in ``[t - within, t)``: nothing announced it.
    """

    opening: OneOrMore[Pattern] = Field(description="records after which a closing record is expected")
    closing: OneOrMore[Pattern] = Field(description="the expected records; `by` must be bound here, too")
    within: Span = Field(description="the span in which the closing record is expected")
    before: bool = Field(False, description="whether the closing record is expected before the opening one")
    up: bool = False
    """whether `within` and `due` do not count the time in which the peer was down"""
    due: Span = timedelta(0)
    """how long after the opening the closing record was due; the finding begins then"""
    report: list[Literal["absent", "open_at_end", "unknown"]] = ["absent", "open_at_end", "unknown"]
    """which of the three answers are findings"""

    @model_validator(mode="after")
    def _due_within(self) -> "Absence":
        if self.due > (timedelta(0) if self.before else self.within):
            raise ValueError("due is at most within, and does not go with before")
        return self


class StateMatch(Strict):
    """Raise, lower and acknowledge, folded into intervals."""

    raised: OneOrMore[Pattern] = Field(alias="raise", description="what begins the state")
    lower: OneOrMore[Pattern] = Field([], description="what ends the state")
    acknowledge: OneOrMore[Pattern] = []
    """records that acknowledge the state, and do not end it"""
    over_by: list[str] = Field([], description="signals that prove that it is over by then")
    gone_by: list[str] = []
    """signals that its subject was removed within an hour before or after: then the lowering ends nothing"""
    unraised: Literal["closed", "nothing"] = "closed"
    """what a lowering without a raising gives: a closed finding, or nothing"""

    @property
    def patterns(self) -> list[Pattern]:
        """The patterns of everything that is folded."""
        return [*self.raised, *self.lower, *self.acknowledge]


class AlarmMatch(Strict):
    """An alarm by its id and words: raised, lowered and acknowledged in records, listed in dumps."""

    where: Where = Field(description="a condition on Id, Detail, UUID and Severity")
    others: bool = False
    """only alarms that no other rule names; their severity, {name}, {meaning} and {advice} are from the
    catalogue"""
    bind: dict[str, Binding] = Field({}, description="names for values of the alarm, such as Id and Detail")

    @cached_property
    def as_state(self) -> StateMatch:
        """The same as a state."""

        def logged(event: str) -> dict[str, Any]:
            # What a caller says can look like an alarm inside a record of another module.
            where = {"Event": f"Alarm {event}", "Module|exists": False, "any": [self.where]}
            return {"where": where, "bind": self.bind}

        listed = {"in": "alarms", "where": self.where, "bind": self.bind}
        return StateMatch.model_validate(
            {
                "raise": [logged("Raised"), listed],
                "lower": logged("Lowered"),
                "acknowledge": logged("Acknowledged"),
            }
        )


class Lasts(Strict):
    """How long a condition lasts that is logged repeatedly, of a record, a count or a sequence.

    The condition is open while it lasts, and closed when the opposite is seen.
    """

    until: OneOrMore[Pattern] = []
    """records that show the opposite, logged by one of the same peers; names of `by` must agree"""
    over_by: list[str] = Field([], description="signals that prove that it is over by then")
    again: Span | None = None
    """the longest time between two such records while the condition lasts; after a longer silence its
    state is unknown. Without this key the condition lasts until the opposite is seen"""


ACROSS = ("equal", "same-order", "within")
"""What an audit compares peers with each other by."""


class OnlyIf(Strict):
    """A fact that must have one of some values, on the same peer."""

    of: str = Field(description="a fact; `logdiag rules facts` lists them")
    among: OneOrMore[str] = Field(alias="is", description="the values")


Figure = Literal["registrations", "video", "audio", "rms", "mra", "turn"]
Figures = dict[Figure, int]
"""How much of each kind is carried: registrations, video calls, audio calls in place of video calls, licences
for rich media sessions, registrations through mobile and remote access, TURN relays."""


class Platform(Strict):
    """What one peer of a platform carries."""

    hardware: str = Field(description="what the value of the fact contains")
    name: str = Field(description="what it is called")
    versions: OneOrMore[str] | None = None
    """software versions that the figures are for; the first platform that may apply counts"""
    one: Figures = Field(description="what one peer carries")
    most: Figures = Field({}, description="the most that any cluster of it can carry, if known")
    grows: bool = Field(True, description="whether a cluster of it carries more than one peer")


class Audit(Strict):
    """A fact of each peer, compared with the other peers or with a required value.

    ``equal`` and ``same-order`` compare peers, ``within`` compares numbers, which are no further apart
    than ``value``. ``present`` and ``none`` ask whether there is a value, ``one-of`` and ``at-most``
    compare each with ``value``, ``last`` asks whether it is later than the log. ``told`` only
    reports the fact. ``carries`` reports what the cluster carries, by ``platforms`` and the number of
    peers. Values from dumps are as old as the dumps. A peer whose fact is not known is named.
    """

    of: str = Field(description="a fact; `logdiag rules facts` lists them")
    must: Literal[
        "equal", "same-order", "present", "none", "one-of", "at-most", "last", "within", "told", "carries"
    ]
    """the requirement, see above"""
    value: OneOrMore[str] | None = Field(None, description="what one-of, at-most and within compare with")
    exempt: list[str] = Field([], description="regular expressions (RE2) of values that may differ")
    say: dict[str, str] = {}
    """what a value is called in {found}: the first key it contains"""
    topology: Literal["cluster", "any"] = Field("cluster", description="whether it matters in clusters only")
    only_if: OnlyIf | None = Field(None, description="compare only peers that have this other fact")
    within: Span | None = Field(None, description="do not compare values whose times are further apart")
    platforms: list[Platform] = Field([], description="the platforms in which `carries` looks up the fact")
    bare: bool = Field(False, description="whether {found} is the value alone, without the peer that has it")
    unknown: str | None = Field(
        None, description="why the fact may not be known, in other words than the fact's"
    )

    @model_validator(mode="after")
    def _with_its_value(self) -> "Audit":
        if (self.value is not None) != (self.must in ("one-of", "at-most", "within")):
            raise ValueError("value goes with one-of, at-most and within, and with nothing else")
        if bool(self.platforms) != (self.must == "carries"):
            raise ValueError("platforms go with carries, and with nothing else")
        if self.within is not None and self.must not in ACROSS:
            raise ValueError(f"within goes with {', '.join(ACROSS)}, and with nothing else")
        if self.must in ("at-most", "within"):
            try:
                float((self.value or [""])[0])
            except ValueError as error:
                raise ValueError(f"{self.must} takes a number") from error
        return self


class IncidentMatch(Strict):
    """Findings that are one incident: those of ``causes``, and what they explain."""

    causes: list[str] = Field(min_length=1, description="the rules whose findings head the incident")
    values: dict[str, str] = Field({}, description="what a cause must have bound")
    by: list[Literal["subject"]] = []
    """what causes of one incident have in common; the subject is the peers, or the hosts without peers"""
    within: Span = Field(timedelta(minutes=5), description="how far apart causes of one incident start")
    requires: list[str] = []
    """one of these rules must have fired too, within the span or without an end"""
    requested: bool | None = None
    """true: only causes that are requested work and no fault; false: no such causes"""
    draws: list[str] = []
    """rules of requested work that the incident includes if it began in the same time"""
    state_of: list[str] = Field([], description="the rules that decide whether it is over; else the causes")


class Match(Strict):
    """What a rule looks for: exactly one kind."""

    record: OneOrMore[Pattern] | None = Field(None, description="single records")
    count: Count | None = Field(None, description="many records in a short time")
    sequence: Sequence | None = Field(None, description="steps in order")
    absence: Absence | None = Field(None, description="something that did not follow, or was not announced")
    state: StateMatch | None = Field(None, description="something that begins and ends")
    alarm: AlarmMatch | None = Field(None, description="an alarm of the product")
    audit: Audit | None = Field(None, description="a fact of each peer, compared")
    cannot_tell: str | None = None
    """why no snapshot answers this, and how to measure it instead"""
    incident: IncidentMatch | None = Field(None, description="findings of other rules that are one problem")
    lasts: Lasts | None = None
    """for a record, a count, a sequence or an absence with `before`: when the condition ends"""
    by: list[str] = Field([], description="bound names: one finding for each of their values")
    across: Literal["peer", "cluster"] = "peer"
    """one finding for each peer, or one for the cluster"""

    @model_validator(mode="after")
    def _one_kind(self) -> "Match":
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a match is exactly one of {', '.join(KINDS)}")
        unannounced = self.absence is not None and self.absence.before
        if self.lasts is not None and kinds[0] not in ("record", "count", "sequence") and not unannounced:
            raise ValueError(
                "lasts goes with record, count, sequence and absence with before, and with nothing else"
            )
        return self

    @property
    def kind(self) -> str:
        """The one kind that is set."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def as_state(self) -> StateMatch | None:
        """The state that a state or an alarm is; None for another kind."""
        return self.alarm.as_state if self.alarm is not None else self.state

    @cached_property
    def patterns(self) -> list[tuple[KeyPath, Pattern]]:
        """Every pattern of it, with the path to it."""
        if self.alarm is not None:
            # Raised and listed alarms say the same: one pattern stands for both.
            return [(("alarm",), self.alarm.as_state.raised[0])]
        return [(path, part) for path, part in list_parts(self) if isinstance(part, Pattern)]

    @property
    def asked(self) -> list[Pattern]:
        """Every pattern that it asks for, also those that ``patterns`` has one for."""
        return self.alarm.as_state.patterns if self.alarm else [one for _, one in self.patterns]

    @property
    def is_of_others(self) -> bool:
        """Whether it looks for the alarms that no other rule names."""
        return self.alarm is not None and self.alarm.others


KINDS = ("record", "count", "sequence", "absence", "state", "alarm", "audit", "cannot_tell", "incident")


FROM_CATALOGUE = ("name", "meaning", "advice")
"""What a match that looks for the alarms of no other rule binds besides."""


def list_bindings(matches: Match | Iterable[Match]) -> Iterator[tuple[str, Binding]]:
    """Yield every binding of a match, or of several, with its name."""
    for match in [matches] if isinstance(matches, Match) else matches:
        for _, pattern in match.patterns:
            yield from pattern.bind.items()


def list_bound(matches: Match | Iterable[Match]) -> set[str]:
    """Return every name that a match, or one of several, binds."""
    matches = [matches] if isinstance(matches, Match) else list(matches)
    names = {name for name, _ in list_bindings(matches)}
    if any(match.audit for match in matches):
        names.add("found")
    if any(match.is_of_others for match in matches):
        names.update(FROM_CATALOGUE)
    return names


def list_peer_names(matches: Match | Iterable[Match]) -> set[str]:
    """Return the bound names that are peers: what a match finds is about them."""
    kinds = ("peer", "peers", "place", "primary")
    return {name for name, binding in list_bindings(matches) if binding.kind in kinds}


def list_signals(match: Match) -> list[str]:
    """Return the signals that prove that what a match finds is over."""
    if match.state:
        return [*match.state.over_by, *match.state.gone_by]
    return match.lasts.over_by if match.lasts else []
