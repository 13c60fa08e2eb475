"""The scenarios: each a function that sets a case up and says what is true of it."""

from . import alarms, evidence, loss, network, quiet, replication, settings, tls, work
from .case import SCENARIOS, Case, Played, play

__all__ = ["SCENARIOS", "Case", "Played", "alarms", "evidence", "loss", "network", "play", "quiet", "replication", "settings", "tls", "work"]  # fmt: skip
