"""The summary for a terminal: the verdict, the cluster, the incidents, the first steps, what was read.

Whatever comes from a log reaches the terminal only through ``_line``: on one line, of bounded length,
without control characters or markup.
"""

import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from logdiag.model import Coverage, Diagnosis, Finding, Incident, Peer, Severity, Step
from logdiag.report import words
from logdiag.report.actions import first_steps
from logdiag.report.defuse import defuse
from logdiag.report.limits import Limits, limited
from logdiag.wording import counted, listed

LIMITS = Limits(incidents=10, findings=100, changes=20, wanted=10, peers=30, members=100, gaps=10, reasons=10)
LONGEST = 600
"""Characters that are shown of one value."""

_NARROW = 84
# Blanks and newlines of prose; not \v, \f or a lone \r, which are oddities and shown as such.
_LAYOUT = re.compile(r"(?:\r\n|[ \n\t])+")
_COLORS: dict[Severity, str] = {
    "critical": "bold magenta",
    "high": "bold red",
    "medium": "yellow",
    "low": "green",
    "info": "cyan",
}
_SOFT = "dim"
_HEADING = "bold underline"


def render(diagnosis: Diagnosis, *, color: bool, width: int) -> str:
    """Summarise ``diagnosis``, laid out for ``width`` columns, with ANSI colours if ``color``."""
    whole = diagnosis.coverage
    diagnosis, left_out = limited(diagnosis, LIMITS)
    out = io.StringIO()
    # An empty environment: the caller decides about colour and width, not TERM, COLUMNS or NO_COLOR.
    console = Console(
        file=out,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        force_jupyter=False,
        legacy_windows=False,
        _environ={},
    )
    for part in _parts(diagnosis, whole, left_out, narrow=width < _NARROW):
        console.print(part)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().rstrip("\n").split("\n"))


def _parts(
    diagnosis: Diagnosis, whole: Coverage, left_out: Limits, *, narrow: bool
) -> Iterator[RenderableType]:
    headline = diagnosis.incidents[0] if diagnosis.incidents else None
    yield Text(_line(diagnosis.verdict), style=_COLORS[headline.severity] if headline else "bold")
    yield Text(f"logdiag {_line(diagnosis.tool.version)}, rules {_line(diagnosis.tool.library)}", style=_SOFT)
    if diagnosis.cluster.peers:
        for name, own in itertools.groupby(diagnosis.cluster.peers, key=lambda peer: peer.cluster):
            title = "Cluster" if name is None else f"Cluster: {_line(name)}"
            peers = tuple(own)
            yield from _section(title, *(map(_peer, peers) if narrow else (_cluster(peers),)))
        yield from _more(left_out.peers, "more peer")
    if diagnosis.incidents:
        found = {finding.id: finding for finding in diagnosis.findings}
        yield from _section("Incidents", *_incidents(diagnosis.incidents, found))
        yield from _more(left_out.incidents, "more incident")
    if headline and headline.remedy:
        yield from _section("Do this first", *_actions(headline, first_steps(diagnosis)))
    if diagnosis.changes:
        yield from _section("Changes and restarts", _changes(diagnosis))
        yield from _more(left_out.changes, "more change")
    if diagnosis.wanted:
        items = (
            _item("-", Text(_line(one.what)), Text(_line(one.why), style=_SOFT), label=one.peer)
            for one in diagnosis.wanted
        )
        yield from _section("Ask the customer for", *items)
        yield from _more(left_out.wanted, "more thing")
    yield from _section("Read", *_coverage(diagnosis, whole, left_out))
    misses = [one for one in diagnosis.silent if one.nearest_miss is not None]
    if misses:
        items = (
            _item("-", Text(_line(one.rule)), Text(_line(one.nearest_miss or ""), style=_SOFT))
            for one in misses
        )
        yield from _section("Nearest misses", *items)


def _cluster(peers: tuple[Peer, ...]) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style=_SOFT)
    for heading in ("Peer", "Role", "Software", "Log, in UTC", "Alarms raised", "Snapshot"):
        table.add_column(heading, overflow="fold")
    for peer in peers:
        table.add_row(
            Text(_line(peer.name), style="bold"),
            peer.role or "not known",
            _software(peer),
            _covers(peer.seen_from, peer.seen_to),
            _alarms(peer),
            _snapshots(peer),
        )
    return table


def _peer(peer: Peer) -> RenderableType:
    """Make one peer a list item, for terminals on which the table would be a heap of syllables."""
    name = Text(_line(peer.name), style="bold")
    name.append(f" ({peer.role or 'role not known'}, software {_software(peer)})", style="not bold")
    return _item(
        "-",
        name,
        Text(f"log, in UTC: {_covers(peer.seen_from, peer.seen_to)}"),
        Text("alarms raised: ").append_text(_alarms(peer)),
        Text("snapshot: ").append_text(_snapshots(peer)),
    )


def _software(peer: Peer) -> Text:
    return Text(_line(" ".join(filter(None, (peer.product, peer.version))) or "not known"))


def _snapshots(peer: Peer) -> Text:
    given = peer.snapshots or ((peer.snapshot,) if peer.snapshot else ())
    return Text(_line(", ".join(given))) if given else Text("none given", style="yellow")


def _alarms(peer: Peer) -> Text:
    if not peer.alarms:
        return Text("none" if peer.alarms_listed else "not known")
    raised = [_line(id_) for id_, state in peer.alarms.items() if state == "raised"]
    unknown = [_line(id_) for id_, state in peer.alarms.items() if state == "unknown"]
    text = Text(" ".join(raised) or "none seen", style="red" if raised else "")
    if unknown:
        text.append(f", unknown: {' '.join(unknown)}", style=_SOFT)
    return text


def _incidents(incidents: tuple[Incident, ...], found: dict[str, Finding]) -> Iterator[RenderableType]:
    for number, incident in enumerate(incidents, start=1):
        title = Text(incident.severity.upper(), style=_COLORS[incident.severity])
        title.append(f"  {_line(incident.title)}", style="bold")
        facts = Text(f"{words.STATES[incident.state]}: {_since_until(incident)}")
        about = Text(_line(", ".join(incident.peers)) or "peers not known", style="")
        about.append(f" | {_line(incident.rule)} | {_findings(incident, found)}", style=_SOFT)
        yield _item(f"{number}.", title, facts, about, Text(_line(incident.summary)))


def _findings(incident: Incident, found: dict[str, Finding]) -> str:
    members = [found[id_] for id_ in incident.findings if id_ in found]
    text = counted(len(members), "finding")
    return text + (f", first {_line(members[0].rule)}" if members else "")


def _since_until(incident: Incident) -> str:
    first, last = _utc(incident.first), _utc(incident.last)
    if incident.state == "seen" and first == last:
        return f"{first} UTC"
    if incident.state in ("closed", "seen"):
        return f"{first} until {last} UTC"
    return f"since {first}, last seen {last} UTC"


def _actions(headline: Incident, steps: tuple[Step, ...]) -> Iterator[RenderableType]:
    yield from (_step(number, step) for number, step in enumerate(steps, start=1))
    left = len(headline.remedy) - len(steps)
    if not steps:
        yield Text("The remedy begins with a step that destroys data: read it in the full report.")
    elif left:
        yield Text(f"   {counted(left, 'more step')} in the full report.", style=_SOFT)


def _step(number: int, step: Step) -> RenderableType:
    where = f"On {_line(', '.join(step.where))}" if step.where else "Where: see text"
    parts: list[RenderableType] = [
        Text(f"{where} ({words.RISKS[step.risk]})", style=_SOFT),
        Text(_line(step.do)),
    ]
    if step.command is not None:
        # Blanks count in a command, so it does not go through _line.
        parts.extend(Text(f"  {defuse(line[:LONGEST])}", style="bold") for line in step.command.split("\n"))
    if step.risk != "read" and step.impact:
        parts.append(Text(f"Impact: {_line(step.impact)}"))
    return _item(f"{number}.", *parts)


def _changes(diagnosis: Diagnosis) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    for _ in range(2):
        grid.add_column(overflow="fold")
    for change in diagnosis.changes:
        who = [change.who] if change.who else []
        by = " ".join([*who, f"from {change.address}"] if change.address else who)
        what = Text(f"{change.kind}: {_line(change.what)}")
        if by:
            what.append(f" ({_line(by)})", style=_SOFT)
        grid.add_row(Text(_utc(change.time), style=_SOFT), Text(_line(change.peer), style="bold"), what)
    return grid


def _coverage(diagnosis: Diagnosis, whole: Coverage, left_out: Limits) -> Iterator[RenderableType]:
    kinds: Counter[str] = Counter(member.kind for member in whole.members)
    read = [
        counted(kinds[kind], noun)
        for kind, noun in (
            ("log", "log"),
            ("xconfiguration", "xConfiguration dump"),
            ("xstatus", "xStatus dump"),
            ("certificate", "certificate file"),
        )
        if kinds[kind]
    ]
    yield Text(
        f"{counted(whole.records, 'record')} in {listed(read) or 'no log'}, "
        f"{counted(whole.size, 'byte')} in all; "
        f"{counted(whole.unparsed, 'line')} without a record, "
        f"{counted(kinds['other'], 'other member')}."
    )
    if whole.repeated:
        yield Text(f"{counted(whole.repeated, 'record')} stand in more than one log and count once.")
    for member in diagnosis.coverage.members:
        if member.repair is not None:
            yield _item("-", Text(f"{_line(member.source)}: {_line(member.repair)}"))
        for fault in member.faults:
            yield _item("-", Text(f"Not whole: {_line(member.source)}: {_line(fault.text)}", style="yellow"))
    yield from _more(left_out.members, "more member")
    for gap in diagnosis.coverage.gaps:
        yield _item(
            "-",
            Text(f"Gap: {_line(gap.peer)} says nothing {_covers(gap.start, gap.end)} UTC", style="yellow"),
        )
    yield from _more(left_out.gaps, "more gap")
    silent, unjudged = len(diagnosis.silent), len(diagnosis.not_checked)
    yield Text(f"Rules: {silent:,} found nothing, {unjudged:,} could not be judged.")
    if diagnosis.exit.reasons:
        reasons = "; ".join(reason.partition(": ")[2] for reason in diagnosis.exit.reasons)
        more = f"; and {left_out.reasons:,} more" if left_out.reasons else ""
        yield Text(f"Exit code {diagnosis.exit.code}: {_line(reasons)}{more}")


def _more(number: int, noun: str) -> Iterator[RenderableType]:
    if number:
        yield Text(f"{counted(number, noun)}: write the findings with -o FILE.json.", style=_SOFT)


def _section(title: str, *parts: RenderableType) -> Iterator[RenderableType]:
    yield Text("")
    yield Text(title, style=_HEADING)
    yield from parts


def _item(sign: str, *lines: RenderableType, label: str | None = None) -> RenderableType:
    """Make a list item whose lines all start behind the sign, however they wrap."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, style=_SOFT)
    grid.add_column(overflow="fold")
    if label is not None and lines and isinstance(lines[0], Text):
        lines = (Text(f"{_line(label)}: ", style="bold").append_text(lines[0]), *lines[1:])
    grid.add_row(sign, Group(*lines))
    return grid


def _covers(first: datetime | None, last: datetime | None) -> str:
    if first is None or last is None:
        return "none"
    return f"{_utc(first)} to {f'{last:%H:%M:%S}' if first.date() == last.date() else _utc(last)}"


def _utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _line(text: str) -> str:
    """Put ``text`` on one line, harmless, and too short to scroll the verdict away."""
    line = defuse(_LAYOUT.sub(" ", text[:LONGEST]))
    return line if len(text) <= LONGEST else f"{line}... ({len(text) - LONGEST:,} more characters)"
