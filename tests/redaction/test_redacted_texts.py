"""Texts: each kind of literal, what stays, one token for one literal, and texts of strangers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redacting import redact, redactor_of

from logdiag.redaction import Redactor
from logdiag.redaction.literal_search import LiteralSearch
from logdiag.redaction.vocabulary import product_words
from logdiag.rules.library import load

HEAD = "2024-03-05T09:00:00.000+01:00"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        # hosts and domains
        (f'{HEAD} kilo7 tvcs: Event="x"', f'{HEAD} host-1 tvcs: Event="x"'),
        (
            'Node="clusterdb@kilo7.corp.acme.com" is kilo7, not kilo70',
            'Node="clusterdb@host-1.domain-1.domain-2.domain-3" is host-1, not kilo70',
        ),
        ("KILO7.acme.com and kilo7.ACME.com", "host-1.domain-1.domain-2 and host-1.domain-1.domain-2"),
        ("a.acme.com below acme.com", "host-1.domain-1.domain-2 below domain-1.domain-2"),
        ("logs_kilo7.acme.com.tar.gz", "logs_host-1.domain-1.domain-2.tar.gz"),
        ("jroe@kilo7.lab.zzz, pbx.lab.zzz", "alias-1@host-1.domain-1.domain-2, host-2.domain-1.domain-2"),
        ("u'(10.1.2.3 kilo7)'", "u'(ipv4-1.1.1.1 host-1)'"),
        ("Host: kilo7", "Host: host-1"),
        ("https://kilo7.acme.com/a?b", "https://host-1.domain-1.domain-2/a?b"),
        ("kilo7.acme.com에서 kilo7이", "host-1.domain-1.domain-2에서 host-1이"),
        # users
        ('User="Jane.Roe" by jane.roe', 'User="user-1" by user-1'),
        ("Username=jroe, realm=zz9", "Username=user-1, realm=alias-1"),
        ("username - changed from: 'jroe' to: 'jdoe'", "username - changed from: 'user-1' to: 'user-2'"),
        # aliases
        ("INVITE sip:jroe@acme.com SIP/2.0", "INVITE sip:alias-1@host-1.domain-1 SIP/2.0"),
        ("mail to jane.roe@acme.com", "mail to alias-1@host-1.domain-1"),
        (
            'Src-alias="4711" Dst-alias="sip:jroe@10.1.2.3"',
            'Src-alias="alias-1" Dst-alias="sip:alias-2@ipv4-1.1.1.1"',
        ),
        ("tel:+4989123456789 is +4989123456789", "tel:alias-1 is alias-1"),
        (
            'From: "Jane Roe" <sip:jroe@10.1.2.3>;tag=a77',
            'From: "alias-1" <sip:alias-2@ipv4-1.1.1.1>;tag=id-1',
        ),
        # numbers
        ('SystemUnit Hardware SerialNumber: "52A0815"', 'SystemUnit Hardware SerialNumber: "serial-1"'),
        ('Call-serial-number="0f9-6b" Tag="c7d1"', 'Call-serial-number="id-1" Tag="id-2"'),
        # secrets
        ('Option 1 Key: "116341E00-1-ABC"', 'Option 1 Key: "secret-1"'),
        ("password=hunter2 passphrase='a b c'", "password=secret-1 passphrase='secret-2'"),
        ('password="cut off', 'password="secret-1'),
        ("Authorization: Basic dTpw", "Authorization: Basic secret-1"),
        (
            'Proxy-Authorization: Digest username="jroe", realm="acme", nonce="n1", cnonce="c", opaque="o"',
            'Proxy-Authorization: Digest username="user-1", realm="alias-1", nonce="secret-1", '
            'cnonce="secret-2", opaque="secret-3"',
        ),
        ("Bearer abc123.def", "Bearer secret-1"),
        ("Cookie: sid=1; b=2", "Cookie: secret-1"),
        ("key is 0123456789abcdef0123456789ABCDEF.", "key is secret-1."),
        ("blob aGVsbG8gd29ybGQgYW5kIGFsbCB0aGUgcmVzdA==", "blob secret-1"),
        ("a-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----b", "asecret-1b"),
        ("-----BEGIN CERTIFICATE-----\nMII cut", "secret-1"),
        ("https://jroe:pw@10.1.2.3/", "https://secret-1@ipv4-1.1.1.1/"),
        ("subject: O=Acme Inc, CN=kilo7", "subject: O=alias-1, CN=host-1"),
    ],
)
def test_each_kind_has_its_word(text: str, result: str) -> None:
    assert redact(text) == result


@pytest.mark.parametrize(
    "text",
    [
        'Module="developer.clusterdb.cdb" Level="INFO" PID="<0.159.0>" CodeLocation="x.y.cpp(123)"',
        'CodeLocation="clusterconfigurationsynchroniser(270)"',
        'UUID="0f96695e-d954-4f6f-85c1-2ef1eae6f764" Id="20006" Msg-Hash="18446744073709550200"',
        'nonce="<CONCEALED>" User="" password: Off User="none"',
        "diagnostic_log/mnt/harddisk/log/messages.2024.gz!/readme.md",
        "xconfiguration clusterConfiguration tls_verify - changed from: Permissive to: Enforcing",
        "ping localhost, then TCP 4371 (cluster recovery)",
    ],
)
def test_what_says_nothing_of_a_customer_stays(text: str) -> None:
    assert redact(text) == text


def test_no_text_of_the_library_is_taken_for_a_literal() -> None:
    library = load(())
    texts = [text for rule in library.rules.values() for text in (rule.title, rule.why)]
    for procedure in library.procedures.values():
        for step in procedure.steps:
            texts += [text for text in (step.do, step.why, step.verify, step.impact, step.command) if text]
    assert len(texts) > 200
    redactor = redactor_of(*texts)
    assert [text for text in texts if redactor.text(text) != text] == []


def test_a_word_of_the_product_is_a_name_only_where_its_place_says_so() -> None:
    assert "cluster" in product_words()
    text = 'Node="clusterdb@cluster" User="system" The system lost the cluster.'
    assert redact(text) == 'Node="clusterdb@host-1" User="user-1" The system lost the cluster.'
    redactor = redactor_of(text)
    assert redactor.text("cluster lost it, the Cluster", ("cluster",)) == "host-1 lost it, the Cluster"


def test_short_numbers_are_replaced_in_their_place_only() -> None:
    assert redact('Src-alias="5061" Src-port="5061"') == 'Src-alias="alias-1" Src-port="5061"'


def test_a_literal_that_looks_like_a_token_is_none() -> None:
    assert redact('User="zoe9" User="user-2" User="max7"') == 'User="user-1" User="user-3" User="user-4"'


def test_what_one_text_teaches_is_hidden_in_all() -> None:
    assert redact('User="zoe9"', "zoe9 logged in; zoe91 and azoe9 did not; ZOE9_x") == (
        "user-1 logged in; zoe91 and azoe9 did not; user-1_x"
    )


names = st.text("abcxyz0123456789", min_size=2, max_size=8).filter(
    lambda name: any(map(str.isalpha, name)) and name not in product_words()
)


@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_one_literal_has_one_token_and_no_two_have_the_same(users: list[str]) -> None:
    redactor = redactor_of(*(f'User="{user}"' for user in users))
    tokens = [redactor.text(f'User="{user}"') for user in users]
    assert len(set(tokens)) == len(users)
    for user, token in zip(users, tokens, strict=True):
        assert redactor.text(f"({user.upper()}), ") == f"({token[6:-1]}), "


@given(st.text(), st.text())
def test_no_text_is_too_odd(text: str, other: str) -> None:
    redactor = Redactor()
    redactor.learn(text)
    redactor.learn_literal(other, "host")
    redactor.know()
    redactor.text(text + other)
    redactor.literal(other, "host")


@given(st.lists(st.text("ab -.", min_size=1, max_size=6), max_size=5), st.text("ab -.", max_size=30))
def test_known_literals_are_found_where_they_stand(literals: list[str], text: str) -> None:
    for found in LiteralSearch([(literal, "host") for literal in literals]).find(text):
        assert text[found.start : found.end] in literals


@pytest.mark.parametrize(
    ("literals", "text", "found"),
    [
        # A match that is not a whole word hides no other one.
        (["ab cd", "cd"], "xab cd", ["cd"]),
        (["ab", "ab cd"], "ab cd", ["ab cd"]),
        (["jro\udce9"], "JRO\udce9 jro\udce8", ["JRO\udce9"]),
        (["ix", "οδος"], "İx ΟΔΟΣabc", ["İx", "ΟΔΟΣ"]),
        (["홍길동"], "홍길동님은 홍길동전", ["홍길동"]),
    ],
)
def test_whole_words_are_found_in_any_case_and_script(
    literals: list[str], text: str, found: list[str]
) -> None:
    search = LiteralSearch((literal, "user") for literal in literals)
    assert [text[span.start : span.end] for span in search.find(text)] == found


LONG = 400_000


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a@" * (LONG // 2), "a@host-1@host-1@"),
        ("1.2.3.4." * (LONG // 8), "ipv4-1.1.1.1.ipv4-1.1.1.1."),
        ("af09" * (LONG // 4), "secret-1"),
        ("af:09:" * (LONG // 6), "secret-1:"),
        ('user="' * (LONG // 6), 'user-1"user-1"'),
        ("\0" * LONG, "\0\0"),
        ('password="a' * (LONG // 11), 'password="secret-1'),
        ("user=" * (LONG // 5), "user=user-1"),
        ("[10," * (LONG // 4), "[10,[10,"),
        ("{10," * (LONG // 4), "{10,{10,"),
        ("가" * LONG, "가가"),
        ("가.나." * (LONG // 4), "가.나."),
        ("0123456789" * (LONG // 10), "secret-1"),
        ("<a b>" * (LONG // 5), "<a b>"),
    ],
    ids=[
        "mail",
        "digits and dots",
        "hex",
        "hex with colons",
        "keys",
        "NULs",
        "secrets",
        "users",
        "lists",
        "tuples",
        "Hangul",
        "dots",
        "digits",
        "tags",
    ],
)
def test_very_much_of_one_sign_takes_no_longer_than_it_is_long(text: str, result: str) -> None:
    redactor = Redactor()
    redactor.learn(text)
    redactor.know()
    assert redactor.text(text).startswith(result)
