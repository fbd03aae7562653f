"""The certificate that a person's client makes for itself, and by which a server knows it again."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from mumble_client import Identity

_BITS = 2048


def new_identity(name: str) -> Identity:
    """Return a new certificate, signed by itself, with its key.

    Args:
        name: whose it is.

    Example:
        >>> b"BEGIN CERTIFICATE" in new_identity("anna").certificate
        True
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    return Identity(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, form, plain),
    )
