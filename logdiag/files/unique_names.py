"""Numbers that make repeated names unique."""


class Numbering:
    """Returns each name only once: a name that was returned before gets a number.

    A number is passed over if a name looks as if it had it (``messages#2``). With ``fold`` names that differ
    only in case count as one.
    """

    def __init__(self, mark: str = "#", *, fold: bool = False) -> None:
        self._mark, self._fold = mark, fold
        self._given: set[str] = set()
        self._last: dict[str, int] = {}

    def name(self, wanted: str) -> str:
        """Return the name, or the first of ``wanted#2``, ``wanted#3``… that is free."""
        number = self._last.get(self._key(wanted), 1)
        name = wanted
        while self._key(name) in self._given:
            number += 1
            name = f"{wanted}{self._mark}{number}"
        self._given.add(self._key(name))
        self._last[self._key(wanted)] = number
        return name

    def _key(self, name: str) -> str:
        return name.lower() if self._fold else name
