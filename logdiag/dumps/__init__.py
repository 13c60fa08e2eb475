"""Reads the evidence next to logs: xConfiguration and xStatus dumps, certificates, pasted pages.

A file becomes a stream of settings (paths with values), the same ones from flat text, nested text and XML.
No content raises an error; what is wrong with it is reported in `Unread` and in faults.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from logdiag.dumps import text, xml_
from logdiag.dumps.facts import Facts, ListedAlarm, ListedPeer, collect_facts, time_in, time_of
from logdiag.dumps.kinds import is_xml, kind_of
from logdiag.dumps.lookup import lines_of
from logdiag.dumps.pages import find_pages
from logdiag.dumps.sections import Section, find_sections
from logdiag.dumps.setting import DumpKind, Setting, Unread

__all__ = [
    "DumpKind",
    "Facts",
    "ListedAlarm",
    "ListedPeer",
    "Section",
    "Setting",
    "Unread",
    "collect_facts",
    "find_pages",
    "find_sections",
    "kind_of",
    "lines_of",
    "read_settings",
    "time_in",
    "time_of",
]


def read_settings(
    kind: DumpKind, name: str, chunks: Iterable[bytes], faults: list[str]
) -> Iterator[Setting | Unread]:
    """Yield the settings of one file, in order, in memory that does not grow with it.

    Args:
        kind: what `kind_of` says of the file.
        name: the file's name, with or without folders; that of certificates says what they are for.
        chunks: the file from its start, in pieces of any size.
        faults: gets the faults of the content after the last setting; each continues a sentence that begins
        with the file's name.

    """
    if kind == "certificate":
        from logdiag.dumps import certificates  # takes long to load, and few files contain certificates

        return certificates.read(name, chunks, faults)
    rest = iter(chunks)
    head = b""
    while len(head) < 4096 and (chunk := next(rest, None)) is not None:
        head += chunk
    whole = chain([head], rest)
    return xml_.read(whole, faults) if is_xml(head) else text.read(whole)
