"""What the judge lets through, the harness and the lab's abra can read."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given

from ccci.authoring.composefile import read_recipe
from ccci.deploy.version import version_in_compose
from ccci.errors import CcciError, RecipeFailure
from ccci.loop.policy import violations
from ccci.node.server import Containers, Server, Swarm
from ccci.recipe.compose import images_in, labels_in, read_compose, services_in
from ccci.recipe.limits import Amounts, limits_for
from ccci.recipe.offered import Kind, read_offered
from ccci.recipe.overlay import overlay_for
from lab.standins.abracli import lint
from lab.standins.abracli.compose import Compose, overlay
from lab.standins.abracli.logs import Fatal
from lab.standins.abracli.recipe import Recipe
from tests.unit.fuzz.bounds import bounded, examples
from tests.unit.fuzz.compose_files import contents, services, services_of_any_shape

SERVER = Server(
    domain="lab.test",
    swarm=Swarm(endpoint_mode="dnsrr", publish_mode="host"),
    containers=Containers(names_address="192.0.2.1"),
)
SHARE = Amounts(memory=4 << 30, pids=4096, log=1 << 30, disk=1 << 30, millicores=4000)
SETTINGS = {"STACK_NAME": "x", "DOMAIN": "x.lab.test", "X": "y"}
# These need git, or files beside the compose files.
OTHER_RULES = ("R006", "R007", "R014")


@contextlib.contextmanager
def recipe_with(text: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "compose.yml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        (path.parent / ".env.sample").write_text("TYPE=x\nDOMAIN=x.example.com\nA=1\n")
        yield path


def read_by_the_harness(path: Path) -> None:
    for read in (services_in, labels_in, images_in, version_in_compose):
        with contextlib.suppress(CcciError):
            read([path])
    for network in ("", "x_own"):
        with contextlib.suppress(CcciError):
            limits = limits_for(services_in([path]), SHARE, [], SETTINGS)
            overlay_for([path], SERVER, ["x.lab.test"], limits, SETTINGS, network)
    offered = read_offered(path.parent)
    for kind in get_args(Kind):
        offered.named(kind)
    with contextlib.suppress(CcciError):
        read_recipe(path.parent)


def read_by_the_labs_abra(path: Path) -> None:
    compose = Compose([path], SETTINGS)
    for service in compose.services():
        compose.image(service)
        compose.labels(service)
        compose.environment(service)
    compose.secrets()
    compose.configs()
    overlay(compose, {"a": "b"}, SETTINGS)
    recipe = Recipe("x", path.parent)
    for rule in lint.RULES:
        if rule.ref not in OTHER_RULES:
            rule.check(recipe, compose)


def check(path: Path) -> None:
    found = violations(path.parent, frozenset())
    for one in found:
        assert str(one).isprintable(), one
    try:
        read_compose(path)
    except RecipeFailure:
        assert found, "the judge lets it through"
        return
    read_by_the_harness(path)
    with contextlib.suppress(Fatal):
        read_by_the_labs_abra(path)


@examples(300)
@given(contents())
def test_whatever_passes_is_read_by_all(content: Any) -> None:
    with recipe_with(yaml.safe_dump(content)) as path:
        bounded(lambda: check(path))


@examples(150)
@given(services_of_any_shape(), services())
def test_what_a_merge_overrides_may_have_any_shape(merged: Any, service: Any) -> None:
    """The rules look at it, too, as some parsers let it win."""
    own = flow(service)[1:-1] if service else ""
    text = f"x-a: &a {flow(merged)}\nservices:\n  app: {{<<: *a, {own}}}\n"
    with recipe_with(text) as path:
        bounded(lambda: check(path))


def flow(content: Any) -> str:
    """Return content as YAML on one line."""
    return yaml.safe_dump(content, default_flow_style=True, width=10**9).strip()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("services: {app: {image: 'x:1', deploy: x}}", "'services.app.deploy' must be a mapping"),
        ("services: {app: {image: 'x:1', labels: 5}}", "'services.app.labels' must be a mapping"),
        ("services: {app: {image: 'x:1'}}\nconfigs: {c: x}", "'configs.c' must be a mapping"),
        ("services: {app: {image: 'x:1', ports: '80:80'}}", "'services.app.ports' must be a list"),
        ("services: {5: {image: 'x:1'}}", "compose.yml:1: the file has a key that is not a plain"),
        ("services: {app: {image: '\\uD800'}}".replace("'", '"'), "has the character '\\ud800'"),
        ("services: {app: {image: 'x:1', labels: {a: 2001-13-45}}}", "'2001-13-45', which cannot"),
        ("services: {app: {image: 'x:1', labels: {a: !!bool x}}}", "'x', which cannot be read"),
    ],
)
def test_a_wrong_shape_is_refused_and_is_the_recipes_failure(text: str, place: str) -> None:
    with recipe_with(text) as path:
        (found,) = violations(path.parent, frozenset())
        assert place in f"{found.file}:{found.line}: {found.what}"
        with pytest.raises(RecipeFailure) as failed:
            images_in([path])
        assert place in str(failed.value) and "compose.yml" in str(failed.value)
