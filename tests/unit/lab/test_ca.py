"""The lab's certificate authority."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from lab import ca


@pytest.fixture
def authority(tmp_path: Path) -> ca.Authority:
    return ca.Authority(tmp_path / "ca")


def _ensure(authority: ca.Authority, domain: str = "lab.test") -> str:
    return ca.ensure(authority, domain, system=authority.folder.parent / "no-such-bundle")


def test_a_second_call_changes_nothing(authority: ca.Authority) -> None:
    first = _ensure(authority)
    version = authority.version()
    assert "authority created" in first
    assert _ensure(authority).startswith("valid until ")
    assert authority.version() == version


def test_only_the_owner_can_read_the_keys(authority: ca.Authority) -> None:
    _ensure(authority)
    for key in (authority.key, authority.wildcard_key):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_certificate_covers_the_domain_and_its_apps(authority: ca.Authority) -> None:
    _ensure(authority)
    certificate = x509.load_pem_x509_certificate(authority.wildcard.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["lab.test", "*.lab.test"]


def test_the_authority_is_valid_for_its_domain_only(authority: ca.Authority) -> None:
    _ensure(authority)
    certificate = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    constraints = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees == [x509.DNSName("lab.test")]


def test_another_domain_gets_another_authority(authority: ca.Authority) -> None:
    _ensure(authority)
    assert "authority created" in _ensure(authority, "other.test")


def test_a_certificate_that_expires_soon_is_replaced(
    authority: ca.Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ca, "CERTIFICATE_DAYS", ca.RENEW_DAYS - 1)
    _ensure(authority)
    version = authority.version()
    monkeypatch.undo()
    assert _ensure(authority) == "certificate issued for *.lab.test"
    assert authority.version() != version


def test_the_bundle_has_the_authorities_of_system_and_lab(
    authority: ca.Authority, tmp_path: Path
) -> None:
    other = ca.Authority(tmp_path / "other")
    _ensure(other, "system.test")
    ca.ensure(authority, "lab.test", system=other.certificate)
    context = ssl.create_default_context(cafile=str(authority.bundle))
    assert len(context.get_ca_certs()) == 2
