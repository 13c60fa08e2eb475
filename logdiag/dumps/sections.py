"""The dumps of one file: a terminal session can hold an xStatus and an xConfiguration, of several peers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from logdiag.dumps.facts import Facts, facts
from logdiag.dumps.lookup import is_single
from logdiag.dumps.setting import DumpKind, Setting


@dataclass(frozen=True)
class Section:
    """One dump of a file: its settings in order, and what they say of its peer."""

    kind: DumpKind
    settings: tuple[Setting, ...]
    facts: Facts


@dataclass
class _Open:
    kind: DumpKind
    settings: list[Setting] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def sections(kind: DumpKind, settings: Iterable[Setting]) -> list[Section]:
    """The dumps that settings are of, in the order of their first lines.

    Args:
        kind: what a setting is of that does not say it itself.
        settings: those of one file, in order.

    A new dump begins where a path that a dump has once comes again with another value.

    """
    opened: dict[DumpKind, _Open] = {}
    done: list[_Open] = []
    for one in settings:
        of_kind = one.kind or kind
        dump = opened.get(of_kind)
        known = dump.values.get(one.path.casefold()) if dump is not None else None
        if dump is None or (known is not None and known != one.value and is_single(one.path)):
            dump = opened[of_kind] = _Open(of_kind)
            done.append(dump)
        dump.settings.append(one)
        dump.values.setdefault(one.path.casefold(), one.value)
    return [
        Section(dump.kind, tuple(dump.settings), facts((one.path, one.value) for one in dump.settings))
        for dump in done
    ]
