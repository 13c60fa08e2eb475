"""Reads PEM files: each certificate on its own. No text of such a file is kept, least of all a key.

Import this module only when there is such a file: `cryptography` takes long to load.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import PublicKeyAlgorithmOID, SignatureAlgorithmOID

from logdiag.dumps.lines import Line, split_lines
from logdiag.dumps.setting import Setting, Unread
from logdiag.i18n import N_, gettext

PRIVATE_KEY = N_("a private key is not read")
NO_CERTIFICATE = N_("contains no certificate that can be read")
OTHER_BLOCK = N_("is a block of another kind")
NO_BLOCK = N_("is outside a certificate")
CUT = N_("starts a block that does not end")

MAX_BLOCK_BYTES = 1 << 16
"""Bytes of one certificate; a larger block is not read."""

# OpenSSL writes the second label for certificates in its old form.
_LABELS = {b"CERTIFICATE", b"X509 CERTIFICATE"}

_KEY_USES = {
    "digital_signature": "digital signature",
    "content_commitment": "content commitment",
    "key_encipherment": "key encipherment",
    "data_encipherment": "data encipherment",
    "key_agreement": "key agreement",
    "key_cert_sign": "certificate signing",
    "crl_sign": "revocation list signing",
}
_EXTENDED_USES = {
    "1.3.6.1.5.5.7.3.1": "server auth",
    "1.3.6.1.5.5.7.3.2": "client auth",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "email protection",
    "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing",
    "2.5.29.37.0": "any",
}
_NAMES: dict[type, tuple[str, Callable[..., object]]] = {
    x509.DNSName: ("DNS", lambda name: name.value),
    x509.IPAddress: ("IP", lambda name: name.value),
    x509.RFC822Name: ("email", lambda name: name.value),
    x509.UniformResourceIdentifier: ("URI", lambda name: name.value),
    x509.DirectoryName: ("directory", lambda name: name.value.rfc4514_string()),
    x509.RegisteredID: ("id", lambda name: name.value.dotted_string),
    x509.OtherName: ("other", lambda name: name.type_id.dotted_string),
}
"""The kinds of alternative names, what they are called, and their values."""

_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----\s*")


def read(name: str, chunks: Iterable[bytes], faults: list[str]) -> Iterator[Setting | Unread]:
    """Yield the settings of the certificates of a PEM file, in order, and the rest of the file as `Unread`.

    Paths begin with ``TrustStore n`` if the file's name begins with ``ca_``, else with
    ``Certificate n``; n counts from 1. A part of a certificate that cannot be read is a fault.
    """
    is_store = re.split(r"[/\\]", name)[-1].casefold().startswith("ca_")
    role = "TrustStore" if is_store else "Certificate"
    count = 0
    for label, first, length, block in _blocks(split_lines(chunks)):
        reason = _reason(label, block)
        settings = _certificate(block, first.number, faults) if reason is None else []
        if not settings:
            yield Unread(first.number, first.offset, length, "", reason or NO_CERTIFICATE)
            continue
        count += 1
        for path, value in settings:
            yield Setting(f"{role} {count} {path}", value, first.number)


def _reason(label: bytes | None, block: bytes) -> str | None:
    """Return the reason why a block is not read; None if it is read."""
    if label is None:
        return NO_BLOCK
    if b"PRIVATE KEY" in label:
        return PRIVATE_KEY
    if label not in _LABELS:
        return OTHER_BLOCK
    if not block:
        return CUT
    return NO_CERTIFICATE if len(block) > MAX_BLOCK_BYTES else None


def _blocks(stream: Iterable[Line]) -> Iterator[tuple[bytes | None, Line, int, bytes]]:
    """Yield label, first line, length in bytes and content of each block; no label: lines outside blocks.

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
        if label in _LABELS and len(block) <= MAX_BLOCK_BYTES:
            block += line.content.strip() + b"\n"
        if label is not None and line.content.strip() == b"-----END " + label + b"-----":
            yield label, first, length, bytes(block)
            label, first = None, None
    if first is not None:
        yield label, first, length, b""


def _certificate(block: bytes, line: int, faults: list[str]) -> list[tuple[str, str]]:
    """Return paths and values of a certificate; empty if the block is not a certificate."""
    # Whatever it contains, the library's opinion of it (a serial number of 0, a weak curve) is not ours.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_pem_x509_certificate(block)
        except Exception:
            return []
        found: list[tuple[str, str]] = []
        for path, read_part in _PARTS.items():
            try:
                value = read_part(certificate)
                if isinstance(value, str):
                    found.append((path, value))
                else:
                    found += [(f"{path} {number}", name) for number, name in enumerate(value, 1)]
            except x509.ExtensionNotFound:
                continue
            except Exception as error:
                said = gettext("{part} of the certificate in line {line} cannot be read ({reason})")
                faults.append(said.format(part=path, line=line, reason=type(error).__name__))
        return found


def _public_key(certificate: x509.Certificate) -> str:
    match certificate.public_key():
        case rsa.RSAPublicKey() as key:
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey() as key:
            return f"EC {key.curve.name}"
        case dsa.DSAPublicKey() as key:
            return f"DSA {key.key_size}"
    return _name(certificate.public_key_algorithm_oid, PublicKeyAlgorithmOID)


def _name(oid: x509.ObjectIdentifier, known: type) -> str:
    """Return an object identifier in words, such as ``RSA with SHA256``; in digits if it is not known."""
    names = {value: name for name, value in vars(known).items() if not name.startswith("_")}
    return names.get(oid, oid.dotted_string).replace("_WITH_", " with ").replace("_", " ")


def _alternative_names(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    known = ((*_NAMES[type(name)], name) for name in names)
    return [f"{kind}:{value(name)}" for kind, value, name in known]


def _key_usage(certificate: x509.Certificate) -> str:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    return ", ".join(text for name, text in _KEY_USES.items() if getattr(usage, name))


def _extended_usage(certificate: x509.Certificate) -> str:
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return ", ".join(_EXTENDED_USES.get(use.dotted_string, use.dotted_string) for use in usage)


def _authority(certificate: x509.Certificate) -> str:
    try:
        return str(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return "False"


def _utc(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


_PARTS: dict[str, Callable[[x509.Certificate], str | list[str]]] = {
    "Subject": lambda certificate: certificate.subject.rfc4514_string(),
    "Issuer": lambda certificate: certificate.issuer.rfc4514_string(),
    "SerialNumber": lambda certificate: f"{certificate.serial_number:X}",
    "NotBefore": lambda certificate: _utc(certificate.not_valid_before_utc),
    "NotAfter": lambda certificate: _utc(certificate.not_valid_after_utc),
    "SubjectAlternativeName": _alternative_names,
    "KeyUsage": _key_usage,
    "ExtendedKeyUsage": _extended_usage,
    "SignatureAlgorithm": lambda certificate: _name(
        certificate.signature_algorithm_oid, SignatureAlgorithmOID
    ),
    "PublicKey": _public_key,
    "Fingerprint": lambda certificate: certificate.fingerprint(SHA256()).hex(),
    "Authority": _authority,
}
"""Paths of a certificate and where their values are from; the values of a list are numbered from 1."""
