"""The output of a batch: what lies where in it, and what of it is done.

``index.html``, ``clusters/NAME/`` with a report and its findings, ``findings/`` with the dataset, and
``state/`` with what is done. A state is put last and knows the digests of what it stands for, so that
nothing half written ever counts as done, whatever the store.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from logdiag.batch.rows import Row
from logdiag.batch.stores import store
from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.snapshots.file_systems import shown

REPORT, FINDINGS = "report.html", "findings.json"

_ROW = TypeAdapter(Row)
_UNFINISHED = ".unfinished"
_MARK = ".logdiag-batch"
"""Where it lies, a batch wrote. Nothing of anybody else's is ever taken away."""


class Output:
    """The output of a batch. Made by every worker for itself: it holds nothing but the place.

    Raises:
        InputError: no place is named.

    """

    def __init__(self, given: str) -> None:
        self.shown = shown(given)
        self._store = store(given)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Make it, and be the only run that writes there, as far as the store can tell.

        Raises:
            InputError: it holds something else than an earlier batch, cannot be made, or another run
                is at it.

        """
        self._store.make()
        names = self._store.names("")
        if names and _MARK not in names:
            said = gettext("{out}: it is neither empty nor the output of an earlier batch")
            raise InputError(said.format(out=self.shown))
        if _MARK not in names:
            self._store.put_file(_MARK, b"")
        with self._store.alone(_MARK):
            self._store.tidy()
            yield
            self._store.tidy()

    def show(self) -> str:
        """Put something there that a worker finds if it `sees` the same place."""
        name = f"{_UNFINISHED}/{uuid.uuid4().hex}"
        self._store.put_file(name, b"")
        return name

    def sees(self, name: str) -> bool:
        """Whether this is the place where that was put."""
        try:
            return self._store.read(name) == b""
        except OSError:
            return False

    def findings(self, name: str) -> bytes:
        """The findings file of a cluster."""
        return self._store.read(f"clusters/{name}/{FINDINGS}")

    def put_file(self, name: str, content: bytes) -> None:
        """Put a file in its place, instead of what was there."""
        self._store.put_file(name, content)

    def put_folder(self, name: str, fill: Callable[[Path], None]) -> None:
        """Put a folder, as ``fill`` writes it elsewhere, in its place, instead of what was there."""
        self._store.put_folder(name, fill)

    def put_part(self, name: str, fill: Callable[[Path], None]) -> dict[str, str]:
        """Put what was read of a part of a job, as ``fill`` writes it; gives the digests to know it by."""
        digests: dict[str, str] = {}

        def fill_and_tell(room: Path) -> None:
            fill(room)
            for path in room.iterdir():
                digests[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()

        self._store.put_folder(f"{_UNFINISHED}/{name}", fill_and_tell)
        return digests

    def part(self, name: str, digests: Mapping[str, str], file: str) -> bytes:
        """A file of what was read of a part.

        Raises:
            OSError: it is not there any more.
            ValueError: it is another one.

        """
        content = self._store.read(f"{_UNFINISHED}/{name}/{file}")
        if hashlib.sha256(content).hexdigest() != digests.get(file):
            raise ValueError(file)
        return content

    def put_cluster(self, name: str, files: Mapping[str, bytes]) -> None:
        """Put what is told of a cluster in its place."""

        def fill(room: Path) -> None:
            for file, content in files.items():
                (room / file).write_bytes(content)

        self._store.put_folder(f"clusters/{name}", fill)

    # ── what is done ────────────────────────────────────────────────────────────────────────

    def done(self, digest: str) -> Row | None:
        """The row of a job that is done, if all that it made is still there as it was made."""
        try:
            state = json.loads(self._store.read(f"state/{digest}.json"))
            row = _ROW.validate_json(json.dumps(state["row"]))
            made = self._made(row.name)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return row if made == state["files"] else None

    def note(self, digest: str, row: Row, about: Mapping[str, Any]) -> None:
        """Note that a job is done, as the last that is done for it."""
        row_ = _ROW.dump_python(row, mode="json")
        state = {"about": dict(about), "files": self._made(row.name), "row": row_}
        self._store.put_file(f"state/{digest}.json", (json.dumps(state, indent=2) + "\n").encode())

    def keep_only(self, digests: Iterable[str], names: Iterable[str]) -> None:
        """Take away what earlier runs made of other inputs, or with other options."""
        for folder, kept in (("state", {f"{digest}.json" for digest in digests}), ("clusters", set(names))):
            for name in self._store.names(folder):
                if name not in kept:
                    self._store.remove(f"{folder}/{name}")

    def _made(self, name: str) -> dict[str, str]:
        folder = f"clusters/{name}"
        return {
            file: hashlib.sha256(self._store.read(f"{folder}/{file}")).hexdigest()
            for file in self._store.names(folder)
        }
