"""What stands around a word shows whose it is, where no key does."""

import pytest
from redacting import redact

from logdiag.redaction.by_context import find_placed


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (" f: Jane Roe <sip:x", " f: alias-1 <sip:x"),
        (" P-Asserted-Identity: Jane Roe <sip:x", " P-Asserted-Identity: alias-1 <sip:x"),
        (" Organization: Zebra GmbH", " Organization: alias-1"),
        (" Subject: Zebra merges", " Subject: alias-1"),
        (" i: 77abqx", " i: id-1"),
        (' x;+sip.instance="<urn:uuid:0f1e2d3c-4b5a>"', ' x;+sip.instance="<urn:uuid:id-1>"'),
        ("call +49 (89) 555-01277 now", "call alias-1 now"),
        ("Accepted publickey for jroe from here", "Accepted publickey for user-1 from here"),
        ("session opened for user jroe(uid=0)", "session opened for user user-1(uid=0)"),
        ("sudo:    jroe : TTY=pts/0", "sudo:    user-1 : TTY=pts/0"),
        ("User 'jroe' logged in", "User 'user-1' logged in"),
        ("/home/jroe/x", "/home/user-1/x"),
        (r"C:\Users\jroe\x", r"C:\Users\user-1\x"),
        ("uid=jroe,ou=Kilos,dc=zebra,dc=com", "uid=user-1,ou=alias-1,dc=domain-1,dc=com"),
        ("CN=Jane Roe,OU=Kilos", "CN=alias-1,OU=alias-2"),
        (r"login ZEBRA\jroe failed", r"login domain-1\user-1 failed"),
        ("see https://kilo7/x", "see https://host-1/x"),
        ("https://x.invalid/a?user=jroe&token=abcq", "https://host-1.domain-1/a?user=user-1&token=secret-1"),
        ('"phone":"5550137","firstName":"Jane"', '"phone":"alias-1","firstName":"alias-2"'),
        ("X-API-Key: q77", "X-API-Key: secret-1"),
        ('Calling-number="5550185"', 'Calling-number="alias-1"'),
    ],
)
def test_what_its_place_shows_is_replaced(text: str, result: str) -> None:
    assert redact(text) == result


@pytest.mark.parametrize(
    "text",
    [
        r"SIPMSG:\nINVITE and TEXT\rmore",
        "2024-03-05 09:00:00 +0100 and +01:00 and a+4989555",
        "uid=0 gid=0",
        "http://localhost/x",
        "dc=com,dc=uk",
        "session closed for user admin",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert list(find_placed(text)) == []
