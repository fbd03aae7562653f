"""forge.toml: its keys, and the message for each mistake."""

from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.loop.settings import load_forge_settings, read_forge_settings

MINIMAL = 'url = "https://forge.example.org"\nuser = "ccci"\ntoken_file = "{token}"\n'


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("generated\n")
    path.chmod(0o600)
    return path


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "forge.toml"
    path.write_text(text)
    return path


def test_the_defaults_of_a_minimal_file(tmp_path: Path, token: Path) -> None:
    settings = read_forge_settings(written(tmp_path, MINIMAL.format(token=token)))
    assert settings.token() == "generated"
    assert settings.organisation == "recipe-maintainers"
    assert settings.upstream == "https://git.coopcloud.tech/coop-cloud/{recipe}.git"
    assert settings.webhook is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("url =", "not valid TOML"),
        ('url = "https://forge.example.org"\n', "key 'user': Field required"),
        (MINIMAL + 'tokn = "x"\n', "key 'tokn': Extra inputs are not permitted"),
        (MINIMAL.replace("forge.example.org", "forge.example.org/"), "key 'url'"),
        (MINIMAL + "interval_seconds = 0\n", "key 'interval_seconds'"),
    ],
)
def test_the_message_names_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        read_forge_settings(written(tmp_path, text))


def test_a_file_named_by_the_environment_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CCCI_FORGE_FILE", "/nowhere/forge.toml")
    with pytest.raises(Misuse, match="no such forge file"):
        load_forge_settings()


def test_a_readable_or_empty_token_file_is_refused(tmp_path: Path, token: Path) -> None:
    settings = read_forge_settings(written(tmp_path, MINIMAL.format(token=token)))
    token.chmod(0o640)
    with pytest.raises(Misuse, match=f"others can read {token}"):
        settings.token()
    token.chmod(0o600)
    token.write_text("\n")
    with pytest.raises(Misuse, match="is empty"):
        settings.token()
