"""Exceptions: mistakes of people who write rules, grammars and command lines.

They are exceptions, and each says what is wrong, and in which place. The faults of the evidence (cut
archives, odd bytes, missing peers) are never exceptions: they are data, in the coverage.
"""

from dataclasses import dataclass


class LogdiagError(Exception):
    """A mistake that ends the run. Each of its ``lines`` is what the user reads on a line of its own.

    A line may contain names that strangers chose, with line ends in them: the code that prints it escapes it.
    """

    def __init__(self, *lines: str) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


class InputError(LogdiagError):
    """An input that does not exist, or an output that cannot be written."""


class ResourceError(LogdiagError):
    """The time or the disk space for a run is used up, and there is no answer without the rest."""


class StuckError(ResourceError):
    """The time is used up, but a thread cannot be interrupted: only the end of the process ends it."""


class EngineError(LogdiagError):
    """The engine cannot do the work: it is not installed, cannot be reached, or was lost during the work."""


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in a rule or a grammar. ``line`` and ``column`` count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class AuthorError(LogdiagError):
    """All mistakes in some rules or in a grammar, reported at once."""

    WHERE = "in the files"

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = sorted(set(mistakes))
        count = len(self.mistakes)
        head = f"{count} mistake{'s' if count != 1 else ''} {self.WHERE}"
        super().__init__(head, *map(str, self.mistakes))


class LibraryError(AuthorError):
    """Mistakes in rules and procedures."""

    WHERE = "in the rules"


class GrammarError(AuthorError):
    """Mistakes in a grammar: what Lark refuses, and what cannot be compiled."""

    WHERE = "in the grammar"
