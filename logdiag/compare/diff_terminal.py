"""What changed between two diagnoses, for a terminal."""

from rich.padding import Padding
from rich.text import Text

from logdiag.compare.diff import HEADINGS, Difference, notes, sections, summed, told
from logdiag.report import labels, sentences
from logdiag.report.terminal import COLORS, HEADING, SOFT, one_line, paper, printed

MOST = 50
"""Findings of a kind that are shown."""


def render(difference: Difference, *, color: bool, width: int) -> str:
    """Tell ``difference``, laid out for ``width`` columns, with ANSI colours if ``color``."""
    console = paper(color=color, width=width)
    console.print(Text(summed(difference), style="bold"))
    for note in notes(difference):
        console.print(Text(note, style="yellow"))
    for became, found in sections(difference):
        console.print(Text(""))
        console.print(Text(HEADINGS[became], style=HEADING))
        for one in found[:MOST]:
            severity = one.finding.severity
            line = Text(f"{labels.SEVERITIES[severity].upper()}  ", style=COLORS[severity])
            console.print(line.append(one_line(one.finding.title), style="not bold default"))
            facts = Text(f"{one_line(told(one))} · {one_line(one.finding.rule)}", style=SOFT)
            console.print(Padding(facts, (0, 0, 0, 2)))
        if found[MOST:]:
            console.print(Text(sentences.more(len(found) - MOST, "findings"), style=SOFT))
    return printed(console)
