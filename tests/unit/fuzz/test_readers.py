"""The readers of what comes from outside raise the project's own errors only, and are bounded."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccci.errors import CcciError
from ccci.loop.commands import parse
from ccci.loop.forge import ForgeUnreachable, read_json
from ccci.loop.policy import violations
from ccci.loop.quoting import code, link, one_line, plain
from ccci.printable import printable, printable_lines
from ccci.recipe.compose import as_map, fill_in
from ccci.recipe.config import check_recipe_name, load_recipe_config
from ccci.recipe.envfile import compose_files, read_env, read_exports
from ccci.recipe.offered import offered_files, read_offered
from ccci.recipe.release import parse_release, released
from lab.standins.abracli.envfile import parse as parse_as_abra
from lab.standins.abracli.logs import Fatal
from tests.unit.fuzz.bounds import bounded, examples

ODD = st.sampled_from(
    [
        "\x00",
        "\x1b[31m",
        "\u202e",
        "\ud800",
        "\ufeff",
        "\x85",
        "\u2028",
        "\xa0",
        "\u3000",
        "\r",
        "\n",
        "\t",
        "é",
        "\U0001d7cf",
        "\uff11",
        "'",
        '"',
        "\\",
        "$",
        "${",
        "}",
        "#",
        "=",
        "`",
        "%",
        "*HTML*",
    ],
)
TEXT = st.lists(st.text(max_size=5) | ODD, max_size=8).map("".join)
LINES = [
    "TYPE=x",
    "DOMAIN=x.test",
    "A=1",
    "A=$A$A",
    'A="$A',
    "A='",
    "#A=",
    "COMPOSE_FILE=compose.yml",
    'COMPOSE_FILE="$COMPOSE_FILE:compose.b.yml"',
    "COMPOSE_FILE=../../x.yml",
    "export A=1",
    "SECRET_X_VERSION=v1 # length=99999",
    "A=" + "x" * 5000,
    "COMPOSE_FILE=" + "y" * 300 + ".yml",
    "=",
    "A",
    "STACK_NAME=x",
    "LD_PRELOAD=x",
    "A=${B:-${C}}",
    "A=1 # x=y",
    "export A=$(id)",
]
SETTINGS = st.lists(st.sampled_from(LINES) | TEXT, max_size=8).map("\n".join)
TOML_LINES = [
    "weight = 1",
    "[env]",
    "A = '1'",
    "[[limit]]",
    "service = 'app'",
    "[sso]",
    "x = [",
    "]",
    "[a.b]",
    "provider = 'keycloak'",
    "timeout_seconds = 5",
    "requires = ['x']",
    "[approved]",
    "node = ['x']",
    "[opt_out]",
    "backup = 'x'",
    "a = 1979-05-27",
    "a = 1e400",
    "a = inf",
    "'' = 1",
    '"\\u0000" = 1',
]
TOML = st.lists(st.sampled_from(TOML_LINES) | TEXT, max_size=6).map("\n".join)


def written(name: str, text: str) -> tuple[tempfile.TemporaryDirectory[str], Path]:
    folder = tempfile.TemporaryDirectory()
    path = Path(folder.name) / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return folder, path


@examples(200)
@given(TOML)
def test_recipe_toml(text: str) -> None:
    folder, path = written("recipe.toml", text)
    with folder:
        bounded(lambda: load_recipe_config(path), CcciError)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "weight = " + "9" * 10_000,
        "x = " + "{a=" * 5000,
        "a." * 50_000 + "b=1",
        "x = '" + "\\" * 100_000,
        "[" + "a." * 8_000 + "a]",
        "x = " + "0x" + "f" * 100_000,
        "weight = 1\n" * 20_000,
    ],
)
def test_a_large_recipe_toml(text: str) -> None:
    folder, path = written("recipe.toml", text)
    with folder:
        assert bounded(lambda: load_recipe_config(path), CcciError) is None


@examples(200)
@given(SETTINGS)
def test_settings_of_an_app(text: str) -> None:
    folder, path = written(".env.sample", text)
    with folder:
        path.with_name("compose.yml").write_text("services: {app: {image: 'x:1'}}\n")
        env = bounded(lambda: read_env(path), CcciError) or {}
        bounded(lambda: compose_files(env, path.parent), CcciError)
        bounded(lambda: offered_files(path.parent))
        bounded(lambda: read_offered(path.parent), CcciError)
        bounded(lambda: violations(path.parent, frozenset()))


@examples(100)
@given(SETTINGS)
def test_settings_as_the_labs_abra_reads_them(text: str) -> None:
    bounded(lambda: parse_as_abra(text.encode("utf-8", "replace").decode()), Fatal)


@examples(100)
@given(SETTINGS)
def test_exports(text: str) -> None:
    folder, path = written("abra.sh", text)
    with folder:
        path.with_name("compose.yml").write_text("services: {app: {image: 'x:1'}}\n")
        bounded(lambda: read_exports(path))
        bounded(lambda: violations(path.parent, frozenset()))


def doubled(lines: int) -> str:
    made = ["A0=" + "x" * 1000]
    return "\n".join(made + [f"A{one}=$A{one - 1}$A{one - 1}" for one in range(1, lines)])


@pytest.mark.parametrize(
    "text",
    [
        doubled(40),
        "A='" * 40_000,
        "A=1\n" * 40_000,
        "A=" + "$A" * 60_000,
        "#" * 120_000,
        "A=" + "\\" * 120_000,
        'A="' + "\\\\" * 60_000,
        "A=" + " #" * 60_000,
        "export " * 20_000,
        "A" * 120_000,
        " " * 120_000 + "A",
        "COMPOSE_FILE=" + "a/" * 60_000 + "x.yml",
        "\n" * 120_000,
        "A=x\n" * 4_000_000,
        "SECRET_" * 17_000 + "VERSION=v1",
        "COMPOSE_FILE=" + "a.yml:" * 20_000,
    ],
    ids=lambda text: f"{text[:12]!r}",
)
@pytest.mark.parametrize("name", [".env.sample", "abra.sh"])
def test_large_settings(name: str, text: str) -> None:
    folder, path = written(name, text)
    with folder:
        path.with_name("compose.yml").write_text("services: {app: {image: 'x:1'}}\n")
        if name == ".env.sample":
            bounded(lambda: read_env(path), CcciError)
        bounded(lambda: read_exports(path), CcciError)
        bounded(lambda: read_offered(path.parent), CcciError)
        bounded(lambda: violations(path.parent, frozenset()))


@examples(200)
@given(TEXT)
def test_tags(text: str) -> None:
    bounded(lambda: parse_release(text), CcciError)
    listing = f"commit  refs/tags/{text.replace(chr(10), '')}"
    found = bounded(lambda: released(listing))
    assert found is not None
    assert all(str(one) == text for one in found)


@examples(300)
@given(TEXT, st.sampled_from(["", "!testme", "!testme ", "!testme stop", "!testmé"]))
def test_comments(text: str, before: str) -> None:
    command = bounded(lambda: parse(before + text))
    if command and command.problem:
        assert command.problem.isprintable()
    for name in command.recipes if command else ():
        assert check_recipe_name(name) == name


@examples(200)
@given(TEXT)
def test_texts_in_a_comment_and_in_a_log(text: str) -> None:
    for quote in (plain, code, printable):
        assert quote(text).isprintable()
        assert len(printable(text * 1000)) <= 400
    assert one_line(text, 50).isprintable()
    link(text, f"https://x.test/{text}").encode()
    assert printable_lines(text).replace("\n", "").replace("\t", "").isprintable()


@examples(100)
@given(
    st.recursive(TEXT | st.integers() | st.none(), lambda x: st.lists(x) | st.dictionaries(TEXT, x))
)
def test_answers_of_a_forge(content: Any) -> None:
    found = bounded(lambda: read_json(json.dumps(content).encode(), "https://forge.test"))
    json.dumps(found, ensure_ascii=False).encode()


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 200_000, b"1" * 10_000, b'"\\ud800"', b""])
def test_odd_answers_of_a_forge(body: bytes) -> None:
    bounded(lambda: read_json(body, "https://forge.test"), ForgeUnreachable)


@examples(200)
@given(
    st.lists(TEXT, max_size=4) | st.dictionaries(TEXT, TEXT, max_size=4),
    st.dictionaries(TEXT, TEXT),
)
def test_labels(labels: Any, settings: dict[str, str]) -> None:
    found = bounded(lambda: as_map(labels))
    bounded(lambda: [fill_in(key + value, settings) for key, value in (found or {}).items()])
