"""The summary for a terminal: the verdict, the cluster, the first steps, the incidents, what was read.

Whatever comes from a log reaches the terminal only through ``one_line``: on one line, of bounded length,
without control characters or markup.
"""

import itertools
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from logdiag.i18n import gettext, ngettext
from logdiag.model import Change, Coverage, Diagnosis, Finding, Incident, Peer, Step
from logdiag.report import labels, sentences
from logdiag.report.actions import first_steps
from logdiag.report.limits import Limits, limited
from logdiag.report.sanitize import defuse
from logdiag.report.terminal import COLORS as _COLORS
from logdiag.report.terminal import HEADING as _HEADING
from logdiag.report.terminal import LONGEST, paper, printed
from logdiag.report.terminal import SOFT as _SOFT
from logdiag.report.terminal import one_line as _line

LIMITS = Limits(incidents=10, findings=100, changes=20, wanted=10, peers=30, members=100, gaps=10, reasons=10)
_NARROW = 80
_GAP = 2
_THREE_ALARMS = len("20004 20006 20007")


def render(diagnosis: Diagnosis, *, color: bool, width: int) -> str:
    """Summarise ``diagnosis``, laid out for ``width`` columns, with ANSI colours if ``color``."""
    whole = diagnosis.coverage
    diagnosis, left_out = limited(diagnosis, LIMITS)
    console = paper(color=color, width=width)
    for part in _parts(diagnosis, whole, left_out, console.width):
        console.print(part)
    return printed(console)


def _parts(diagnosis: Diagnosis, whole: Coverage, left_out: Limits, width: int) -> Iterator[RenderableType]:
    headline = diagnosis.incidents[0] if diagnosis.incidents else None
    yield Text(_line(diagnosis.verdict.text), style=_COLORS[headline.severity] if headline else "bold")
    made = gettext("logdiag {version}, rules {library}")
    yield _soft(made.format(version=diagnosis.tool.version, library=diagnosis.tool.library))
    if labels.is_redacted(diagnosis):
        yield Text(gettext(labels.REDACTED))
    if diagnosis.cluster.peers:
        yield from _clusters(diagnosis.cluster.peers, width)
        yield from _more(left_out.peers, "peers")
    if headline and headline.remedy:
        yield from _section(gettext("Do this first"), *_actions(headline, first_steps(diagnosis)))
    if diagnosis.incidents:
        found = {finding.id: finding for finding in diagnosis.findings}
        yield from _section(gettext("Incidents"), *_incidents(diagnosis.incidents, found))
        yield from _more(left_out.incidents, "incidents")
    if diagnosis.changes:
        yield from _section(gettext("Changes and restarts"), *_changes(diagnosis.changes, width))
        yield from _more(left_out.changes, "changes")
    if diagnosis.wanted:
        items = (
            _item("-", Text(_line(one.what)), _soft(one.why), label=one.peer) for one in diagnosis.wanted
        )
        yield from _section(gettext("Ask the customer for"), *items)
        yield from _more(left_out.wanted, "things")
    yield from _section(gettext("Read"), *_coverage(diagnosis, whole, left_out))
    misses = [one for one in diagnosis.silent if one.nearest_miss is not None]
    if misses:
        items = (_item("-", Text(_line(one.rule)), _soft(one.nearest_miss or "")) for one in misses)
        yield from _section(gettext("Nearest misses"), *items)


def _clusters(peers: tuple[Peer, ...], width: int) -> Iterator[RenderableType]:
    """The peers of each cluster as tables, or all as lists where a table would be a heap of syllables."""
    clusters = [(name, tuple(own)) for name, own in itertools.groupby(peers, key=lambda peer: peer.cluster)]
    tables = [_rows(own) for _, own in clusters]
    fits = all(_needed(rows) <= width for rows in tables)
    for (name, own), rows in zip(clusters, tables, strict=True):
        title = gettext("Cluster") if name is None else gettext("Cluster: {name}").format(name=name)
        yield from _section(title, *((_table(rows),) if fits else map(_peer, own)))


def _rows(peers: tuple[Peer, ...]) -> list[list[Text]]:
    """The peers, and first what is told of them; the alarms last, which may take several lines."""
    headings = gettext("Peer"), gettext("Role"), gettext("Software"), gettext("Log, in UTC")
    rows = [[Text(heading, style=_SOFT) for heading in (*headings, gettext("Alarms raised"))]]
    for peer in peers:
        name, role = Text(_line(peer.name), style="bold"), Text(_line(sentences.role(peer)))
        rows.append([name, role, Text(_line(sentences.software(peer))), _log(peer), _alarms(peer)])
    return rows


def _needed(rows: list[list[Text]]) -> int:
    widest: list[int] = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    return sum(width + _GAP for width in widest[:-1]) + min(widest[-1], _THREE_ALARMS)


def _table(rows: list[list[Text]]) -> RenderableType:
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for _ in rows[0][:-1]:
        grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


def _peer(peer: Peer) -> RenderableType:
    name = Text(_line(peer.name), style="bold")
    role = sentences.role(peer) if peer.role else gettext("role not known")
    software = sentences.software(peer) if peer.product or peer.version else gettext("software not known")
    name.append(_line(f" ({role}, {software})"), style="not bold")
    raised = Text(gettext("Alarms raised") + ": ").append_text(_alarms(peer))
    return _item("-", name, raised, Text(gettext("Log, in UTC") + ": ").append_text(_log(peer)))


def _log(peer: Peer) -> Text:
    return Text(_line(sentences.log_of(peer)), style="" if peer.snapshots or peer.snapshot else "yellow")


def _alarms(peer: Peer) -> Text:
    raised, unknown = sentences.alarms(peer)
    text = Text(_line(raised), style="red" if "raised" in peer.alarms.values() else "")
    return text.append(f", {_line(unknown)}", style=_SOFT) if unknown else text


def _incidents(incidents: tuple[Incident, ...], found: dict[str, Finding]) -> Iterator[RenderableType]:
    for number, incident in enumerate(incidents, start=1):
        title = Text(sentences.SEVERITIES[incident.severity].upper(), style=_COLORS[incident.severity])
        title.append(f"  {_line(incident.title)}", style="bold")
        facts = Text(f"{labels.STATES[incident.state]}: {sentences.since_until(incident)}")
        about = Text(_line(", ".join(incident.peers)) or gettext("peers not known"), style="")
        about.append(f" | {_line(incident.rule)} | {_findings(incident, found)}", style=_SOFT)
        yield _item(f"{number}.", title, facts, about, Text(_line(incident.summary)))


def _findings(incident: Incident, found: dict[str, Finding]) -> str:
    members = [found[id_] for id_ in incident.findings if id_ in found]
    said = sentences.findings(len(members))
    if not members:
        return said
    return gettext("{findings}, first {rule}").format(findings=said, rule=_line(members[0].rule))


def _actions(headline: Incident, steps: tuple[Step, ...]) -> Iterator[RenderableType]:
    yield from (_step(number, step) for number, step in enumerate(steps, start=1))
    left = len(headline.remedy) - len(steps)
    if not steps:
        yield Text(gettext("The remedy begins with a step that destroys data: read it in the full report."))
    elif left:
        more = ngettext(
            "{number} more step in the full report.", "{number} more steps in the full report.", left
        )
        yield _item(" " * len("1."), _soft(more.format(number=left)))


def _step(number: int, step: Step) -> RenderableType:
    parts: list[RenderableType] = [_soft(sentences.where(step)), Text(_line(step.do))]
    if step.command is not None:
        # Blanks count in a command, so it does not go through _line.
        parts.extend(Text(f"  {defuse(line[:LONGEST])}", style="bold") for line in step.command.split("\n"))
    if step.risk != "read" and step.impact:
        parts.append(Text(_line(gettext("Impact: {impact}").format(impact=step.impact))))
    return _item(f"{number}.", *parts)


def _changes(changes: tuple[Change, ...], width: int) -> Iterator[RenderableType]:
    """The changes in columns; where these would be narrow, as a list."""
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    grid.add_column(no_wrap=True)
    for _ in range(2):
        grid.add_column(overflow="fold")
    for change in changes:
        time, peer = _soft(sentences.utc(change.time)), Text(_line(change.peer), style="bold")
        what = Text(f"{labels.CHANGES[change.kind]}: {_line(change.what)}")
        if by := sentences.who(change):
            what.append(f" ({_line(by)})", style=_SOFT)
        if width < _NARROW:
            yield _item("-", time.append("  ").append_text(peer), what)
        else:
            grid.add_row(time, peer, what)
    if grid.rows:
        yield grid


def _coverage(diagnosis: Diagnosis, whole: Coverage, left_out: Limits) -> Iterator[RenderableType]:
    yield Text(sentences.read_in_all(whole))
    if whole.repeated:
        yield Text(sentences.repeated(whole))
    for member in diagnosis.coverage.members:
        if member.repair is not None:
            yield _item("-", Text(f"{_line(member.source)}: {_line(member.repair)}"))
        for fault in member.faults:
            said = gettext("Not whole: {member}: {fault}")
            said = said.format(member=_line(member.source), fault=_line(fault.text))
            yield _item("-", Text(said, style="yellow"))
    yield from _more(left_out.members, "members")
    for said in sentences.not_read(diagnosis.coverage):
        yield _item("-", Text(_line(said)))
    for gap in diagnosis.coverage.gaps:
        yield _item("-", Text(_line(sentences.gap(gap)), style="yellow"))
    yield from _more(left_out.gaps, "gaps")
    rules = gettext("Rules: {silent} found nothing, {unjudged} could not be judged.")
    yield Text(rules.format(silent=f"{len(diagnosis.silent):,}", unjudged=f"{len(diagnosis.not_checked):,}"))
    if diagnosis.exit.reasons:
        yield Text(_line(sentences.ended(diagnosis.exit, left_out.reasons)))


def _more(number: int, things: sentences.Things) -> Iterator[RenderableType]:
    if number:
        yield _soft(sentences.more(number, things))


def _soft(text: str) -> Text:
    return Text(_line(text), style=_SOFT)


def _section(title: str, *parts: RenderableType) -> Iterator[RenderableType]:
    yield Text("")
    yield Text(_line(title), style=_HEADING)
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
