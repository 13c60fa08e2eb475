"""Labels for states, severities, risks and kinds that all outputs share."""

from typing import TypeVar

from logdiag.i18n import N_, gettext
from logdiag.model import AlarmState, Basis, MemberKind, Risk, Role, Severity, State
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
