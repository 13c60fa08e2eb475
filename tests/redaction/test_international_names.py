"""Names in other scripts than Latin: domains, hosts, users, display names, also with a Korean particle."""

import re

import pytest
from redacting import redact

from logdiag.redaction.names import dns_name, unicode_name


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('Dst-alias="sip:회의실3@한국은행.kr"', 'Dst-alias="sip:alias-1@host-1.domain-1"'),
        ('Dst-alias="sip:info@bücher-müller.de"', 'Dst-alias="sip:alias-1@host-1.domain-1"'),
        ("한국은행.kr에서 회신", "host-1.domain-1에서 회신"),
        ("한국은행.한국에서 회신", "host-1.domain-1에서 회신"),
        ("see почта.рф, then bücher.de.", "see host-1.domain-1, then host-2.domain-2."),
        ("https://회의실/x and https://한국은행.kr/x", "https://host-1/x and https://host-2.domain-1/x"),
        ("mail jörg@bücher.de에게", "mail alias-1@host-1.domain-1에게"),
        ("XN--BCHER-KVA.de is bücher.de is bu\u0308cher.de", " is ".join(["host-1.domain-1"] * 3)),
        ("kilo7.bücher.de and kilo7", "host-1.domain-1.domain-2 and host-1"),
        (
            'From: "김철수" <sip:jdoe@x>\n김철수가 김철수님께 왔다',
            'From: "alias-1" <sip:alias-2@host-1>\nalias-1가 alias-1님께 왔다',
        ),
        ('User="박영희" 박영희는 박영희라고', 'User="user-1" user-1는 user-1라고'),
        ('User="이수" 이수하다', 'User="user-1" 이수하다'),
        ('display-name="김 철수" 김 철수를', 'display-name="alias-1" alias-1를'),
        ('User="jörg" von Jörg', 'User="user-1" von user-1'),
        (
            "sip:%ED%95%9C%EA%B5%AD%EC%9D%80%ED%96%89.kr is 한국은행.kr",
            "sip:host-1.domain-1 is host-1.domain-1",
        ),
    ],
)
def test_names_of_all_scripts_are_replaced(text: str, result: str) -> None:
    assert redact(text) == result


@pytest.mark.parametrize(
    "text",
    [
        *("실패했습니다.확인하세요", "피어 연결이 끊김. 확인", "3.5초 동안 2.4배", "Gerät.Ausgefallen"),
        *("“expa.cpp” – 5 × 3", "설정.xml 파일"),
    ],
)
def test_sentences_in_other_scripts_stay(text: str) -> None:
    assert redact(text) == text


def test_a_name_and_its_form_in_dns_are_one() -> None:
    assert dns_name("bücher.de") == "xn--bcher-kva.de"
    assert unicode_name("xn--bcher-kva.de") == "bücher.de"
    assert unicode_name("xn--99999999.de") == unicode_name(unicode_name("xn--99999999.de"))
    # What one form teaches is found in the other.
    assert redact("kilo7@bücher.zzz", "xn--bcher-kva.zzz") == re.sub(r"\d+", "1", "host-2.domain-3")
