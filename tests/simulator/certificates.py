"""Server certificates of peers: the same bytes for the same arguments."""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def certificate(names: tuple[str, ...], since: datetime, until: datetime) -> bytes:
    """Return a PEM certificate. Its CN is the first name, and its SAN contains all names."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example CA")]))
        .public_key(_KEY.public_key())
        .serial_number(77)
        .not_valid_before(since.replace(microsecond=0))
        .not_valid_after(until.replace(microsecond=0))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    )
    return builder.sign(_KEY, None).public_bytes(Encoding.PEM)
