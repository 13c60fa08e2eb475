"""Decides the kind of a file: a dump of the configuration or of the status, certificates, or neither."""

import re
from functools import cache

from logdiag.dumps.setting import DumpKind
from logdiag.grammar.lark_reader import load

_NAMES: tuple[tuple[str, DumpKind], ...] = (("xconf", "xconfiguration"), ("xstat", "xstatus"))
"""What the names of dumps contain (administrator guide X15.5: ``xconf_dump_...``, ``xstat_dump_...``)."""

_SECTIONS: dict[DumpKind | None, frozenset[str]] = {
    # Administrator guide X15.0, command reference: sections of both, of xConfiguration, of xStatus.
    None: frozenset(
        {"alternates", "applications", "authentication", "ethernet", "h323", "ntp", "policy", "sip"}
        | {"systemunit", "zones", "dns", "ip", "option"}
    ),
    "xconfiguration": frozenset(
        {"configurationprimary", "configurationmaster", "ipprotocol", "administration", "logger", "snmp"}
        | {"remotesyslog", "staticnat", "rfc4821", "ephemeral", "errorreport"}
    ),
    "xstatus": frozenset(
        {"alarm", "hardware", "resourceusage", "networkinterface", "registrations", "uptime", "links"}
        | {"systemmetrics", "warnings", "collaborationedge", "fips", "tunnels", "portusage", "options"}
    ),
}

_PEM = re.compile(
    rb"^(?:\xef\xbb\xbf)?-----BEGIN [A-Z0-9 ]{0,60}(?:CERTIFICATE|PRIVATE KEY)-----", re.MULTILINE
)
_ELEMENT = re.compile(r"<(?:[A-Za-z0-9_.\-]{1,60}:)?([A-Za-z_][A-Za-z0-9_.\-]{0,60})")
_PROLOG = re.compile(r"<\?[^>]*>|<!--[^>]*-->|[ \t\r\n\ufeff]+")
# Blank lines and trailing blanks come from copying; they are no part of a line.
_LINE = re.compile(rb"^.*[^ \t\r\n]", re.MULTILINE)


def kind_of(head: bytes, name: str) -> DumpKind | None:
    """Return the kind of a file by its first bytes (up to 1 MiB); None if it is not a dump.

    ``name`` counts only if the content leaves it open: in text whose lines may be settings but do not
    say of what, and in XML that could be either dump's. A log that quotes a dump looks like one: ask
    only for files without log records.
    """
    hint = next((kind for part, kind in _NAMES if part in re.split(r"[/\\]", name)[-1].casefold()), None)
    if is_xml(head):
        return _kind_of_xml(_decoded(head), hint)
    if b"\0" in head or head.lstrip()[:1] in (b"{", b"["):
        return None
    return "certificate" if _PEM.search(head) else _kind_of_text(head, hint)


def is_xml(head: bytes) -> bool:
    """Return whether the first character starts a tag."""
    return _decoded(head[:4096]).lstrip("\ufeff \t\r\n").startswith("<")


def _decoded(head: bytes) -> str:
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return head.decode(encoding, "replace")


def _kind_of_xml(text: str, hint: DumpKind | None) -> DumpKind | None:
    at = 0
    while prolog := _PROLOG.match(text, at):
        at = prolog.end()
    if re.match(r"<!doctype\s+html|<html", text[at : at + 100], re.IGNORECASE):
        return None
    names = {name.casefold() for name in _ELEMENT.findall(text)}
    known: dict[DumpKind | None, int] = {kind: len(names & sections) for kind, sections in _SECTIONS.items()}
    if not known[None] or sum(known.values()) < 2:  # other programs have a <Logger> or <Option> too
        return hint
    root = _ELEMENT.match(text, at)
    named = root[1].casefold() if root is not None else ""
    if "configuration" in named or "xconfiguration" in names:
        return "xconfiguration"
    if "status" in named or "xstatus" in names:
        return "xstatus"
    if known["xconfiguration"] == known["xstatus"]:
        return hint
    return "xconfiguration" if known["xconfiguration"] > known["xstatus"] else "xstatus"


def _kind_of_text(head: bytes, hint: DumpKind | None) -> DumpKind | None:
    head = head.removeprefix(b"\xef\xbb\xbf")
    configuration = status = other = 0
    for shape in _shape().finditer(head):
        word = (shape["mark"] or shape["root"] or b"").lstrip(b"*xX").lower()
        configuration += word.startswith(b"c")
        status += word.startswith(b"s")
        other += not word
    if 2 * (configuration + status + other) < sum(1 for _ in _LINE.finditer(head)):
        return None
    if configuration == status:
        return hint if configuration + status + other else None
    return "xconfiguration" if configuration > status else "xstatus"


@cache
def _shape() -> re.Pattern[bytes]:
    """Return a pattern of a setting, a heading, or the end of one, from the terminals of the grammar."""
    grammar = load("xdump")
    names = ("BOM", "INDENT", "MARK", "ROOT", "PATH", "END")
    bom, indent, mark, root, path, end = (grammar.get_terminal(name).pattern.to_regexp() for name in names)
    before = f"(?:{bom})?(?:{indent})?(?:(?P<mark>{mark})(?:{indent})?)?"
    line = f"^{before}(?:(?P<root>{root})?(?:{path})|(?:{end}))"
    return re.compile(line.encode("latin-1"), re.MULTILINE)
