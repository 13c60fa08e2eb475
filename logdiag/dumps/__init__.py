"""Reading what stands beside the logs: xConfiguration and xStatus dumps, and certificates.

A file becomes a stream of settings, paths with values, the same ones whether it is flat text,
nested text or XML. No content raises; what is wrong with it is said in `Unread` and in faults.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from logdiag.dumps import certificates, text, xml_
from logdiag.dumps.facts import Facts, ListedAlarm, ListedPeer, facts
from logdiag.dumps.kinds import is_xml, kind_of
from logdiag.dumps.lookup import lines_of
from logdiag.dumps.pages import pages
from logdiag.dumps.sections import Section, sections
from logdiag.dumps.setting import Kind, Setting, Unread
from logdiag.dumps.times import time_in, time_of

__all__ = [
    "Facts",
    "Kind",
    "ListedAlarm",
    "ListedPeer",
    "Section",
    "Setting",
    "Unread",
    "facts",
    "kind_of",
    "lines_of",
    "pages",
    "sections",
    "settings",
    "time_in",
    "time_of",
]


def settings(kind: Kind, name: str, chunks: Iterable[bytes], faults: list[str]) -> Iterator[Setting | Unread]:
    """The settings of one file, in order, in memory that does not grow with it.

    Args:
        kind: what `kind_of` says of the file.
        name: the file's name, with or without folders; that of certificates says what they are for.
        chunks: the file from its start, in pieces of any size.
        faults: what is wrong with the content is added here, after all that can be read was given
            out; each ready to stand behind the file's name.

    """
    if kind == "certificate":
        return certificates.read(name, chunks, faults)
    rest = iter(chunks)
    head = b""
    while len(head) < 4096 and (chunk := next(rest, None)) is not None:
        head += chunk
    whole = chain([head], rest)
    return xml_.read(whole, faults) if is_xml(head) else text.read(whole)
