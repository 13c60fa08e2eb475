"""The header of a record in a compiled grammar's tokens: its time, and whether a relay wrote it."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from logdiag.grammar.bitcode import inner, nth
from logdiag.records.compiled.roles import BSD_START, HOST, START
from logdiag.records.compiled.times import stamp, yearless


@inner
def header(log, roles, places, token, after):
    """Read the time that a record or a relayed record starts with at a token.

    Args:
        log: the chunk, uint8.
        roles, places: the role of each token, and its end.
        token: the token that may be a time.
        after: the end of the record's tokens.

    Returns:
        Whether it is a header, its microseconds, offset, and whether it has whole seconds; of a header
        without a year (BSD syslog) its month, day and second in one number, otherwise -1.

    """
    begin = 0 if token == 0 else places[nth(token - 1)]
    if token + 1 < after and roles[nth(token + 1)] == HOST:
        if roles[nth(token)] == START:
            valid, moment, offset, whole = stamp(log, begin, places[nth(token)])
            return valid, moment, offset, whole, -1
        if roles[nth(token)] == BSD_START:
            valid, bsd_time = yearless(log, begin, places[nth(token)])
            return valid, 0, 0, True, bsd_time
    return False, 0, 0, False, -1


@inner
def is_relayed(log, roles, places, first, token, after):
    """Return whether the token of role SYSLOG is a relay's header.

    The relay's time starts with a priority, a count or a version, or a whole record follows.
    """
    start = 0 if first == 0 else places[nth(first - 1)]
    end = places[nth(first)]
    # A byte order mark
    if end - start >= 3 and log[nth(start)] == 0xEF and log[nth(start + 1)] == 0xBB:
        if log[nth(start + 2)] == 0xBF:
            start += 3
    if log[nth(start)] == 60:  # <
        return True
    digits = 0
    while start + digits < end and 48 <= log[nth(start + digits)] <= 57:
        digits += 1
    if digits > 0 and log[nth(start + digits)] == 32:
        if digits == 1 or (start + digits + 1 < end and log[nth(start + digits + 1)] == 60):
            return True
    return header(log, roles, places, token + 1, after)[0]
