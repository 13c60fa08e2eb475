"""Write the columns of a chunk's records: the same rows as ``logdiag/records/rows.py``.

That module defines the rows, and a property test compares the two. No code here makes an object for a
token or a record: a column is an array of numbers, or of places in the chunk.
"""

# Machine code has the types of what it is called with.
# mypy: disable-error-code="no-untyped-def,no-untyped-call"

import numpy as np

from logdiag.grammar.bitcode import compiled, inlined, inner, nth
from logdiag.records.compiled.buffers import BEFORE_RECORDS, NAMES, NO_INSTANT, NO_YEAR, BufferPool, Wanted
from logdiag.records.compiled.header import header
from logdiag.records.compiled.record import DETAIL, read_record
from logdiag.records.compiled.roles import BSD_START, LINE, ORPHAN, PAIR, START, VALUE
from logdiag.records.compiled.strings import append, append_body, count_lines, intern_name
from logdiag.records.compiled.times import dated, dated_near
from logdiag.records.digests import FACTOR, SHIFT

_NO_TIME = -(1 << 62)

_BYTES, _PLACES, _WORDS = (np.empty(0, kind) for kind in (np.uint8, np.int32, np.int64))
_WANTED = Wanted(False, False, False, False, (False,) * len(NAMES))
_COLUMNS = BufferPool().columns(0, 0, 0, 0)


@compiled(_BYTES, 0)
def count_at_most(roles, count):
    """Return the highest number of records and of pairs that some tokens can give."""
    records = fields = 0
    for t in range(np.uint64(count)):
        records += (roles[t] == START) | (roles[t] == BSD_START)
        fields += (roles[t] == VALUE) | (roles[t] == PAIR)
    return records, fields


@inner
def _record_end(roles, first, count):
    """Return the token after a record: the next time at the start of a line, or the next orphan line."""
    after = first + 1
    while after < count and roles[nth(after)] != ORPHAN:
        before = roles[nth(after - 1)]
        if roles[nth(after)] == START or roles[nth(after)] == BSD_START:
            if before == LINE or before == ORPHAN:
                break
        after += 1
    return after


@inner
def _add_stretch(stretches, first, count, begin, end, line, reason):
    """Add a stretch in no record; join it with the last one if that is next to it; return their number.

    ``first`` is the first stretch of this log: stretches of two logs are never joined.
    """
    last = nth(count - 1)
    if count > first and stretches[1, last] == begin and stretches[3, last] == reason:
        stretches[1, last] = end
        return count
    n = nth(count)
    stretches[0, n], stretches[1, n], stretches[2, n], stretches[3, n] = begin, end, line, reason
    return count + 1


@inner
def _drop_waiting(stretches, first, count):
    """Remove the stretches that waited for a year; return the number of the others."""
    kept = first
    for p in range(np.uint64(first), np.uint64(count)):
        if stretches[3, p] != NO_YEAR:
            for n in range(4):
                stretches[n, kept] = stretches[n, p]
            kept += 1
    return kept


@inlined
def _write_strings(log, end, body_start, wanted, out, r, name_count):
    """Write detail, body and names of record ``r``; return the number of names."""
    spans = out.spans
    out.has[0, nth(r)] = wanted.detail and spans[0, DETAIL] >= 0
    out.has[1, nth(r)] = out.text.ends[nth(r + 1)] > out.text.ends[nth(r)]
    out.detail.ends[nth(r + 1)] = out.detail.ends[nth(r)]
    if out.has[0, nth(r)]:
        append(log, spans[0, DETAIL], spans[1, DETAIL], out.detail, r)
    out.has[2, nth(r)], out.body.ends[nth(r + 1)] = False, out.body.ends[nth(r)]
    if wanted.body:
        out.has[2, nth(r)] = append_body(log, body_start, end, out.body, r)
    for c in range(len(NAMES)):
        code = -1
        if spans[0, c] >= 0 and wanted.names[c]:
            code, name_count = intern_name(log, spans[0, c], spans[1, c], c, out, name_count)
            out.last[nth(c)] = code
        out.codes[c, nth(r)] = code
    return name_count


@compiled(_BYTES, _BYTES, _PLACES, 0, _WORDS, _WANTED, _COLUMNS)
def write_columns(log, roles, places, count, starts, wanted, out):
    """Write the columns of a chunk's records, and the stretches that are in none.

    Args:
        log: the chunk, uint8.
        roles, places: the role of each token, and its end.
        count: the number of tokens.
        starts: the start of each log, if several are read together; otherwise 0.
        wanted: which columns to write, a `Wanted`.
        out: the memory, a `Columns`.

    Returns:
        The numbers of records, pairs, names, stretches in no record, and line ends.

    """
    out.slots[:] = -1
    out.last[:] = -1
    out.field_ends[0] = out.values.ends[0] = 0
    out.detail.ends[0] = out.text.ends[0] = out.body.ends[0] = 0

    t = r = f = stretches = name_count = line = 0
    # For the current log: the last record with a year; the number of records before the first such one,
    # which wait for their year; the first record and the first stretch.
    known, known_moment, known_offset = False, 0, 0
    waiting = first_record = first_stretch = next_log = 0
    while t < count:
        begin = 0 if t == 0 else places[nth(t - 1)]
        while next_log < len(starts) and begin >= starts[nth(next_log)]:
            if waiting and not known:
                r, f = first_record, out.field_ends[nth(first_record)]
            known, waiting, first_record, first_stretch = False, 0, r, stretches
            next_log += 1
        after = _record_end(roles, t, count)
        end = places[nth(after - 1)]
        is_header, moment, offset, whole, bsd_time = header(log, roles, places, t, after)
        if not is_header:
            reason = BEFORE_RECORDS if roles[nth(t)] == ORPHAN else NO_INSTANT
            stretches = _add_stretch(out.stretches, first_stretch, stretches, begin, end, line, reason)
        else:
            out.offset[nth(r)], out.length[nth(r)], out.line[nth(r)] = begin, end - begin, line
            head = (moment, offset, whole, bsd_time)
            numbers = (r, f, name_count)
            found, relay, body_start = read_record(log, roles, places, t, after, head, wanted, out, numbers)
            f, name_count, moment, offset, bsd_time, time, utc_found = found
            relayed, relay_moment, relay_offset = relay
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
                        out.header_time[w] = dated_near(out.header_time[w], moment, offset)
                        out.utc_offset[w] = offset
                        if out.time[w] == _NO_TIME:
                            out.time[w] = out.header_time[w]
                    stretches = _drop_waiting(out.stretches, first_stretch, stretches)
                known, known_moment, known_offset = True, moment, offset
            else:
                # These lines are in no record, unless a later record of the log has a year.
                if not utc_found:
                    time = _NO_TIME
                moment, waiting = bsd_time, waiting + 1
                stretches = _add_stretch(out.stretches, first_stretch, stretches, begin, end, line, NO_YEAR)
            out.time[nth(r)], out.header_time[nth(r)], out.utc_offset[nth(r)] = time, moment, offset
            name_count = _write_strings(log, end, body_start, wanted, out, r, name_count)
            r += 1
        line += count_lines(log, begin, end)
        t = after
    if waiting and not known:
        r, f = first_record, out.field_ends[nth(first_record)]
    return r, f, name_count, stretches, line


@compiled(_BYTES, _WORDS, _PLACES, np.uint64(0), np.empty(0, np.uint64))
def write_digests(log, offsets, lengths, seed, found):
    """Write the digest of each record into ``found``, as `logdiag.records.digests.digest` makes it."""
    factor, shift, eight = np.uint64(FACTOR), np.uint64(SHIFT), np.uint64(8)
    for number in range(len(offsets)):
        at, left = np.uint64(offsets[nth(number)]), np.uint64(lengths[nth(number)])
        digest = np.uint64(seed) ^ left
        while left >= eight:
            word = np.uint64(0)
            for n in range(eight):
                word |= np.uint64(log[at + n]) << (eight * n)
            digest = (digest ^ word) * factor
            digest ^= digest >> shift
            at += eight
            left -= eight
        word = np.uint64(0)
        for n in range(left):
            word |= np.uint64(log[at + n]) << (eight * n)
        digest = (digest ^ word) * factor
        found[nth(number)] = digest ^ (digest >> shift)
