"""The lab's own certificate authority, its wildcard certificate, and the bundle that trusts it."""

import datetime
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.debian import HOST_BUNDLE

AUTHORITY_DAYS = 3650
# Browsers refuse server certificates that are valid for more than 398 days.
CERTIFICATE_DAYS = 390
RENEW_DAYS = 30
# The clocks of clients may differ a little.
BACKDATED = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Authority:
    """The files of a certificate authority, in one folder with mode 0700."""

    folder: Path

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def bundle(self) -> Path:
        """The system's authorities and this one, for clients of the lab's apps."""
        return self.folder / "bundle.pem"

    @property
    def wildcard(self) -> Path:
        return self.folder / "wildcard.pem"

    @property
    def wildcard_key(self) -> Path:
        return self.folder / "wildcard.key"

    def version(self) -> str:
        """Return a version for the secret with the current wildcard certificate: `v1a2b3c4`."""
        return _version_of(self.wildcard)

    def own_version(self) -> str:
        """Return a version for secrets with the authority's own certificate and key."""
        return _version_of(self.certificate)


def ensure(authority: Authority, domain: str, system: Path = HOST_BUNDLE) -> str:
    """Create what is missing: an authority, a certificate for the domain, and a bundle.

    Args:
        authority: the paths of the files.
        domain: the domain of the lab. The certificate covers it and `*.<domain>`; the authority
            cannot sign for anything else.
        system: the file with the authorities that the machine trusts.

    Returns: what was done, for the line of the step.
    """
    authority.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = []
    if not _authority_is_good(authority, domain):
        _make_authority(authority, domain)
        done.append("authority created")
    if not _wildcard_is_good(authority, domain):
        _issue(authority, domain)
        done.append(f"certificate issued for *.{domain}")
    trusted = system.read_text() if system.exists() else ""
    bundle = trusted.rstrip("\n") + "\n" + authority.certificate.read_text()
    if not authority.bundle.exists() or authority.bundle.read_text() != bundle:
        _write(authority.bundle, bundle.encode(), mode=0o644)
        done.append("bundle written")
    return ", ".join(done) or f"valid until {_load(authority.wildcard).not_valid_after_utc:%F}"


def _authority_is_good(authority: Authority, domain: str) -> bool:
    if not (authority.certificate.exists() and authority.key.exists()):
        return False
    certificate = _load(authority.certificate)
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = constraints.permitted_subtrees or []
    return x509.DNSName(domain) in permitted and not _expires_soon(certificate)


def _wildcard_is_good(authority: Authority, domain: str) -> bool:
    if not (authority.wildcard.exists() and authority.wildcard_key.exists()):
        return False
    certificate = _load(authority.wildcard)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    try:
        certificate.verify_directly_issued_by(_load(authority.certificate))
    except (ValueError, InvalidSignature):
        return False
    covers = f"*.{domain}" in names.get_values_for_type(x509.DNSName)
    return covers and not _expires_soon(certificate)


def _expires_soon(certificate: x509.Certificate) -> bool:
    left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left < datetime.timedelta(days=RENEW_DAYS)


def _version_of(certificate: Path) -> str:
    return "v" + hashlib.sha256(certificate.read_bytes()).hexdigest()[:7]


def _load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _make_authority(authority: Authority, domain: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Lab authority for {domain}")])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    # A client that trusts this authority trusts it for the lab's domain only.
    constraints = x509.NameConstraints([x509.DNSName(domain)], None)
    certificate = (
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_pair(authority.key, key, authority.certificate, certificate)


def _issue(authority: Authority, domain: str) -> None:
    issuer = _load(authority.certificate)
    issuer_key = serialization.load_pem_private_key(authority.key.read_bytes(), None)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName(domain), x509.DNSName(f"*.{domain}")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, domain)])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        _builder(subject, issuer.subject, key.public_key(), CERTIFICATE_DAYS)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(signer, critical=False)
        .add_extension(identifier, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    _write_pair(authority.wildcard_key, key, authority.wildcard, certificate)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_pair(
    key_path: Path, key: ec.EllipticCurvePrivateKey, path: Path, certificate: x509.Certificate
) -> None:
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    _write(key_path, key.private_bytes(serialization.Encoding.PEM, form, plain), mode=0o600)
    _write(path, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _write(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file in one step. It has the mode from the start, so nobody else can ever read it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    draft.replace(path)
