"""Numbers behind names that come again."""


class Numbering:
    """Gives out names, none of them twice: one that was given out already gets a number.

    A name may look as if it had one (``messages#2``): numbers that are taken are passed over. With
    ``fold`` names that differ in case only count as one.
    """

    def __init__(self, mark: str = "#", *, fold: bool = False) -> None:
        self._mark, self._fold = mark, fold
        self._given: set[str] = set()
        self._last: dict[str, int] = {}

    def name(self, wanted: str) -> str:
        """The name, or the first of ``wanted#2``, ``wanted#3``… that is free."""
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
