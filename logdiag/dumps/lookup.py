"""Finds facts in settings, by the table of paths in `logdiag.dumps.paths`."""

from collections.abc import Iterable, Iterator, Mapping

from logdiag.dumps.paths import FAMILIES, PATHS
from logdiag.dumps.setting import Setting

_MAX_DIGITS = 4
"""Digits of an index; more are a name."""

_MAX_WORDS = 2
"""Words of the name that follows the path of a family."""


def index_in(text: str | None) -> int | None:
    """Return a text as a number if it can be an index, else None."""
    is_index = text and len(text) <= _MAX_DIGITS and text.isascii() and text.isdecimal()
    return int(text) if text and is_index else None


def _without_indexes(path: str) -> tuple[str, int]:
    """Return a path in the form for comparisons, and its first index; without an index that is 1."""
    words = path.casefold().replace("master", "primary").split()
    indexes = list(map(index_in, words))
    names = (word for word, index in zip(words, indexes, strict=True) if index is None)
    return " ".join(names), next((index for index in indexes if index is not None), 1)


# Each spelling, with its fact and its rank among the spellings of that fact.
_KNOWN = {
    _without_indexes(path)[0]: (fact, rank)
    for fact, paths in PATHS.items()
    if fact not in FAMILIES
    for rank, path in enumerate(paths)
}
_FAMILY = {_without_indexes(path)[0]: fact for fact in FAMILIES for path in PATHS[fact]}


class Lookup:
    """The values of known paths, by fact."""

    def __init__(self, settings: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, dict[int, list[tuple[int, str]]]] = {}  # by fact and rank
        self._rows: dict[str, list[dict[str, str]]] = {}
        self._open: dict[tuple[str, int], dict[str, str]] = {}  # the last row with a path and an index
        self._empty: set[str] = set()
        for path, value in settings:
            key, index = _without_indexes(path)
            if key in _KNOWN:
                fact, rank = _KNOWN[key]
                self._values.setdefault(fact, {}).setdefault(rank, []).append((index, value.strip()))
            self._add_to_family(key, index, value.strip())

    def _add_to_family(self, key: str, index: int, value: str) -> None:
        prefix, name = next(((p, name) for p, name in _splits(key) if p in _FAMILY), ("", ""))
        if not prefix:
            return
        fact = _FAMILY[prefix]
        if not name:
            self._empty |= set() if value else {fact}
            return
        row = self._open.get((prefix, index))
        if row is None or name in row:  # said again: by another dump, or a list without indexes
            row = self._open[prefix, index] = {}
            self._rows.setdefault(fact, []).append(row)
        row[name] = value

    def all(self, fact: str) -> Iterator[str]:
        """Return all values of a fact that are not empty, those of the best path first."""
        for _, values in sorted(self._values.get(fact, {}).items()):
            yield from (value for _, value in values if value)

    def first(self, fact: str) -> str | None:
        """Return the value of the best path that has a value."""
        return next(self.all(fact), None)

    def by_index(self, fact: str) -> Mapping[int, str]:
        """Return the values of the best path, by index and in its order.

        The best path is the first one with a value that is not empty, else the first one that is there.
        """
        ranks = [values for _, values in sorted(self._values.get(fact, {}).items())]
        first = ranks[0] if ranks else []
        best = next((values for values in ranks if any(value for _, value in values)), first)
        # Of several values with one index the first counts, also if it is empty.
        return dict(sorted(dict(reversed(best)).items()))

    def rows(self, family: str) -> list[dict[str, str]]:
        """Return the members of a family in order, each with its fields; a field that is missing is ""."""
        found = []
        for row in self._rows.get(family, []):
            known = {
                ours: [row[name.casefold()] for name in names if name.casefold() in row]
                for ours, names in FAMILIES[family].items()
            }
            if any(known.values()):
                found.append({ours: next(filter(None, values), "") for ours, values in known.items()})
        return found

    def is_empty(self, family: str) -> bool:
        """Return whether a dump has the family's section, with nothing in it."""
        return family in self._empty


def lines_of(fact: str, settings: Iterable[Setting]) -> Iterator[Setting]:
    """Return those of the settings that state a fact."""
    paths = {_without_indexes(path)[0] for path in PATHS[fact]}
    for setting in settings:
        key = _without_indexes(setting.path)[0]
        known = {prefix for prefix, _ in _splits(key)} if fact in FAMILIES else {key}
        if known & paths:
            yield setting


def _splits(key: str) -> Iterator[tuple[str, str]]:
    """Yield a path and no words, then shorter paths with the words after them, up to `_MAX_WORDS`."""
    for words in range(_MAX_WORDS + 1):
        prefix, *name = key.rsplit(" ", words)
        if len(name) == words:
            yield prefix, " ".join(name)


def is_single(path: str) -> bool:
    """Return whether a dump has a path with its indexes once: its fact is known and is not a list."""
    return _without_indexes(path)[0] in _KNOWN
