"""The Korean texts of the library say what the English ones say, as far as a program can see."""

import re
from collections.abc import Iterator

import pytest

from logdiag.i18n import gettext, speaking
from logdiag.options import Options
from logdiag.pipeline import diagnose, examine
from logdiag.reading import read_texts
from logdiag.rules.cases import files_of, tables_of
from logdiag.rules.library import Library, load
from logdiag.rules.lint import find_untranslated
from logdiag.rules.translation import collect_texts, in_language

Pair = tuple[str, str, str]
"""Where a text stands, the text, and its Korean."""

HANGUL = re.compile("[가-힣]")
KEPT = (
    re.compile(r"\{\w+\}"),  # placeholders
    re.compile(r"\b\d{5}\b"),  # alarms
    re.compile(r"\bX\d+(?:\.\d+)*\b"),  # versions
    re.compile(r"\bxCommand \w+"),
    re.compile(r"\b\w+\.sh\b"),
    re.compile(r"(?=(\b[\w.]+ > \w+))"),  # menu paths, step by step: a word and the one below it
)
"""What stays as it is in another language."""


def kept(text: str) -> set[str]:
    """Everything in a text that is not to be translated."""
    return {found for pattern in KEPT for found in pattern.findall(text)}


def pairs(library: Library) -> Iterator[Pair]:
    """Every text of the library with its Korean."""
    with speaking("ko"):
        for file, path, english in collect_texts(library):
            yield f"{file} {path}", english, gettext(english)


def lost(english: str, korean: str) -> list[str]:
    """What stays as it is and stands in the English text only; a placeholder may be in neither alone."""
    missing = [part for part in kept(english) if part not in korean]
    return sorted(missing) + sorted(part for part in kept(korean) - kept(english) if part.startswith("{"))


@pytest.fixture(scope="module")
def library() -> Library:
    return load()


@pytest.mark.parametrize(
    ("english", "korean", "expected"),
    [
        ("Restart {where} (Maintenance > Restart options > Restart).", "{where}를 재시작합니다.", ["Maintenance > Restart", "options > Restart"]),
        ("Log in to {where} and run xCommand ForceConfigUpdate.", "{hosts}에 로그인합니다.", ["xCommand ForceConfigUpdate", "{where}", "{hosts}"]),
        ("20007 is lowered, from X12.6 on.", "20006이 해제됩니다.", ["20007", "X12.6"]),
        ("Never run purge.sh.", "실행하지 마십시오.", ["purge.sh"]),
        ("See System > Clustering of {where}: 20007.", "{where}의 System > Clustering에서 20007을 확인합니다.", []),
    ],
)  # fmt: skip
def test_what_a_translation_loses_is_seen(english: str, korean: str, expected: list[str]) -> None:
    assert lost(english, korean) == expected


def test_placeholders_commands_alarms_versions_and_menu_paths_stay_as_they_are(library: Library) -> None:
    found = list(pairs(library))
    assert len(found) > 100
    assert [(where, parts) for where, english, korean in found if (parts := lost(english, korean))] == []


def test_nothing_in_the_library_or_the_catalogue_lacks_its_korean() -> None:
    assert list(find_untranslated(load())) == []


def test_every_korean_text_is_korean_but_for_names_that_stay(library: Library) -> None:
    assert [
        where for where, english, korean in pairs(library) if not HANGUL.search(korean) and korean != english
    ] == []


def dump(host: str, cluster: str) -> bytes:
    peers = "".join(
        f'*c xConfiguration Alternates Peer {n} Address: "expa0{n}.example.com"\n' for n in (1, 2)
    )
    own = (
        f'*c xConfiguration IP DNS Domain Name: "example.com"\n*c xConfiguration IP DNS Hostname: "{host}"\n'
    )
    return f'*c xConfiguration Alternates Cluster Name: "{cluster}"\n{peers}{own}'.encode()


def test_a_diagnosis_in_korean_tells_the_same_in_korean(library: Library) -> None:
    dumps = {"xconf_expa01.txt": dump("expa01", "a.example.com"), "xconf_expa02.txt": dump("expa02", "b")}
    english = examine(read_texts(dumps), library)
    korean = examine(read_texts(dumps), in_language(library, "ko"))
    [told] = [finding for finding in korean.findings if finding.rule == "requirements/cluster-name"]
    assert told.title.startswith("피어의 클러스터 이름이 서로 다릅니다: expa01: a.example.com")
    assert told.remedy
    assert all(HANGUL.search(text) for step in told.remedy for text in (step.do, step.why, step.verify))
    for one, other in zip(english.findings, korean.findings, strict=True):
        same = ("id", "rule", "severity", "state", "hosts", "peers", "evidence")
        assert [getattr(one, name) for name in same] == [getattr(other, name) for name in same]
        plan = [
            [(step.where, step.command, step.risk) for step in finding.remedy] for finding in (one, other)
        ]
        assert plan[0] == plan[1]


def test_what_rules_compare_stays_as_it_is_in_korean(library: Library) -> None:
    case = next(case for case in library.rules["replication/manual-sync-required"].cases if case.expect)
    english, korean = (
        examine(tables_of(files_of(case)), one) for one in (library, in_language(library, "ko"))
    )
    assert [finding.values for finding in korean.findings] == [finding.values for finding in english.findings]
    assert [finding.id for finding in korean.findings] == [finding.id for finding in english.findings]
    assert english.language == "en"
    assert korean.language == "ko"


def test_the_views_of_a_diagnosis_in_korean_say_which_language_they_are_in() -> None:
    report = diagnose(["sample_logs/peer-lost"], Options(language="ko"))
    assert '<html lang="ko">' in report.to_html()
    assert '"language": "ko"' in report.to_json()
    assert "읽기 전용" in report.to_text()
    title = report.diagnosis.incidents[0].title
    assert f">{title}</h1>" in report.to_html()
