"""Nothing of the environment of whoever deploys gets into an app."""

import pytest
from pydantic import TypeAdapter

from ccci.loop.policy import violations
from ccci.recipe.config import Approval
from tests.unit.loop.recipe_folder import NOTHING, Recipe

FROM_OUTSIDE = [
    "environment: [https_proxy]",
    "environment: [SSH_AUTH_SOCK]",
    "environment: [AWS_SECRET_ACCESS_KEY]",
    "environment: {AWS_SECRET_ACCESS_KEY: }",
    "environment: {AWS_SECRET_ACCESS_KEY: null}",
    "environment: {AWS_SECRET_ACCESS_KEY: ~}",
    "environment: ['${B:-AWS_SECRET_ACCESS_KEY}']",
    "environment: [X=$AWS_SECRET_ACCESS_KEY]",
    "environment: ['X=${AWS_SECRET_ACCESS_KEY}']",
    "environment: ['X=${AWS_SECRET_ACCESS_KEY:-x}']",
    "environment: ['X=${AWS_SECRET_ACCESS_KEY-}']",
    "environment: ['X=${AWS_SECRET_ACCESS_KEY:?none}']",
    "environment: {X: '${https_proxy:-}'}",
    "environment: {X: '${NO_PROXY:-}'}",
    "environment: {X: '${SSH_AUTH_SOCK:-}'}",
    "environment: {X: '${FORGE_TOKEN:-}'}",
    "environment: {X: '${RESTIC_PASSWORD-x}'}",
    "environment: {X: '${B:-$FORGE_TOKEN}'}",
    "command: echo $WHATEVER",
    "entrypoint: [sh, -c, 'echo ${WHATEVER}']",
    "healthcheck: {test: [CMD, $WHATEVER]}",
    "user: ${WHATEVER}",
    "labels: ['org.opencontainers.image.title=${WHATEVER}']",
    "x-one: $WHATEVER",
]


@pytest.mark.parametrize("text", FROM_OUTSIDE)
def test_a_variable_that_the_recipe_does_not_have_is_refused(text: str, recipe: Recipe) -> None:
    (found,) = recipe.service(text).violations()
    assert found.line == 4
    assert found.approval.startswith("variable:")
    TypeAdapter(Approval).validate_python(found.approval)
    assert recipe.violations(found.approval) == []
    assert "the machine that deploys may fill it in" in found.what
    assert "name it in .env.sample" in found.remedy.lower()


@pytest.mark.parametrize(
    "text",
    [
        "environment: [A, DOMAIN, STACK_NAME, 'B=${A}', 'C=${A:-x}', 'D=$A', 'E=$$WHATEVER']",
        "environment: {A: , B: '${A}', C: '${WHATEVER:-x}', D: '', E: '${EXTRA_DOMAINS}'}",
        "environment: ['${A:-B}=x']",
        "command: echo $A",
        "environment: ['X=${PG_BACKUP_VERSION}']",
    ],
)
def test_a_variable_of_the_recipe_is_allowed(text: str, recipe: Recipe) -> None:
    assert recipe.service(text).violations() == []


@pytest.mark.parametrize("line", ["X=1", "# X=", "#X=1 # why", "  #  X = 1", "## X=1"])
def test_a_line_of_env_sample_names_a_variable(line: str, recipe: Recipe) -> None:
    recipe.service("environment: [X, 'Y=${X}']").write(".env.sample", f"{line}\n")
    assert recipe.violations() == []


def test_an_export_or_the_release_before_names_a_variable(recipe: Recipe) -> None:
    recipe.service("environment: [X]").write("abra.sh", "export X=1\n")
    assert recipe.violations() == []
    recipe.write("abra.sh", "")
    assert len(recipe.violations()) == 1
    before = recipe.path / "before"
    before.mkdir()
    (before / ".env.sample").write_text("# X=\n")
    assert violations(recipe.path, NOTHING, before) == []


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            "A=1\nDOCKER_AUTH_CONFIG\n",
            "'DOCKER_AUTH_CONFIG' from the machine that deploys (line 2)",
        ),
        ("DOCKER_AUTH_CONFIG", "(line 1)"),
        ("  AWS_SECRET_ACCESS_KEY  \r\n", "'AWS_SECRET_ACCESS_KEY'"),
        # Docker fills it in from its own environment, not from the app's settings.
        ("A\n", "'A'"),
        ("X=${AWS_SECRET_ACCESS_KEY}\n", "the variable AWS_SECRET_ACCESS_KEY"),
        ("A=1\n\x00", "has the character"),
        (b"\xff", "is not UTF-8"),
        ("A=" + "x" * (200 << 10), "bytes"),
    ],
)
@pytest.mark.parametrize("form", ["env_file: my.env", "env_file: [my.env]",
                                  "env_file: [{path: my.env}]"])  # fmt: skip
def test_a_line_of_an_env_file_without_a_value_is_refused(
    form: str, content: str | bytes, what: str, recipe: Recipe
) -> None:
    recipe.service(form).write("my.env", content)
    (found,) = recipe.violations()
    assert (found.file, found.line) == ("compose.yml", 4)
    assert what in found.what
    assert "my.env" in found.what


def test_an_env_file_with_values_is_allowed(recipe: Recipe) -> None:
    recipe.service("env_file: [my.env, folder/file]")
    recipe.write("my.env", "# DOCKER_AUTH_CONFIG\n\nA=1\n B=\nHASH=$2y$05$abc\n#\n")
    assert recipe.violations() == []


def test_an_env_file_may_be_meant_from_the_folder_of_the_compose_file(recipe: Recipe) -> None:
    """Docker and abra read it from there; other programs from the recipe's folder."""
    recipe.write(".env.sample", "TYPE=x\nDOMAIN=x.example.com\nCOMPOSE_FILE=d/compose.yml\n")
    recipe.service("env_file: my.env", "d/compose.yml").write("my.env", "A=1\n")
    assert recipe.violations() == []
    recipe.write("d/my.env", "AWS_SECRET_ACCESS_KEY\n")
    (found,) = recipe.violations()
    assert "takes 'AWS_SECRET_ACCESS_KEY' from the machine that deploys" in found.what
    (recipe.path / "d" / "my.env").unlink()
    (recipe.path / "d" / "my.env").symlink_to("../my.env")
    (found,) = recipe.violations()
    assert "which is not a regular file" in found.what
