"""Findings in the recipe's files fail their test, unless recipe.toml lets them go."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ccci.deploy.driver import AppDriver
from ccci.errors import RecipeFailure
from ccci.recipe.config import load_recipe_config
from ccci.recipe.release import parse_release
from ccci.run import checks, files_review

RELEASE = parse_release("1.0.0+1")
HEAD = parse_release("1.1.0+1")
COMPOSE = "services: {app: {image: shop, environment: ['TZ=${ZONE}'], secrets: [key]}}\n"
REASON = '"It takes the time zone of the browser now."'


def _driver(
    folder: Path, head: dict[str, str], release: dict[str, str], toml: str = ""
) -> AppDriver:
    (folder / "recipe.toml").write_text(toml)
    (folder / "compose.yml").write_text(head["compose.yml"])
    checkout = SimpleNamespace(
        texts=lambda at=None: release if at else head,
        before=[RELEASE],
        version=HEAD,
        path=folder,
    )
    driver = SimpleNamespace(
        checkout=checkout,
        config=load_recipe_config(folder / "recipe.toml"),
        env={"DOMAIN": "shop.lab.test"},
        compose_files=lambda: [folder / "compose.yml"],
    )
    return cast(AppDriver, driver)


def test_an_error_of_the_lint_fails_but_for_the_kind_of_tags() -> None:
    def driver(*rows: str) -> AppDriver:
        heading = "│ REF │ RULE │ SEVERITY │ SATISFIED │ SKIPPED │ HOW TO FIX │"
        return cast(AppDriver, SimpleNamespace(lint=lambda: "\n".join((heading, *rows))))

    fine = "│ R009 │ one service named 'app' │ error │ ✅ │ - │ name a service 'app' │"
    tags = "│ R014 │ only annotated tags │ error │ ❌ │ - │ replace lightweight tag │"
    warning = "│ R015 │ long secret names │ warn │ ❌ │ - │ reduce length │"
    files_review.check_lint(driver(fine, tags, warning))
    untagged = "│ R003 │ all images use a tag │ error │ ❌ │ - │ use a tag for all images │"
    with pytest.raises(RecipeFailure, match=r"R003: all images use a tag\. Mend it: use a tag for"):
        files_review.check_lint(driver(fine, tags, warning, untagged))


def test_a_compose_file_that_apps_may_use_must_stay(tmp_path: Path) -> None:
    head = {"compose.yml": COMPOSE, ".env.sample": "ZONE=UTC\n"}
    before = {**head, "compose.sqlite.yml": "services: {}\n"}
    with pytest.raises(RecipeFailure, match=r"'compose\.sqlite\.yml' is gone"):
        files_review.check_head_reads(_driver(tmp_path, head, before), RELEASE)
    # What the release's own note told is old news.
    note = {"release/1.1.0+1": "For SQLite use compose.sqlite.yml.\n"}
    with pytest.raises(RecipeFailure, match=r"'compose\.sqlite\.yml' is gone"):
        files_review.check_head_reads(_driver(tmp_path, head | note, before | note), RELEASE)
    files_review.check_head_reads(_driver(tmp_path, head | note, before), RELEASE)
    excused = f'[let_go]\n"compose.sqlite.yml" = {REASON}\n'
    files_review.check_head_reads(_driver(tmp_path, head, before, excused), RELEASE)


def test_a_command_that_people_run_must_stay(tmp_path: Path) -> None:
    head = {"compose.yml": COMPOSE, "abra.sh": "new_user() { true; }\n"}
    before = {**head, "abra.sh": "add_user() { true; }\n"}
    with pytest.raises(RecipeFailure, match=r"'add_user' is no command of abra\.sh"):
        files_review.check_head_reads(_driver(tmp_path, head, before), RELEASE)
    excused = f"[let_go]\nadd_user = {REASON}\n"
    files_review.check_head_reads(_driver(tmp_path, head, before, excused), RELEASE)


def test_a_variable_that_a_service_had_must_stay(tmp_path: Path) -> None:
    before = {"compose.yml": COMPOSE.replace("'TZ=${ZONE}'", "'TZ=${ZONE}', HOPS=1")}
    head = {"compose.yml": COMPOSE}
    with pytest.raises(RecipeFailure, match="'app: variable HOPS': a compose file of the release"):
        files_review.check_head_reads(_driver(tmp_path, head, before), RELEASE)
    excused = f'[let_go]\n"app: variable HOPS" = {REASON}\n'
    files_review.check_head_reads(_driver(tmp_path, head, before, excused), RELEASE)
    told = {**head, "release/next": "HOPS is 1 by default now."}
    files_review.check_head_reads(_driver(tmp_path, told, before), RELEASE)


def test_what_is_let_go_fails_nothing(tmp_path: Path) -> None:
    before = {"compose.yml": COMPOSE, ".env.sample": "ZONE=UTC\n"}
    head = {**before, "compose.yml": COMPOSE.replace("${ZONE}", "UTC")}
    with pytest.raises(RecipeFailure) as failure:
        files_review.check_head_reads(_driver(tmp_path, head, before), RELEASE)
    assert str(failure.value) == (
        "Expected the head to use what it offers, as the release did:\n"
        "'ZONE' is still offered, and no file reads it: compose.yml did before.\n"
        "If it is so on purpose, name it in [let_go] of recipe.toml with the reason."
    )
    excused = _driver(tmp_path, head, before, f"[let_go]\nZONE = {REASON}\n")
    files_review.check_head_reads(excused, RELEASE)


def test_a_setting_that_apps_have_must_not_lose_its_meaning_unseen(tmp_path: Path) -> None:
    before = {"compose.yml": COMPOSE, ".env.sample": "ZONE=UTC\nSECRET_OLD_VERSION=v1\n"}
    head = {"compose.yml": COMPOSE.replace("ZONE", "TIME_ZONE"), ".env.sample": "TIME_ZONE=UTC\n"}
    with pytest.raises(RecipeFailure, match=r"'ZONE' was read by compose\.yml, and is now in no"):
        files_review.check_head_reads(_driver(tmp_path, head, before), RELEASE)
    told = {**head, "release/next": "ZONE is TIME_ZONE now."}
    files_review.check_head_reads(_driver(tmp_path, told, before), RELEASE)


def test_a_default_that_a_run_replaces_is_compared(tmp_path: Path) -> None:
    compose = COMPOSE.replace("${ZONE}", "${ZONE:-UTC}")
    before = {"compose.yml": compose, ".env.sample": ""}
    head = {"compose.yml": compose.replace("UTC", "CET"), ".env.sample": ""}
    toml = '[env]\nZONE = "Asia/Tokyo"\n'
    with pytest.raises(RecipeFailure, match="'ZONE' is 'CET' by default and was 'UTC'"):
        files_review.check_not_weaker(_driver(tmp_path, head, before, toml), RELEASE)
    files_review.check_not_weaker(_driver(tmp_path, head, before), RELEASE)


def test_a_new_setting_needs_a_default_or_a_note(tmp_path: Path) -> None:
    before = {"compose.yml": COMPOSE, ".env.sample": ""}
    head = {"compose.yml": COMPOSE, ".env.sample": "ZONE=UTC\n"}
    with pytest.raises(RecipeFailure, match=r"a word in release/1\.1\.0\+1.*\nZONE$"):
        files_review.check_new_settings(_driver(tmp_path, head, before), RELEASE)
    told = {**head, "release/1.1.0+1": "Set ZONE to your time zone."}
    files_review.check_new_settings(_driver(tmp_path, told, before), RELEASE)


def test_the_note_of_a_release_passed_over_counts(tmp_path: Path) -> None:
    """abra shows it as well; what was told before the app's own release is old news."""
    before = {"compose.yml": COMPOSE, ".env.sample": ""}
    note = {"release/1.0.0+1": "Set ZONE to your time zone."}
    told = {**before, **note, ".env.sample": "ZONE=UTC\n"}
    oldest = parse_release("0.9.0+1")
    files_review.check_new_settings(_driver(tmp_path, told, before), oldest)
    with pytest.raises(RecipeFailure, match=r"\nZONE$"):
        files_review.check_new_settings(_driver(tmp_path, told, before | note), RELEASE)


def test_configs_and_secrets_are_compared_with_releases(tmp_path: Path) -> None:
    config = "configs: {ini: {name: '${STACK_NAME}_ini_v1', file: app.ini}}\n"
    sample = "SECRET_KEY_VERSION=v1 # length=32\n"
    before = {"compose.yml": COMPOSE + config, "app.ini": "a", ".env.sample": sample}
    head = {**before, "app.ini": "b", ".env.sample": sample.replace("32", "8")}
    driver = _driver(tmp_path, head, before)
    with pytest.raises(RecipeFailure, match="config 'ini' is 'ini_v1' with another content"):
        files_review.check_configs(driver)
    with pytest.raises(RecipeFailure, match="secret 'key' has 8 characters and had 32"):
        files_review.check_not_weaker(driver, RELEASE)
    files_review.check_configs(_driver(tmp_path, before, before))


def test_a_secret_in_a_log_is_named_and_not_shown(tmp_path: Path) -> None:
    secrets = {"db_password": "s3cret-of-the-app", "pin": "1234"}
    logs = {"app": "+ DATABASE_URL=postgres://x:s3cret-of-the-app@db 1234", "db": "ready"}
    driver = _driver(tmp_path, {"compose.yml": COMPOSE}, {})
    driver = cast(
        AppDriver,
        SimpleNamespace(
            config=driver.config,
            app=SimpleNamespace(domain="shop.lab.test"),
            record=SimpleNamespace(credentials=SimpleNamespace(below=lambda _: secrets)),
            services=lambda: [SimpleNamespace(short_name=name) for name in logs],
            target=SimpleNamespace(
                swarm=SimpleNamespace(last_log_lines=lambda s, lines: logs[s.short_name])
            ),
        ),
    )
    with pytest.raises(RecipeFailure, match="'db_password' is in the log of service 'app'") as seen:
        checks.check_logs(driver)
    assert "s3cret" not in str(seen.value)
    assert "pin" not in str(seen.value)
    assert 'as "app: log of db_password"' in str(seen.value)
    driver.config.let_go["app: log of db_password"] = REASON
    checks.check_logs(driver)
