"""The alarm catalogue: every row is complete, worded safely, and found."""

import csv
import io
import re
import unicodedata
from dataclasses import astuple, fields

import pytest

from logdiag.conditions.alarm_catalogue import Alarm, alarm_title, find, identify, load, notes
from logdiag.files.resources import folder
from logdiag.i18n import gettext, speaking
from logdiag.pipeline import examine_clusters
from logdiag.rules import library, references
from logdiag.rules.alarm_page import render_alarm
from logdiag.rules.cases import files_of, tables_of
from logdiag.rules.schema import Case
from logdiag.rules.versions import is_valid

ALARMS = tuple(load().values())


def korean(text: str) -> str:
    """A text in Korean."""
    with speaking("ko"):
        return gettext(text)


# The alarms that the technical note shows or describes, with words of theirs.
OF_THE_DOCUMENT = {
    "15005": "Expressway database failure: Please contact your Cisco support representative",
    "20004": "The system is unable to communicate with one or more of the cluster peers",
    "20006": "The database is unable to replicate with one or more of the cluster peers",
    "20007": "Cluster configuration has been changed, however a restart is required for this to take effect",
    "20009": "manual synchronization of configuration is required",
    "20011": "This peer's configuration conflicts with the primary's configuration",
    "20012": "Cluster primary mismatch",
    "20014": "Cannot find primary or this subordinate's peer configuration file",
    "20017": "Configuration primary ID is inconsistent",
    "20018": "H.323 mode must be turned On - clustering uses H.323 communications between peers",
    "40055": "Failed to update system key file",
}
# The alarms that concern a cluster and are the subject of rules.
OF_RULES = {
    *("15004", "15005", "15008", "15010", "15011", "15013", "15019"),
    *("20003", "20004", "20005", "20006", "20007", "20008", "20009", "20011", "20012", "20014", "20015"),
    *("20016", "20017", "20018", "20019", "20020", "20021", "20024", "20025", "20026"),
    *("25002", "25019", "25020", "25021", "40055", "40068", "40069"),
}

DANGEROUS = re.compile(r"ForceConfigUpdate|ForceSystemKeyUpdate|purge|factory|\breset\b", re.IGNORECASE)
GUARD = re.compile(r"\b(backup|back up|support)\b", re.IGNORECASE)
DANGEROUS_KO = re.compile(r"ForceConfigUpdate|ForceSystemKeyUpdate|purge|재설정|초기화", re.IGNORECASE)
GUARD_KO = re.compile("백업|지원")


def sentences(text: str) -> int:
    return len(re.findall(r"[.?!](?= [^a-z]|$)", text))


def long_words(text: str) -> set[str]:
    return set(re.findall(r"\w{4,}", text.casefold()))


def test_the_file_is_what_a_csv_writer_writes() -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow([field.name for field in fields(Alarm)])
    writer.writerows(astuple(alarm) for alarm in ALARMS)
    # An id that stands there twice is lost by then, so this fails on it as well.
    assert (folder("rules") / "alarms.csv").read_bytes() == written.getvalue().encode()


def test_the_ids_have_five_digits_and_are_sorted() -> None:
    assert [alarm.id for alarm in ALARMS if not re.fullmatch(r"[0-9]{5}", alarm.id)] == []
    assert list(load()) == sorted(load())


def test_every_column_is_filled_with_plain_text() -> None:
    for alarm in ALARMS:
        for value in astuple(alarm):
            assert value and value == " ".join(value.split()), alarm.id
            assert not any(unicodedata.category(letter).startswith("C") for letter in value), alarm.id


def test_severity_and_confidence_are_words_of_their_sets() -> None:
    severities = {"Emergency", "Critical", "Error", "Warning", "Alert", "Notice", "Info"}
    assert {alarm.severity for alarm in ALARMS} <= severities
    assert {alarm.confidence for alarm in ALARMS} <= {"confirmed", "inferred", "assumed"}


def test_a_text_is_either_the_products_wordings_or_one_description_in_brackets() -> None:
    for alarm in ALARMS:
        described = alarm.text.startswith("(")
        assert described == alarm.text.endswith(")"), alarm.id
        assert not (described and " | " in alarm.text), alarm.id
        assert all(alarm.text.split(" | ")), alarm.id


def test_the_sources_are_public_documents() -> None:
    document = r"(Administrator guide|Cluster guide|Release note) X\d+(\.\d+)+|Technical note \d{6}"
    assert {
        source
        for alarm in ALARMS
        for source in alarm.source.split("; ")
        if not re.fullmatch(document, source)
    } == set()


def test_the_alarms_of_the_document_are_known_by_its_wordings() -> None:
    assert {name for name, words in OF_THE_DOCUMENT.items() if words not in load()[name].text} == set()


def test_the_alarms_that_rules_are_about_are_known() -> None:
    assert OF_RULES - set(load()) == set()


def test_meanings_and_remedies_are_short_and_whole_sentences() -> None:
    for alarm in ALARMS:
        assert alarm.meaning.endswith(".") and alarm.remedy.endswith("."), alarm.id
        assert 1 <= sentences(alarm.meaning) <= 2, alarm.id
        assert 1 <= sentences(alarm.remedy) <= 3, alarm.id


def test_no_two_alarms_mean_the_same() -> None:
    assert len({alarm.meaning for alarm in ALARMS}) == len(ALARMS)
    assert len({korean(alarm.meaning) for alarm in ALARMS}) == len(ALARMS)


def test_a_meaning_says_something_that_title_and_text_do_not() -> None:
    for alarm in ALARMS:
        assert len(long_words(alarm.meaning) - long_words(f"{alarm.title} {alarm.text}")) >= 5, alarm.id


def test_a_dangerous_remedy_asks_for_a_backup_or_for_support() -> None:
    for alarm in ALARMS:
        assert GUARD.search(alarm.remedy) or not DANGEROUS.search(alarm.remedy), alarm.id
        assert GUARD_KO.search(korean(alarm.remedy)) or not DANGEROUS_KO.search(korean(alarm.remedy)), (
            alarm.id
        )


def test_the_command_that_deletes_a_configuration_is_kept_off_the_primary() -> None:
    with_it = [alarm for alarm in ALARMS if "ForceConfigUpdate" in alarm.remedy]
    assert {alarm.id for alarm in with_it} == {"20009", "20011", "20014", "20017"}
    for alarm in with_it:
        assert "backup" in alarm.remedy and "never on the primary" in alarm.remedy, alarm.id
        assert "백업" in korean(alarm.remedy) and "기본 피어에서는 절대로 실행하지 마십시오" in korean(
            alarm.remedy
        ), alarm.id


def test_a_remedy_that_restarts_something_says_what_drops() -> None:
    for alarm in ALARMS:
        if re.search(r"\bre(start|boot)", alarm.remedy, re.IGNORECASE):
            assert re.search(r"\bdrops?\b", alarm.remedy), alarm.id
        if re.search("재시작|재부팅", korean(alarm.remedy)):
            assert "끊" in korean(alarm.remedy), alarm.id


def test_the_korean_is_korean_in_polite_plain_style() -> None:
    for alarm in ALARMS:
        for text in (korean(alarm.meaning), korean(alarm.remedy)):
            assert len(re.findall("[가-힣]", text)) >= 10, alarm.id
            assert re.search(r"(니다|십시오)(\([^()]*\))?\.$", text), alarm.id


def test_every_title_is_korean() -> None:
    assert [alarm.id for alarm in ALARMS if not re.search("[가-힣]", korean(alarm.title))] == []


def test_an_alarm_in_korean_keeps_the_title_by_which_it_is_looked_up() -> None:
    alarm = load()["30015"]
    assert alarm.full_title() == "License usage of lost cluster peer"
    with speaking("ko"):
        assert (
            alarm.full_title()
            == "연결이 끊긴 클러스터 피어의 라이선스 사용 (License usage of lost cluster peer)"
        )


def test_the_korean_names_the_same_commands_pages_ports_and_alarms() -> None:
    for alarm in ALARMS:
        for english in (alarm.meaning, alarm.remedy):
            for exact in (r"xCommand \w+", r"Force\w+", r"\b\d{4,5}\b", r"CSC\w+", r"[A-Z]\w+ > [A-Z]\w+"):
                assert set(re.findall(exact, english)) == set(re.findall(exact, korean(english), re.ASCII)), (
                    alarm.id
                )


def test_the_catalogue_is_read_once_and_cannot_be_changed() -> None:
    assert load() is load()
    with pytest.raises(TypeError):
        load()["20004"] = load()["20006"]  # type: ignore[index]


def test_an_id_finds_that_alarm_alone() -> None:
    assert find(" 20006 ") == [load()["20006"]]


def test_words_find_every_alarm_that_holds_all_of_them_in_any_order_and_case() -> None:
    assert [alarm.id for alarm in find("SYNCHRONIZATION manual cluster")] == [
        "20009",
        "20011",
        "20014",
        "20017",
    ]


def test_words_are_looked_for_in_id_title_text_and_meaning_of_both_languages() -> None:
    assert [alarm.id for alarm in find("1500 database")] == ["15004", "15005", "15008"]
    assert load()["20018"] in find("h.323 must be turned on")
    assert "firewall" in load()["20021"].meaning
    assert load()["20021"] in find("firewall")
    assert load()["20021"] in find("클러스터 방화벽")
    assert "TCP 4371" in load()["20006"].remedy
    assert find("20006 TCP 4371") == []


def test_what_no_alarm_holds_finds_nothing_and_no_words_find_all() -> None:
    assert find("99999") == []
    assert find("(.*") == []
    assert tuple(find(" \t")) == ALARMS


@pytest.mark.parametrize(
    ("detail", "title"),
    [
        (
            "Cluster communication failure: The system is unable to communicate",
            "Cluster communication failure",
        ),
        ("Cluster replication error: a: b", "Cluster replication error"),
        ("Restart required", "Restart required"),
        (" Restart required :", "Restart required"),
        (": no title", ""),
        ("", ""),
    ],
)
def test_the_title_is_what_stands_before_the_first_colon(detail: str, title: str) -> None:
    assert alarm_title(detail) == title


IDENTIFIED = [
    # without an id, in the words of the technical note and of older versions
    ("Expressway database failure: Please contact your Cisco support representative", None, "15005"),
    ("VCS database failure: Please contact your Cisco support representative", None, "15005"),
    ("Restart required: Cluster configuration has been changed, however a restart is required", None, None),
    (
        "Restart required: Cluster configuration has been changed, however a restart is required for this to "
        "take effect",
        None,
        "20007",
    ),
    ("Cluster replication error: manual synchronisation of configuration is required", None, "20009"),
    (
        "Cluster replication error: Cannot find master or this slave\N{RIGHT SINGLE QUOTATION MARK}s peer "
        "configuration file",
        None,
        "20014",
    ),
    ("Cluster replication error: The master peer is unreachable", None, "20016"),
    ("Cluster communications failure", None, "20004"),
    ("Cluster communications failure: Unable to establish a TCP connection with a on ports 1", None, "20021"),
    ("FACTORY RESET FAILED", None, "15013"),
    # titles that several alarms share tell none
    ("Security alert: anything", None, None),
    ("Application failed: An unexpected software error was detected in x", None, None),
    ("", None, None),
    # the words decide between two ids, and an id where the words say nothing
    ("Cluster replication error: The primary peer is unreachable", "20009", "20016"),
    ("Cluster replication error: the NTP server is unreachable", "20011", None),
    ("Cluster replication error: anything else", "20011", "20011"),
    ("Cluster communication failure: anything else", "20021", "20021"),
    ("Factory reset failed", "99999", "15013"),
    ("anything", "99999", "99999"),
    ("", " 20006 ", "20006"),
]


@pytest.mark.parametrize(("detail", "id_", "expected"), IDENTIFIED)
def test_an_alarm_is_known_by_its_words(detail: str, id_: str | None, expected: str | None) -> None:
    assert identify(detail, id_) == expected


def test_every_wording_of_the_catalogue_tells_its_alarm() -> None:
    for alarm in ALARMS:
        for text in alarm.text.split(" | ") if not alarm.text.startswith("(") else ():
            said = re.sub(r"<[^<>]*>", "expa02", text)
            assert identify(f"{alarm.title}: {said}") == alarm.id
            assert identify(said) == alarm.id


def test_notes_are_about_known_alarms_and_versions_and_name_their_source() -> None:
    assert notes().keys() <= load().keys()
    for row in (row for rows in notes().values() for row in rows):
        assert is_valid(row.versions), row
        assert references.find(row.reference) is not None, row
        assert row.note == " ".join(row.note.split()), row


@pytest.mark.parametrize(
    ("version", "said", "unsaid"),
    [
        ("X14.0.7", ["3.19 GHz raise this alarm wrongly"], ["unsupported hardware", "If the version"]),
        ("X14.2.5", ["unsupported hardware"], ["raise this alarm wrongly"]),
        ("X15.4", ["reservation"], ["raise this alarm wrongly", "unsupported hardware"]),
        ("X12.6", [], ["raise this alarm wrongly", "reservation"]),
        (None, ["If the version is X14.0.7: Medium virtual machines"], []),
    ],
)
def test_a_finding_has_the_notes_of_its_version(
    version: str | None, said: list[str], unsaid: list[str]
) -> None:
    log = (
        '2024-03-05T09:00:01.524+00:00 expa01 alarm: Level="WARN" Event="Alarm Raised" Id="10005" '
        'Severity="warning" Detail="Unsuitable hardware warning: x" UTCTime="2024-03-05 09:00:01,524"\n'
    )
    dump = f'*s SystemUnit: /\n  Name: "expa01"\n  Software: /\n    Version: "{version}"\n*s/end\n'
    files = {"expa01.txt": log} | ({"xstat_expa01.txt": dump} if version else {})
    case = Case(name="a", logs=files, expect=[])
    [examined] = examine_clusters(tables_of(files_of(case)), library.load())
    [finding] = [one for one in examined.folded.findings if one.rule == "alarm/raised"]
    assert [text for text in said if text not in finding.explanation] == []
    assert [text for text in unsaid if text in finding.explanation] == []
    assert any(one.id == "CSCwc09399" for one in finding.references) == (version in ("X14.0.7", None))


def test_the_page_of_an_alarm_has_all_notes() -> None:
    page = " ".join(render_alarm(load()["10005"], library.load()).split())
    assert "X14.0.7: Medium virtual machines" in page
    assert "(Defect CSCwc09399)" in page
    assert "In some versions" not in render_alarm(load()["10001"], library.load())
