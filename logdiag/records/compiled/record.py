"""One record in a compiled grammar's tokens: its names, pairs and text."""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call,assignment"

import numpy as np

from logdiag.grammar.bitcode import inlined, nth
from logdiag.records.compiled import roles as role
from logdiag.records.compiled.buffers import KEY, NAMES
from logdiag.records.compiled.header import header, is_relayed
from logdiag.records.compiled.strings import append, append_text, intern_name, trim
from logdiag.records.compiled.times import number, utc_time
from logdiag.records.compiled.word_ops import WORD, equal, find_byte, first_word

_HOST, _PROCESS, _SUBPROCESS, _MODULE, _LEVEL, _EVENT = range(len(NAMES))
DETAIL = len(NAMES)

_UTC_KEY, _MODULE_KEY, _LEVEL_KEY, _EVENT_KEY, _DETAIL_KEY = (
    np.uint64(int.from_bytes(name, "little"))
    for name in (b"UTCTime", b"Module", b"Level", b"Event", b"Detail")
)


@inlined
def _set_span(spans, column, start, end):
    spans[0, column], spans[1, column] = start, end


@inlined
def read_record(log, roles, places, first, after, head, wanted, out, numbers):
    """Read the tokens of record ``r`` after its time, from ``first`` to ``after``.

    Args:
        log, roles, places, wanted, out: as for `columns`.
        first: the token with the time; the next one is the host.
        after: the end of the record's tokens.
        head: the time, as `header` reads it.
        numbers: number of the record and of its first pair, and how many names are known.

    Returns:
        The next pair; how many names are known; the header's microseconds, offset and time without a year;
        the record's microseconds and whether a UTCTime states them; whether a relay's header with a year
        precedes, its microseconds and offset; where the body starts.

    """
    moment, offset, whole, bsd_time = head
    r, f, name_count = numbers
    spans = out.spans
    spans[0, :] = -1
    _set_span(spans, _HOST, places[nth(first)], places[nth(first + 1)])
    out.pid[nth(r)] = -1
    utc_found, time = False, moment
    relayed, relay_moment, relay_offset = False, 0, 0
    first_field = f
    text_begin = text_end = out.text.ends[nth(r)]
    run_start = run_end = key_start = key_end = -1  # a run of text; a key without its value
    a = b = np.int64(0)
    is_first_line, host_is_text = True, False
    body_start = line_end = np.int64(places[nth(after - 1)])
    for k in range(first + 2, after):
        token = roles[nth(k)]
        start, stop = np.int64(places[nth(k - 1)]), np.int64(places[nth(k)])
        is_text = False
        if token == role.PAIR:
            # The key ends at the first "=", and the value begins after the quote that follows.
            a, b = start, find_byte(log, start, 61)
            while log[nth(a)] == 32:
                a += 1
            key_start, key_end = start, b + (2 if log[nth(b + 1)] == 34 else 3)
        elif token == role.VALUE and key_start >= 0:
            a, b = trim(log, key_start, key_end, 34)
            if b > a and log[nth(b - 1)] == 61:
                b -= 1
        if token == role.PAIR or token == role.VALUE:
            if key_start >= 0:
                close = stop - (1 if log[nth(stop - 1)] == 34 else 3)
                key = first_word(log, a, b - a) if b - a < WORD else np.uint64(0)
                column = -1
                if key == _UTC_KEY:
                    if not utc_found:
                        utc_found, utc, digits = utc_time(log, key_end, close)
                        if utc_found:
                            # Web records have whole seconds only; a header with a fraction is more exact.
                            near = digits == 0 and not whole and abs(moment - utc) <= 1_000_000
                            time = moment if near else utc
                elif key == _DETAIL_KEY:
                    column = DETAIL
                elif key == _MODULE_KEY:
                    column = _MODULE
                elif key == _LEVEL_KEY:
                    column = _LEVEL
                elif key == _EVENT_KEY:
                    column = _EVENT
                if column >= 0 and spans[0, column] < 0:
                    _set_span(spans, column, key_end, close)
                if wanted.fields:
                    out.keys[nth(f)], name_count = intern_name(log, a, b, KEY, out, name_count)
                    append(log, key_end, close, out.values, f)
                    f += 1
                key_start = -1
        elif token == role.KEY or token == role.UTC_TIME:
            key_start, key_end = start, stop
        elif token == role.TEXT:
            is_text = True
        elif token == role.LINE or token == role.ORPHAN:
            if is_first_line:
                is_first_line = False
                body_start, line_end = stop, start
        elif token == role.PROCESS:
            a, b = trim(log, start, stop, 58)
            while b > a and log[nth(b - 1)] == 93:
                b -= 1
            bracket = a
            while bracket < b and log[nth(bracket)] != 91:
                bracket += 1
            _set_span(spans, _PROCESS, a, bracket)
            pid = number(log, bracket + 1, b - bracket - 1) if 1 < b - bracket <= 11 else -1
            out.pid[nth(r)] = pid if pid < 1 << 31 else -1
        elif token == role.SUBPROCESS:
            is_text = spans[0, _SUBPROCESS] >= 0
            a, b = trim(log, start, stop, 58)
            process = spans[0, _PROCESS]
            same_size = process >= 0 and spans[1, _PROCESS] - process == b - a
            if not is_text and not (same_size and equal(log, a, process, b - a)):
                _set_span(spans, _SUBPROCESS, a, b)
        elif token == role.NAME:
            is_text = not (k + 1 < after and roles[nth(k + 1)] == role.UTC_TIME)
            if not is_text:
                _set_span(spans, _PROCESS, start, stop - 1)
        elif token == role.HOST:
            is_text = host_is_text
        elif token == role.START or token == role.BSD_START:
            inner, inner_moment, inner_offset, inner_whole, inner_bsd = header(log, roles, places, k, after)
            is_text = host_is_text = not inner
            if inner:
                # A whole record inside a relayed one: everything before it came from the relay.
                relayed, relay_moment, relay_offset = bsd_time < 0, moment, offset
                moment, offset, whole, bsd_time = inner_moment, inner_offset, inner_whole, inner_bsd
                time, utc_found = moment, False
                out.pid[nth(r)] = -1
                spans[0, :] = -1
                _set_span(spans, _HOST, stop, places[nth(k + 1)])
                f = first_field
        elif token == role.SYSLOG:
            is_text = not is_relayed(log, roles, places, first, k, after)
        if is_text and is_first_line and wanted.text:
            if run_end == start:
                run_end = stop
            else:
                if run_end >= 0:
                    text_end = append_text(log, run_start, run_end, out.text.bytes, text_end, text_begin)
                run_start, run_end = start, stop
    if run_end >= 0:
        text_end = append_text(log, run_start, run_end, out.text.bytes, text_end, text_begin)
    if key_start >= 0 and key_start < line_end and wanted.text:
        # A value without a closing quote is text.
        text_end = append_text(log, key_start, line_end, out.text.bytes, text_end, text_begin)
    out.text.ends[nth(r + 1)] = text_end
    out.field_ends[nth(r + 1)] = f
    found = (f, name_count, moment, offset, bsd_time, time, utc_found)
    return found, (relayed, relay_moment, relay_offset), body_start
