"""Redact PEM files: their certificates get other names, keys and numbers, and keep form and validity."""

import re
import warnings
from collections.abc import Iterable, Iterator
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from logdiag.redaction.addresses import is_address
from logdiag.redaction.line_redactor import LineRedactor
from logdiag.redaction.names import is_name

_BEGIN = re.compile(r"(?:\ufeff)?-----BEGIN (?:X509 )?CERTIFICATE-----\s*")
_END = re.compile(r"-----END (?:X509 )?CERTIFICATE-----\s*")
_MAX_BLOCK_LINES = 2_000
_SIGNING_HASHES = (hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)
"""cryptography signs nothing with MD5 and SHA-1 any more: there SHA-256 replaces them."""


class CertificateRedactor:
    """Redacts PEM files. Their names get the same pseudonyms as elsewhere."""

    def __init__(self, lines: LineRedactor) -> None:
        self._lines, self._bytes = lines, lines.words.bytes

    def redact(self, pieces: Iterable[str | None]) -> Iterator[str | None]:
        """Redact a PEM file piece by piece; None is a line that is too long.

        A certificate that cannot be read, a private key and any other block become one pseudonym.
        """
        block: list[str] = []
        for piece in pieces:
            if piece is None:
                yield from (self._as_text([line]) for line in block)
                yield None
                block = []
                continue
            for line in piece.removesuffix("\n").split("\n"):
                if not block and not _BEGIN.fullmatch(line):
                    yield self._as_text([line])
                    continue
                block.append(line)
                if _END.fullmatch(line):
                    yield self._certificate(block) or self._as_text(block)
                    block = []
                elif len(block) > _MAX_BLOCK_LINES:
                    yield self._as_text(block)
                    block = []
        if block:
            yield self._as_text(block)

    def _as_text(self, lines: list[str]) -> str:
        return self._lines.redact("\n".join(lines), "text") + "\n"

    def _certificate(self, block: list[str]) -> str | None:
        # Whatever a stranger calls a certificate, the library raises any kind of error, or warns.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                pem = "\n".join(("-----BEGIN CERTIFICATE-----", *block[1:-1], "-----END CERTIFICATE-----"))
                made = self._pseudonymous(x509.load_pem_x509_certificate(pem.encode()))
            except Exception:
                return None
        _, *lines, _ = made.public_bytes(Encoding.PEM).decode().splitlines()
        return "\n".join((block[0].rstrip(), *lines, block[-1].rstrip(), ""))

    def _pseudonymous(self, given: x509.Certificate) -> x509.Certificate:
        """Return a certificate of the same form. It names nobody; unknown extensions are dropped."""
        serial = self._bytes(given.serial_number.to_bytes(20, "big"), 15)
        builder = x509.CertificateBuilder(
            issuer_name=self._name(given.issuer),
            subject_name=self._name(given.subject),
            public_key=self._public_key(given),
            serial_number=int.from_bytes(b"\x01" + serial, "big"),
            not_valid_before=given.not_valid_before_utc.replace(tzinfo=None),
            not_valid_after=given.not_valid_after_utc.replace(tzinfo=None),
        )
        for extension in given.extensions:
            if (value := self._extension(extension.value)) is not None:
                builder = builder.add_extension(value, extension.critical)
        return _signed(builder, given)

    def _public_key(
        self, given: x509.Certificate
    ) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
        """Return a key of the same kind and size."""
        key = given.public_key()
        raw = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if isinstance(key, rsa.RSAPublicKey):
            # Nobody knows the factors of this number.
            number = int.from_bytes(self._bytes(raw, key.key_size // 8 + 1), "big") % (1 << key.key_size)
            number |= 1 << key.key_size - 1 | 1
            return rsa.RSAPublicNumbers(key.public_numbers().e, number).public_key()
        if isinstance(key, ec.EllipticCurvePublicKey):
            secret = int.from_bytes(self._bytes(raw, key.key_size // 8 - 1), "big") + 1
            return ec.derive_private_key(secret, key.curve).public_key()
        if isinstance(key, ed25519.Ed25519PublicKey):
            return ed25519.Ed25519PrivateKey.from_private_bytes(self._bytes(raw, 32)).public_key()
        raise ValueError("unsupported kind of key")

    def _extension(self, value: x509.ExtensionType) -> x509.ExtensionType | None:
        match value:
            case x509.BasicConstraints() | x509.KeyUsage() | x509.ExtendedKeyUsage():
                return value
            case x509.SubjectAlternativeName():
                return x509.SubjectAlternativeName(self._general_names(value))
            case x509.SubjectKeyIdentifier():
                return x509.SubjectKeyIdentifier(self._bytes(value.digest, len(value.digest)))
            case x509.AuthorityKeyIdentifier(key_identifier=bytes(digest)):
                return x509.AuthorityKeyIdentifier(self._bytes(digest, len(digest)), None, None)
        return None

    def _general_names(self, names: Iterable[x509.GeneralName]) -> Iterator[x509.GeneralName]:
        for name in names:
            match name:
                case x509.DNSName():
                    yield x509.DNSName(self._word(name.value))
                case x509.RFC822Name() | x509.UniformResourceIdentifier():
                    yield type(name)(self._lines.text(name.value))
                case x509.IPAddress():
                    yield x509.IPAddress(ip_address(self._lines.text(str(name.value))))
                case x509.DirectoryName():
                    yield x509.DirectoryName(self._name(name.value))

    def _name(self, name: x509.Name) -> x509.Name:
        """Return a distinguished name with all values replaced but the country."""
        return x509.Name(
            x509.RelativeDistinguishedName(
                attribute
                if attribute.oid == x509.NameOID.COUNTRY_NAME
                # Pseudonyms may be longer than the 64 characters of a common name.
                else x509.NameAttribute(attribute.oid, self._word(str(attribute.value)), _validate=False)
                for attribute in part
            )
            for part in name.rdns
        )

    def _word(self, text: str) -> str:
        star, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
        if is_address(name) or not name.strip():
            return star + self._lines.text(name)
        kind = "name" if is_name(name) and "." in name else self._lines.redactor.kind(name) or "alias"
        self._lines.count(kind)
        return star + self._lines.redactor.token(name, kind)


def _signed(builder: x509.CertificateBuilder, given: x509.Certificate) -> x509.Certificate:
    """Sign with a key that anybody can compute, by the same algorithm as far as that can still sign."""
    scheme, given_hash = given.signature_algorithm_parameters, given.signature_hash_algorithm
    algorithm = given_hash if isinstance(given_hash, _SIGNING_HASHES) else hashes.SHA256()
    if isinstance(scheme, ec.ECDSA):
        return builder.sign(ec.derive_private_key(1, ec.SECP256R1()), algorithm, ecdsa_deterministic=True)
    if scheme is None:
        return builder.sign(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), None)
    return builder.sign(_rsa_key(), algorithm)


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    # Two Mersenne primes: a fixed key, so that the same input gives the same bytes.
    p, q, e = (1 << 1279) - 1, (1 << 607) - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    parts = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *parts, rsa.RSAPublicNumbers(e, p * q)).private_key()
