"""Reads pages of the web interface that were pasted as text: System > Clustering and Status > Alarms.

The labels are those of the screenshots of the technical note, English in its Korean copy as well; the
states are read in Korean too (as the Korean document has them), and labels as a translator would write
them (assumed). No pasted list of alarms was seen: its columns are from the administrator guide X15.5.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from logdiag.conditions.alarm_catalogue import load
from logdiag.dumps.sections import Section
from logdiag.dumps.setting import Setting
from logdiag.i18n import in_every_language

_MIN_WORDING_LENGTH = 15
"""Characters that the text of an alarm needs at least to be known by it."""

MAX_PAGE_BYTES = 1 << 20
"""Bytes of a text that is searched for pages: pasted texts are short."""

# The page is evidence in English and in Korean, as a browser copies it: a table may become one line a cell.
_PEER = re.compile(
    r"(?:Peer|피어) ?(?P<number>[1-6]) ?(?:address|주소)\b[\s:|*ⓘ]*(?P<rest>.*)", re.IGNORECASE
)
_CERTIFICATE = re.compile(r"(?:Certificate|인증서): *(?P<value>[^\s(]+(?: 않음)?(?: *\([^)]*\))?)")
_CLUSTERING = re.compile(
    r"(?:Clustering|클러스터링): *"
    r"(?P<value>This system|이 시스템|알 수 없음|[^\s(|]+(?: as [^\s(|]+)?(?: *\([^)]*\))?)"
)
_FIELDS: Mapping[str, re.Pattern[str]] = {
    path: re.compile(rf"(?:{label})(?!\w)[\s:|*ⓘ]*(?P<value>\S*)", re.IGNORECASE)
    for path, label in (
        ("Alternates Cluster Name", r"(?:Cluster name|클러스터 이름)(?: ?\([^)]*\))?"),
        ("Alternates ConfigurationPrimary", r"(?:Configuration (?:primary|master)|기본 컨피그레이션)"),
        ("ClusterConfiguration tls_verify", r"(?:TLS verification mode|TLS 확인 모드)"),
        ("Alternates DatabaseStatus", r"(?:Cluster database status|클러스터 데이터베이스 상태)"),
    )
}
_KOREAN = {
    "이 시스템": "This system",
    "알 수 없음": "Unknown",
    "실패": "Failed",
    "활성": "Active",
    "비활성": "Inactive",
    "시행": "Enforce",
    "허용": "Permissive",
    "유효": "Valid",
    "유효함": "Valid",
    "무효": "Invalid",
    "유효하지 않음": "Invalid",
}
_MARKS = re.compile(r"^[\s>|*#✔✓❌✗✘•-]+")
_ENTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]*")
_RECORD = re.compile(r"""^\W*\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* \S+ \S+:|[A-Za-z]= ?["\u201c]""")
"""A line of a record, or a part of one that was wrapped: it has a pair."""
_ID = re.compile(r"(?<![\d.:-])\d{5}(?![\d.:-])")
_CELLS = re.compile(r"\t+| *\| *| {2,}")
_SEVERITIES = {"emergency", "alert", "critical", "error", "warning", "notice", "information", "info"}
_STATES = {"raised", "new", "acknowledged", "unacknowledged", "lowered", "cleared"}
_STATE = re.compile(rf"\b({'|'.join((*_SEVERITIES, *_STATES))})\b|발생|해제|확인됨|경고", re.IGNORECASE)
_WHEN = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?")
_TAIL = re.compile(r"\s*\((?P<words>[^()]*)\)\s*$")


def find_pages(text: str) -> list[Section]:
    """Return the pages in a text: one of the Clustering page, and one for each peer that alarms name."""
    numbered = enumerate(text.split("\n"), start=1)
    stripped = [(number, _MARKS.sub("", line).strip()) for number, line in numbered]
    lines = [(number, line) for number, line in stripped if line and not _RECORD.search(line)]
    clustering = list(_clustering(lines))
    alarms: dict[str, list[Setting]] = {}
    for index, (peer, settings) in enumerate(_alarms(lines), start=1):
        alarms.setdefault(peer, []).extend(
            Setting(f"Alarm {index} {name}", value, line) for name, value, line in settings
        )
    if clustering:  # alarms without a peer are those of the page in the same text
        clustering += alarms.pop("", [])
    parts = [clustering, *(settings for _, settings in sorted(alarms.items()))]
    return [Section("page", tuple(part)) for part in parts if part]


def _clustering(lines: list[tuple[int, str]]) -> Iterator[Setting]:
    if not any(_PEER.match(line) for _, line in lines):
        return
    peer = ""
    fields = dict(_FIELDS)
    waiting = ""
    for number, line in lines:
        if waiting:  # the value of a label can be on the next line
            path, waiting = waiting, ""
            if _ENTRY.match(line) or line in _KOREAN:
                yield Setting(path, _english(line.split("(")[0].strip()), number)
                continue
        entry = _PEER.match(line)
        if entry is not None:
            peer = entry["number"]
            own = _ENTRY.match(entry["rest"])
            if own is not None and ": " not in entry["rest"][: own.end() + 1]:
                yield Setting(f"Alternates Peer {peer} Address", own[0], number)
            elif not entry["rest"]:
                waiting = f"Alternates Peer {peer} Address"
        for path, pattern in list(fields.items()):
            if (field := pattern.match(line)) is not None:
                del fields[path]
                if field["value"]:
                    yield Setting(path, _english(field["value"]), number)
                else:
                    waiting = path
        for name, state in (("Certificate", _CERTIFICATE), ("Status", _CLUSTERING)):
            if peer and (said := state.search(line)) is not None:
                yield Setting(f"Alternates Peer {peer} {name}", _english(said["value"].strip()), number)


@cache
def _wordings() -> tuple[tuple[str, str], ...]:
    """Return title and text of each alarm in the product's words, in lower case, with its id; longest first.

    A list that was pasted without its last column has no ids.
    """
    found: dict[str, str] = {}
    for alarm in load().values():
        for text in alarm.text.split(" | "):
            words = text.partition("<")[0].strip()
            if len(words) > _MIN_WORDING_LENGTH and not words.startswith("("):
                found.setdefault(f"{alarm.title}: {words}".casefold().rstrip("."), alarm.id)
    return tuple(sorted(found.items(), key=lambda one: (-len(one[0]), one)))


def _english(value: str) -> str:
    """Return a state in English; words in brackets after it stay unchanged."""
    word, bracket, rest = value.partition("(")
    english = _KOREAN.get(word.strip(), word.strip())
    return f"{english} {bracket}{rest}".strip()


def _alarms(lines: list[tuple[int, str]]) -> Iterator[tuple[str, list[tuple[str, str, int]]]]:
    """Yield each alarm of a list: the peer that its line names, and its fields by the names of xStatus."""
    known = load()
    for place, (number, line) in enumerate(lines):
        ids = [one for one in _ID.findall(line) if one in known]
        ids = ids or [id_ for words, id_ in _wordings() if words in line.casefold()][:1]
        if len(ids) != 1:
            continue
        alarm = known[ids[0]]
        near = " ".join(text for _, text in lines[max(0, place - 6) : place + 1]).casefold()
        if any(title.casefold() in line.casefold() for title in in_every_language(alarm.title)):
            fields = _alarm_fields(line, alarm.title)
        elif _STATE.search(line) and alarm.title.casefold() in near:
            fields = {"Title": alarm.title}  # the columns of the page came as lines of their own
        else:
            continue
        values = {"ID": alarm.id, **fields}
        yield values.get("Peer", ""), [(name, value, number) for name, value in values.items() if value]


def _alarm_fields(line: str, title: str) -> dict[str, str]:
    """Return the fields of a line with the title of an alarm; a field that is missing is empty."""
    text = _ID.sub("", line).strip(" \t:,-|")
    tail = _TAIL.search(text)
    if tail is not None and _STATE.search(tail["words"]):
        text = text[: tail.start()]
    cells = [cell for cell in _CELLS.split(text) if cell]
    words = [cell.casefold() for cell in cells]
    words += re.split(r"\W+", (tail["words"] if tail else "").casefold())
    peers = (
        cell
        for cell in cells[1:]
        if _ENTRY.fullmatch(cell) and cell.casefold() not in _SEVERITIES | _STATES | {"acknowledge"}
    )
    texts = [cell for cell in cells[:2] if not _ENTRY.fullmatch(cell) and not _WHEN.match(cell)]
    return {
        "Title": texts[0] if texts else title,
        "Description": texts[1] if len(texts) > 1 else "",
        "Status": next((word for word in words if word in _STATES), ""),
        "FirstRaised": next(iter(_WHEN.findall(line)), ""),
        "Peer": next(peers, ""),
    }
