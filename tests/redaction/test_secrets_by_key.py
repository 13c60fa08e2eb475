"""Secrets and accounts are known by a word in the name of their key, however a snapshot writes the two."""

import base64
import itertools
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from redacting import members, redact_into

from logdiag.redaction.key_names import kind_of_key

HEAD = "2024-03-05T09:00:00.000+01:00 expa01 tvcs:"

# Settings of xConfiguration whose values are private, as in the command reference of the administrator guide.
PRIVATE = """
Administration DeviceProvisioning ServicePassword
Applications ConferenceFactory AccessCode
Authentication Account Admin Account 1 Name
Authentication Account Admin Account 1 Password
Authentication ADS Workgroup
Authentication ADS MachinePassword
Authentication H350 BindPassword
Authentication H350 BindUserName
Authentication H350 BindUserDN
Authentication Password
Authentication Realm
Authentication Remote Digest Cache Secret
Authentication UserName
Call Services CUCMixedModeSharedSecret
Collaboration Edge AXL Password
Collaboration Edge AXL Username
Credential 1 Name
Credential 1 Password
DNS Server 1 TSIG-Key
EdgeConfigServer Credential TTL Secret
Ethernet 1 Dot1x Passphrase
ExternalManager Account Name
ExternalManager Password
H323 Gatekeeper Registration Token
Hybrid Services Connector BearerToken
IP QoS Owner
Ldap Server BindPassword
Log CDR Service Password
Log CDR Service UserName
Login Remote LDAP VCS BindDN
Login Remote LDAP VCS BindPassword
Login Remote LDAP VCS BindUsername
Login Root Passwd
NTP Server 1 Passphrase
NTP Server 2 Key
Option 12 Key
Policy AdministratorPolicy Service Password
Policy AdministratorPolicy Service UserName
Policy FindMe Service Password
Policy RegistrationRestriction Service Passcode
Policy Services Service 3 UserName
RemoteSyslog 1 Client_Secret
Security Token Signing PrivateKey
SIP Authentication Digest Nonce
SIP Authentication NTLM SA Credential
SNMP CommunityName
SNMP Community Name
SNMP V3 AuthenticationPassword
SNMP V3 PrivacyPassword
SNMP V3 UserName
SSH Server pre-shared-key
SystemUnit AdminPin
TMSProvisioning Service Login
Traversal Server TURN Authentication Realm
TURN bindpassword
XMPP Federation Security DialbackSecret
Zones DefaultZone Access PinCode
Zones Zone 1 Neighbor Authentication Name
Zones Zone 2 TraversalClient Authentication Name
Zones Zone 2 TraversalClient Authentication Password
Zones Zone 3 WebProxy api_key
"""

# Settings that only use such words, and those that a diagnosis needs.
HARMLESS = """
Authentication Password Mode = Strict
Authentication StrictPassword Minimum Length = 15
ClusterConfiguration tls_verify = Enforcing
Encryption KeyLength = 2048
H323 Mode = On
IP QoS Mode = DiffServ
Login Administration AccountLockout = 30
Login Remote Protocol = LDAP
Login Source Admin = LocalOnly
Mapping = Deny
Monkey = bars
NTP Server 1 KeyId = 17
SIP Authentication NTLM Mode = Auto
SIP TLS Certificate CRLCheck = Off
SNMP SystemLocation = Basement
SystemUnit TimeZone Name = Europe/Oslo
TLS Key Exchange = Ecdhe
Token Lifetime = 3600
User-Agent = TANDBERG
Version = X14.2.5-b11A
XMPP PublicKey Algorithm = rsa
Cipher = TLS_AES_256_GCM_SHA384
CodeLocation = ppcmains/sip/leg2/SipProxyLeg2B.cpp(12)
UUID = 0f96695e-d954-4f6f-85c1-2ef1eae6f764
"""


def dump(path: str, value: str) -> str:
    return f'*c xConfiguration {path}: "{value}"\n'


def nested(path: str, value: str) -> str:
    first, *rest = path.split(maxsplit=1)
    # An index stays with the word before it: it is no section of its own.
    return f'*s {first}: /\n  {rest[0] if rest else "Value"}: "{value}"\n*s/end\n'


def xml(path: str, value: str) -> str:
    names, index = [], ' item="1"'
    for word in path.split():
        if not word.isdigit():
            names.append(word)
    opened = "".join(f"<{name}{index}>" for name in names)
    closed = "".join(f"</{name}>" for name in reversed(names))
    return f"{opened}{escape(value)}{closed}\n"


def key(path: str) -> str:
    """The last two words of a path as one, as keys of records are."""
    return "".join([word for word in path.split() if not word.isdigit()][-2:])


def pair(path: str, value: str) -> str:
    return f'{HEAD} Event="Changed" {key(path)}="{value}" Level="1"\n'


def bare(path: str, value: str) -> str:
    return f"{HEAD} changed: {key(path)}={value}, level=1\n"


def said(path: str, value: str) -> str:
    return f"{HEAD} Detail=\"xconfiguration {path} - changed from: '' to: '{value}'\"\n"


def in_json(path: str, value: str) -> str:
    return f"{HEAD} Body={json.dumps(json.dumps({key(path): value, 'level': 1}))}\n"


def in_url(path: str, value: str) -> str:
    return f"{HEAD} GET /set?{quote(f'{key(path)}={value}', safe='')} HTTP/1.1\n"


def in_base64(path: str, value: str) -> str:
    return f"{HEAD} sent {base64.b64encode(pair(path, value)[len(HEAD) :].encode()).decode()}\n"


FORMS: dict[str, Callable[[str, str], str]] = {
    "dump": dump,
    "nested dump": nested,
    "xml": xml,
    "pair": pair,
    "bare": bare,
    "said": said,
    "json": in_json,
    "url": in_url,
    "base64": in_base64,
}
WRAPPED = {
    "dump": ("", "** end\n"),
    "xml": ('<?xml version="1.0"?>\n<Configuration>\n', "</Configuration>\n"),
}


def words() -> list[str]:
    """Values that nothing but their keys shows to be private."""
    letters = "bdfgklmnprtvz"
    return [f"{a}o{b}i{c}a" for a, b, c in itertools.product(letters, repeat=3)]


def redacted(text: str, encoding: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder, room = Path(name) / "in", Path(name) / "out"
        folder.mkdir(), room.mkdir()
        (folder / "file").write_bytes(text.encode(encoding))
        redact_into([folder], room)
        (content,) = members(room / "in.tar.gz").values()
        return content.decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("form", FORMS)
def test_no_private_setting_is_left_in_any_form(form: str, encoding: str) -> None:
    settings = list(zip(PRIVATE.strip().splitlines(), words(), strict=False))
    before, after = WRAPPED.get(form, ("", ""))
    result = redacted(before + "".join(FORMS[form](*one) for one in settings) + after, encoding)
    assert len(settings) >= 60
    left = [path for path, word in settings if word in result or base64_of(word) in result]
    assert left == []
    # Nothing else went: the number of lines is the same, and in a dump the paths are.
    assert len(result.splitlines()) == len((before + after).splitlines()) + len(settings) * (
        3 if form == "nested dump" else 1
    )
    if form == "dump":
        assert [line.partition(":")[0] for line in result.splitlines()[:-1]] == [
            f"*c xConfiguration {path}" for path, _ in settings
        ]


def base64_of(word: str) -> str:
    return base64.b64encode(word.encode()).decode().rstrip("=")[1:-1]


@pytest.mark.parametrize("form", [form for form in FORMS if form not in ("nested dump", "base64")])
def test_settings_that_only_use_such_words_stay(form: str) -> None:
    settings = [line.split(" = ") for line in HARMLESS.strip().splitlines()]
    before, after = WRAPPED.get(form, ("", ""))
    given = before + "".join(FORMS[form](path, value) for path, value in settings) + after
    result = redacted(given, "utf-8")
    host = re.search(r"host-[a-z]{11}", result)
    assert (result.replace(host[0], "expa01") if host else result) == given


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('Password="ab"cdef" Level="1"', "cdef"),
        ('{"password": "ab\\"cdef", "level": 1}', "cdef"),
        ("password=ab;cdef,ghij level=1", "cdef|ghij"),
        ("password='ab cdef' level=1", "cdef"),
        ("Setting_77=Xk9#mQ2$vL7p level=1", "Xk9"),
        ('*c xConfiguration Foo Bar: "aG7kQ2m9XzP4"', "aG7k"),
        ("<Foo>aG7kQ2m9XzP4</Foo>", "aG7k"),
        ("db.password = cdefgh", "cdefgh"),
        ("비밀번호: cdefgh", "cdefgh"),
        ("<Password item='1'>ab cdefgh</Password>", "cdefgh"),
        ("login with password hunter2 failed", "hunter2"),
        ("the community is zebra77 here", "zebra77"),
        ("<Account Name='cdefgh'/> level", "cdefgh"),
        ('{bind_password,<<"cdefgh">>} {user, "jklmnp"} level', "cdefgh|jklmnp"),
        ("#{password => 'cdefgh'} level", "cdefgh"),
        ('"pin": 4711, "level": 1', "4711"),
        ("new password - changed from: 'abcx' to: 'cdefgh'", "abcx|cdefgh"),
    ],
)
def test_whole_values_are_replaced(text: str, left: str) -> None:
    result = redacted(f"{HEAD} x: {text}\n", "utf-8")
    assert not [part for part in left.split("|") if part in result], result
    assert ("level" in text) == ("level" in result) and ("Level" in text) == ("Level" in result)


@pytest.mark.parametrize(
    "name",
    [
        *("Mapping", "monkey", "keyboard", "tokens", "KeyId", "User-Agent", "PasswordMode", "last login"),
        *(
            "Login Source Admin",
            "Zone 1 Name",
            "SystemUnit Name",
            "Method",
            "Server Address",
            "isKeyFrame",
            "",
        ),
    ],
)
def test_words_count_only_as_parts_that_say_what_the_value_is(name: str) -> None:
    assert kind_of_key(name) is None


def test_a_setting_without_quotes_is_replaced_to_the_end_of_its_line() -> None:
    result = redacted("*c xConfiguration SNMP CommunityName: lorem 4 ipsum\n** end\n", "utf-8")
    assert re.fullmatch(r"\*c xConfiguration SNMP CommunityName: secret-[a-z]+\n\*\* end\n", result)


def test_equal_values_have_equal_words() -> None:
    result = redacted(
        dump("Option 1 Key", "116341X01-1-AB") + pair("Option 3 Key", "116341x01-1-ab"), "utf-8"
    )
    first, second = (line.split('"')[1] for line in result.replace('Event="Changed" ', "").splitlines())
    assert first == second and first.startswith("secret-")
