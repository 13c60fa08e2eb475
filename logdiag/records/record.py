"""The rows of a log: a record, and a line that is in no record."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from logdiag.records.header import Stamp, Yearless, dated, dated_near

_UTC_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:[,.](\d{1,6}))?", re.ASCII)
_BLANKS = " \t\n\v\f\r"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(microseconds: int) -> datetime:
    """Convert microseconds since 1970 to a datetime in UTC."""
    return _EPOCH + microseconds * _MICROSECOND


def micros(time: datetime) -> int:
    """Convert an aware datetime to microseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND


def decode(raw: bytes | bytearray) -> str:
    """Decode UTF-8; invalid bytes become U+FFFD."""
    return raw.decode("utf-8", "replace")


@dataclass
class Unparsed:
    """A row of `UNPARSED` without snapshot and source.

    A row can cover several ``lines``; ``text`` is then the beginning of the first.
    """

    line: int
    offset: int
    length: int
    text: str
    reason: str
    lines: int = 1


@dataclass
class Record:
    """A row of `RECORDS` without snapshot and source; times in microseconds since 1970."""

    header_time: int
    utc_offset: int
    host: str
    process: str | None = None
    subprocess: str | None = None
    pid: int | None = None
    fields: list[tuple[str, str]] = field(default_factory=list)
    text: str | None = None
    whole_seconds: bool = False
    first_line: int = 0
    """Bytes of the first line, with its line end."""
    raw: bytearray = field(default_factory=bytearray)
    line: int = 0
    offset: int = 0
    length: int = 0
    """Bytes of the member that the record takes up, with line ends."""
    yearless: Yearless | None = None
    """The header's time if it has no year: `date` then sets ``header_time``."""
    relayed: Stamp | None = None
    """The time of the relay's header around a header without a year."""

    @property
    def text_as_logged(self) -> str:
        """The whole record."""
        return decode(self.raw)

    @property
    def body(self) -> str | None:
        """The lines after the first, without the last line end; None if they are blank."""
        lines = self.raw[self.first_line :]
        return decode(lines.removesuffix(b"\n").removesuffix(b"\r")) if lines.strip() else None

    @property
    def time(self) -> int:
        """`UTCTime` if it is valid, otherwise the header's time."""
        utc = self._utc()
        if utc is None:
            return self.header_time
        moment, has_fraction = utc
        # Web records have whole seconds only; a header with a fraction is more exact.
        near = not has_fraction and not self.whole_seconds and abs(self.header_time - moment) <= 1_000_000
        return self.header_time if near else moment

    def date(self, neighbour: "Record | None") -> bool:
        """Set the year of a header without one; return False if record, relay and neighbour lack a year."""
        if self.yearless is None:
            return True
        utc = self._utc()
        stamp = None if utc is None else dated(self.yearless, utc[0])
        if stamp is None and self.relayed is not None:
            stamp = dated_near(self.yearless, self.relayed.time, self.relayed.utc_offset)
        if stamp is None and neighbour is not None:
            stamp = dated_near(self.yearless, neighbour.header_time, neighbour.utc_offset)
        if stamp is None:
            return False
        self.header_time, self.utc_offset, self.yearless = stamp.time, stamp.utc_offset, None
        return True

    def first(self, key: str) -> str | None:
        """Return the first value of a key; None if the record does not have the key."""
        return next((value for name, value in self.fields if name == key), None)

    def name(self, key: str) -> str | None:
        """Return the first value of a key, trimmed."""
        value = self.first(key)
        return None if value is None else value.strip()

    def _utc(self) -> tuple[int, bool] | None:
        """Return the first valid `UTCTime`, and whether it has a fraction."""
        for key, value in self.fields:
            if key == "UTCTime" and (found := _UTC_TIME.fullmatch(value.strip(_BLANKS))):
                *parts, fraction = found.groups()
                try:
                    moment = micros(datetime(*map(int, parts), tzinfo=UTC))  # type: ignore[misc,arg-type]
                except ValueError:
                    continue
                # Fewer than three digits are milliseconds that were not padded: ",92" is 92 ms.
                digits = "0" if fraction is None else fraction.rjust(3, "0").ljust(6, "0")
                return moment + int(digits), fraction is not None
        return None
