"""Labels for states, severities, risks and kinds that all outputs share."""

from typing import TypeVar

from logdiag.i18n import N_, gettext
from logdiag.model import (
    AlarmState,
    Basis,
    Finding,
    Incident,
    MemberKind,
    Risk,
    Role,
    Severity,
    State,
)
from logdiag.procedure import Progress

K = TypeVar("K", bound=str)


class Labels(dict[K, str]):
    """Labels that are translated into the current language when they are looked up."""

    def __getitem__(self, key: K) -> str:
        return gettext(super().__getitem__(key))


STATES: Labels[State] = Labels(
    {
        "open": N_("still open"),
        "open_at_end": N_("open when the log ended"),
        "unknown": N_("outcome unknown"),
        "seen": N_("seen"),
        "closed": N_("over"),
    }
)
STATE_NOTES: Labels[State] = Labels(
    {
        "open": N_("It is not over, and the log continues long enough to show that."),
        "open_at_end": N_("The log ends too soon after it to show whether it ended."),
        "unknown": N_("A gap or a rotated log hides what happened next."),
        "seen": N_("An event that has no duration."),
        "closed": N_("Its end was seen, or there is proof that it ended."),
    }
)
_IN_A_DUMP = N_("A dump shows it. Nothing that was read shows when it began, or whether it ended since.")


def state_note(of: Finding | Incident) -> str:
    """Return what the state of a finding or an incident means."""
    return gettext(_IN_A_DUMP) if of.first is None and of.last is None else STATE_NOTES[of.state]


BASIS_MEANINGS: Labels[Basis] = Labels(
    {
        "confirmed": N_("the log shapes that it rests on are well known"),
        "inferred": N_("the log shapes that it rests on are likely, but not documented"),
        "assumed": N_("the log shapes that it rests on are a guess; check before you act on it"),
    }
)
BASES: Labels[Basis] = Labels(
    {"confirmed": N_("confirmed"), "inferred": N_("inferred"), "assumed": N_("assumed")}
)
SEVERITIES: Labels[Severity] = Labels(
    {
        "critical": N_("critical"),
        "high": N_("high"),
        "medium": N_("medium"),
        "low": N_("low"),
        "info": N_("info"),
    }
)
LEVELS: dict[Severity, str] = {
    **dict.fromkeys(("critical", "high"), "error"),
    "medium": "warning",
    "low": "note",
    "info": "note",
}
"""The levels that code review services have for severities."""
ROLES: Labels[Role] = Labels({"primary": N_("primary"), "subordinate": N_("subordinate")})
ALARMS: Labels[AlarmState] = Labels({"raised": N_("raised"), "clear": N_("clear"), "unknown": N_("unknown")})
RISKS: Labels[Risk] = Labels(
    {
        "read": N_("read only"),
        "change": N_("change"),
        "outage": N_("outage"),
        "destructive": N_("destructive"),
    }
)
CHANGES: Labels[str] = Labels(
    {
        "edit": N_("Configuration"),
        "restart": N_("Restart"),
        "upgrade": N_("Upgrade"),
        "command": N_("Command"),
    }
)
KINDS: Labels[MemberKind] = Labels(
    {
        "log": N_("log"),
        "xconfiguration": "xConfiguration",
        "xstatus": "xStatus",
        "certificate": N_("certificates"),
        "page": N_("pasted page"),
        "other": N_("other"),
    }
)
PROGRESS: Labels[Progress] = Labels(
    {"done": N_("done"), "not_done": N_("not done"), "unknown": N_("not known")}
)
PROCEDURES: Labels[str] = Labels({"planned": N_("Planned work"), "repair": N_("Repairs")})
