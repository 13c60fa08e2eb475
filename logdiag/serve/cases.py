"""The finished diagnoses, in the layout of a batch: the folder can be the output of `logdiag batch`.

A case is found by its name in the list of the cases. No path is made of a name that a browser sends.
"""

import os
import re
import shutil
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from logdiag.batch.output import FINDINGS, REPORT, Output
from logdiag.batch.rows import Row
from logdiag.errors import InputError
from logdiag.i18n import gettext
from logdiag.serve.uploads import Upload, find_upload

_UPLOAD = re.compile("[0-9a-f]{16}")
"""The names of uploads, by which nothing else in a folder is deleted."""


@dataclass(frozen=True)
class Case:
    """A finished diagnosis, whose files are in ``folder``.

    ``earlier`` is the case that it adds evidence to, ``changed`` the number of findings by what happened to
    them since then, ``number`` the case number that the user gave, ``upload`` the files if they are kept.
    """

    row: Row
    state: str
    folder: Path
    made: datetime
    number: str = ""
    earlier: str = ""
    changed: tuple[tuple[str, int], ...] = ()
    upload: Upload | None = None

    @property
    def name(self) -> str:
        """Its name in addresses, and that of its folder."""
        return self.row.name

    @property
    def report(self) -> Path:
        """The file of the report."""
        return self.folder / REPORT

    @property
    def findings(self) -> Path:
        """The file of the findings."""
        return self.folder / FINDINGS

    def mentions(self, word: str) -> bool:
        """Return whether its row contains a word, in whatever case: a label, a peer, a version, a rule."""
        row = self.row
        texts = (row.label, row.verdict, *row.peers, *row.versions, *row.rules)
        return any(word in text.casefold() for text in texts)


class Cases:
    """The cases in a folder. ``uploads`` is the folder of the files that browsers sent."""

    def __init__(self, folder: Path, uploads: Path) -> None:
        self.folder, self.uploads = folder.absolute(), uploads
        self._output = Output(str(self.folder))
        self._cases: dict[str, Case] = {}
        # A case that is deleted while the list is read would come back.
        self._lock = threading.RLock()

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Read the list, and keep other runs out of the folder.

        Raises:
            InputError: the folder has other content than an earlier batch, or another run uses it.

        """
        # The store may be from a stranger: what is read or deleted through a link would be somewhere else,
        # and reading a pipe never ends.
        for root, folders, files in os.walk(self.folder):
            for one in (Path(root, name) for name in (*folders, *files)):
                if not (stat.S_ISREG(mode := one.lstat().st_mode) or stat.S_ISDIR(mode)):
                    said = gettext("{path}: a store contains only files and folders, no links")
                    raise InputError(said.format(path=one))
        with self._output.lock():
            self.uploads.mkdir(exist_ok=True)
            self.reload()
            # A run that was killed leaves the files of its unfinished diagnoses.
            for folder in self.uploads.iterdir():
                if _UPLOAD.fullmatch(folder.name) and folder.name not in self._cases:
                    shutil.rmtree(folder, ignore_errors=True)
            yield

    def reload(self) -> None:
        """Read the list of the cases, which a task has changed."""
        with self._lock:
            found = {}
            for state, (row, about) in self._output.rows().items():
                folder = self.folder / "clusters" / row.name
                # The folder may be from a stranger: a link in it could lead to any file.
                if any(one.is_symlink() for one in (folder, folder / REPORT, folder / FINDINGS)):
                    continue
                case = Case(row, state, folder, self._made(state, about))
                with suppress(TypeError, ValueError, KeyError, OverflowError):
                    case = replace(case, number=str(about["options"]["case"] or ""))
                    changed = tuple((str(name), int(number)) for name, number in about["changed"])
                    case = replace(case, earlier=str(about["earlier"]), changed=changed)
                upload = find_upload(self.uploads / row.name, about.get("inputs"))
                found[row.name] = replace(case, upload=upload)
            self._cases = found

    def all(self) -> list[Case]:
        """Return the cases, the newest first."""
        return sorted(self._cases.values(), key=lambda case: (case.made, case.name), reverse=True)

    def get(self, name: str) -> Case | None:
        """Return the case of a name."""
        return self._cases.get(name)

    def remove_upload(self, name: str) -> None:
        """Delete the files that a browser sent for a case."""
        shutil.rmtree(self.uploads / name, ignore_errors=True)
        if (case := self._cases.get(name)) is not None:
            self._cases[name] = replace(case, upload=None)

    def remove(self, name: str) -> None:
        """Delete all of a case: its files, its state, its report, also if its process was ended midway."""
        with self._lock:
            self.reload()
            self.remove_upload(name)
            # The state first: without it the rest is no case any more.
            if (case := self._cases.pop(name, None)) is not None:
                (self.folder / "state" / f"{case.state}.json").unlink(missing_ok=True)
            if (folder := self.folder / "clusters" / name).is_dir():
                shutil.rmtree(folder)

    def _made(self, state: str, about: dict[str, Any]) -> datetime:
        with suppress(TypeError, ValueError, KeyError, OverflowError):
            return datetime.fromisoformat(about["made"]).astimezone(UTC)
        # Of a batch: the state is written when its job has finished.
        with suppress(OSError):
            return datetime.fromtimestamp((self.folder / "state" / f"{state}.json").stat().st_mtime, UTC)
        return datetime.fromtimestamp(0, UTC)
