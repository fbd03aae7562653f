"""recipe.toml is compared with a checkout: each missing name is a sentence with its line."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ccci.errors import Misuse, RecipeFailure
from ccci.recipe import fit_report
from ccci.recipe.checkout import Checkout, check_out
from ccci.recipe.config import RecipeConfig
from ccci.recipe.fit import Fit, compare
from ccci.recipe.offered import read_offered
from tests.unit.recipe.test_offered import FILES

FITS = """\
overlays = ["extras/search.yml"]

[env]
UPLOAD_LIMIT = "50"
DOMAIN = "x"

[names]
services = { search = ["sonic", "search"], database = "db" }
settings = { title = "SITE_TITLE" }
secrets = { key = "signing_key" }
volumes = { index = "index" }
ports = { ssh = [22, 2222] }

[database]
service = "db"

[[sign_in.wiring]]
overlay = "compose.keycloak.yml"
settings = { KEYCLOAK_URL = "{issuer}" }

[[sign_in.wiring]]
overlay = "compose.oidc.yml"
settings = { OIDC_ISSUER = "{issuer}", OIDC_NAME = "{name}" }
secret = { client_secret = "{client_secret}" }

[[limit]]
service = "sweeper"
pids = 512
reason = "It sweeps with many brooms at a time."

[meant_to_end]
db = "It makes the index, and ends when that is done."

[no_replica]
sweeper = "The operator's timer gives it a replica each night."

[not_in_backup]
uploads = "They are fetched anew from where they came from."

[empty_after_restore]
"db.sessions" = "It signs everybody out whenever it starts."
"""
GIT = ["git", "-c", "user.name=A test", "-c", "user.email=test@lab.test"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the recipe.toml of a recipe that fits."""
    folder = tmp_path / "project" / "recipes" / "guestbook"
    folder.mkdir(parents=True)
    (folder / "recipe.toml").write_text(FITS, encoding="utf-8")
    return tmp_path / "project"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The recipe's repository: two releases, the first of which has no way to sign in."""
    folder = tmp_path / "guestbook"
    folder.mkdir()
    git("init", "--quiet", at=folder)
    early = {name: text for name, text in FILES.items() if name != "compose.oidc.yml"}
    for files, tag in ((early, "1.0.0+1.0.0"), (FILES, "1.1.0+1.0.0")):
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        git("add", "--all", at=folder)
        git("commit", "--quiet", "-m", tag, at=folder)
        git("tag", "-a", tag, "-m", tag, at=folder)
    return folder


def git(*arguments: str, at: Path) -> None:
    subprocess.run([*GIT, *arguments], cwd=at, check=True, capture_output=True, timeout=60)


def held(project: Path, source: Path, *change: tuple[str, str]) -> Fit:
    path = project / "recipes" / "guestbook" / "recipe.toml"
    text = FITS
    for old, new in change:
        assert old in text, f"{old!r} is not in the file"
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return compare(fit_report.load_recipe_config(path), read_offered(source))


def test_of_several_names_the_first_that_is_there_is_taken(project: Path, source: Path) -> None:
    fit = held(project, source)
    assert fit.mismatches == ()
    assert fit.overlays == ("extras/search.yml",)
    assert fit.wiring and fit.wiring.overlay == "compose.oidc.yml"
    assert fit.deployed == ("extras/search.yml", "compose.oidc.yml")
    assert fit.names == {
        ("service", "search"): "search",
        ("service", "database"): "db",
        ("setting", "title"): "SITE_TITLE",
        ("secret", "key"): "signing_key",
        ("volume", "index"): "index",
        ("port", "ssh"): "2222",
    }


def test_a_secret_of_the_wiring_overlay_is_in_use(project: Path, source: Path) -> None:
    change = ('secrets = { key = "signing_key" }', 'secrets = { key = "client_secret" }')
    assert held(project, source, change).names["secret", "key"] == "client_secret"


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        (
            '"extras/search.yml"', '"extras/serch.yml"', 1,
            "the recipe has no overlay 'extras/serch.yml'; closest: extras/search.yml",
        ),
        (
            '"extras/search.yml"', '["a.yml", "b.yml"]', 1,
            "the recipe has no overlay 'a.yml' or 'b.yml'; it has compose.oidc.yml, "
            "extras/search.yml",
        ),
        (
            '"extras/search.yml"', '"extras/search.yml", "compose.broken.yml"', 1,
            "the recipe's compose.broken.yml cannot be read as a compose file",
        ),
        (
            "UPLOAD_LIMIT", "UPLOADS_LIMIT", 4,
            "the recipe has no setting 'UPLOADS_LIMIT'; closest: UPLOAD_LIMIT",
        ),
        (
            '["sonic", "search"]', '"web"', 8,
            "the recipe has no service 'web'; it has app, sweeper, db, search",
        ),
        (
            'db = "It', 'dbs = "It', 32,
            "the recipe has no service 'dbs'; closest: db",
        ),
        (
            "sweeper = ", "swepper = ", 35,
            "the recipe has no service 'swepper'; closest: sweeper",
        ),
        (
            '"SITE_TITLE"', '"PAGE_TITLE"', 9,
            "the recipe has no setting 'PAGE_TITLE'; closest: SITE_TITLE",
        ),
        (
            '"signing_key"', '"signature_key"', 10,
            "the recipe has no secret 'signature_key'; closest: signing_key",
        ),
        (
            '"index"', '"idx"', 11, "the recipe has no volume 'idx'; closest: index",
        ),
        (
            'uploads = "They', 'downloads = "They', 38,
            "the recipe has no volume 'downloads'; closest: uploads",
        ),
        (
            '"db.sessions"', '"dbs.sessions"', 41,
            "the recipe has no service 'dbs'; closest: db",
        ),
        ("[22, 2222]", "64738", 12, "the recipe has no port '64738'; it has 80, 2222, 8000"),
        (
            'service = "db"\n', 'service = "database"\n', 15,
            "the recipe has no service 'database'; it has app, sweeper, db, search",
        ),
        (
            'service = "sweeper"', 'service = "sweper"', 27,
            "the recipe has no service 'sweper'; closest: sweeper",
        ),
    ],
)  # fmt: skip
def test_a_name_that_is_not_there(
    project: Path, source: Path, old: str, new: str, line: int, sentence: str
) -> None:
    said = fit_report.sentences(project, "guestbook", held(project, source, (old, new)))
    # A missing overlay takes its services with it.
    assert said[0] == f"recipes/guestbook/recipe.toml:{line}: {sentence}."
    assert len(said) == 1 or "overlay" in sentence


def test_a_name_in_an_overlay_that_is_not_deployed(project: Path, source: Path) -> None:
    said = fit_report.sentences(
        project, "guestbook", held(project, source, ('["extras/search.yml"]', "[]"))
    )
    assert said == [
        "recipes/guestbook/recipe.toml:8: service 'search' is in extras/search.yml, which is not "
        "deployed: add that file to 'overlays', or name another one.",
        "recipes/guestbook/recipe.toml:11: volume 'index' is in extras/search.yml, which is not "
        "deployed: add that file to 'overlays', or name another one.",
    ]


def test_a_recipe_with_nothing_of_a_kind(project: Path, source: Path) -> None:
    for path in (*source.glob("compose.*"), *source.glob("*/*.yml")):
        path.unlink()
    (source / "compose.yml").write_text("services: { app: { image: 'nginx:1' } }")
    (source / ".env.sample").unlink()
    said = [mismatch.sentence for mismatch in held(project, source).mismatches]
    assert "the recipe has no volume 'index'; it has none" in said
    assert "the recipe has no overlay 'extras/search.yml'; it has none" in said


def test_no_way_to_wire_sign_in_fits(project: Path, source: Path) -> None:
    fit = held(
        project, source, ("compose.oidc.yml", "compose.openid.yml"),
        ("OIDC_NAME", "OPENID_NAME"), ("{ client_secret", "{ client_secrets"),
    )  # fmt: skip
    assert fit.wiring is None
    said = fit_report.sentences(project, "guestbook", fit)
    first, second = (f"way {n} of 2 to wire sign-in: the recipe has no " for n in (1, 2))
    assert said == [
        f"recipes/guestbook/recipe.toml:18: {first}overlay 'compose.keycloak.yml'; closest: "
        "compose.oidc.yml.",
        f"recipes/guestbook/recipe.toml:19: {first}setting 'KEYCLOAK_URL'; none comes close.",
        f"recipes/guestbook/recipe.toml:22: {second}overlay 'compose.openid.yml'; closest: "
        "compose.oidc.yml.",
        f"recipes/guestbook/recipe.toml:23: {second}setting 'OPENID_NAME'; closest: OIDC_NAME.",
        f"recipes/guestbook/recipe.toml:24: {second}secret 'client_secrets'; closest: "
        "client_secret.",
    ]


def test_one_way_that_does_not_fit_needs_no_number(project: Path, source: Path) -> None:
    config = RecipeConfig.model_validate({"sign_in": {"wiring": [{"overlay": "compose.x.yml"}]}})
    (mismatch,) = compare(config, read_offered(source)).mismatches
    assert mismatch.sentence.startswith("the recipe has no overlay 'compose.x.yml'; ")


def test_a_run_ends_at_its_start_with_every_sentence(
    project: Path, source: Path, tmp_path: Path
) -> None:
    checkout = check_out("guestbook", source, tmp_path / "copy")
    path = project / "recipes" / "guestbook" / "recipe.toml"
    fit_report.require_fit(project, checkout, fit_report.load_recipe_config(path))
    path.write_text(FITS.replace('"index"', '"idx"').replace("SITE_TITLE", "PAGE_TITLE"))
    with pytest.raises(Misuse) as seen:
        fit_report.require_fit(project, checkout, fit_report.load_recipe_config(path))
    lines = str(seen.value).splitlines()
    assert [line.partition(": ")[0] for line in lines[:2]] == [
        "recipes/guestbook/recipe.toml:9", "recipes/guestbook/recipe.toml:11",
    ]  # fmt: skip
    assert lines[2] == (
        "Nothing was deployed. 'make fit RECIPE=guestbook' says what the recipe has at "
        f"{checkout.short}."
    )
    with pytest.raises(Misuse, match=r"'make fit RECIPE=guestbook RECIPE_SOURCE=/a/copy' says"):
        config = fit_report.load_recipe_config(path)
        fit_report.require_fit(project, checkout, config, Path("/a/copy"))


def test_a_recipe_without_the_service_app_fails_for_that(tmp_path: Path) -> None:
    """No table of names can mend it, and abra then says only that it finds no secret."""
    checkout = cast(Checkout, SimpleNamespace(path=tmp_path, recipe="shop", short="1a2b3c4"))
    (tmp_path / "compose.yml").write_text("services: {db: {image: postgres}}\n")
    with pytest.raises(RecipeFailure, match=r"service named 'app'.* deployed have: db\.$"):
        fit_report.require_fit(tmp_path, checkout, RecipeConfig())


def test_a_recipe_that_is_not_enrolled_names_nothing(
    project: Path, source: Path, tmp_path: Path
) -> None:
    fit_report.require_fit(project, check_out("other", source, tmp_path / "copy"), RecipeConfig())


def test_the_command_says_what_is_taken(
    project: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit_report, "PROJECT", project)
    assert fit_report.main(["guestbook", "--source", str(source)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("guestbook at ") and said[0].endswith(f" of {source}")
    assert said[-1] == "recipes/guestbook/recipe.toml fits."
    assert "  sign-in is wired by compose.oidc.yml" in said
    assert "  overlay: extras/search.yml" in said
    assert "  service 'search' is search" in said
    # The first release has another way to sign in: none.
    assert any(
        line.startswith("  before an upgrade, at 1.0.0+1.0.0: way 2 of 2 to wire sign-in: ")
        for line in said
    )


def test_the_command_names_companions_and_refuses_those_that_are_not_there(
    project: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit_report, "PROJECT", project)
    path = project / "recipes" / "guestbook" / "recipe.toml"
    path.write_text(f'companions = ["post"]\n{FITS}', encoding="utf-8")
    assert fit_report.main(["guestbook", "--source", str(source)]) == 2
    assert "There is no companion 'post'" in capsys.readouterr().err
    companion = project / "resources" / "companions" / "post" / "recipe.toml"
    companion.parent.mkdir(parents=True)
    companion.write_text("", encoding="utf-8")
    assert fit_report.main(["guestbook", "--source", str(source)]) == 0
    assert "  companion: post" in capsys.readouterr().out.splitlines()


def test_the_command_says_what_is_missing_and_what_there_is(
    project: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit_report, "PROJECT", project)
    held(project, source, ('"SITE_TITLE"', '"PAGE_TITLE"'))
    assert fit_report.main(["guestbook", "--source", str(source), "--head", "1.1.0+1.0.0"]) == 1
    said = capsys.readouterr().out
    assert "recipe.toml:9: the recipe has no setting 'PAGE_TITLE'; closest: SITE_TITLE." in said
    assert "    services: app, sweeper, db, search" in said
    assert "    other overlays: none" in said
    assert "    settings: UPLOAD_LIMIT, MAIL_FROM, " in said
    assert said.splitlines()[-1].startswith("recipes/guestbook/recipe.toml does not fit: change")


def test_the_command_for_a_recipe_without_a_table(
    project: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit_report, "PROJECT", project)
    assert fit_report.main(["other", "--source", str(source)]) == 0
    said = capsys.readouterr().out
    assert "    volumes: uploads, db-data" in said
    assert said.endswith("There is no recipes/other/recipe.toml: nothing can be missing.\n")


@pytest.mark.parametrize("arguments", [["nowhere"], ["Nowhere"], ["guestbook", "--head", "gone"]])
def test_what_cannot_be_told_is_one_sentence(
    arguments: list[str],
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CCCI_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CCCI_SERVER_FILE", str(tmp_path / "none.toml"))
    recipes = fit_report.operators_recipes()
    recipes.mkdir(parents=True)
    (recipes / "guestbook").symlink_to(source)
    assert fit_report.main(arguments) == 2
    seen = capsys.readouterr()
    assert not seen.out and seen.err.count("\n") == 1
