"""From the tokens of a piece to columns: the same rows as ``logdiag/records/rows.py``.

That module says what a row is, and a property test holds both to it. Nothing here makes an object for
a token or a record: a column is an array of numbers, or of places in the piece.
"""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from logdiag.grammar.machine_code import compiled
from logdiag.records.compiled.strings import (
    copied,
    digests_of,
    interned,
    is_plain,
    line_ends,
    same,
    trimmed,
    with_body,
    with_text,
)
from logdiag.records.compiled.times import number, stamp, utc_time

Numbers = npt.NDArray[Any]

OTHER, START, HOST, PROCESS, SUBPROCESS, SYSLOG, NAME, KEY, UTC_TIME, VALUE, TEXT, LINE, ORPHAN = range(13)
"""What a terminal means here; `ROLES` says which terminal means what."""

ROLES = {
    "TIME": START,
    "PASTED_TIME": START,
    "HOST": HOST,
    "PROCESS": PROCESS,
    "PROCESS_AGAIN": PROCESS,
    "SUBPROCESS": SUBPROCESS,
    "SYSLOG": SYSLOG,
    "NAME": NAME,
    "KEY": KEY,
    "UTC_TIME": UTC_TIME,
    "VALUE": VALUE,
    "VALUE_END": VALUE,
    "TEXT": TEXT,
    "MESSAGE_TEXT": TEXT,
    "BLANK": TEXT,
    "EOL": LINE,
    "BODY": LINE,
    "BODY_MESSAGE": LINE,
    "VALUE_LINE": LINE,
    "ORPHAN": ORPHAN,
}

NAMES = 6
"""Columns of few values: host, process, subprocess, module, level, event."""

_HOST, _PROCESS, _SUBPROCESS, _MODULE, _LEVEL, _EVENT = range(NAMES)

_UTC_KEY = np.frombuffer(b"UTCTime", np.uint8)
_MODULE_KEY = np.frombuffer(b"Module", np.uint8)
_LEVEL_KEY = np.frombuffer(b"Level", np.uint8)
_EVENT_KEY = np.frombuffer(b"Event", np.uint8)
_DETAIL_KEY = np.frombuffer(b"Detail", np.uint8)


class Columns(NamedTuple):
    """The columns of a piece's records. ``*_ends`` are where strings end in the bytes that follow them.

    ``codes`` are places in the list of names (``name_starts``, ``name_ends`` in the piece), -1 for
    none; ``has`` says of detail, text and body whether a record has one; ``digests`` are the same for
    records that are the same to the letter; ``apart`` are start, end and line of stretches without a
    record, and whether a line before the first one is meant; ``breaks`` are the line ends of the piece.
    """

    times: Numbers
    header_times: Numbers
    offsets: Numbers
    pids: Numbers
    codes: Numbers
    name_starts: Numbers
    name_ends: Numbers
    lines: Numbers
    begins: Numbers
    lengths: Numbers
    field_ends: Numbers
    key_ends: Numbers
    keys: Numbers
    value_ends: Numbers
    values: Numbers
    has: Numbers
    detail_ends: Numbers
    details: Numbers
    text_ends: Numbers
    texts: Numbers
    body_ends: Numbers
    bodies: Numbers
    digests: Numbers
    apart: Numbers
    breaks: int


@compiled
def _is_relayed(log, start, end):
    """Whether a time begins with what is left of a syslog header: a priority, a count or a version."""
    if end - start >= 3 and log[start] == 0xEF and log[start + 1] == 0xBB and log[start + 2] == 0xBF:
        start += 3
    if log[start] == 60:
        return True
    digits = 0
    while start + digits < end and 48 <= log[start + digits] <= 57:
        digits += 1
    if digits == 0 or log[start + digits] != 32:
        return False
    return digits == 1 or (start + digits + 1 < end and log[start + digits + 1] == 60)


@compiled
def columns(log, roles, places, count, longest, seed):
    """The columns of a piece's records, and the stretches of it that are none.

    Args:
        log: the piece, uint8.
        roles, places: what each token means, and its end.
        count: the number of tokens.
        longest: bytes of a record behind which nothing more is taken for a part of it.
        seed: of the digests.

    """
    records = fields = 0
    for t in range(count):
        records += roles[t] == START
        fields += roles[t] == VALUE
    plain = is_plain(log, 0, len(log))
    room = len(log) * (1 if plain else 3) + 1

    times = np.empty(records, np.int64)
    header_times = np.empty(records, np.int64)
    offsets = np.empty(records, np.int16)
    pids = np.empty(records, np.int32)
    codes = np.empty((NAMES, records), np.int32)
    lines = np.empty(records, np.int64)
    begins = np.empty(records, np.int64)
    lengths = np.empty(records, np.int32)
    field_ends = np.zeros(records + 1, np.int32)
    has = np.zeros((3, records), np.bool_)  # detail, text, body
    detail_ends = np.zeros(records + 1, np.int32)
    text_ends = np.zeros(records + 1, np.int32)
    body_ends = np.zeros(records + 1, np.int32)
    key_ends = np.zeros(fields + 1, np.int32)
    value_ends = np.zeros(fields + 1, np.int32)
    details = np.empty(room, np.uint8)
    texts = np.empty(room, np.uint8)
    bodies = np.empty(room, np.uint8)
    keys = np.empty(room, np.uint8)
    values = np.empty(room, np.uint8)
    apart = np.empty((count + 1, 4), np.int64)
    name_starts = np.empty(records * NAMES + 1, np.int32)
    name_ends = np.empty(records * NAMES + 1, np.int32)
    size = 16
    while size < 2 * len(name_starts) and size < 1 << 16:
        size *= 2
    slots = np.full(size, -1, np.int32)
    spans = np.empty((NAMES, 2), np.int64)
    last = np.full(NAMES, -1, np.int64)

    r = f = parts = name_count = 0
    body_from = 0  # where the body of the record that is being read starts
    line = 0
    open_ = False
    t = 0
    while t < count:
        begin = 0 if t == 0 else places[t - 1]
        after = t + 1
        while after < count:
            role = roles[after]
            if role == ORPHAN:
                break
            before = roles[after - 1]
            if role == START and (before == LINE or before == ORPHAN):
                break
            after += 1
        end = places[after - 1]
        valid = False
        moment, offset, whole = 0, 0, False
        if roles[t] == START and t + 1 < after and roles[t + 1] == HOST:
            valid, moment, offset, whole = stamp(log, begin, places[t])
        if not valid:
            if open_ and lengths[r - 1] < longest:
                lengths[r - 1] += end - begin
            else:
                if open_:
                    has[2, r - 1], body_ends[r] = with_body(
                        log, body_from, begins[r - 1] + lengths[r - 1], bodies, body_ends[r - 1], plain
                    )
                open_ = False
                apart[parts, 0], apart[parts, 1], apart[parts, 2] = begin, end, line
                apart[parts, 3] = roles[t] == ORPHAN
                parts += 1
            line += line_ends(log, begin, end)
            t = after
            continue
        if open_:
            has[2, r - 1], body_ends[r] = with_body(
                log, body_from, begins[r - 1] + lengths[r - 1], bodies, body_ends[r - 1], plain
            )
        open_ = True
        begins[r], lengths[r], lines[r] = begin, end - begin, line
        pids[r] = -1
        spans[:, 0] = -1
        spans[_HOST, 0], spans[_HOST, 1] = places[t], places[t + 1]
        utc_found = False
        time = moment
        first_field = f
        text_at = text_begun = text_ends[r]
        run_start = run_end = -1
        detail_start = detail_end = -1
        key_start = key_end = -1
        first_line = True
        host_is_text = False
        line_end = end
        body_from = end
        for k in range(t + 2, after):
            role = roles[k]
            start, stop = places[k - 1], places[k]
            is_text = False
            if role == VALUE:
                if key_start >= 0:
                    close = stop - (1 if log[stop - 1] == 34 else 3)
                    a, b = trimmed(log, key_start, key_end, 34)
                    if b > a and log[b - 1] == 61:
                        b -= 1
                    if same(log, a, b, _UTC_KEY):
                        if not utc_found:
                            utc_found, said, digits = utc_time(log, key_end, close)
                            if utc_found:
                                # Web records have whole seconds only; a header with a fraction knows better.
                                near = digits == 0 and not whole and abs(moment - said) <= 1_000_000
                                time = moment if near else said
                    elif same(log, a, b, _DETAIL_KEY):
                        if detail_start < 0:
                            detail_start, detail_end = key_end, close
                    elif same(log, a, b, _MODULE_KEY):
                        if spans[_MODULE, 0] < 0:
                            spans[_MODULE, 0], spans[_MODULE, 1] = key_end, close
                    elif same(log, a, b, _LEVEL_KEY):
                        if spans[_LEVEL, 0] < 0:
                            spans[_LEVEL, 0], spans[_LEVEL, 1] = key_end, close
                    elif same(log, a, b, _EVENT_KEY):
                        if spans[_EVENT, 0] < 0:
                            spans[_EVENT, 0], spans[_EVENT, 1] = key_end, close
                    key_ends[f + 1] = copied(log, a, b, keys, key_ends[f], plain)
                    value_ends[f + 1] = copied(log, key_end, close, values, value_ends[f], plain)
                    f += 1
                    key_start = -1
            elif role == KEY or role == UTC_TIME:
                key_start, key_end = start, stop
            elif role == TEXT:
                is_text = True
            elif role == LINE or role == ORPHAN:
                if first_line:
                    first_line = False
                    body_from = stop
                    line_end = start
            elif role == PROCESS:
                a, b = trimmed(log, start, stop, 58)
                while b > a and log[b - 1] == 93:
                    b -= 1
                cut = a
                while cut < b and log[cut] != 91:
                    cut += 1
                spans[_PROCESS, 0], spans[_PROCESS, 1] = a, cut
                pid = number(log, cut + 1, b - cut - 1) if 1 < b - cut <= 11 else -1
                pids[r] = pid if pid < 1 << 31 else -1
            elif role == SUBPROCESS:
                is_text = spans[_SUBPROCESS, 0] >= 0
                a, b = trimmed(log, start, stop, 58)
                process = log[spans[_PROCESS, 0] : spans[_PROCESS, 1]]
                if not is_text and not (spans[_PROCESS, 0] >= 0 and same(log, a, b, process)):
                    spans[_SUBPROCESS, 0], spans[_SUBPROCESS, 1] = a, b
            elif role == NAME:
                if k + 1 < after and roles[k + 1] == UTC_TIME:
                    spans[_PROCESS, 0], spans[_PROCESS, 1] = start, stop - 1
                else:
                    is_text = True
            elif role == HOST:
                is_text = host_is_text
            elif role == START:
                inner, inner_moment, inner_offset, inner_whole = False, 0, 0, False
                if k + 1 < after and roles[k + 1] == HOST:
                    inner, inner_moment, inner_offset, inner_whole = stamp(log, start, stop)
                is_text = host_is_text = not inner
                if inner:
                    # A whole record inside a relayed one: what stood before it was the relay's.
                    moment, offset, whole = inner_moment, inner_offset, inner_whole
                    time, utc_found = moment, False
                    pids[r] = -1
                    spans[:, 0] = -1
                    spans[_HOST, 0], spans[_HOST, 1] = stop, places[k + 1]
                    detail_start = -1
                    f = first_field
            elif role == SYSLOG:
                relayed = _is_relayed(log, begin, places[t])
                if not relayed and k + 2 < after and roles[k + 1] == START:
                    if roles[k + 2] == HOST:
                        relayed = stamp(log, stop, places[k + 1])[0]
                is_text = not relayed
            if is_text and first_line:
                if run_end == start:
                    run_end = stop
                else:
                    if run_end >= 0:
                        text_at = with_text(log, run_start, run_end, texts, text_at, text_begun, plain)
                    run_start, run_end = start, stop
        if run_end >= 0:
            text_at = with_text(log, run_start, run_end, texts, text_at, text_begun, plain)
        if key_start >= 0 and key_start < line_end:
            # A value that is never closed is text, as it stands there.
            text_at = with_text(log, key_start, line_end, texts, text_at, text_begun, plain)
        text_ends[r + 1] = text_at
        has[1, r] = text_at > text_begun
        detail_ends[r + 1] = detail_ends[r]
        if detail_start >= 0:
            has[0, r] = True
            detail_ends[r + 1] = copied(log, detail_start, detail_end, details, detail_ends[r], plain)
        field_ends[r + 1] = f
        times[r], header_times[r], offsets[r] = time, moment, offset
        for c in range(NAMES):
            code = -1
            if spans[c, 0] >= 0:
                code, name_count = interned(
                    log, spans[c, 0], spans[c, 1], last[c], slots, name_starts, name_ends, name_count
                )
                last[c] = code
            codes[c, r] = code
        line += line_ends(log, begin, end)
        r += 1
        t = after
    if open_:
        has[2, r - 1], body_ends[r] = with_body(
            log, body_from, begins[r - 1] + lengths[r - 1], bodies, body_ends[r - 1], plain
        )
    return Columns(
        times[:r],
        header_times[:r],
        offsets[:r],
        pids[:r],
        codes[:, :r],
        name_starts[:name_count],
        name_ends[:name_count],
        lines[:r],
        begins[:r],
        lengths[:r],
        field_ends[: r + 1],
        key_ends[: f + 1],
        keys[: key_ends[f]],
        value_ends[: f + 1],
        values[: value_ends[f]],
        has[:, :r],
        detail_ends[: r + 1],
        details[: detail_ends[r]],
        text_ends[: r + 1],
        texts[: text_ends[r]],
        body_ends[: r + 1],
        bodies[: body_ends[r]],
        digests_of(log, begins[:r], lengths[:r], seed),
        apart[:parts],
        line,
    )
