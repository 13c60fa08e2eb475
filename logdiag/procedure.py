"""The classes of a procedure page: its steps by cluster, and what the evidence shows of each."""

from dataclasses import dataclass
from typing import Literal

from logdiag.model import Step

Progress = Literal["done", "not_done", "unknown"]


@dataclass(frozen=True)
class MarkedStep(Step):
    """A step of a procedure page: the label of its role, and the part of its condition that was not judged.

    ``progress`` says what the evidence shows for each peer of ``where``. It is None without evidence.
    """

    role: str
    condition: str
    progress: dict[str, Progress] | None = None


@dataclass(frozen=True)
class ClusterSteps:
    """The steps of a procedure in one cluster; without ``peers``, in any."""

    cluster: str | None
    peers: tuple[str, ...]
    note: str
    """Why the procedure is called for, or that nothing calls for it."""
    steps: tuple[MarkedStep, ...]


@dataclass(frozen=True)
class ProcedurePage:
    """A procedure of the rule library, for a reader."""

    name: str
    kind: Literal["planned", "repair"]
    title: str
    before: tuple[str, ...]
    references: tuple[str, ...]
    clusters: tuple[ClusterSteps, ...]
