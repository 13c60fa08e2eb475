"""Find dotted names of hosts and domains in a text."""

import re
import unicodedata
from collections.abc import Iterator

from logdiag.redaction.literal_span import LiteralSpan

# Letters and marks of other scripts, without their punctuation. Bytes of Latin-1 are surrogates here.
_FOREIGN = (
    r"\u00c0-\u1fff\u2c00-\u2dff\u3040-\ud7ff\uf900-\ufdff\ufe70-\ufefe\uff66-\uffdc"
    r"\U00010000-\U0003ffff\udcc0-\udcff"
)
NAME_SIGNS = rf"0-9A-Za-z{_FOREIGN}-"
LABEL = rf"[{NAME_SIGNS}]++"
_ASCII = r"[0-9A-Za-z-]++"
_ASCII_DOTTED = re.compile(rf"(?<![0-9A-Za-z-]){_ASCII}(?:\.{_ASCII})++")
_DOTTED = re.compile(rf"(?<![{NAME_SIGNS}]){LABEL}(?:\.{LABEL})++")
_NAME = re.compile(rf"{LABEL}(?:\.{LABEL})*+")
# In Korean and Japanese, particles follow a name without a blank.
_LAST_LABEL = re.compile(rf"(?:[0-9A-Za-z-]++|한국)(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3])|{LABEL}")

# A dotted word with one of these last labels is a name. The name of a file or a module could end in others
# (md, sh, info): there the domain or the text around a name shows that it is one.
_GENERIC = """
com net org edu gov mil int biz arpa local localdomain lan internal intranet corp home private example
invalid cloud
"""
_COUNTRIES = """
ac ad ae af ag al am an ao aq ar as au aw az ba bb bd bf bg bh bi bj bm bn bo br bs bt bw by bz ca
cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk
fm fo fr ga gd ge gf gh gi gl gm gn gp gq gr gt gu gw gy hk hm hn hr ht hu ie il im io iq ir je jm
jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc me mg mh mk mm mn mo
mp mq mr mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pt pw qa
re ro ru rw sa sb sc sd se sg si sk sl sm sn sr st sv sx sy sz tc td tg th tj tk tl tm tn to tr tt
tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
_ACE = "xn--"
_SCRIPTS = """
한국 삼성 닷컴 닷넷 中国 中國 香港 台湾 台灣 新加坡 澳門 澳门 公司 网络 集团 中文网 在线 みんな コム рф рус
бел укр мкд срб бг қаз мон ею ком орг сайт онлайн москва дети ευ
ελ հայ გე ישראל ایران عمان مصر السعودية امارات الاردن المغرب تونس
الجزائر قطر فلسطين سورية سودان عراق پاکستان بھارت भारत ভারত বাংলা
ਭਾਰਤ ભારત இந்தியா இலங்கை சிங்கப்பூர் భారత్ ಭಾರತ ഭാരതം ලංකා ไทย ລາວ
"""
_FOREIGN_ENDS = frozenset(_SCRIPTS.split())
_ENDS, _COUNTRY_ENDS = frozenset(_GENERIC.split()), frozenset(_COUNTRIES.split())
# Zones of reverse look-ups are no domains of a customer.
_REVERSED = frozenset(("in-addr", "ip6", "e164"))
"""Domains below arpa whose names are addresses and numbers."""
_MIN_COUNTRY_LABELS = 3
"""With fewer labels, two letters at the end may be the suffix of a file: ``main.py``."""
_MAX_SUFFIXES = 4
"""Labels that may follow a name: ``expc01.example.com.tar.gz``."""
_MAX_DOMAIN_LABELS = 6
_MAX_UNKNOWN = 200_000


def is_name(text: str) -> bool:
    """Return whether a text can be a host name or a domain."""
    return _NAME.fullmatch(text) is not None


def without_particle(name: str) -> str:
    """Return a dotted name without a particle after its last label."""
    rest, dot, last = name.rpartition(".")
    found = None if name.isascii() else _LAST_LABEL.match(last)
    return rest + dot + found[0] if found is not None else name


def unicode_name(name: str) -> str:
    """Return a name in lower case with all labels in Unicode."""
    if name.isascii() and _ACE not in name:
        return name
    return unicodedata.normalize("NFC", ".".join(map(_unicode_label, name.split("."))))


def dns_name(name: str) -> str:
    """Return a name in lower case as DNS has it: labels of other scripts as ``xn--…``."""
    if name.isascii():
        return name
    labels = unicodedata.normalize("NFC", name).split(".")
    return ".".join(
        label if label.isascii() else _ACE + label.encode("punycode", "replace").decode() for label in labels
    )


def _unicode_label(label: str) -> str:
    if not label.startswith(_ACE):
        return label
    try:
        return label.removeprefix(_ACE).encode().decode("punycode")
    except UnicodeError:
        return label


def is_common_end(label: str) -> bool:
    """Return whether names of many owners end in a label, as in ``com``."""
    return label.lower() in _ENDS or label.lower() in _COUNTRY_ENDS


class Domains:
    """The known domains, and so the names below them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self.unknown: set[str] | None = None
        """If set, it collects the dotted words that end in nothing known yet."""

    def learn(self, name: str) -> None:
        """Learn the domains that a host's name is below."""
        labels = name.lower().split(".")
        least = 1 if len(labels) == 2 else 2
        for i in range(max(1, len(labels) - _MAX_DOMAIN_LABELS), len(labels) - least + 1):
            self._known.add(".".join(labels[i:]))

    def is_domain(self, name: str) -> bool:
        """Return whether names are below a name."""
        return name.lower() in self._known

    def find(self, text: str) -> Iterator[LiteralSpan]:
        """Find the dotted words of a text that are names by their ends."""
        if "." not in text:
            return
        for match in (_ASCII_DOTTED if text.isascii() else _DOTTED).finditer(text):
            written = without_particle(match[0]).split(".")
            labels = [label.lower() for label in written]
            for count in range(len(labels), max(1, len(labels) - 1 - _MAX_SUFFIXES), -1):
                if self._is_name(labels[:count]):
                    yield LiteralSpan(match.start(), match.start() + len(".".join(written[:count])), "name")
                    break
            else:
                # With a number as its end it cannot be a name: versions are many.
                if self.unknown is not None and not labels[-1].isdigit() and len(self.unknown) < _MAX_UNKNOWN:
                    self.unknown.add(match[0].lower())

    def _is_name(self, labels: list[str]) -> bool:
        last = labels[-1]
        if last == "arpa" and labels[-2] in _REVERSED:
            return False
        is_foreign = any(not label.isascii() or label.startswith(_ACE) for label in labels)
        if last in _ENDS or (last in _COUNTRY_ENDS and (len(labels) >= _MIN_COUNTRY_LABELS or is_foreign)):
            return True
        if is_foreign and (last in _FOREIGN_ENDS or last.startswith(_ACE)):
            return True
        first = max(0, len(labels) - _MAX_DOMAIN_LABELS)
        return any(".".join(labels[i:]) in self._known for i in range(first, len(labels)))
