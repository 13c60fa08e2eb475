"""What the terminal and Markdown say in the same words; values in them are as they were logged.

Each output makes a whole phrase harmless in its own way.
"""

from collections import Counter
from datetime import datetime
from typing import Literal

from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.sentences import by_reason, listed
from logdiag.model import Change, Coverage, Exit, Finding, Gap, Incident, Peer, Role, Severity, Step
from logdiag.report import labels
from logdiag.report.labels import Words

SEVERITIES: Words[Severity] = Words(
    {
        "critical": N_("critical"),
        "high": N_("high"),
        "medium": N_("medium"),
        "low": N_("low"),
        "info": N_("info"),
    }
)
ROLES: Words[Role] = Words({"primary": N_("primary"), "subordinate": N_("subordinate")})


def utc(time: datetime) -> str:
    """``2020-08-12 19:57:43``; it stands beside a word that says UTC."""
    return f"{time:%Y-%m-%d %H:%M:%S}"


def covers(first: datetime | None, last: datetime | None) -> str:
    """From when to when; the date once where it is the same."""
    if first is None or last is None:
        return gettext("none")
    end = f"{last:%H:%M:%S}" if first.date() == last.date() else utc(last)
    return gettext("{start} to {end}").format(start=utc(first), end=end)


def since_until(of: Incident | Finding) -> str:
    """When it was; what its state leaves open is said."""
    if of.first is None:
        return _without_first(of)
    first, last = utc(of.first), utc(of.last or of.first)
    if of.state == "seen" and first == last:
        return f"{first} UTC"
    if of.state in ("closed", "seen"):
        return gettext("{first} until {last} UTC").format(first=first, last=last)
    return gettext("since {first}, last seen {last} UTC").format(first=first, last=last)


def _without_first(of: Incident | Finding) -> str:
    if of.last is not None:
        until = gettext("until {last} UTC") if of.state == "closed" else gettext("last seen {last} UTC")
        return until.format(last=utc(of.last))
    if of.as_of is not None:
        return gettext("as of {time} UTC, by a dump").format(time=utc(of.as_of))
    return gettext("by a dump without a time")


def role(peer: Peer) -> str:
    """What a peer is in its cluster."""
    return ROLES[peer.role] if peer.role else gettext("not known")


def software(peer: Peer) -> str:
    """What runs on a peer."""
    return " ".join(filter(None, (peer.product, peer.version))) or gettext("not known")


def log_of(peer: Peer) -> str:
    """What there is of a peer's log, in UTC."""
    if peer.snapshot is None and not peer.snapshots:
        return gettext("no snapshot given")
    return covers(peer.seen_from, peer.seen_to)


def alarms(peer: Peer) -> tuple[str, str]:
    """The alarms that are raised, and in a phrase of its own those that may be."""
    if not peer.alarms:
        return gettext("none") if peer.alarms_listed else gettext("not known"), ""
    raised = " ".join(id_ for id_, state in peer.alarms.items() if state == "raised")
    unknown = " ".join(id_ for id_, state in peer.alarms.items() if state == "unknown")
    return raised or gettext("none seen"), gettext("unknown: {ids}").format(ids=unknown) if unknown else ""


def where(step: Step) -> str:
    """On which peers a step is done, and what it does to them."""
    risk = labels.RISKS[step.risk]
    if not step.where:
        return gettext("Where: see text ({risk})").format(risk=risk)
    return gettext("On {peers} ({risk})").format(peers=", ".join(step.where), risk=risk)


def who(change: Change) -> str:
    """Who made a change, and from where, as far as that was logged."""
    if change.address is None:
        return change.who or ""
    said = gettext("{who} from {address}") if change.who else gettext("from {address}")
    return said.format(who=change.who, address=change.address)


def findings(number: int) -> str:
    """How many findings an incident is made of."""
    return ngettext("{number} finding", "{number} findings", number).format(number=f"{number:,}")


def read_in_all(whole: Coverage) -> str:
    """What was read, and how much of it."""
    kinds: Counter[str] = Counter()
    for member in whole.members:
        kinds.update((member.kind,) if member.kind == "other" or not member.holds else member.holds)
        kinds["log"] += member.kind == "log" and bool(member.holds)
    logs, config, status = (kinds[kind] for kind in ("log", "xconfiguration", "xstatus"))
    pem, page = kinds["certificate"], kinds["page"]
    sources = [
        said.format(number=f"{number:,}")
        for number, said in (
            (logs, ngettext("{number} log", "{number} logs", logs)),
            (config, ngettext("{number} xConfiguration dump", "{number} xConfiguration dumps", config)),
            (status, ngettext("{number} xStatus dump", "{number} xStatus dumps", status)),
            (pem, ngettext("{number} certificate file", "{number} certificate files", pem)),
            (page, ngettext("{number} pasted page", "{number} pasted pages", page)),
        )
        if number
    ]
    counts = {
        "records": (ngettext("{number} record", "{number} records", whole.records), whole.records),
        "size": (ngettext("{number} byte", "{number} bytes", whole.size), whole.size),
        "lines": (
            ngettext("{number} line without a record", "{number} lines without a record", whole.unparsed),
            whole.unparsed,
        ),
        "others": (
            ngettext("{number} other member", "{number} other members", kinds["other"]),
            kinds["other"],
        ),
    }
    said = {name: text.format(number=f"{number:,}") for name, (text, number) in counts.items()}
    return gettext("{records} in {sources}, {size} in all; {lines}, {others}.").format(
        sources=listed(sources) or gettext("no log"), **said
    )


def repeated(whole: Coverage) -> str:
    """How many records logs repeat."""
    said = ngettext(
        "{number} record stands in more than one log and counts once.",
        "{number} records stand in more than one log and count once.",
        whole.repeated,
    )
    return said.format(number=f"{whole.repeated:,}")


def not_read(coverage: Coverage) -> list[str]:
    """Why members were not read, and why lines of others are in no record: a text for each reason."""
    unparsed: Counter[str] = Counter()
    for member in coverage.members:
        unparsed.update(member.reasons)
    members = by_reason((member.reason, member.source) for member in coverage.members)
    return [*members, *(lines(number, reason) for reason, number in sorted(unparsed.items()))]


def lines(number: int, reason: str) -> str:
    """How many lines of a member belong to no record, and why."""
    said = ngettext("{number} line: {reason}", "{number} lines: {reason}", number)
    return said.format(number=f"{number:,}", reason=reason)


def gap(of: Gap) -> str:
    """Where a peer's log has a hole."""
    said = gettext("Gap: {peer} says nothing {span} UTC")
    return said.format(peer=of.peer, span=covers(of.start, of.end))


def ended(how: Exit, left_out: int) -> str:
    """How the run ended, and why so."""
    said = "; ".join(reason.text for reason in how.reasons)
    if left_out:
        said = gettext("{reasons}; and {number} more").format(reasons=said, number=f"{left_out:,}")
    return gettext("Exit code {code}: {reasons}").format(code=how.code, reasons=said)


Things = Literal["peers", "incidents", "findings", "changes", "things", "members", "gaps", "records"]


def more(number: int, things: Things) -> str:
    """What is not shown, and where it stands."""
    said = {
        "peers": ngettext("{number} more peer", "{number} more peers", number),
        "incidents": ngettext("{number} more incident", "{number} more incidents", number),
        "findings": ngettext("{number} more finding", "{number} more findings", number),
        "changes": ngettext("{number} more change", "{number} more changes", number),
        "things": ngettext("{number} more thing", "{number} more things", number),
        "members": ngettext("{number} more member", "{number} more members", number),
        "gaps": ngettext("{number} more gap", "{number} more gaps", number),
        "records": ngettext("{number} more record", "{number} more records", number),
    }[things].format(number=f"{number:,}")
    return gettext("{more}: write the findings with -o FILE.json.").format(more=said)


def clipped(text: str, length: int) -> str:
    """A text, or its beginning and how much is missing: one value can be megabytes long."""
    if len(text) <= length:
        return text
    said = gettext("{beginning}... ({number} more characters)")
    return said.format(beginning=text[:length], number=f"{len(text) - length:,}")
