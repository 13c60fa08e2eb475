"""The reasons in the coverage why a file was not read, by its first bytes."""

from logdiag.i18n import N_

NO_RECORD = N_("holds no log record")
NO_YEARS = N_("holds no log record: its lines start with times that have no year (BSD syslog)")
OTHER_LOG = N_(
    "a log, but not of an Expressway: no record has a UTCTime, a Module, an Event or a process of the product"
)
_BINARY = N_("binary data; holds no log record")
IN_PART = {
    NO_RECORD: N_("holds no log record in its first {size}"),
    NO_YEARS: N_(
        "holds no log record in its first {size}: its lines start with times that have no year (BSD syslog)"
    ),
    _BINARY: N_("binary data; holds no log record in its first {size}"),
}
"""The same for files that were not searched to their end."""

_CAPTURE = N_("a packet capture, which is not read")
_PICTURE = N_("a picture, which is not read")
_BY_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xd4\xc3\xb2\xa1", _CAPTURE),
    (b"\xa1\xb2\xc3\xd4", _CAPTURE),
    (b"\x4d\x3c\xb2\xa1", _CAPTURE),
    (b"\xa1\xb2\x3c\x4d", _CAPTURE),
    (b"\x0a\x0d\x0d\x0a", _CAPTURE),
    (b"\x89PNG\r\n\x1a\n", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"%PDF-", N_("a PDF document, which is not read")),
    (b"\x7fELF", N_("a program or a core dump, which is not read")),
    (b"SQLite format 3\0", N_("a database, which is not read")),
    (b"7z\xbc\xaf\x27\x1c", N_("a 7z archive, which is not read")),
    (b"Rar!\x1a\x07", N_("a rar archive, which is not read")),
    (b"\xca\xfe\xba\xbe", N_("a Java class, which is not read")),
    (b"-----BEGIN ", N_("keys, or something else in PEM, which is not read")),
)
_SNIFFED_BYTES = 4096


def unread_reason(head: bytes) -> str:
    """Return why a member with these first bytes is not read, in English."""
    for magic, reason in _BY_MAGIC:
        if head.startswith(magic):
            return reason
    if not head:
        return N_("is empty")
    return _BINARY if head[:_SNIFFED_BYTES].count(0) else NO_RECORD
