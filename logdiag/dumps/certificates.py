"""PEM files: certificates, each read by itself. No text of such a file is kept, least of all a key."""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from logdiag.dumps.lines import Line, lines
from logdiag.dumps.setting import Setting, Unread
from logdiag.i18n import N_, gettext

if TYPE_CHECKING:
    from cryptography import x509

PRIVATE_KEY = N_("a private key is not read")
NO_CERTIFICATE = N_("holds no certificate that can be read")
OTHER_BLOCK = N_("is a block of another kind")
NO_BLOCK = N_("stands outside a certificate")
CUT = N_("starts a block that does not end")

LARGEST = 1 << 16
"""Bytes of one certificate; a larger block is not read."""

CERTIFICATES = {b"CERTIFICATE", b"X509 CERTIFICATE"}

KEY_USES = {
    "digital_signature": "digital signature",
    "content_commitment": "content commitment",
    "key_encipherment": "key encipherment",
    "data_encipherment": "data encipherment",
    "key_agreement": "key agreement",
    "key_cert_sign": "certificate signing",
    "crl_sign": "revocation list signing",
}

EXTENDED_USES = {
    "1.3.6.1.5.5.7.3.1": "server auth",
    "1.3.6.1.5.5.7.3.2": "client auth",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "email protection",
    "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing",
    "2.5.29.37.0": "any",
}

_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----\s*")


def read(name: str, chunks: Iterable[bytes], faults: list[str]) -> Iterator[Setting | Unread]:
    """What the certificates of a PEM file say, in order, and the rest of the file as `Unread`.

    Paths begin with ``TrustStore n`` where the file's name begins with ``ca_``, else with
    ``Certificate n``; n counts from 1. A part of a certificate that cannot be read is a fault.
    """
    is_store = re.split(r"[/\\]", name)[-1].casefold().startswith("ca_")
    role = "TrustStore" if is_store else "Certificate"
    count = 0
    for label, first, length, block in _blocks(lines(chunks)):
        settings: list[tuple[str, str]] | None = None
        reason = _reason(label, block)
        if reason is None:
            settings = _certificate(block, first.number, faults)
        if settings is None:
            yield Unread(first.number, first.offset, length, "", reason or NO_CERTIFICATE)
            continue
        count += 1
        for path, value in settings:
            yield Setting(f"{role} {count} {path}", value, first.number)


def _reason(label: bytes | None, block: bytes) -> str | None:
    """Why a block is not even tried."""
    if label is None:
        return NO_BLOCK
    if b"PRIVATE KEY" in label:
        return PRIVATE_KEY
    if label not in CERTIFICATES:
        return OTHER_BLOCK
    if not block:
        return CUT
    return NO_CERTIFICATE if len(block) > LARGEST else None


def _blocks(stream: Iterable[Line]) -> Iterator[tuple[bytes | None, Line, int, bytes]]:
    """Label, first line, length in bytes and content of each block; no label: lines outside blocks.

    The content is empty unless the block is one of a certificate, and whole.
    """
    label: bytes | None = None
    first: Line | None = None
    length = 0
    block = bytearray()
    for line in stream:
        begins = _BEGIN.fullmatch(line.content)
        if begins or (first is None and line.content.strip()):
            if first is not None:
                yield label, first, length, b""
            label, first, length = begins[1] if begins else None, line._replace(content=b""), 0
            block.clear()
        if first is None:
            continue  # a blank line
        length += line.length
        if label in CERTIFICATES and len(block) <= LARGEST:
            block += line.content.strip() + b"\n"
        if label is not None and line.content.strip() == b"-----END " + label + b"-----":
            yield label, first, length, bytes(block)
            label, first = None, None
    if first is not None:
        yield label, first, length, b""


def _certificate(block: bytes, line: int, faults: list[str]) -> list[tuple[str, str]] | None:
    """Paths and values of a certificate; None where it is none."""
    from cryptography import x509

    # Whatever it holds, the library's opinion of it (a serial number of 0, a weak curve) is not ours.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_pem_x509_certificate(block)
        except Exception:
            return None
        found: list[tuple[str, str]] = []
        for path, values in PARTS.items():
            try:
                found += [
                    (path.replace("#", str(n)), value) for n, value in enumerate(values(certificate), 1)
                ]
            except x509.ExtensionNotFound:
                continue
            except Exception as error:
                said = gettext("{part} of the certificate in line {line} cannot be read ({reason})")
                part, reason = path.removesuffix(" #"), type(error).__name__
                faults.append(said.format(part=part, line=line, reason=reason))
        return found


def _signature(certificate: "x509.Certificate") -> Iterator[str]:
    from cryptography.x509.oid import SignatureAlgorithmOID

    yield _name(certificate.signature_algorithm_oid, SignatureAlgorithmOID)


def _public_key(certificate: "x509.Certificate") -> Iterator[str]:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
    from cryptography.x509.oid import PublicKeyAlgorithmOID

    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        yield f"RSA {key.key_size}"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        yield f"EC {key.curve.name}"
    elif isinstance(key, dsa.DSAPublicKey):
        yield f"DSA {key.key_size}"
    else:
        yield _name(certificate.public_key_algorithm_oid, PublicKeyAlgorithmOID)


def _name(oid: "x509.ObjectIdentifier", known: type) -> str:
    """An object identifier in words, such as ``RSA with SHA256``; in digits where it is not known."""
    names = {value: name for name, value in vars(known).items() if not name.startswith("_")}
    return names.get(oid, oid.dotted_string).replace("_WITH_", " with ").replace("_", " ")


def _fingerprint(certificate: "x509.Certificate") -> Iterator[str]:
    from cryptography.hazmat.primitives.hashes import SHA256

    yield certificate.fingerprint(SHA256()).hex()


def _alternative_names(certificate: "x509.Certificate") -> Iterator[str]:
    from cryptography import x509

    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    for name in extension.value:
        if isinstance(name, x509.DirectoryName):
            yield f"directory:{name.value.rfc4514_string()}"
        elif isinstance(name, x509.RegisteredID):
            yield f"id:{name.value.dotted_string}"
        elif isinstance(name, x509.OtherName):
            yield f"other:{name.type_id.dotted_string}"
        else:
            yield f"{_kind_of_name(name)}:{name.value}"


def _kind_of_name(name: "x509.GeneralName") -> str:
    from cryptography import x509

    if isinstance(name, x509.DNSName):
        return "DNS"
    if isinstance(name, x509.IPAddress):
        return "IP"
    return "email" if isinstance(name, x509.RFC822Name) else "URI"


def _key_usage(certificate: "x509.Certificate") -> Iterator[str]:
    from cryptography import x509

    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    yield ", ".join(said for name, said in KEY_USES.items() if getattr(usage, name))


def _extended_usage(certificate: "x509.Certificate") -> Iterator[str]:
    from cryptography import x509

    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    yield ", ".join(EXTENDED_USES.get(use.dotted_string, use.dotted_string) for use in usage)


def _authority(certificate: "x509.Certificate") -> Iterator[str]:
    from cryptography import x509

    try:
        yield str(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        yield "False"


def _utc(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


PARTS: dict[str, Callable[["x509.Certificate"], Iterable[str]]] = {
    "Subject": lambda certificate: [certificate.subject.rfc4514_string()],
    "Issuer": lambda certificate: [certificate.issuer.rfc4514_string()],
    "SerialNumber": lambda certificate: [f"{certificate.serial_number:X}"],
    "NotBefore": lambda certificate: [_utc(certificate.not_valid_before_utc)],
    "NotAfter": lambda certificate: [_utc(certificate.not_valid_after_utc)],
    "SubjectAlternativeName #": _alternative_names,
    "KeyUsage": _key_usage,
    "ExtendedKeyUsage": _extended_usage,
    "SignatureAlgorithm": _signature,
    "PublicKey": _public_key,
    "Fingerprint": _fingerprint,
    "Authority": _authority,
}
"""Paths of a certificate and where their values are from; ``#`` counts the values from 1."""
