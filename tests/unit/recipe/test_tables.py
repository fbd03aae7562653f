"""The tables of recipe.toml that name what is the recipe's own: what they take, and what not."""

from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.recipe.config import load_recipe_config
from ccci.recipe.tables import PLACEHOLDERS, fill_in
from ccci.recipe.toml_lines import line_of

EVERYTHING = """\
overlays = ["compose.ports.yml", ["db/compose.maria.yml", "compose.mariadb.yaml"]]

[names]
services = { web = "web", search = ["search", "sonic"] }
settings = { limit = "UPLOAD_LIMIT" }
secrets = { registration = ["registration", "registration_shared_secret"] }
volumes = { data = "upload-data" }
ports = { voice = 64738 }

[database]
kind = "postgres"
service = "db"
name = "wiki"
user = "wiki"

[holds]
pages = "a page and its picture"

[[sign_in.wiring]]
overlay = "compose.keycloak.yml"
settings = { KEYCLOAK_URL = "{issuer}", KEYCLOAK_OPTIONS = '{"prompt": "login"}' }
secret = { keycloak_client_secret = "{client_secret}" }

[[sign_in.wiring]]
settings = { OIDC_ISSUER = "{issuer}" }
"""


def load(folder: Path, text: str) -> object:
    path = folder / "recipe.toml"
    path.write_text(text, encoding="utf-8")
    return load_recipe_config(path)


def test_an_environment_names_the_app_and_no_provider(tmp_path: Path) -> None:
    config = load(tmp_path, '[env]\nPUBLIC_URL = "{url}/x"\nPLAIN = "1"\n')
    assert config.env == {"PUBLIC_URL": "{url}/x", "PLAIN": "1"}  # type: ignore[attr-defined]
    with pytest.raises(
        Misuse, match=r"env\.ISSUER.*unknown placeholder \{issuer\}; known here: \{d"
    ):
        load(tmp_path, '[env]\nISSUER = "{issuer}"\n')


def test_all_tables_at_once(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(EVERYTHING, encoding="utf-8")
    config = load_recipe_config(path)
    assert config.overlays == [
        ["compose.ports.yml"], ["db/compose.maria.yml", "compose.mariadb.yaml"],
    ]  # fmt: skip
    assert config.names.services == {"web": ["web"], "search": ["search", "sonic"]}
    assert config.names.ports == {"voice": [64738]}
    assert (config.database.kind, config.database.file) == ("postgres", None)
    assert config.holds == {"pages": "a page and its picture"}
    first, second = config.sign_in.wiring
    assert first.settings["KEYCLOAK_OPTIONS"] == '{"prompt": "login"}'
    assert (second.overlay, second.secret) == (None, {})


def test_without_them_nothing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("", encoding="utf-8")
    config = load_recipe_config(path)
    assert not config.overlays and not config.holds and not config.sign_in.wiring
    assert config.names.services == {} and config.database.service is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[names]\nservces = {}", r":2: unknown key 'names.servces'; known keys: services, set"),
        ("[names]\nservices = { web = [] }", r":2: key 'names.services.web': .*at least 1 item"),
        ("[names]\nports = { web = 70000 }", r":2: key 'names.ports.web.0': .*65535"),
        ("[names]\nsettings = { a = 'low' }", r":2: key 'names.settings.a.0': .*pattern"),
        ("[database]\nkind = 'redis'", r":2: key 'database.kind': .*'postgres'"),
        ("[database]\nfile = 'data.db'", r":2: key 'database.file': .*pattern"),
        ("[holds]\nposts = ' '", r":2: key 'holds.posts': .*at least 1 character"),
        ("overlays = ['../x.yml']", r":1: key 'overlays.0.0': .*pattern"),
        ("overlays = ['/etc/x.yml']", r":1: key 'overlays.0.0': .*pattern"),
        ("[[sign_in.wiring]]", r":1: key 'sign_in.wiring.0': it names no overlay, no settings"),
        (
            "[[sign_in.wiring]]\noverlays = 'x'",
            r":2: unknown key 'sign_in.wiring.0.overlays'; known keys: overlay, settings, secret",
        ),
        (
            "[[sign_in.wiring]]\noverlay = 'a.yml'\n"
            "[[sign_in.wiring]]\nsettings = { A = '{isuer}' }",
            r":4: key 'sign_in.wiring.1.settings.A': unknown placeholder \{isuer\}; known: \{iss",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(Misuse, match=rf"recipe\.toml{sentence}") as seen:
        load(tmp_path, text)
    assert "\n" not in str(seen.value)


def test_placeholders_are_filled_in_and_other_braces_stay() -> None:
    values = dict.fromkeys(PLACEHOLDERS, "x") | {"issuer": "https://sso.lab.test/realms/wiki"}
    assert fill_in("{issuer}/auth?a={name}", values) == "https://sso.lab.test/realms/wiki/auth?a=x"
    assert fill_in('{"prompt": "{role}"}', values) == '{"prompt": "x"}'
    assert fill_in("plain", values) == "plain"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (["overlays"], 1),
        (["overlays", 1, 0], 1),
        (["names", "settings", "limit", 0], 5),
        (["database", "service"], 12),
        (["database", "gone"], 10),
        (["sign_in", "wiring", 0, "overlay"], 20),
        (["sign_in", "wiring", 0, "settings", "KEYCLOAK_URL"], 21),
        (["sign_in", "wiring", 1], 24),
        (["sign_in", "wiring", 1, "settings", "OIDC_ISSUER"], 25),
        (["elsewhere"], 1),
    ],
)
def test_the_line_of_a_key(path: list[str | int], line: int) -> None:
    assert line_of(EVERYTHING, path) == line


def test_a_key_in_quotes_or_with_dots_is_found_too() -> None:
    assert line_of('[a]\n"b-c" = 1\n', ["a", "b-c"]) == 2
    assert line_of("x = 1\na.b = 2\n", ["a", "b"]) == 2


def test_a_table_below_one_of_several_is_found() -> None:
    text = "[[a.b]]\nx = 1\n[a.b.c]\ny = 1\n[[a.b]]\n[a.b.c]\ny = 2\n"
    assert line_of(text, ["a", "b", 0, "c", "y"]) == 4
    assert line_of(text, ["a", "b", 1, "c", "y"]) == 7
