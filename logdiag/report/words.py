"""The words for states, risks and the like that all outputs share."""

from logdiag.model import Basis, Kind, Risk, State

STATES: dict[State, str] = {
    "open": "still open",
    "open_at_end": "open when the log ended",
    "unknown": "unknown how it went on",
    "seen": "seen",
    "closed": "over",
}
STATE_NOTES: dict[State, str] = {
    "open": "It is not over, and the log goes on long enough to say so.",
    "open_at_end": "The log ends too soon after it to say whether it ended by itself.",
    "unknown": "A gap or a rotated log hides how it went on.",
    "seen": "An event that has no duration.",
    "closed": "Its end was seen, or there is proof that it ended.",
}
BASES: dict[Basis, str] = {
    "confirmed": "the log shapes that it rests on are well known",
    "inferred": "the log shapes that it rests on are likely, but not documented",
    "assumed": "the log shapes that it rests on are a guess; check before you act on it",
}
RISKS: dict[Risk, str] = {
    "read": "read only",
    "change": "change",
    "outage": "outage",
    "destructive": "destructive",
}
CHANGES = {"edit": "Configuration", "restart": "Restart", "upgrade": "Upgrade", "command": "Command"}
KINDS: dict[Kind, str] = {
    "log": "log",
    "xconfiguration": "xConfiguration",
    "xstatus": "xStatus",
    "certificate": "certificates",
    "other": "other",
}
