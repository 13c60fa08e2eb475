"""Splits a file into its dumps: a terminal session can contain dumps of both kinds, and of several peers."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from logdiag.dumps.facts import Facts, collect_facts
from logdiag.dumps.lookup import is_single
from logdiag.dumps.setting import DumpKind, Setting


@dataclass(frozen=True)
class Section:
    """One dump of a file: its settings in order."""

    kind: DumpKind
    settings: tuple[Setting, ...]

    @cached_property
    def facts(self) -> Facts:
        """What the settings say of their peer."""
        return collect_facts((one.path, one.value) for one in self.settings)


def find_sections(kind: DumpKind, settings: Iterable[Setting]) -> list[Section]:
    """Return the dumps of a file, in the order of their first lines.

    A new dump begins if a path that occurs once in a dump occurs again with another value. ``kind`` is that
    of a setting that does not say it itself.
    """
    values: dict[DumpKind, dict[str, str]] = {}  # of the newest dump of a kind
    newest: dict[DumpKind, list[Setting]] = {}
    found: list[tuple[DumpKind, list[Setting]]] = []
    for one in settings:
        of_kind, key = one.kind or kind, one.path.casefold()
        known = values.get(of_kind, {}).get(key, one.value)
        if of_kind not in newest or (known != one.value and is_single(one.path)):
            values[of_kind], newest[of_kind] = {}, []
            found.append((of_kind, newest[of_kind]))
        newest[of_kind].append(one)
        values[of_kind].setdefault(key, one.value)
    return [Section(of_kind, tuple(own)) for of_kind, own in found]
