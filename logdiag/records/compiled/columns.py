"""From the tokens of a piece to columns: the same rows as ``logdiag/records/rows.py``.

That module says what a row is, and a property test holds both to it. Nothing here makes an object for
a token or a record: a column is an array of numbers, or of places in the piece.
"""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

import numpy as np

from logdiag.grammar.machine_code import compiled, nth
from logdiag.records.compiled.buffers import NAMES
from logdiag.records.compiled.strings import (
    copied,
    interned,
    line_ends,
    trimmed,
    with_body,
    with_text,
)
from logdiag.records.compiled.times import dated, dated_near, number, stamp, utc_time, yearless
from logdiag.records.compiled.word_ops import WORD, equal, first_word, place_of

OTHER, START, HOST, PROCESS, SUBPROCESS, SYSLOG, NAME, PAIR, KEY, UTC_TIME, VALUE, TEXT, LINE, ORPHAN = range(
    14
)
BSD_START = 14
"""What a terminal means here; `ROLES` says which terminal means what."""

ROLES = {
    "TIME": START,
    "BSD_TIME": BSD_START,
    "PASTED_TIME": START,
    "HOST": HOST,
    "PROCESS": PROCESS,
    "PROCESS_AGAIN": PROCESS,
    "SUBPROCESS": SUBPROCESS,
    "SYSLOG": SYSLOG,
    "NAME": NAME,
    "PAIR": PAIR,
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

OF_NO_INSTANT, OF_ORPHAN, OF_NO_YEAR = range(3)
"""Why a stretch is in no record."""

_NO_TIME = -(1 << 62)

_HOST, _PROCESS, _SUBPROCESS, _MODULE, _LEVEL, _EVENT = range(len(NAMES))

_UTC_KEY, _MODULE_KEY, _LEVEL_KEY, _EVENT_KEY, _DETAIL_KEY = (
    np.uint64(int.from_bytes(name, "little"))
    for name in (b"UTCTime", b"Module", b"Level", b"Event", b"Detail")
)


@compiled
def _is_relayed(log, start, end):
    """Whether a time begins with what is left of a syslog header: a priority, a count or a version."""
    if (
        end - start >= 3
        and log[nth(start)] == 0xEF
        and log[nth(start + 1)] == 0xBB
        and log[nth(start + 2)] == 0xBF
    ):
        start += 3
    if log[nth(start)] == 60:
        return True
    digits = 0
    while start + digits < end and 48 <= log[nth(start + digits)] <= 57:
        digits += 1
    if digits == 0 or log[nth(start + digits)] != 32:
        return False
    return digits == 1 or (start + digits + 1 < end and log[nth(start + digits + 1)] == 60)


@compiled
def sizes(roles, count):
    """The records and pairs that tokens may give, at most."""
    records = fields = 0
    for t in range(np.uint64(count)):
        records += (roles[t] == START) | (roles[t] == BSD_START)
        fields += (roles[t] == VALUE) | (roles[t] == PAIR)
    return records, fields


@compiled
def _set_apart(apart, first_apart, parts, begin, end, line, why):
    """Add a stretch in no record, to the last one of the log if it follows it; how many there are."""
    if parts > first_apart and apart[nth(parts - 1), 1] == begin and apart[nth(parts - 1), 3] == why:
        apart[nth(parts - 1), 1] = end
        return parts
    apart[parts, 0], apart[parts, 1], apart[parts, 2], apart[parts, 3] = begin, end, line, why
    return parts + 1


@compiled
def _without_waiting(apart, first_apart, parts):
    """Leave out the stretches that were set apart because they had no year; how many remain."""
    kept = first_apart
    for p in range(np.uint64(first_apart), np.uint64(parts)):
        if apart[p, 3] != OF_NO_YEAR:
            for n in range(4):
                apart[kept, n] = apart[p, n]
            kept += 1
    return kept


@compiled
def columns(log, roles, places, count, starts, plain, written, room):
    """Write the columns of a piece's records, and the stretches of it that are none.

    Args:
        log: the piece, uint8.
        roles, places: what each token means, and its end.
        count: the number of tokens.
        starts: where each of several logs starts, if they are read together: else 0.
        plain: whether the piece is ASCII.
        written: which columns are wanted, a `Written`.
        room: where to write, a `Columns`.

    Returns:
        The records, pairs, names, and stretches that are none, and the line ends of the piece.

    """
    times, header_times, offsets, pids, codes = (
        room.times,
        room.header_times,
        room.offsets,
        room.pids,
        room.codes,
    )
    name_starts, name_ends, name_columns, slots, spans, last = (
        room.name_starts,
        room.name_ends,
        room.name_columns,
        room.slots,
        room.spans,
        room.last,
    )
    lines, begins, lengths, has, apart = room.lines, room.begins, room.lengths, room.has, room.apart
    field_ends, key_ends, keys, value_ends, values = (
        room.field_ends,
        room.key_ends,
        room.keys,
        room.value_ends,
        room.values,
    )
    detail_ends, details, text_ends, texts = room.detail_ends, room.details, room.text_ends, room.texts
    body_ends, bodies = room.body_ends, room.bodies
    slots[:] = -1
    last[:] = -1
    field_ends[0] = key_ends[0] = value_ends[0] = detail_ends[0] = text_ends[0] = body_ends[0] = 0

    r = f = parts = name_count = 0
    body_from = 0  # where the body of the record that is being read starts
    line = 0
    open_ = False
    # Of a log: the last record with a year, how many before the first such one wait for theirs, and the
    # first record and the first stretch without one.
    known, known_moment, known_offset = False, 0, 0
    waiting = first_record = first_apart = next_log = 0
    t = 0
    while t < count:
        begin = 0 if t == 0 else places[nth(t - 1)]
        while next_log < len(starts) and begin >= starts[nth(next_log)]:
            if waiting and not known:
                r, f, open_ = first_record, field_ends[nth(first_record)], False
            known, waiting, first_record, first_apart = False, 0, r, parts
            next_log += 1
        after = t + 1
        while after < count:
            role = roles[nth(after)]
            if role == ORPHAN:
                break
            before = roles[nth(after - 1)]
            if (role == START or role == BSD_START) and (before == LINE or before == ORPHAN):
                break
            after += 1
        end = places[nth(after - 1)]
        valid = False
        moment, offset, whole = 0, 0, False
        bsd_time, relayed, relay_moment, relay_offset = -1, False, 0, 0
        if t + 1 < after and roles[nth(t + 1)] == HOST:
            if roles[nth(t)] == START:
                valid, moment, offset, whole = stamp(log, begin, places[nth(t)])
            elif roles[nth(t)] == BSD_START:
                valid, bsd_time = yearless(log, begin, places[nth(t)])
                whole = True
        if not valid:
            if open_ and written.bodies:
                has[2, nth(r - 1)], body_ends[nth(r)] = with_body(
                    log,
                    body_from,
                    begins[nth(r - 1)] + lengths[nth(r - 1)],
                    bodies,
                    body_ends[nth(r - 1)],
                    plain,
                )
            open_ = False
            why = OF_ORPHAN if roles[nth(t)] == ORPHAN else OF_NO_INSTANT
            parts = _set_apart(apart, first_apart, parts, begin, end, line, why)
            line += line_ends(log, begin, end)
            t = after
            continue
        if open_ and written.bodies:
            has[2, nth(r - 1)], body_ends[nth(r)] = with_body(
                log, body_from, begins[nth(r - 1)] + lengths[nth(r - 1)], bodies, body_ends[nth(r - 1)], plain
            )
        open_ = True
        begins[nth(r)], lengths[nth(r)], lines[nth(r)] = begin, end - begin, line
        has[:, r] = False
        body_ends[nth(r + 1)] = body_ends[nth(r)]
        pids[nth(r)] = -1
        spans[:, 0] = -1
        spans[_HOST, 0], spans[_HOST, 1] = places[nth(t)], places[nth(t + 1)]
        utc_found = False
        time = moment
        first_field = f
        text_at = text_begun = text_ends[nth(r)]
        run_start = run_end = -1
        detail_start = detail_end = -1
        key_start = key_end = -1
        first_line = True
        host_is_text = False
        line_end = end
        body_from = end
        for k in range(t + 2, after):
            role = roles[nth(k)]
            start, stop = places[nth(k - 1)], places[nth(k)]
            is_text = False
            if role == PAIR:
                # The key ends at the first "=", and the value begins behind the quote that follows.
                a, b = start, place_of(log, start, 61)
                while log[nth(a)] == 32:
                    a += 1
                key_start, key_end = start, b + (2 if log[nth(b + 1)] == 34 else 3)
            elif role == VALUE and key_start >= 0:
                a, b = trimmed(log, key_start, key_end, 34)
                if b > a and log[nth(b - 1)] == 61:
                    b -= 1
            if role == PAIR or role == VALUE:
                if key_start >= 0:
                    close = stop - (1 if log[nth(stop - 1)] == 34 else 3)
                    key = first_word(log, a, b - a) if b - a < WORD else np.uint64(0)
                    if key == _UTC_KEY:
                        if not utc_found:
                            utc_found, said, digits = utc_time(log, key_end, close)
                            if utc_found:
                                # Web records have whole seconds only; a header with a fraction knows better.
                                near = digits == 0 and not whole and abs(moment - said) <= 1_000_000
                                time = moment if near else said
                    elif key == _DETAIL_KEY:
                        if detail_start < 0:
                            detail_start, detail_end = key_end, close
                    elif key == _MODULE_KEY:
                        if spans[_MODULE, 0] < 0:
                            spans[_MODULE, 0], spans[_MODULE, 1] = key_end, close
                    elif key == _LEVEL_KEY:
                        if spans[_LEVEL, 0] < 0:
                            spans[_LEVEL, 0], spans[_LEVEL, 1] = key_end, close
                    elif key == _EVENT_KEY:
                        if spans[_EVENT, 0] < 0:
                            spans[_EVENT, 0], spans[_EVENT, 1] = key_end, close
                    if written.fields:
                        key_ends[nth(f + 1)] = copied(log, a, b, keys, key_ends[nth(f)], plain)
                        value_ends[nth(f + 1)] = copied(
                            log, key_end, close, values, value_ends[nth(f)], plain
                        )
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
                while b > a and log[nth(b - 1)] == 93:
                    b -= 1
                cut = a
                while cut < b and log[nth(cut)] != 91:
                    cut += 1
                spans[_PROCESS, 0], spans[_PROCESS, 1] = a, cut
                pid = number(log, cut + 1, b - cut - 1) if 1 < b - cut <= 11 else -1
                pids[nth(r)] = pid if pid < 1 << 31 else -1
            elif role == SUBPROCESS:
                is_text = spans[_SUBPROCESS, 0] >= 0
                a, b = trimmed(log, start, stop, 58)
                size = b - a if spans[_PROCESS, 1] - spans[_PROCESS, 0] == b - a else -1
                again = spans[_PROCESS, 0] >= 0 and size >= 0 and equal(log, a, spans[_PROCESS, 0], size)
                if not is_text and not again:
                    spans[_SUBPROCESS, 0], spans[_SUBPROCESS, 1] = a, b
            elif role == NAME:
                if k + 1 < after and roles[nth(k + 1)] == UTC_TIME:
                    spans[_PROCESS, 0], spans[_PROCESS, 1] = start, stop - 1
                else:
                    is_text = True
            elif role == HOST:
                is_text = host_is_text
            elif role == START or role == BSD_START:
                inner, inner_moment, inner_offset, inner_whole, inner_bsd = False, 0, 0, True, -1
                if k + 1 < after and roles[nth(k + 1)] == HOST:
                    if role == START:
                        inner, inner_moment, inner_offset, inner_whole = stamp(log, start, stop)
                    else:
                        inner, inner_bsd = yearless(log, start, stop)
                is_text = host_is_text = not inner
                if inner:
                    # A whole record inside a relayed one: what stood before it was the relay's.
                    relayed, relay_moment, relay_offset = bsd_time < 0, moment, offset
                    moment, offset, whole, bsd_time = inner_moment, inner_offset, inner_whole, inner_bsd
                    time, utc_found = moment, False
                    pids[nth(r)] = -1
                    spans[:, 0] = -1
                    spans[_HOST, 0], spans[_HOST, 1] = stop, places[nth(k + 1)]
                    detail_start = -1
                    f = first_field
            elif role == SYSLOG:
                relayed = _is_relayed(log, begin, places[nth(t)])
                if not relayed and k + 2 < after and roles[nth(k + 1)] == START:
                    if roles[nth(k + 2)] == HOST:
                        relayed = stamp(log, stop, places[nth(k + 1)])[0]
                is_text = not relayed
            if is_text and first_line and written.texts:
                if run_end == start:
                    run_end = stop
                else:
                    if run_end >= 0:
                        text_at = with_text(log, run_start, run_end, texts, text_at, text_begun, plain)
                    run_start, run_end = start, stop
        if run_end >= 0:
            text_at = with_text(log, run_start, run_end, texts, text_at, text_begun, plain)
        if key_start >= 0 and key_start < line_end and written.texts:
            # A value that is never closed is text, as it stands there.
            text_at = with_text(log, key_start, line_end, texts, text_at, text_begun, plain)
        text_ends[nth(r + 1)] = text_at
        has[1, nth(r)] = text_at > text_begun
        detail_ends[nth(r + 1)] = detail_ends[nth(r)]
        if detail_start >= 0 and written.details:
            has[0, nth(r)] = True
            detail_ends[nth(r + 1)] = copied(
                log, detail_start, detail_end, details, detail_ends[nth(r)], plain
            )
        field_ends[nth(r + 1)] = f
        has_year = bsd_time < 0
        if not has_year:
            if utc_found:
                has_year, moment, offset = dated(bsd_time, time)
            if not has_year and relayed:
                has_year, offset = True, relay_offset
                moment = dated_near(bsd_time, relay_moment, offset)
            if not has_year and known:
                has_year, offset = True, known_offset
                moment = dated_near(bsd_time, known_moment, offset)
            if has_year and not utc_found:
                time = moment
        if has_year:
            if not known and waiting:
                for w in range(np.uint64(first_record), np.uint64(first_record + waiting)):
                    header_times[w] = dated_near(header_times[w], moment, offset)
                    offsets[w] = offset
                    if times[w] == _NO_TIME:
                        times[w] = header_times[w]
                parts = _without_waiting(apart, first_apart, parts)
            known, known_moment, known_offset = True, moment, offset
        else:
            # Until a neighbour has a year, these lines are in no record.
            if not utc_found:
                time = _NO_TIME
            moment, waiting = bsd_time, waiting + 1
            parts = _set_apart(apart, first_apart, parts, begin, end, line, OF_NO_YEAR)
        times[nth(r)], header_times[nth(r)], offsets[nth(r)] = time, moment, offset
        for c in range(len(NAMES)):
            code = -1
            if spans[c, 0] >= 0 and written.names[c]:
                code, name_count = interned(
                    log,
                    spans[c, 0],
                    spans[c, 1],
                    c,
                    last[nth(c)],
                    slots,
                    name_starts,
                    name_ends,
                    name_columns,
                    name_count,
                )
                last[nth(c)] = code
            codes[c, nth(r)] = code
        line += line_ends(log, begin, end)
        r += 1
        t = after
    if waiting and not known:
        r, f, open_ = first_record, field_ends[nth(first_record)], False
    if open_ and written.bodies:
        has[2, nth(r - 1)], body_ends[nth(r)] = with_body(
            log, body_from, begins[nth(r - 1)] + lengths[nth(r - 1)], bodies, body_ends[nth(r - 1)], plain
        )
    return r, f, name_count, parts, line
