"""What a rule, a signal and a procedure may contain. The JSON Schema for editors is made from here."""

from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from logdiag.conditions.modifiers import check_regular_expression
from logdiag.model import Basis, Risk, Severity, State
from logdiag.rules.match_schema import IncidentMatch, Match, OnlyIf
from logdiag.rules.types import KeyPath, OneOrMore, Short, Span, Strict

On = Literal["hosts", "peers", "about", "path", "replication", "cluster"]
"""Where effects of a cause are logged."""


class Effect(Short):
    """A rule whose findings are effects. A plain text is the rule's id."""

    plain: ClassVar = "rule"

    rule: str = Field(description="the effect's rule")
    on: On = "hosts"
    """where effects are logged: on the same peers (hosts), by others about this one's hosts (peers), by those
    that this one is about (about), between two peers that the cause names (path), on the same peers and, if
    the cause or the effect is on the configuration primary or none is known, on others (replication), or on
    any peer (cluster)"""


class Effects(Strict):
    """Effects that several rules share, such as those of a peer that is not reachable."""

    why: str = Field(description="what the effects have in common")
    effects: list[Effect] = Field(min_length=1, description="the effects")


class Explains(Short):
    """Effects of a rule's findings: of one rule, or of a file of `effects/`. A plain text is a rule's id."""

    plain: ClassVar = "rule"

    rule: str | None = Field(None, description="the effect's rule")
    effects: str | None = Field(None, description="a file of `effects/`, without `.yaml`")
    within: Span = timedelta(seconds=60)
    """how soon after the cause an effect starts; while the cause lasts, effects may also start later"""
    early: Span = Field(timedelta(seconds=1), description="how long before the cause an effect may be logged")
    lasting: bool = Field(True, description="whether effects may start at any time while the cause lasts")
    unless: OneOrMore[str] | None = None
    """rules that exclude it if they fire on the same peers within the span"""
    only_with: OneOrMore[str] | None = None
    """one of these rules has to fire on the same peers, about the same ones, while the cause lasts"""
    not_before: OneOrMore[str] | None = None
    """rules whose later findings on the peers of the effect show that this is not the cause"""
    only_if: OnlyIf | None = Field(None, description="a fact that the peers of the cause must have")
    not_if: OnlyIf | None = Field(None, description="a fact that the peers of the cause must not have")
    direct: bool = False
    """whether the finding itself says what it caused: it comes before causes that only fit by time"""
    on: On = Field("hosts", description="where effects of a `rule` are logged, as in effect")
    values: dict[str, str] = Field({}, description="what the cause must have bound")
    effect_values: dict[str, str] = Field({}, description="what the effect must have bound")
    steps: Literal["own", "cause"] = "own"
    """whether the steps of the effect's own rule are right as well (own), or would do harm: then only those
    of the cause are shown (cause)"""

    @model_validator(mode="after")
    def _one_kind(self) -> "Explains":
        if (self.rule is None) == (self.effects is None):
            raise ValueError("explains names either a rule or effects")
        return self


class Requested(Strict):
    """Work that somebody asked for: what it causes is no fault if the work ended well.

    Work is finished when its end was seen and its effects are over. Work whose log ends within
    30 minutes, with no alarm open and with no other effect that lasts longer than work of this
    kind explains, is still running. All other work is unfinished: it keeps its own severity and its
    effects. A fault of another peer that begins after the end was seen, or that peers report that the
    work is not on, is no effect. With a finding of ``unless`` that began before and was not over, the
    work is an attempted repair and folds under that finding.
    """

    over_within: Span | None = None
    """the longest time after it in which all effects must be over (default: any time)"""
    begins_within: Span | None = None
    """the longest time after its last record in which effects begin (default: `over_within`)"""
    shown_by: list[str] = []
    """rules that show its end: a later finding that is over, on each peer or about it; on a single node its
    own last record is enough; without such rules nothing has to show it"""
    own_end: bool = Field(False, description="whether its own last record is required, too")
    unless: list[str] = []
    """rules: if a finding of them was open before, the work was an attempted repair"""
    told_under: list[str] = []
    """rules of effects that include the work if they do not end: the work was the fault"""


class When(Strict):
    """When a procedure or a step applies: all keys must be true."""

    topology: OneOrMore[Literal["single", "cluster", "unknown"]] | None = None
    """what the inputs are from"""
    unaffected: Literal["some", "none"] | None = Field(None, description="peers that do not report it")
    state: OneOrMore[State] | None = None
    """the state of the finding, or of the incident that it heads"""
    finding: OneOrMore[str] | None = None
    """rules, one of which must have fired in the same incident"""
    values: dict[str, str] = Field({}, description="what that finding must have bound")
    without: OneOrMore[str] | None = None
    """rules, none of which has fired in the same incident"""
    peers: Literal["none", "one", "several"] | None = Field(None, description="how many peers it is about")
    mutual: bool | None = None
    """whether peers report it of each other; {hosts} are then one side and {peers} the other;
    without two sides there are no {peers}"""
    version: OneOrMore[str] | None = None
    """software versions such as ">=X8.8"; true, too, if no version of a peer is known"""
    fires: OneOrMore[str] | None = Field(None, description="rules, one of which has fired in the cluster")
    silent: OneOrMore[str] | None = Field(None, description="rules, none of which has fired in the cluster")
    role: OneOrMore[Literal["primary", "subordinate", "unknown"]] | None = None
    """the role of the peers that report it; `primary` if the primary is one of them"""
    about: OneOrMore[Literal["primary", "subordinate", "unknown"]] | None = None
    """the role of the peers that it is about; `primary` if the primary is one of them"""
    goes_on: OneOrMore[str] | None = Field(None, description="rules, at least one of which may still be open")
    over: OneOrMore[str] | None = Field(None, description="rules, none of which may still be open")
    way: Literal["whole", "broken"] | None = None
    """whether a rule with `breaks_the_way` has fired and is not known to be over"""

    def without_finding(self) -> "When":
        """Return the lines that can be judged without a finding."""
        return self.model_copy(update={name: When.model_fields[name].default for name in OF_A_FINDING})


OF_A_FINDING = ("unaffected", "state", "finding", "values", "without", "peers", "mutual", "role", "about")
"""The lines of a condition that are about the finding whose remedy a procedure is."""


class Wording(Strict):
    """Another title and meaning of an incident."""

    when: When = Field(description="when they apply")
    title: str = Field(description="the fact in one line")
    why: str = Field(description="what it means")


class Remedy(Short):
    """A procedure, by name, and when it applies."""

    plain: ClassVar = "procedure"

    procedure: str = Field(description="a file of `procedures/`, without `.yaml`")
    when: When | None = Field(None, description="when it applies (default: always)")


class AsEffect(Strict):
    """How an incident with another cause names the findings of this rule, and what else to do then."""

    title: str
    """the title of the incident; {cause} is the title of the cause, {peers} are the peers that findings of
    this rule are about"""
    primary: str = Field(description="the same if {peers} is the configuration primary")
    over: str = Field(description="the same if it is over; {duration} is how long it took")
    mutual: str = Field(description="the same if {peers} report it of each other")
    short: str = Field(description="the same without {peers}, for titles that are too long")
    remedy: list[Remedy] = Field([], description="what to do after the cause's own remedy")


class Expectation(Strict):
    """One finding that a case expects; only the given keys are compared."""

    state: State | None = Field(None, description="its state")
    severity: Severity | None = Field(None, description="as lowered, for example by requested work")
    title: str | None = Field(None, description="with its placeholders filled in")
    hosts: list[str] | None = Field(None, description="the peers that logged it, sorted")
    peers: list[str] | None = Field(None, description="the peers that it is about, sorted")
    first: str | None = Field(None, description="when it began, as `2024-03-05T09:00:00.524Z`")
    last: str | None = Field(None, description="when it was last seen")
    count: int | None = Field(None, description="how many times")
    requested: bool | None = Field(None, description="whether it is work that somebody asked for")
    remedy: list[str] = Field([], description="texts that the rendered remedy must contain")
    remedy_without: list[str] = Field([], description="texts that it must not contain")


class Case(Strict):
    """Records, and the findings of this rule that they give. ``logs`` are several files, also dumps."""

    name: str = Field(description="what happens, in a few words")
    log: str | None = Field(None, description="raw records of one file, of one peer or of several")
    logs: dict[str, str] | None = None
    """several files by name, such as `expa01.txt`, `xconf_expa01.txt`, `xstat_expa01.txt`: logs and dumps"""
    until: str | None = Field(None, description="when every log ends: an ISO time after all records")
    expect: list[Expectation]
    """the findings of this rule in the order of time; `[]` is a near miss"""

    @model_validator(mode="after")
    def _one_log(self) -> "Case":
        if (self.log is None) == (self.logs is None):
            raise ValueError("a case has either log or logs")
        return self


class Rule(Strict):
    """One problem: what it means, how it is recognised, what to do."""

    title: str = Field(description="the fact, not the advice; with {placeholders}")
    severity: Severity = Field(description="how bad it is")
    basis: Basis = Field(description="how well the shapes of the matched records are known")
    why: str = Field(description="what it means; with {placeholders}")
    without_log: str | None = None
    """text to add to `why` if a peer that the finding is about has no log that covers its beginning;
    {peers} are then such peers"""
    applies_to: OneOrMore[str] | None = None
    """software versions, such as ">=X14", "<X8.8" or "X14.2"; one of them must match"""
    match: OneOrMore[Match] = Field(description="what to look for; each item of a list matches on its own")
    settling: Span = Field(timedelta(minutes=5), description="how long it may take to end without help")
    explains: list[Explains] = []
    """rules whose findings are effects of this one: they fold under it"""
    wordings: list[Wording] = []
    """other titles and meanings of an incident that the rule heads; the first that applies is used"""
    implies_effects: bool = False
    """whether the title of an incident that it heads says enough without its main effect"""
    as_effect: AsEffect | None = None
    """how the title of an incident names it as the main effect of another cause"""
    requested: Requested | None = Field(None, description="its findings are requested work")
    breaks_the_way: bool = False
    """whether peers cannot reach each other while it lasts, so that nothing replicates between them"""
    before_outages: str | None = None
    """a procedure that replaces every step of risk outage or destructive, of any procedure, while this is not
    over"""
    remedy: list[Remedy] = Field([], description="what to do: procedures by name")
    references: list[str] = []
    """sources, such as `"document: ports"`, `"administrator guide X15.5: Maintenance"`,
    `"alarm 20021"`, `"defect CSCvx35891"` (keys: rules/references.csv); what begins with `assumed:` or
    `note:` is a remark and not in reports"""
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
    def remedies(self) -> list[Remedy]:
        """All procedures that it names as a remedy, with their conditions."""
        return [*self.remedy, *(self.as_effect.remedy if self.as_effect else ())]

    @property
    def procedures(self) -> set[str]:
        """The names of all procedures that it uses."""
        return {one.procedure for one in self.remedies} | {*filter(None, [self.before_outages])}

    @property
    def incident(self) -> IncidentMatch | None:
        """What makes an incident of findings, if the rule is such a one."""
        return self.match[0].incident

    def texts(self) -> Iterator[tuple[KeyPath, str]]:
        """Yield every text that a report can show but those that patterns bind, with the path to it."""
        yield ("title",), self.title
        yield ("why",), self.why
        if self.without_log is not None:
            yield ("without_log",), self.without_log
        if self.as_effect is not None:
            for field in ("title", "primary", "over", "mutual", "short"):
                yield ("as_effect", field), getattr(self.as_effect, field)
        for number, words in enumerate(self.wordings):
            yield ("wordings", number, "title"), words.title
            yield ("wordings", number, "why"), words.why
        for number, match in enumerate(self.match):
            if match.cannot_tell is not None:
                yield ("match", number, "cannot_tell"), match.cannot_tell
            if (audit := match.audit) is not None:
                for key, said in audit.say.items():
                    yield ("match", number, "audit", "say", key), said
                for index, platform in enumerate(audit.platforms):
                    yield ("match", number, "audit", "platforms", index, "name"), platform.name
                if audit.unknown is not None:
                    yield ("match", number, "audit", "unknown"), audit.unknown


class Signal(Strict):
    """A match that several rules share; it makes no finding of its own.

    A bound ``with`` is the other peer that the bound ``peer`` was in touch with. A signal that binds
    nothing that a rule is `by` is about the peer that logged it. The events of a state are the
    lowerings after which nothing of it is raised.
    """

    why: str = Field(description="what it proves")
    match: Match = Field(description="a record, a sequence or a state")


class DoneWhen(Strict):
    """What in the evidence shows, for each peer of ``where``, that a step was done: a fact, or rules.

    Evidence that is missing shows nothing: then it is not known whether the step was done. Each key is a
    sign of its own; one sign that the step is not done outweighs the others.
    """

    fact: str | None = Field(None, description="a fact, see below; it needs one of the next four")
    among: OneOrMore[str] | None = Field(None, alias="is")
    """values, in upper or lower case: the step is done if the fact has no others"""
    pattern: str | None = Field(None, alias="re")
    """a regular expression of RE2: the step is done if each value of the fact has a part that matches"""
    equal: bool = Field(False, description="the step is done if the fact is the same on every peer")
    present: bool | None = Field(None, description="the step is done if the fact has a value, or has none")
    rule: OneOrMore[str] | None = None
    """rules: the step is done if one of them fired on the peer, or about it"""
    values: dict[str, str] = Field({}, description="what that finding must have bound")
    not_while: OneOrMore[str] | None = None
    """rules: the step is not done while a finding of them, on the peer or about it, is open; it is done if
    there were some and all are over"""
    on: Literal["peer", "cluster"] = "peer"
    """whether open findings of `not_while` count only if they are on the peer or about it, or on any peer"""
    after: OneOrMore[str] | None = None
    """rules of the work before: findings count only if they end after that work began; if none of these rules
    fired in the cluster, it is not known whether the step was done"""

    @model_validator(mode="after")
    def _a_sign(self) -> "DoneWhen":
        if not (self.fact or self.rule or self.not_while):
            raise ValueError("done_when has fact, rule or not_while")
        asked = (self.among, self.pattern, self.equal or None, self.present)
        if sum(one is not None for one in asked) != (self.fact is not None):
            raise ValueError("a fact has one of is, re, equal and present; a rule has none")
        if self.pattern is not None:
            check_regular_expression(self.pattern)
        return self


class ProcedureStep(Strict):
    """One step; ``where`` is a role, resolved to peers of the cluster."""

    do: str = Field(description="what to do; with {placeholders}")
    why: str = Field(description="the purpose")
    where: str = Field(description="a role, see below")
    command: str | None = Field(None, description="what to type, exactly")
    risk: Risk
    """read changes nothing, change changes settings, outage interrupts service, destructive cannot be
    undone"""
    impact: str = Field("None.", description="what users notice")
    verify: str = Field("", description="how to see that it worked")
    wait: str = Field("", description="how long to wait, and for what")
    avoid: str = Field("", description="what must not be done meanwhile, as a sentence: Do not …")
    when: When | None = Field(None, description="when it applies (default: always)")
    done_when: DoneWhen | None = Field(None, description="what shows that it was done; else nothing does")


class Procedure(Strict):
    """Steps that several rules share."""

    title: str = Field(description="what it is for, without placeholders")
    kind: Literal["planned", "repair"] = "repair"
    """planned work that somebody begins, or a repair that rules ask for"""
    before: list[str] = []
    """preconditions and warnings, without placeholders; they are shown above the steps"""
    reported_by: str | None = None
    """the rule that says which peers ask for it; else the finding's own"""
    references: list[str] = Field([], description="where the knowledge is from, as in a rule")
    steps: list[ProcedureStep] = Field(min_length=1)
    """in the order in which they are done; what cannot be undone comes last"""
