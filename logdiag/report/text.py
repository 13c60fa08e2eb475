"""Renders the summary for a terminal: verdict, cluster, first steps, incidents, and coverage.

Log text reaches the terminal only through `line` or `soft`: on one line, of bounded length,
without control characters or markup.
"""

import itertools
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from logdiag.i18n import gettext, ngettext
from logdiag.model import Change, Coverage, Diagnosis, Finding, Incident, Peer
from logdiag.report import labels, sentences
from logdiag.report.actions import find_actions, find_prohibitions
from logdiag.report.limits import Limits, grouped, limited
from logdiag.report.terminal import COLORS, MIN_WIDTH, SOFT, item, line, print_parts, section, soft, step_item

LIMITS = Limits(incidents=10, findings=100, changes=20, wanted=10, peers=30, members=100, gaps=10, reasons=10)
_NARROW = 80
_GAP = 2
_THREE_ALARMS = len("20004 20006 20007")


def render(diagnosis: Diagnosis, *, color: bool, width: int) -> str:
    """Summarise ``diagnosis``, laid out for ``width`` columns, with ANSI colours if ``color``."""
    cut, left_out = limited(diagnosis, LIMITS)
    width = max(width, MIN_WIDTH)
    return print_parts(_parts(cut, diagnosis.coverage, left_out, width), color=color, width=width)


def _parts(diagnosis: Diagnosis, whole: Coverage, left_out: Limits, width: int) -> Iterator[RenderableType]:
    headline = diagnosis.incidents[0] if diagnosis.incidents else None
    brief = "brief" in diagnosis.command.options
    if given := sentences.handed_over(diagnosis):
        yield Text(line(given))
    yield Text(line(diagnosis.verdict.text), style=COLORS[headline.severity] if headline else "bold")
    yield soft(sentences.tool(diagnosis))
    if note := sentences.redaction(diagnosis):
        yield Text(note)
    if diagnosis.cluster.peers and not brief:
        yield from _clusters(diagnosis.cluster.peers, width)
        yield from _more(left_out.peers, "peers")
    if any(one.remedy for one in diagnosis.incidents):
        yield from section(gettext("Do this first"), *_actions(diagnosis))
    if prohibitions := find_prohibitions(diagnosis):
        yield from section(gettext("Do not do this"), *(item("-", Text(line(one))) for one in prohibitions))
    if diagnosis.incidents and not (brief and len(diagnosis.incidents) == 1):
        groups = grouped(diagnosis)
        items = (
            _incident(number, one, found, brief=brief) for number, one, found in groups if one is not None
        )
        yield from section(gettext("Incidents"), *items)
        yield from _more(left_out.incidents, "incidents")
    if brief:
        if diagnosis.wanted:
            items = (item("-", Text(line(one.what)), label=one.peer) for one in diagnosis.wanted)
            yield from section(gettext("What we need from you"), *items)
        return
    if diagnosis.changes:
        yield from section(gettext("Changes and restarts"), *_changes(diagnosis.changes, width))
        yield from _more(left_out.changes, "changes")
    if diagnosis.wanted:
        items = (item("-", Text(line(one.what)), soft(one.why), label=one.peer) for one in diagnosis.wanted)
        yield from section(gettext("Ask the customer for"), *items)
        yield from _more(left_out.wanted, "things")
    yield from section(gettext("Read"), *_coverage(diagnosis, whole, left_out))
    misses = [one for one in diagnosis.silent if one.nearest_miss is not None]
    if misses:
        items = (item("-", Text(line(one.rule)), soft(one.nearest_miss or "")) for one in misses)
        yield from section(gettext("Nearest misses"), *items)


def _clusters(peers: tuple[Peer, ...], width: int) -> Iterator[RenderableType]:
    """Return the peers of each cluster as tables, or all as lists if the terminal is too narrow."""
    clusters = [(name, list(own)) for name, own in itertools.groupby(peers, key=lambda peer: peer.cluster)]
    tables = [_rows(own) for _, own in clusters]
    # All tables or none: clusters in two layouts are hard to compare.
    fits = all(_needed(rows) <= width for rows in tables)
    for (name, own), rows in zip(clusters, tables, strict=True):
        title = gettext("Cluster") if name is None else gettext("Cluster: {name}").format(name=name)
        yield from section(title, *((_table(rows),) if fits else map(_peer, own)))


def _rows(peers: list[Peer]) -> list[list[Text]]:
    """Return the headings and the peers; the alarms last, as they may take several lines."""
    headings = gettext("Peer"), gettext("Role"), gettext("Software"), gettext("Log, in UTC")
    rows = [[Text(heading, style=SOFT) for heading in (*headings, gettext("Alarms raised"))]]
    for peer in peers:
        name, role = Text(line(peer.name), style="bold"), Text(line(sentences.role(peer)))
        rows.append([name, role, Text(line(sentences.software(peer))), _log(peer), _alarms(peer)])
    return rows


def _needed(rows: list[list[Text]]) -> int:
    widest: list[int] = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    return sum(width + _GAP for width in widest[:-1]) + min(widest[-1], _THREE_ALARMS)


def _table(rows: list[list[Text]], wrapped: int = 1) -> RenderableType:
    """Return rows in columns; the last ``wrapped`` columns may take several lines."""
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    for number in range(len(rows[0]), 0, -1):
        grid.add_column(overflow="fold", no_wrap=number > wrapped)
    for row in rows:
        grid.add_row(*row)
    return grid


def _peer(peer: Peer) -> RenderableType:
    name = Text(line(peer.name), style="bold")
    role = sentences.role(peer) if peer.role else gettext("role not known")
    software = sentences.software(peer) if peer.product or peer.version else gettext("software not known")
    name.append(line(f" ({role}, {software})"), style="not bold")
    raised = Text(gettext("Alarms raised") + ": ").append_text(_alarms(peer))
    return item("-", name, raised, Text(gettext("Log, in UTC") + ": ").append_text(_log(peer)))


def _log(peer: Peer) -> Text:
    return Text(line(sentences.log_of(peer)), style="" if peer.snapshots or peer.snapshot else "yellow")


def _alarms(peer: Peer) -> Text:
    raised, unknown = sentences.alarms(peer)
    text = Text(line(raised), style="red" if "raised" in peer.alarms.values() else "")
    return text.append(f", {line(unknown)}", style=SOFT) if unknown else text


def _incident(number: int, incident: Incident, found: list[Finding], *, brief: bool) -> RenderableType:
    title = Text(labels.SEVERITIES[incident.severity].upper(), style=COLORS[incident.severity])
    title.append(f"  {line(incident.title)}", style="bold")
    if brief:
        return item(f"{number}.", title, Text(sentences.state(incident)))
    contents = sentences.findings(len(found))
    if found:
        first = gettext("{findings}, first {rule}")
        contents = first.format(findings=contents, rule=line(found[0].rule))
    about = Text(line(", ".join(incident.peers)) or gettext("peers not known"))
    about.append(f" | {line(incident.rule)} | {contents}", style=SOFT)
    said = [title, Text(sentences.state(incident)), about, Text(line(incident.summary))]
    said += [soft(text) for text in (sentences.linked(found[0]) if found else ())]
    return item(f"{number}.", *said)


def _actions(diagnosis: Diagnosis) -> Iterator[RenderableType]:
    actions = find_actions(diagnosis)
    several = len(diagnosis.incidents) > 1
    for number, action in enumerate(actions, start=1):
        about = sentences.action_place(action, several=several)
        yield step_item(number, about, action.step, sentences.notes(action.step, brief=True))
    left = sum(len(one.remedy) for one in diagnosis.incidents) - sum(len(one.incidents) for one in actions)
    if not actions:
        yield Text(gettext("The remedy begins with a step that destroys data: read it in the full report."))
    elif left:
        more = ngettext(
            "{number} more step in the full report.", "{number} more steps in the full report.", left
        )
        yield item(" " * len("1."), soft(more.format(number=left)))


def _changes(changes: tuple[Change, ...], width: int) -> Iterator[RenderableType]:
    """Return the changes in columns, or as a list if the terminal is too narrow."""
    rows = []
    for change in changes:
        time, peer = soft(sentences.utc(change.time)), Text(line(change.peer), style="bold")
        what = Text(f"{labels.CHANGES[change.kind]}: {line(change.what)}")
        if by := sentences.who(change):
            what.append(f" ({line(by)})", style=SOFT)
        rows.append([time, peer, what])
    if width < _NARROW:
        yield from (item("-", time.append("  ").append_text(peer), what) for time, peer, what in rows)
    else:
        yield _table(rows, wrapped=2)


def _coverage(diagnosis: Diagnosis, whole: Coverage, left_out: Limits) -> Iterator[RenderableType]:
    yield Text(sentences.read_in_all(whole))
    if whole.repeated:
        yield Text(sentences.repeated(whole))
    for member in diagnosis.coverage.members:
        if member.repair is not None:
            yield item("-", Text(f"{line(member.source)}: {line(member.repair)}"))
        for fault in member.faults:
            yield item("-", Text(sentences.not_whole(line(member.source), line(fault.text)), style="yellow"))
    yield from _more(left_out.members, "members")
    for said in sentences.not_read(diagnosis.coverage):
        yield item("-", Text(line(said)))
    for gap in diagnosis.coverage.gaps:
        yield item("-", Text(line(sentences.gap(gap)), style="yellow"))
    yield from _more(left_out.gaps, "gaps")
    yield Text(sentences.judged(diagnosis))
    if diagnosis.exit.reasons:
        yield Text(line(sentences.ended(diagnosis.exit, left_out.reasons)))


def _more(number: int, things: sentences.Things) -> Iterator[RenderableType]:
    if number:
        yield soft(sentences.more(number, things))
