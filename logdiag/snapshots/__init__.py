"""Evidence as streams of members: files, folders, archives, URLs and standard input.

This package is the only one that reads evidence. It extracts nothing: an archive is read once,
forwards, and names inside it are labels, never paths. Problems of the evidence (a cut archive, a
link, a device) are noted on the member, not raised.
"""

from logdiag.snapshots.find import Snapshot, digest, find_snapshots
from logdiag.snapshots.limits import Limits, Meter
from logdiag.snapshots.member import Member

__all__ = ["Limits", "Member", "Meter", "Snapshot", "digest", "find_snapshots"]
