"""The scenarios. Each is a function that sets up a case and returns its truth."""

from . import alarms, evidence, loss, network, quiet, replication, settings, tls, work
from .case import SCENARIOS, Case, Played, play

__all__ = ["SCENARIOS", "Case", "Played", "alarms", "evidence", "loss", "network", "play", "quiet", "replication", "settings", "tls", "work"]  # fmt: skip
