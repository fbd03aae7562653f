"""Two hundred wrong recipe.toml, .env, domains and tags: each gives one clear sentence."""

from pathlib import Path

import pytest

from ccci.errors import Misuse
from ccci.node.server import check_domain, read_server
from ccci.recipe.config import check_recipe_name, load_recipe_config
from ccci.recipe.envfile import read_env
from ccci.recipe.release import parse_release

REASON = "the app has no pages of its own"

RECIPE_TOML = [
    # not TOML at all
    "weight", "weight =", "= 1", "weight = 1 weight = 2", "weight = 1\nweight = 2", "[sso", "[]",
    "[sso]]", "'", '"', 'weight = "1', "weight = 1,", "weight: 1", "{weight = 1}", "weight == 1",
    "a b = 1", "[opt_out]\nbackup", "weight = 01", "weight = 1_", "weight = _1", "weight = +-1",
    'health_path = "\\q"', "requires = [", 'requires = ["a" "b"]', "[a]\n[a]", "weight = 1 # ok\n]",
    "weight = nul", "weight = True", "weight = 2026-13-45", 'x = """', "\x00weight = 1",
    # unknown keys
    "wieght = 1", "Weight = 1", "weights = 1", "heath_path = '/'", "timeout = 3", "require = []",
    "test-requires = []", "[SSO]\nprovider='keycloak'", "[sso]\nprovider='keycloak'\nrealm='x'",
    f"[browser]\nno = '{REASON}'", f"[optout]\nbackup = '{REASON}'", "steps = []", "[hooks]\nx = 1",
    # wrong values
    "weight = 0", "weight = -1", "weight = 65", "weight = 1.5", "weight = '1'", "weight = true",
    "weight = []", "weight = 9999999999999999999", "weight = {}", "weight = inf",
    "health_path = ''", "health_path = 'health'", "health_path = 'https://x/'",
    "health_path = '/a b'", "health_path = 1", "health_path = '/#top'", "health_path = ['/']",
    "health_status = 0", "health_status = 99", "health_status = 600", "health_status = '200'",
    "health_status = [200]", "health_status = 200.0",
    "health_tls_port = 0", "health_tls_port = 65536", "health_tls_port = '64738'",
    "timeout_seconds = 0", "timeout_seconds = 4", "timeout_seconds = 3601",
    "timeout_seconds = '300'", "timeout_seconds = '5m'", "timeout_seconds = -300",
    "requires = 'keycloak'", "requires = [1]", "requires = ['Key Cloak']", "requires = ['']",
    "requires = ['../x']", "requires = ['-a']", "requires = ['a_b']", "requires = [[]]",
    "requires = {}", f"requires = ['{'a' * 40}']", "test_requires = ['K']", "test_requires = 1",
    "env = 1", "[env]\nlower = 'x'", "[env]\n1A = 'x'", "[env]\nA-B = 'x'", "[env]\nA = 1",
    "[env]\nA = true", "[env]\nA = ['x']", '[env]\nA = "x\\ny"', '[env]\nA = "\\u0000"',
    "[env]\n'A B' = 'x'", f"[env]\nA = '{'x' * 4097}'",
    "sso = 'keycloak'", "[sso]", "[sso]\nprovider = 'okta'", "[sso]\nprovider = ''",
    "[sso]\nprovider = 'Keycloak'", "[sso]\nprovider = ['keycloak']",
    "[sso]\nprovider = 'keycloak'\nsetup_script = '/etc/x'",
    "[sso]\nprovider = 'keycloak'\nsetup_script = '../x'",
    "[sso]\nprovider = 'keycloak'\nsetup_script = 'a;b'",
    "[sso]\nprovider = 'keycloak'\nsetup_script = ''", "[sso]\nsetup_script = 'x.sh'",
    "browser = 'none'", "[browser]", "[browser]\nnone = ''", "[browser]\nnone = 'no'",
    "[browser]\nnone = true", "[browser]\nnone = '                        '",
    f"opt_out = '{REASON}'", "[opt_out]\nbackup = ''", "[opt_out]\nbackup = 'because'",
    "[opt_out]\nbackup = true", f"[opt_out]\nteardown = '{REASON}'",
    f"[opt_out]\nbackups = '{REASON}'", f"[opt_out]\nBackup = '{REASON}'",
]  # fmt: skip

DOMAINS = [
    "", " ", ".", "..", "localhost", "test", "lab.", ".lab.test", "lab..test", "lab.test.",
    "-lab.test", "lab-.test", "lab.-test", "lab.test-", "Lab.Test", "LAB.TEST", "lab_x.test",
    "lab test", "lab.test ", " lab.test", "lab.test\n", "lab\t.test", "lab.te st", "lab/test.org",
    "https://lab.test", "lab.test:443", "lab.test/", "*.lab.test", "lab.*", "lab.1", "1.2.3.4",
    "[::1]", "::1", "lab.t€st", "läb.test", "lab.test;rm", "lab.test$x", "$(x).test", "`x`.test",
    "lab.test'", 'lab".test', "lab,test", "lab@x.test", "a" * 61 + ".test", "x." * 40 + "test",
    "lab\\.test", "lab%20.test", "\x00.test", "lab.test#x", "lab?.test",
]  # fmt: skip

TAGS = [
    "", " ", "1", "1.0", "1.0.0", "1.0.0+", "+1.26.3", "1.0+1.26.3", "1.0.0.0+1.26.3",
    "v1.0.0+1.26.3", "1.0.0-1.26.3", "1.0.0 +1.26.3", "1.0.0+ 1.26.3", " 1.0.0+1.26.3",
    "1.0.0+1.26.3 ", "1.0.0+1.26.3\n", "1.0.0++1.26.3", "1.0.0+1.26.3+2", "a.b.c+1", "1.0.x+1",
    "-1.0.0+1", "1.-0.0+1", "1.0.0+-1", "1.0.0+.1", "1.0.0+_1", "1.0.0+1/2", "1.0.0+1:2",
    "1.0.0+1;x", "1.0.0+$x", "1.0.0+`x`", "1.0.0+1'", '1.0.0+1"', "1.0.0+1 2", "1.0.0+é",
    "1.0.0+" + "1" * 65, "1234567.0.0+1", "1.1234567.0+1", "1.0.1234567+1", "latest", "main",
    "refs/tags/1.0.0+1", "../1.0.0+1", "--help", "-f", "1,0,0+1", "\uff11.0.0+1", "1.0.0+1\x00",
    "HEAD", "1.0.0+1\\", "1..0+1", "01.0.0+1.26.3", "1.00.0+1.26.3", "1.0.01+1.26.3",
]  # fmt: skip

ENVS = [
    b"NOVALUE", b"A=1\nB", b"A B=1", b"1A=1", b"=1", b"-A=1", b"A-B=1", b"A.B=1", b"A =1",
    b"export A=1", b"A: 1", b"[section]", b"{}", b"A='x", b'A="x', b"A=1\nB='", b'A="\nB=1',
    b"A=\x00", b"\x00", b"\xff\xfe", b"A=\xff", b"A=1\n\xc3\x28", b"$A=1", b"${A}=1", b"A[0]=1",
    b"A=1\n<html>", b"A=1\n  continued", b"\\A=1", b"A\\=1", b"A/B=1", b"A,B=1", b"!A=1", b"?",
    b"*", b"A=1\nA+=2", b"if A=1", b"A==\nB", b"\xef\xbb\xbfA", b"A=1;\nrm -rf", b"`x`=1",
]  # fmt: skip


def one_sentence(error: Misuse) -> str:
    """The message, checked to be a sentence that a person can act on."""
    message = str(error)
    assert 15 < len(message) < 700, message
    assert message.endswith("."), message
    assert "Traceback" not in message
    assert "pydantic" not in message
    return message


@pytest.mark.parametrize("text", RECIPE_TOML)
def test_recipe_toml_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(Misuse) as refused:
        load_recipe_config(path)
    assert "recipe.toml" in one_sentence(refused.value)


@pytest.mark.parametrize("domain", DOMAINS)
def test_domain_is_refused(domain: str) -> None:
    with pytest.raises(Misuse) as refused:
        check_domain(domain)
    assert repr(domain) in one_sentence(refused.value)


@pytest.mark.parametrize("tag", TAGS)
def test_tag_is_refused(tag: str) -> None:
    with pytest.raises(Misuse) as refused:
        parse_release(tag)
    assert repr(tag) in one_sentence(refused.value)


@pytest.mark.parametrize("content", ENVS)
def test_env_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "app.env"
    path.write_bytes(content)
    with pytest.raises(Misuse) as refused:
        read_env(path)
    assert "app.env" in one_sentence(refused.value)


def test_there_are_two_hundred_of_them() -> None:
    assert len(RECIPE_TOML) + len(DOMAINS) + len(TAGS) + len(ENVS) >= 200


@pytest.mark.parametrize("name", ["", "Custom", "a b", "../x", "-x", "x_y", "a" * 40, "x/y", "é"])
def test_recipe_name_is_refused(name: str) -> None:
    with pytest.raises(Misuse):
        check_recipe_name(name)


def test_the_line_of_the_mistake_is_named(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text("weight = 1\n\nhealth_pth = '/'\n")
    with pytest.raises(Misuse, match=r"recipe\.toml:3: unknown key 'health_pth'; known keys: .*"):
        load_recipe_config(path)


def test_good_input_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(
        "weight = 2\nhealth_path = '/api/health'\n[env]\nLOG_LEVEL = 'debug'\n"
        f"[sso]\nprovider = 'keycloak'\n[browser]\nnone = '{REASON}'\n"
    )
    assert load_recipe_config(path).weight == 2
    assert check_domain("ci.example.org") == "ci.example.org"
    assert str(parse_release("3.5.3+1.24.2-rootless")) == "3.5.3+1.24.2-rootless"
    env = tmp_path / "app.env"
    env.write_text("# c\nA=1\nB=\"$A x\"\nC='q'\nCOMPOSE_FILE=compose.yml\n\n")
    assert read_env(env) == {"A": "1", "B": "1 x", "C": "q", "COMPOSE_FILE": "compose.yml"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("domain = 'lab.test'\nport = 1", "port"),
        ("server = 'x'", "domain"),
        ("domain = 'Lab.Test'", "domain"),
        ("domain = 'lab.test'\nhttps_port = 0", "https_port"),
        ("domain = 'lab.test'\n[swarm]\nendpoint_mode = 'x'", "swarm.endpoint_mode"),
    ],
)
def test_server_file_is_refused(text: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text)
    with pytest.raises(Misuse, match=key):
        read_server(path)
