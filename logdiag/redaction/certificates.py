"""PEM files: certificates with other names, keys and numbers in them, of the same form and validity."""

import base64
import re
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from logdiag.redaction.addresses import is_address
from logdiag.redaction.der import redacted
from logdiag.redaction.names import is_name
from logdiag.redaction.pseudonyms import KeyedWords
from logdiag.redaction.texts import Texts

if TYPE_CHECKING:
    from cryptography import x509

_BEGIN = re.compile(r"(?:\ufeff)?-----BEGIN (?:X509 )?CERTIFICATE-----\s*")
_END = re.compile(r"-----END (?:X509 )?CERTIFICATE-----\s*")
_MOST_LINES = 2_000


def redacted_certificates(cut: Iterable[str | int], texts: Texts, words: KeyedWords) -> Iterator[str]:
    """A PEM file, piece by piece; empty in the place of a line that is too long.

    A certificate that cannot be taken apart, a private key and whatever else stands there in a
    block is one word.
    """
    inside = _Inside(texts, words)
    block: list[str] = []
    for text in cut:
        if isinstance(text, int):
            yield from (texts.redact(line, "text") + "\n" for line in block)
            yield ""
            block = []
            continue
        lines = text.split("\n")
        for line in lines if lines[-1] else lines[:-1]:
            if not block and not _BEGIN.fullmatch(line):
                yield texts.redact(line, "text") + "\n"
                continue
            block.append(line)
            if _END.fullmatch(line):
                yield _certificate(block, inside) or texts.redact("\n".join(block), "text") + "\n"
                block = []
            elif len(block) > _MOST_LINES:
                yield texts.redact("\n".join(block), "text") + "\n"
                block = []
    if block:
        yield texts.redact("\n".join(block), "text") + "\n"


class _Inside:
    """What stands for what is in a certificate, the same as elsewhere."""

    def __init__(self, texts: Texts, words: KeyedWords) -> None:
        self._texts, self._words = texts, words

    def name(self, text: str) -> str:
        """The word for a name."""
        star, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
        if is_address(name) or not name.strip():
            return star + self._texts.text(name)
        kind = "name" if is_name(name) and "." in name else self._texts.redactor.kind(name) or "alias"
        self._texts.count(kind)
        return star + self._texts.redactor.token(name, kind)

    def text(self, text: str) -> str:
        """A text with words in it."""
        return self._texts.text(text)

    def bytes(self, given: bytes, length: int) -> bytes:
        """Other bytes."""
        return self._words.bytes(given, length)


def _certificate(block: list[str], inside: _Inside) -> str | None:
    try:
        given = base64.b64decode("".join(map(str.strip, block[1:-1])), validate=True)
        made = redacted(given, inside, lambda: _public_key(given, inside))
        # What cannot be read anew is not handed over as if it could.
        _loaded(made).public_key()
    except Exception:  # whatever it is that a stranger calls a certificate
        return None
    lines = textwrap.wrap(base64.b64encode(made).decode("ascii"), 64)
    return "\n".join((block[0].rstrip(), *lines, block[-1].rstrip(), ""))


def _public_key(given: bytes, inside: _Inside) -> bytes:
    """A key of the same kind and size."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = _loaded(given).public_key()
    other: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        secret = int.from_bytes(inside.bytes(point, key.key_size // 8 - 1), "big") + 1
        other = ec.derive_private_key(secret, key.curve).public_key()
    elif isinstance(key, ed25519.Ed25519PublicKey):
        seed = inside.bytes(key.public_bytes_raw(), 32)
        other = ed25519.Ed25519PrivateKey.from_private_bytes(seed).public_key()
    else:
        raise ValueError("another kind of key")
    return other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _loaded(certificate: bytes) -> "x509.Certificate":
    from cryptography import x509

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x509.load_der_x509_certificate(certificate)
