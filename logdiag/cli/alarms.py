"""`logdiag alarms`: the alarm catalogue."""

import heapq
from operator import ne
from typing import Annotated

import typer

from logdiag.cli.options import Language, Rules, library_of
from logdiag.cli.printing import EXIT_USAGE, complain, show


def alarms(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID|WORDS]", help="An alarm's id, or words of its title, text or meaning."),
    ] = None,
    language: Language = "en",
    rules: Rules = None,
) -> None:
    """Show what an alarm means, what to do, and which rules look for it. Without a word, list all alarms."""
    from logdiag.conditions.alarm_catalogue import find
    from logdiag.i18n import speaking
    from logdiag.rules.alarm_page import list_alarms, render_alarm

    asked = " ".join(words or [])
    with speaking(language):
        found = find(asked)
        if not found:
            complain(*_unknown(asked).splitlines())
            raise typer.Exit(EXIT_USAGE)
        if len(found) == 1:
            show(render_alarm(found[0], library_of(rules, language)))
        else:
            show(list_alarms(found))


def _unknown(asked: str) -> str:
    from logdiag.conditions.alarm_catalogue import load
    from logdiag.i18n import gettext
    from logdiag.rules.alarm_page import list_alarms

    if not asked.strip().isdecimal():
        return gettext("no alarm has all of these words: {words}").format(words=asked)
    # A mistyped id has most of its digits in their places.
    near = heapq.nsmallest(3, load(), key=lambda id_: (sum(map(ne, id_, asked.strip())), id_))
    no = gettext("the catalogue has no alarm {id}; did you mean one of these?").format(id=asked.strip())
    return f"{no}\n{list_alarms(load()[id_] for id_ in near)}".rstrip()
