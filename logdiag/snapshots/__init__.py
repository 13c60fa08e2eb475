"""Opening evidence: files, folders, archives and standard input, as streams of members.

This package is the only one that reads evidence. It extracts nothing: an archive is read once,
forwards, and names inside it are labels, never paths. What is wrong with the evidence (a cut
archive, a link, a device) is written on the member, not raised.
"""

from logdiag.snapshots.find import Snapshot, digest, find_snapshots
from logdiag.snapshots.limits import Limits, Meter
from logdiag.snapshots.member import Member

__all__ = ["Limits", "Member", "Meter", "Snapshot", "digest", "find_snapshots"]
