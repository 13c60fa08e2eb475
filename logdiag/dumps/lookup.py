"""Finding facts in settings, by the table of paths in `logdiag.dumps.paths`."""

from collections.abc import Iterable, Iterator, Mapping

from logdiag.dumps.paths import FAMILIES, PATHS

_INDEX = 4
"""Digits of an index, at most; more are a name."""

_NAME = 2
"""Words of what the member of a family has, at most."""


def _spelled(path: str) -> tuple[str, int]:
    """A path in the one way that is compared, without its indexes; and the first of them, else 1."""
    words = path.casefold().replace("master", "primary").split()
    names = [word for word in words if not _is_index(word)]
    return " ".join(names), next((int(word) for word in words if _is_index(word)), 1)


def _is_index(word: str) -> bool:
    return len(word) <= _INDEX and word.isascii() and word.isdecimal()


# Each spelling, with its fact and its rank among the spellings of that fact.
_KNOWN = {
    _spelled(path)[0]: (fact, rank)
    for fact, paths in PATHS.items()
    if fact not in FAMILIES
    for rank, path in enumerate(paths)
}
_FAMILY = {_spelled(path)[0]: fact for fact in FAMILIES for path in PATHS[fact]}


class Found:
    """The values of known paths."""

    def __init__(self, settings: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, dict[int, list[tuple[int, str]]]] = {}  # by fact and rank
        self._rows: dict[str, list[dict[str, str]]] = {}
        self._open: dict[tuple[str, int], dict[str, str]] = {}  # the last row with a path and an index
        self._empty: set[str] = set()
        for path, value in settings:
            key, index = _spelled(path)
            if key in _KNOWN:
                fact, rank = _KNOWN[key]
                self._values.setdefault(fact, {}).setdefault(rank, []).append((index, value.strip()))
            self._add_to_family(key, index, value.strip())

    def _add_to_family(self, key: str, index: int, value: str) -> None:
        for prefix, name in _splits(key):
            fact = _FAMILY.get(prefix)
            if fact is None:
                continue
            if not name:
                self._empty |= set() if value else {fact}
                return
            row = self._open.get((prefix, index))
            if row is None or name in row:  # said again: by another dump, or a list without indexes
                row = self._open[prefix, index] = {}
                self._rows.setdefault(fact, []).append(row)
            row[name] = value
            return

    def all(self, fact: str) -> Iterator[str]:
        """All values of a fact that are not empty, those of the best path first."""
        for _, told in sorted(self._values.get(fact, {}).items()):
            yield from (value for _, value in told if value)

    def first(self, fact: str) -> str | None:
        """The value of the best path that has one."""
        return next(self.all(fact), None)

    def by_index(self, fact: str) -> Mapping[int, str]:
        """The values of the best path, by their index and in its order.

        The best path is the first one with a value that is not empty, else the first one that is there.
        """
        ranks = sorted(self._values.get(fact, {}).items())
        _, told = next(
            (rank for rank in ranks if any(value for _, value in rank[1])), (0, ranks[0][1] if ranks else [])
        )
        # Of several values with one index the first counts, though it be empty.
        return dict(sorted(dict(reversed(told)).items()))

    def rows(self, family: str) -> list[dict[str, str]]:
        """The members of a family in order: names, in lower case, to values."""
        return self._rows.get(family, [])

    def is_empty(self, family: str) -> bool:
        """Whether a dump has the family's section, with nothing in it."""
        return family in self._empty


def lines_of(fact: str, settings: Iterable[tuple[str, str, int]]) -> Iterator[tuple[str, str, int]]:
    """Of settings (path, value, line) those that tell a fact."""
    spelled = {_spelled(path)[0] for path in PATHS[fact]}
    for path, value, line in settings:
        key = _spelled(path)[0]
        known = {prefix for prefix, _ in _splits(key)} if fact in FAMILIES else {key}
        if known & spelled:
            yield path, value, line


def _splits(key: str) -> Iterator[tuple[str, str]]:
    """A path and nothing, then a shorter path and the word behind it, up to `_NAME` words."""
    for words in range(_NAME + 1):
        prefix, *name = key.rsplit(" ", words)
        if len(name) == words:
            yield prefix, " ".join(name)


def is_single(path: str) -> bool:
    """Whether a path with its indexes is there once in a dump: its fact is known, and no list of members."""
    return _spelled(path)[0] in _KNOWN
