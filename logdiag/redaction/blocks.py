"""Keys and certificates between the lines that begin and end them, in the midst of other lines."""

import re
from typing import Literal, NamedTuple

BEGIN_MARK = "-----BEGIN "
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{1,60}-----[ \t\r]*\Z")
_OF_BLOCK = re.compile(r"[ \t>]*(?:[0-9A-Za-z+/=]*|[A-Za-z-]{1,40}: .*)[ \t\r]*")


class Place(NamedTuple):
    """Where in a block lines begin: within one or not, and whether its content was told already."""

    is_inside: bool = False
    is_told: bool = False


OUTSIDE = Place()


class Blocks:
    """Goes through lines, and knows which of them are in a block."""

    def __init__(self, place: Place = OUTSIDE) -> None:
        self.place = place

    def may_hold(self, lines: str) -> bool:
        """Whether any of some lines may be in a block."""
        return self.place.is_inside or BEGIN_MARK in lines

    def of(self, line: str) -> Literal["begin", "first", "more"] | None:
        """What the next line is of a block; ``first`` is the first one in it that is not empty."""
        if self.place.is_inside and _OF_BLOCK.fullmatch(line):
            if self.place.is_told or not line.strip():
                return "more"
            self.place = Place(is_inside=True, is_told=True)
            return "first"
        self.place = Place(is_inside=_BEGIN.search(line) is not None)
        return "begin" if self.place.is_inside else None

    def pass_over(self, lines: str) -> None:
        """Go on behind some whole lines."""
        if self.may_hold(lines):
            for line in lines.removesuffix("\n").split("\n"):
                self.of(line)
