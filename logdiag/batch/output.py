"""The folder of a batch: what lies where in it, and how something gets there whole or not at all.

``index.html``, ``clusters/NAME/`` with a report and its findings, ``findings/`` with the dataset, and
``state/`` with what is done. Everything is made in ``.unfinished/`` and renamed into its place.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from logdiag.batch.rows import Row
from logdiag.errors import InputError
from logdiag.language import gettext

REPORT, FINDINGS = "report.html", "findings.json"

_ROW = TypeAdapter(Row)


class Output:
    """The output folder of a batch. Made by every worker for itself: it holds nothing but the place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unfinished = folder / ".unfinished"
        self._state = folder / "state"
        self._mark = folder / ".logdiag-batch"  # nothing of anybody else's is ever taken away

    def prepare(self) -> None:
        """Make the folder.

        Raises:
            InputError: it holds something else than an earlier batch, or cannot be made.

        """
        if not self.folder.parent.is_dir() or (self.folder.exists() and not self.folder.is_dir()):
            raise InputError(gettext("{out}: it is no folder, and cannot be made").format(out=self.folder))
        if self.folder.is_dir() and not self._mark.exists() and any(self.folder.iterdir()):
            said = gettext("{out}: it is neither empty nor the output of an earlier batch")
            raise InputError(said.format(out=self.folder))
        self.folder.mkdir(exist_ok=True)
        self._mark.touch()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only run that writes here; whatever ends the process ends that, too.

        Raises:
            InputError: another run is at it.

        """
        if sys.platform == "win32":
            yield
            return
        import fcntl

        handle = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(gettext("{out}: another run writes there").format(out=self.folder)) from None
        else:
            yield
        finally:
            os.close(handle)

    def begin(self) -> None:
        """Put away what a run that was killed left unfinished."""
        self.finish()
        for folder in (self._state, self.folder / "clusters", self._unfinished):
            folder.mkdir(exist_ok=True)

    def cluster(self, name: str) -> Path:
        """The folder of a cluster."""
        return self.folder / "clusters" / name

    def room(self) -> Path:
        """A new empty folder to make something in."""
        return Path(tempfile.mkdtemp(dir=self._unfinished))

    def put_folder(self, name: str, files: Mapping[str, bytes]) -> None:
        """Put a folder of files in its place, instead of what was there."""
        room = self.room()
        for file, content in files.items():
            (room / file).write_bytes(content)
        self.put(room, name)

    def put_file(self, name: str, content: bytes) -> None:
        """Put a file in its place, instead of what was there."""
        room = self.room()
        (room / "file").write_bytes(content)
        (room / "file").replace(self.folder / name)
        room.rmdir()

    def put(self, room: Path, name: str) -> None:
        """Put a folder that was made in a `room` in its place; what was there goes away."""
        place = self.folder / name
        room.chmod(0o777 & ~_umask())
        if place.exists():
            # A folder cannot be replaced in one step. Whoever is killed between the two leaves none.
            place.rename(self.room() / "old")
        room.rename(place)

    def finish(self) -> None:
        """Put away what is left of what was replaced."""
        shutil.rmtree(self._unfinished, ignore_errors=True)

    # ── what is done ────────────────────────────────────────────────────────────────────────

    def done(self, digest: str) -> Row | None:
        """The row of a job that is done, if all that it made is still there as it was made."""
        try:
            state = json.loads((self._state / f"{digest}.json").read_bytes())
            row = _ROW.validate_json(json.dumps(state["row"]))
            made = self._made(row.name)
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return row if made == state["files"] else None

    def note(self, digest: str, row: Row, about: Mapping[str, Any]) -> None:
        """Note that a job is done, as the last that is done for it."""
        row_ = _ROW.dump_python(row, mode="json")
        state = {"about": dict(about), "files": self._made(row.name), "row": row_}
        self.put_file(f"state/{digest}.json", (json.dumps(state, indent=2) + "\n").encode())

    def keep_only(self, digests: Iterable[str], names: Iterable[str]) -> None:
        """Take away what earlier runs made of other inputs, or with other options."""
        kept, needed = set(digests), set(names)
        for path in self._state.glob("*.json"):
            if path.stem not in kept:
                path.unlink()
        for path in (self.folder / "clusters").iterdir():
            if path.name not in needed:
                path.rename(self.room() / "old")

    def _made(self, name: str) -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.cluster(name).iterdir())
        }


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
