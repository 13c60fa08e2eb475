"""What a file is that holds neither log nor dump, by its first bytes: the ledger says why it was not read."""

NO_RECORD = "holds no log record"
NO_YEARS = f"{NO_RECORD}: its lines start with times that have no year (BSD syslog)"

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"\xd4\xc3\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\xc3\xd4", "a packet capture"),
    (b"\x4d\x3c\xb2\xa1", "a packet capture"),
    (b"\xa1\xb2\x3c\x4d", "a packet capture"),
    (b"\x0a\x0d\x0d\x0a", "a packet capture"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "a program or a core dump"),
    (b"SQLite format 3\0", "a database"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a rar archive"),
    (b"\xca\xfe\xba\xbe", "a Java class"),
    (b"-----BEGIN ", "keys, or something else in PEM"),
)
_LOOKED_AT = 4096


def why_not_read(head: bytes) -> str:
    """Why a member that begins so was counted and not read."""
    for magic, name in _KINDS:
        if head.startswith(magic):
            return f"{name}, which is not read"
    if not head:
        return "is empty"
    if head[:_LOOKED_AT].count(0):
        return f"binary data; {NO_RECORD}"
    return NO_RECORD
