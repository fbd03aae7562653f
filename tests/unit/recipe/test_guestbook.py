"""A recipe with the traits of public ones is read as abra and Docker read it."""

from pathlib import Path

import pytest

from ccci.authoring.composefile import read_recipe
from ccci.recipe import fit_report
from ccci.recipe.checkout import check_out
from ccci.recipe.compose import fill_in, images_in, labels_in
from ccci.recipe.envfile import read_env, read_exports
from ccci.recipe.offered import read_offered
from tests.guestbook_recipe import guestbook


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return guestbook(tmp_path_factory.mktemp("recipes"))


def test_what_it_offers(recipe: Path) -> None:
    offered = read_offered(recipe)
    assert offered.usual == ("compose.yml", "data/compose.postgres.yml")
    assert offered.overlays == ["compose.auth.openid.yml", "data/compose.tune.yml"]
    assert offered.named("service") == ["app", "files", "sweeper", "db"]
    assert offered.named("volume") == ["pages", "uploads", "sweeps", "db-data"]
    assert offered.named("port") == ["80"]
    assert {"OPENID_DISCOVERY", "GREETING", "DB_CONNECTIONS", "IMAGE"} <= set(offered.settings)
    assert not {"NGINX_VERSION", "PAGE_VERSION", "POSTGRES_USER"} & set(offered.settings)
    assert offered.secrets["db_password"].generated
    assert not offered.secrets["openid_client_secret"].generated


def test_what_abra_sh_exports_wins_over_the_default(recipe: Path) -> None:
    files = [recipe / name for name in read_offered(recipe).usual]
    settings = {**read_env(recipe / ".env.sample"), **read_exports(recipe / "abra.sh")}
    images = {service: fill_in(image, settings) for service, image in images_in(files).items()}
    assert images == {
        "app": "nginx:1.26.3", "files": "nginx:1.26.3", "sweeper": "nginx:1.26.3",
        "db": "postgres:15.18",
    }  # fmt: skip


def test_its_backup_labels_are_in_a_list_and_in_maps(recipe: Path) -> None:
    files = [recipe / name for name in read_offered(recipe).usual]
    labels = labels_in(files)
    assert labels["db"]["backupbot.backup"] == "${ENABLE_BACKUPS:-true}"
    assert labels["files"]["backupbot.backup.path"] == "/srv/uploads"
    assert "coop-cloud.${STACK_NAME}.version" in labels["app"]


def test_make_new_sees_all_of_it(recipe: Path) -> None:
    seen = read_recipe(recipe)
    assert [(one.name, one.is_database) for one in seen.services] == [
        ("app", False), ("files", False), ("sweeper", False), ("db", True),
    ]  # fmt: skip
    assert seen.backed_up == ("files", "db")
    assert seen.has_router and seen.timeout_seconds == 300 and seen.health_path == "/"
    assert set(seen.sso_settings) == {"OPENID_DISCOVERY", "OPENID_CLIENT_ID"}


def test_make_fit_and_a_run_take_it(
    recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit_report.main(["guestbook", "--source", str(recipe)]) == 0
    assert (
        "other overlays: compose.auth.openid.yml, data/compose.tune.yml" in capsys.readouterr().out
    )
    checkout = check_out("guestbook", recipe, tmp_path / "copy")
    assert [str(one) for one in checkout.releases] == ["1.0.0+1.22.1", "1.1.0+1.26.3"]
    assert checkout.head_release is None and str(checkout.previous) == "1.1.0+1.26.3"
