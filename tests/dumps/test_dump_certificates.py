"""Certificates: what they say is read, keys never are."""

import ipaddress
from base64 import encodebytes
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier
from dump_reading import in_pieces, read_with_faults
from hypothesis import given, settings
from hypothesis import strategies as st

from logdiag.dumps import Setting, Unread
from logdiag.dumps.certificates import CUT, NO_BLOCK, NO_CERTIFICATE, OTHER_BLOCK, PRIVATE_KEY

NAMES = ["expc01.example.com", "expc-cluster.example.com", "expc02.example.com", "expc03.example.com"]


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def certificate(
    subject: str = "expc01.example.com",
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    until: datetime = datetime(2025, 3, 1, 12, 30, tzinfo=UTC),
    extensions: tuple[x509.ExtensionType, ...] = (),
    serial: int = 0xABC123,
) -> x509.Certificate:
    key = key or rsa_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example CA, Ltd.")]))
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2023, 3, 1, tzinfo=UTC))
        .not_valid_after(until)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256())


def pem(of: x509.Certificate) -> bytes:
    return of.public_bytes(Encoding.PEM)


def said(content: bytes, name: str = "server_expc01.pem") -> dict[str, str]:
    found, faults = read_with_faults(content, "certificate", name)
    assert faults == []
    return {row.path: row.value for row in found if isinstance(row, Setting)}


def unread(content: bytes) -> list[Unread]:
    found, _ = read_with_faults(content, "certificate")
    return [row for row in found if isinstance(row, Unread)]


def test_a_server_certificate_tells_all_its_parts() -> None:
    made = certificate(
        extensions=(
            x509.SubjectAlternativeName(
                [
                    *map(x509.DNSName, NAMES),
                    x509.IPAddress(ipaddress.ip_address("10.0.10.11")),
                    x509.UniformResourceIdentifier("sip:a@example.com"),
                    x509.RFC822Name("a@example.com"),
                    x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "d")])),
                    x509.RegisteredID(ObjectIdentifier("1.2.3")),
                    x509.OtherName(ObjectIdentifier("1.2.4"), b"\x0c\x01x"),
                ]
            ),
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=True,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            x509.ExtendedKeyUsage(
                [
                    ExtendedKeyUsageOID.SERVER_AUTH,
                    ExtendedKeyUsageOID.CLIENT_AUTH,
                    ObjectIdentifier("1.2.3.4"),
                ]
            ),
            x509.BasicConstraints(ca=False, path_length=None),
        )
    )
    assert said(pem(made)) == {
        "Certificate 1 Subject": "CN=expc01.example.com",
        "Certificate 1 Issuer": "CN=Example CA\\, Ltd.",
        "Certificate 1 SerialNumber": "ABC123",
        "Certificate 1 NotBefore": "2023-03-01T00:00:00Z",
        "Certificate 1 NotAfter": "2025-03-01T12:30:00Z",
        **{f"Certificate 1 SubjectAlternativeName {n}": f"DNS:{name}" for n, name in enumerate(NAMES, 1)},
        "Certificate 1 SubjectAlternativeName 5": "IP:10.0.10.11",
        "Certificate 1 SubjectAlternativeName 6": "URI:sip:a@example.com",
        "Certificate 1 SubjectAlternativeName 7": "email:a@example.com",
        "Certificate 1 SubjectAlternativeName 8": "directory:CN=d",
        "Certificate 1 SubjectAlternativeName 9": "id:1.2.3",
        "Certificate 1 SubjectAlternativeName 10": "other:1.2.4",
        "Certificate 1 KeyUsage": "digital signature, key encipherment",
        "Certificate 1 ExtendedKeyUsage": "server auth, client auth, 1.2.3.4",
        "Certificate 1 SignatureAlgorithm": "RSA with SHA256",
        "Certificate 1 PublicKey": "RSA 2048",
        "Certificate 1 Fingerprint": made.fingerprint(SHA256()).hex(),
        "Certificate 1 Authority": "False",
    }


def test_a_certificate_says_only_what_it_has() -> None:
    found = said(pem(certificate()))
    assert not [path for path in found if "KeyUsage" in path or "Alternative" in path]
    assert found["Certificate 1 Authority"] == "False"


def test_an_expired_certificate_is_read_like_any_other() -> None:
    made = certificate(until=datetime(2023, 3, 2, tzinfo=UTC))
    assert said(pem(made))["Certificate 1 NotAfter"] == "2023-03-02T00:00:00Z"


def test_a_trust_store_counts_its_certificates() -> None:
    authority = certificate("Example CA", extensions=(x509.BasicConstraints(ca=True, path_length=None),))
    found = said(pem(authority) + pem(certificate()) + pem(authority), "logs/CA_expc01_2024.pem")
    assert [found[f"TrustStore {n} Authority"] for n in (1, 2, 3)] == ["True", "False", "True"]
    assert not [path for path in found if not path.startswith("TrustStore")]


@pytest.mark.parametrize(
    ("key", "name", "signature"),
    [
        (ec.generate_private_key(ec.SECP384R1()), "EC secp384r1", "ECDSA with SHA256"),
        (ed25519.Ed25519PrivateKey.generate(), "ED25519", "ED25519"),
    ],
    ids=["ec", "ed25519"],
)
def test_other_keys_have_names(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, name: str, signature: str
) -> None:
    found = said(pem(certificate(key=key)))
    assert found["Certificate 1 PublicKey"] == name
    assert found["Certificate 1 SignatureAlgorithm"] == signature


@pytest.mark.parametrize("form", [PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
@pytest.mark.parametrize(
    "encryption", [NoEncryption(), BestAvailableEncryption(b"x")], ids=["plain", "encrypted"]
)
def test_a_private_key_is_not_read_and_not_kept(
    form: PrivateFormat, encryption: NoEncryption | BestAvailableEncryption
) -> None:
    key = rsa_key().private_bytes(Encoding.PEM, form, encryption)
    found, faults = read_with_faults(pem(certificate()) + key + pem(certificate()), "certificate")
    [row] = [row for row in found if isinstance(row, Unread)]
    assert row == Unread(
        pem(certificate()).count(b"\n") + 1, len(pem(certificate())), len(key), "", PRIVATE_KEY
    )
    assert "Certificate 2 Subject" in {row.path for row in found if isinstance(row, Setting)}
    secret = [line.decode() for line in key.splitlines() if not line.startswith(b"-")]
    assert not [line for line in secret if line and (line in repr(found) or line in repr(faults))]


@pytest.mark.parametrize("cut", [(1, None), (0, -1), (1, -1)], ids=["no-begin", "no-end", "neither"])
def test_a_private_key_that_lost_its_frame_is_not_kept(cut: tuple[int, int | None]) -> None:
    key = rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).splitlines(keepends=True)
    rows = unread(b"".join(key[slice(*cut)]))
    assert rows
    assert {row.text for row in rows} == {""}


def test_a_broken_block_costs_only_itself() -> None:
    broken = pem(certificate()).replace(b"MII", b"MIX", 1)
    content = (
        b"# the store\n\n"
        + broken
        + pem(certificate())
        + b"-----BEGIN X509 CRL-----\nAA\n-----END X509 CRL-----\n"
    )
    found, faults = read_with_faults(content, "certificate")
    assert faults == []
    assert [row.reason for row in found if isinstance(row, Unread)] == [NO_BLOCK, NO_CERTIFICATE, OTHER_BLOCK]
    assert {row.line for row in found if isinstance(row, Setting)} == {3 + broken.count(b"\n")}


def test_a_block_that_does_not_end_ends_where_the_next_begins() -> None:
    cut = pem(certificate())[:300]
    rows = unread(cut + b"\n" + pem(certificate()) + cut)
    assert [row.reason for row in rows] == [CUT, CUT]
    assert rows[0].length == 301


def test_a_part_that_cannot_be_read_is_a_fault_and_the_rest_is_read() -> None:
    made = certificate(
        extensions=(x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x04\x01\x00"),),
    )
    found, faults = read_with_faults(b"\n" + pem(made), "certificate")
    assert {row.path for row in found if isinstance(row, Setting)} >= {
        "Certificate 1 Subject",
        "Certificate 1 PublicKey",
    }
    assert "SubjectAlternativeName of the certificate in line 2 cannot be read (ValueError)" in faults


def test_line_ends_and_pieces_make_no_difference() -> None:
    content = pem(certificate()) + pem(certificate("other"))
    expected = said(content)
    assert said(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")) == expected
    found, _ = read_with_faults(in_pieces(content.rstrip(), 7), "certificate")
    assert {row.path: row.value for row in found if isinstance(row, Setting)} == expected


def test_what_the_library_warns_of_is_read_without_a_warning() -> None:
    version = b"\xa0\x03\x02\x01\x02"
    der = certificate(serial=5).public_bytes(Encoding.DER)
    zero = der.replace(version + b"\x02\x01\x05", version + b"\x02\x01\x00")
    block = b"-----BEGIN CERTIFICATE-----\n" + encodebytes(zero) + b"-----END CERTIFICATE-----\n"
    with pytest.warns(CryptographyDeprecationWarning):
        x509.load_pem_x509_certificate(block)
    assert said(block)["Certificate 1 SerialNumber"] == "0"


def test_a_block_without_an_end_is_not_kept_in_memory() -> None:
    lines = (b"A" * 64 + b"\n" for _ in range(200_000))
    found, _ = read_with_faults([b"-----BEGIN CERTIFICATE-----\n", *lines], "certificate")
    assert [row.length for row in found if isinstance(row, Unread)] == [28 + 65 * 200_000]


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_damaged_certificates_never_raise(data: st.DataObject) -> None:
    content = bytearray(pem(certificate(extensions=(x509.SubjectAlternativeName([x509.DNSName("a")]),))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    found, _ = read_with_faults(bytes(content), "certificate")
    assert found
