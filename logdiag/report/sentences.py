"""Sentences that several outputs share; values in them are unchanged log text.

Each output sanitizes or escapes the whole sentence.
"""

import re
from collections import Counter
from datetime import datetime
from typing import Literal

from logdiag.i18n import N_, gettext, ngettext
from logdiag.i18n.sentences import by_reason, cited, listed
from logdiag.model import (
    Change,
    Coverage,
    Diagnosis,
    Evidence,
    Exit,
    Finding,
    Gap,
    Incident,
    MemberCoverage,
    Peer,
    Step,
    Wanted,
)
from logdiag.procedure import ClusterSteps, MarkedStep
from logdiag.report import labels
from logdiag.report.actions import Action

REQUESTED = N_("It is explained by requested work.")
KNOWN = N_("It is known from the baseline.")

# Characters that are no markup in any output: a template need not escape them.
_LINK = re.compile(r"https://[A-Za-z0-9./?=_-]+")


def utc(time: datetime) -> str:
    """Return ``2020-08-12 19:57:43``, for a place next to a word that says UTC."""
    return time.isoformat(" ", "seconds")[:19]


def utc_ms(time: datetime) -> str:
    """Return ``2020-08-12 19:57:43.353``."""
    return time.isoformat(" ", "milliseconds")[:23]


def covers(first: datetime | None, last: datetime | None) -> str:
    """Return start and end; the date once if both are on the same day."""
    if first is None or last is None:
        return gettext("none")
    end = f"{last:%H:%M:%S}" if first.date() == last.date() else utc(last)
    return gettext("{start} to {end}").format(start=utc(first), end=end)


def since_until(of: Incident | Finding) -> str:
    """Return the known times of a finding or an incident, by its state."""
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
        return gettext("as of {time} UTC, from a dump").format(time=utc(of.as_of))
    return gettext("from a dump without a time")


def state(of: Incident | Finding) -> str:
    """Return the state of a finding or an incident, and its times."""
    return f"{labels.STATES[of.state]}: {since_until(of)}"


def explained(finding: Finding) -> list[str]:
    """Return a sentence for each reason why a finding needs no attention."""
    reasons = ((REQUESTED, finding.requested), (KNOWN, finding.known))
    return [gettext(text) for text, holds in reasons if holds]


def place(record: Evidence) -> str:
    """Return the member, the line and the time of a record."""
    time = f", {utc_ms(record.time)} UTC" if record.time else ""
    return f"{record.source}:{record.line}{time}"


def references(*findings: Finding) -> dict[str, str]:
    """Return the documents that findings refer to, each with its sections, and the links ("" if none)."""
    sections: dict[tuple[str, str], dict[str, None]] = {}
    for one in (reference for finding in findings for reference in finding.references):
        url = one.url if one.url and _LINK.fullmatch(one.url) else ""
        sections.setdefault((one.title, url), {}).update(dict.fromkeys(filter(None, (one.section,))))
    return {cited(title, tuple(of)): url for (title, url), of in sections.items()}


def linked(finding: Finding) -> list[str]:
    """Return the references of a finding with their links as texts."""
    return [f"{text}: {url}" if url else text for text, url in references(finding).items()]


def role(peer: Peer) -> str:
    """Return the role of a peer in its cluster."""
    return labels.ROLES[peer.role] if peer.role else gettext("not known")


def software(peer: Peer) -> str:
    """Return the product and the version of a peer."""
    return " ".join(filter(None, (peer.product, peer.version))) or gettext("not known")


def log_of(peer: Peer) -> str:
    """Return the time that a peer's log covers, in UTC."""
    if peer.snapshot is None and not peer.snapshots:
        return gettext("no snapshot given")
    return covers(peer.seen_from, peer.seen_to)


def alarms(peer: Peer) -> tuple[str, str]:
    """Return the raised alarms of a peer, and the alarms whose state is unknown as a separate text."""
    if not peer.alarms:
        return gettext("none") if peer.alarms_listed else gettext("not known"), ""
    raised = " ".join(id_ for id_, state in peer.alarms.items() if state == "raised")
    unknown = " ".join(id_ for id_, state in peer.alarms.items() if state == "unknown")
    return raised or gettext("none seen"), gettext("unknown: {ids}").format(ids=unknown) if unknown else ""


def where(step: Step) -> str:
    """Return the peers on which a step is done, and its risk."""
    risk = labels.RISKS[step.risk]
    if isinstance(step, MarkedStep) and not step.where:
        return gettext("Where: {role} ({risk})").format(role=step.role, risk=risk)
    if not step.where:
        return gettext("Where: see text ({risk})").format(risk=risk)
    return gettext("On {peers} ({risk})").format(peers=", ".join(step.where), risk=risk)


def cluster_title(steps: ClusterSteps) -> str:
    """Return the heading of a procedure's steps in a cluster, with its peers."""
    if not steps.peers:
        return gettext("Steps")
    title = (
        gettext("Steps for {peers}") if steps.cluster is None else gettext("Steps for {peers} of {cluster}")
    )
    return title.format(peers=listed(steps.peers), cluster=steps.cluster)


def progress(step: MarkedStep) -> str:
    """Return what the evidence shows about a step: ``done: expa01; not known: expa02``."""
    found = step.progress or {}
    if {*found.values()} <= {"unknown"}:
        return labels.PROGRESS["unknown"]
    by_state = {state: [peer for peer, of in found.items() if of == state] for state in labels.PROGRESS}
    return "; ".join(
        f"{labels.PROGRESS[state]}: {', '.join(peers)}" for state, peers in by_state.items() if peers
    )


def notes(step: Step, *, brief: bool) -> list[str]:
    """Return the notes of a step; ``brief`` leaves out the notes for people who carry it out."""
    said = []
    if isinstance(step, MarkedStep) and step.condition:
        said.append(gettext("Only if: {condition}").format(condition=step.condition))
    if step.avoid:
        said.append(step.avoid)
    if step.impact and step.risk != "read":
        said.append(gettext("Impact: {impact}").format(impact=step.impact))
    if step.verify and not brief:
        said.append(gettext("Done when: {verify}").format(verify=step.verify))
    if step.wait and not brief:
        said.append(gettext("Wait: {wait}").format(wait=step.wait))
    if isinstance(step, MarkedStep) and step.progress is not None:
        said.append(gettext("Evidence: {progress}").format(progress=progress(step)))
    return said


def who(change: Change) -> str:
    """Return who made a change, and from which address, as far as that was logged."""
    if change.address is None:
        return change.who or ""
    said = gettext("{who} from {address}") if change.who else gettext("from {address}")
    return said.format(who=change.who, address=change.address)


def of_incidents(numbers: tuple[int, ...]) -> str:
    """Return the incidents to which a step belongs, as ``incident 1`` or ``incidents 1 and 3``."""
    said = ngettext("incident {numbers}", "incidents {numbers}", len(numbers))
    return said.format(numbers=listed([str(number) for number in numbers]))


def action_place(action: Action, *, several: bool = True) -> str:
    """Return the peers of a step, its risk, and its incidents if there are several."""
    return where(action.step) + (f", {of_incidents(action.incidents)}" if several else "")


def findings(number: int) -> str:
    """Return the number of findings of an incident."""
    return _counted(ngettext("{number} finding", "{number} findings", number), number)


def read_in_all(whole: Coverage) -> str:
    """Return what was read, and how much of it."""
    kinds: Counter[str] = Counter()
    for member in whole.members:
        kinds.update((member.kind,) if member.kind == "other" or not member.holds else member.holds)
        kinds["log"] += member.kind == "log" and bool(member.holds)
    logs, config, status = (kinds[kind] for kind in ("log", "xconfiguration", "xstatus"))
    pem, page, others = (kinds[kind] for kind in ("certificate", "page", "other"))
    records, size, unparsed = whole.records, whole.size, whole.unparsed
    sources = (
        (logs, ngettext("{number} log", "{number} logs", logs)),
        (config, ngettext("{number} xConfiguration dump", "{number} xConfiguration dumps", config)),
        (status, ngettext("{number} xStatus dump", "{number} xStatus dumps", status)),
        (pem, ngettext("{number} certificate file", "{number} certificate files", pem)),
        (page, ngettext("{number} pasted page", "{number} pasted pages", page)),
    )
    lines = ngettext("{number} line without a record", "{number} lines without a record", unparsed)
    return gettext("{records} in {sources}, {size} in all; {lines}, {others}.").format(
        records=_counted(ngettext("{number} record", "{number} records", records), records),
        sources=listed([_counted(said, number) for number, said in sources if number]) or gettext("no log"),
        size=_counted(ngettext("{number} byte", "{number} bytes", size), size),
        lines=_counted(lines, unparsed),
        others=_counted(ngettext("{number} other member", "{number} other members", others), others),
    )


def repeated(whole: Coverage) -> str:
    """Return the number of records that are in more than one log."""
    said = ngettext(
        "{number} record is in more than one log and counts once.",
        "{number} records are in more than one log and count once.",
        whole.repeated,
    )
    return _counted(said, whole.repeated)


def not_read(coverage: Coverage) -> list[str]:
    """Return a text for each reason why members were not read, or why lines belong to no record."""
    unparsed: Counter[str] = Counter()
    for member in coverage.members:
        unparsed.update(member.reasons)
    members = by_reason((member.reason, member.source) for member in coverage.members)
    return [*members, *(lines(number, reason) for reason, number in sorted(unparsed.items()))]


def lines(number: int, reason: str) -> str:
    """Return how many lines of a member belong to no record, and why."""
    said = ngettext("{number} line: {reason}", "{number} lines: {reason}", number)
    return said.format(number=f"{number:,}", reason=reason)


def not_whole(source: str, fault: str) -> str:
    """Return which member was not read to its end, and why."""
    return gettext("Incomplete: {member}: {fault}").format(member=source, fault=fault)


def about(member: MemberCoverage) -> str:
    """Return notes on one member: faults, repair, and lines without a record."""
    faults = (gettext("incomplete: {fault}").format(fault=fault.text) for fault in member.faults)
    unparsed = (lines(number, reason) for reason, number in member.reasons.items())
    return "; ".join((*faults, *filter(None, (member.repair, member.reason)), *unparsed))


def gap(of: Gap) -> str:
    """Return which peer's log has a gap, and when."""
    said = gettext("Gap: {peer} says nothing {span} UTC")
    return said.format(peer=of.peer, span=covers(of.start, of.end))


def ended(how: Exit, left_out: int) -> str:
    """Return the exit code, and its reasons."""
    said = "; ".join(reason.text for reason in how.reasons)
    if left_out:
        said = gettext("{reasons}; and {number} more").format(reasons=said, number=f"{left_out:,}")
    return gettext("Exit code {code}: {reasons}").format(code=how.code, reasons=said)


def judged(diagnosis: Diagnosis) -> str:
    """Return how many rules found nothing, and how many could not be judged."""
    silent, unjudged = f"{len(diagnosis.silent):,}", f"{len(diagnosis.not_checked):,}"
    said = gettext("Rules: {silent} found nothing, {unjudged} could not be judged.")
    return said.format(silent=silent, unjudged=unjudged)


def tool(diagnosis: Diagnosis) -> str:
    """Return the version of logdiag and of the rules that made the diagnosis."""
    said = gettext("logdiag {version}, rules {library}")
    return said.format(version=diagnosis.tool.version, library=diagnosis.tool.library)


def about_times() -> str:
    """Return a note on the notation of times and control characters."""
    said = gettext("All times are UTC. Control characters in log text are shown as signs such as {sign}.")
    return said.format(sign="\\x1b")


def handed_over(diagnosis: Diagnosis) -> str:
    """Return the case number, the customer and the author as far as they were given, in one line."""
    given = diagnosis.command.options
    said = {
        "case": gettext("Case {value}"),
        "customer": gettext("Customer {value}"),
        "author": gettext("Author {value}"),
    }
    return " · ".join(text.format(value=given[name]) for name, text in said.items() if name in given)


def redaction(diagnosis: Diagnosis) -> str:
    """Return a note on the pseudonyms of a report; empty if it is not redacted."""
    if "redact" not in diagnosis.command.options:
        return ""
    return gettext(
        "Redacted: numbered words stand for addresses, names, users, aliases, keys and secrets; "
        "the same word means the same."
    )


def message(diagnosis: Diagnosis) -> str:
    """Return a message that asks the customer for missing evidence; empty if nothing is missing."""
    if not diagnosis.wanted:
        return ""
    lines = [gettext("Hello, to find out what happened in your Expressway cluster we still need:")]
    # The person who collects the evidence works on one peer after the other.
    by_peer: dict[str | None, list[Wanted]] = {}
    for one in sorted(diagnosis.wanted, key=lambda one: one.peer is None):
        by_peer.setdefault(one.peer, []).append(one)
    for peer, asked in by_peer.items():
        lines += ["", gettext("On any peer") if peer is None else gettext("On {peer}").format(peer=peer)]
        for one in asked:
            lines += [f"- {one.what}", f"  {one.why}"]
    return "\n".join(lines)


Things = Literal["peers", "incidents", "findings", "changes", "things", "members", "gaps", "records"]


def more(number: int, things: Things) -> str:
    """Return how many objects are not shown, and which output has them."""
    said = {
        "peers": ngettext("{number} more peer", "{number} more peers", number),
        "incidents": ngettext("{number} more incident", "{number} more incidents", number),
        "findings": ngettext("{number} more finding", "{number} more findings", number),
        "changes": ngettext("{number} more change", "{number} more changes", number),
        "things": ngettext("{number} more thing", "{number} more things", number),
        "members": ngettext("{number} more member", "{number} more members", number),
        "gaps": ngettext("{number} more gap", "{number} more gaps", number),
        "records": ngettext("{number} more record", "{number} more records", number),
    }[things]
    return gettext("{more}: write the findings with -o FILE.json.").format(more=_counted(said, number))


def _counted(text: str, number: int) -> str:
    return text.format(number=f"{number:,}")
