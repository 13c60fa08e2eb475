"""What a case of the corpus is, and how it is put on disk."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

RAN, NOTHING_READ, PARTIAL = 0, 4, 5
"""Exit codes of the contract."""


@dataclass(frozen=True)
class Case:
    """An input that wants to do harm, and what must become of it.

    ``build`` puts it into a folder that is empty; what the pattern ``inputs`` finds there is then given. ``says`` are
    parts of reasons that the findings file must give. The rows of ``heavy`` ones are not looked at.

    ``code`` is None where an archive is malformed in a way that programs may make the best of: then either
    all ``records`` are read, or the run is partial. Nothing is ever left out in silence.
    """

    name: str
    build: Callable[[Path], object]
    code: int | None
    records: int | None = None
    says: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    heavy: bool = False
    stdin: bool = False
    inputs: str = "*"


def file(name: str, make: Callable[[], bytes | Iterable[bytes]]) -> Callable[[Path], None]:
    """One file as the input."""

    def build(folder: Path) -> None:
        put(folder / name, make())

    return build


def put(path: Path, content: bytes | Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as opened:
        for part in [content] if isinstance(content, bytes) else content:
            opened.write(part)
