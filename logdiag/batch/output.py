"""The output of a batch: the layout of its files, and which jobs are finished.

``index.html``, ``clusters/NAME/`` with a report and its findings, ``findings/`` with the dataset, and
``state/`` with the finished jobs. A state is written last and contains the digests of the job's files, so
that nothing half written ever counts as finished, whatever the store.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from logdiag.batch.rows import Row
from logdiag.batch.stores import UNFINISHED, open_store
from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.snapshots.file_systems import shown

REPORT, FINDINGS = "report.html", "findings.json"

_ROW = TypeAdapter(Row)
_MARK = ".logdiag-batch"
"""Marks the output of a batch. Without it nothing in a folder is ever removed."""


class Output:
    """The output of a batch. Every worker makes its own: it keeps nothing but the store.

    Raises:
        InputError: no place is named.

    """

    def __init__(self, given: str) -> None:
        self.shown = shown(given)
        self.store = open_store(given)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Create the output, and keep other runs out as far as the store can.

        Raises:
            InputError: the place has other content than an earlier batch, cannot be created, or another run
                writes there.

        """
        self.store.create()
        names = self.store.names("")
        if names and _MARK not in names:
            said = gettext("{out}: it is neither empty nor the output of an earlier batch")
            raise InputError(said.format(out=self.shown))
        if _MARK not in names:
            self.store.put_file(_MARK, b"")
        with self.store.lock(_MARK):
            self.store.remove_unfinished()
            yield
            self.store.remove_unfinished()

    def check_earlier(self) -> None:
        """Raise `InputError` if this is not the output of a batch."""
        if _MARK not in self.store.names(""):
            said = gettext("{out}: it is not the output of an earlier batch")
            raise InputError(said.format(out=self.shown))

    def put_sign(self) -> str:
        """Write a file with a new name, by which a worker knows the place again."""
        name = f"{UNFINISHED}/{uuid.uuid4().hex}"
        self.store.put_file(name, b"")
        return name

    def has_sign(self, name: str) -> bool:
        """Return whether `put_sign` wrote to this place."""
        try:
            return self.store.read(name) == b""
        except OSError:
            return False

    def findings(self, name: str) -> bytes:
        """Return the findings file of a cluster."""
        return self.store.read(f"clusters/{name}/{FINDINGS}")

    def put_cluster(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write the files of a cluster."""

        def fill(folder: Path) -> None:
            for file, content in files.items():
                (folder / file).write_bytes(content)

        self.store.put_folder(f"clusters/{name}", fill)

    def finished(self, digest: str) -> Row | None:
        """Return the row of a finished job, if all of its files are still there unchanged."""
        try:
            state = json.loads(self.store.read(f"state/{digest}.json"))
            row = _ROW.validate_json(json.dumps(state["row"]))
            return row if self._digests(row.name) == state["files"] else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def rows(self) -> dict[str, tuple[Row, dict[str, Any]]]:
        """Return the rows of the finished jobs by the digests of their states, with what these are about.

        A state that cannot be read, and one whose cluster has no folder, counts as missing.
        """
        found = {}
        clusters = frozenset(self.store.names("clusters"))
        for name in self.store.names("state"):
            with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
                state = json.loads(self.store.read(f"state/{name}"))
                row = _ROW.validate_json(json.dumps(state["row"]))
                if row.name in clusters:
                    found[name.removesuffix(".json")] = row, dict(state["about"])
        return found

    def note_finished(self, digest: str, row: Row, basis: Mapping[str, Any]) -> None:
        """Write that a job is finished, after its files. ``basis`` is all that the digest is of."""
        row_ = _ROW.dump_python(row, mode="json")
        state = {"about": dict(basis), "files": self._digests(row.name), "row": row_}
        self.store.put_file(f"state/{digest}.json", (json.dumps(state, indent=2) + "\n").encode())

    def keep_only(self, digests: Iterable[str], names: Iterable[str]) -> None:
        """Remove what earlier runs wrote for other inputs, or with other options."""
        for folder, kept in (("state", {f"{digest}.json" for digest in digests}), ("clusters", set(names))):
            for name in self.store.names(folder):
                if name not in kept:
                    self.store.remove(f"{folder}/{name}")

    def _digests(self, name: str) -> dict[str, str]:
        folder = f"clusters/{name}"
        return {
            file: hashlib.sha256(self.store.read(f"{folder}/{file}")).hexdigest()
            for file in self.store.names(folder)
        }
