"""What is wrong in the files of the recipe under test, as far as no deployment shows it."""

import re
from collections.abc import Iterable, Iterator

from ccci.deploy.driver import AppDriver
from ccci.deploy.lint import rules_in
from ccci.errors import RecipeFailure
from ccci.recipe.compose import services_of
from ccci.recipe.offered import SAMPLE, settings_in
from ccci.recipe.release import Release
from ccci.review.aliases import lost_aliases
from ccci.review.commands import lost_commands
from ccci.review.config_names import Config, changed_in_place, configs_of
from ccci.review.files import CommitFiles
from ccci.review.hooks import hooks_that_never_fail
from ccci.review.new_settings import untold
from ccci.review.overlays import Use, lost_overlays
from ccci.review.release_notes import unseen_notes
from ccci.review.replaced_defaults import changed_defaults
from ccci.review.routes import shared_names, without_certificate
from ccci.review.scripts import unreadable
from ccci.review.still_read import forgotten, unread
from ccci.review.swarm_names import names_of_no_app
from ccci.review.variables import lost_variables
from ccci.review.weaker import weaker

# abra reads these itself; no file of the recipe must.
_OF_ABRA = frozenset({"TYPE", "COMPOSE_FILE", "RECIPE", "ENABLE_AUTO_UPDATE", "POST_DEPLOY_CMDS"})
# The lint's rule that release tags are annotated.
_KIND_OF_TAGS = "R014"
# Which version of a secret an app has; it goes with the secret.
_VERSION = re.compile(r"SECRET_\w+_VERSION")


def check_lint(driver: AppDriver) -> None:
    """Fail when abra would refuse to deploy the head, were it released as it is.

    A run deploys it with `--chaos`, and abra then lints nothing. The rule on the kind of tags is
    left out: it is about the repository, not about the commit.

    Raises:
        RecipeFailure: a rule of severity `error` is violated; the sentence has abra's remedy.
        NodeFailure: abra could not lint, or printed no table.
    """
    errors = (
        f"{rule.ref}: {rule.text}. Mend it: {rule.remedy}."
        for rule in rules_in(driver.lint())
        if rule.severity == "error" and not rule.satisfied and rule.ref != _KIND_OF_TAGS
    )
    _fail_for("Expected no error in abra's lint, which refuses to deploy such a release", errors)


def check_scripts(driver: AppDriver) -> None:
    """Fail when a script of the head has an error of syntax.

    Raises:
        RecipeFailure: one has; the sentence has the file, the line and what its shell says.
    """
    _fail_for(
        "Expected every script to be readable by its shell", unreadable(driver.checkout.texts())
    )


def check_routes(driver: AppDriver) -> None:
    """Fail when a router, service or middleware of Traefik is not named for the app.

    Raises:
        RecipeFailure: one is not, or a router has no certificate; the sentence has the name.
    """
    labels = {service.short_name: service.labels for service in driver.services()}
    _fail_for(
        "Expected each name in Traefik to be the app's own, with ${STACK_NAME} in it: if two apps "
        "define one name, Traefik drops both",
        shared_names(labels, driver.app.stack),
    )
    _fail_for("Expected a certificate for each router", without_certificate(labels))


def check_hooks(driver: AppDriver) -> None:
    """Fail when a hook of the backup bot ends with exit code 0 whatever happened.

    Raises:
        RecipeFailure: one does; the sentence has the label.
    """
    labels = {service.short_name: service.labels for service in driver.services()}
    _fail_for(
        "Expected hooks to fail when the backup or the restore fails", hooks_that_never_fail(labels)
    )


def check_head_reads(driver: AppDriver, release: Release) -> None:
    """Fail when the head reads a setting or a secret no more, and offers it or tells nobody.

    Args:
        driver: the app's.
        release: the release before.

    Raises:
        RecipeFailure: it does; `[let_go]` of recipe.toml excuses a name.
    """
    head, before = _files(driver), _files(driver, release)
    note = _note(driver, head, release)
    parts = [part for parts in services_of(head.compose.values()).values() for part in parts]
    offered = [*settings_in(head.texts.get(SAMPLE, "")), *_secrets_of(parts)]
    names = [name for name in offered if name not in _OF_ABRA]
    _fail_but_for(
        driver,
        "Expected the head to use what it offers, as the release did",
        unread(names, head.texts, before.texts),
    )
    known = [
        name
        for name in settings_in(before.texts.get(SAMPLE, ""))
        if name not in _OF_ABRA and not _VERSION.fullmatch(name)
    ]
    _fail_but_for(
        driver,
        "Expected the head to read what apps may have set, or to tell in a release note that it "
        "reads it no more",
        forgotten(known, head.texts, before.texts, note),
    )
    _fail_but_for(
        driver,
        "Expected the commands that people run with 'abra app cmd', or a word in a release note",
        lost_commands(before.texts.get("abra.sh", ""), head.texts.get("abra.sh", ""), note),
    )
    _fail_but_for(
        driver,
        "Expected the variables that the release set for its services, or a word in a release note",
        lost_variables(before, head, note),
    )
    _fail_but_for(
        driver,
        "Expected names in the Swarm that are the app's own",
        names_of_no_app(before, head),
    )
    _fail_but_for(
        driver,
        "Expected a route for each host that apps may have, or a word in a release note",
        lost_aliases(before, head, note),
    )
    folder = driver.checkout.path
    use = Use(
        _deployed(driver),
        [name for name in before.compose if (folder / name).is_symlink()],
        note,
    )
    _fail_but_for(
        driver,
        "Expected the compose files that apps may use to be as good as in the release, or a word "
        "in a release note",
        lost_overlays(before, head, use),
    )


def check_new_settings(driver: AppDriver, release: Release) -> None:
    """Fail when an upgraded app lacks a setting that the head needs, and no release note tells.

    To be called after the upgrade, with the app's settings as they then are.

    Args:
        driver: the app's.
        release: the release that the app was upgraded from.

    Raises:
        RecipeFailure: it does; the sentence names the settings. Or a new release note has the name
            of no version; `[let_go]` of recipe.toml excuses it by its path.
    """
    head = _files(driver)
    _fail_but_for(
        driver,
        "Expected each release note to be called as its version",
        unseen_notes(
            head.texts,
            _files(driver, release).texts,
            str(driver.checkout.version or ""),
            driver.checkout.before,
        ),
    )
    known = {**driver.env, **head.exports}
    missing = untold(head, _deployed(driver), known, _note(driver, head, release))
    version = driver.checkout.version or "<version>"
    _fail_for(
        f"Expected a default where it is read, or a word in release/{version}, for each setting "
        "that .env.sample gained: an app that is upgraded has no value for it",
        missing,
    )


def check_configs(driver: AppDriver) -> None:
    """Fail when a config has the name that it had in a release, and another content.

    Raises:
        RecipeFailure: one has; `[let_go]` of recipe.toml excuses a config by its key.
    """
    found = {
        str(release): list(_configs(_files(driver, release))) for release in driver.checkout.before
    }
    _fail_but_for(
        driver,
        "Expected a new name for each config whose content changed",
        changed_in_place(list(_configs(_files(driver))), found),
    )


def check_not_weaker(driver: AppDriver, release: Release) -> None:
    """Fail when the head's .env.sample makes certificates or secrets weaker than the release's.

    Args:
        driver: the app's.
        release: the release before.

    Raises:
        RecipeFailure: it does; `[let_go]` of recipe.toml excuses a setting or a secret.
    """
    head, before = _files(driver), _files(driver, release)
    _fail_but_for(
        driver,
        "Expected the head to be no weaker",
        weaker(
            (head.texts.get(SAMPLE, ""), head.sample), (before.texts.get(SAMPLE, ""), before.sample)
        ),
    )
    _fail_but_for(
        driver,
        "Expected the defaults that the release had",
        changed_defaults(driver.config.replaced, head, before, _note(driver, head, release)),
    )


def _files(driver: AppDriver, release: Release | None = None) -> CommitFiles:
    return CommitFiles.of(driver.checkout.texts(release))


def _configs(files: CommitFiles) -> Iterator[Config]:
    return configs_of(files.compose, files.texts, files.exports)


def _deployed(driver: AppDriver) -> list[str]:
    folder = driver.checkout.path
    return [path.relative_to(folder).as_posix() for path in driver.compose_files()]


def _note(driver: AppDriver, head: CommitFiles, release: Release) -> str:
    """Return what people are told who upgrade from `release`: what its own notes told is old news.

    abra shows them the note of each release that they pass over, too.
    """
    before = driver.checkout.texts(release)
    newer = [other for other in driver.checkout.before if other > release]
    lines = []
    for name in (*newer, driver.checkout.version, "next"):
        old = set(before.get(f"release/{name}", "").splitlines())
        told = head.texts.get(f"release/{name}", "").splitlines()
        lines += [line for line in told if line not in old]
    return "\n".join(lines)


def _secrets_of(parts: Iterable[dict[str, object]]) -> Iterator[str]:
    for part in parts:
        entries = part.get("secrets")
        for entry in entries if isinstance(entries, list) else []:
            yield str(entry.get("source") if isinstance(entry, dict) else entry)


def _fail_but_for(driver: AppDriver, wanted: str, found: Iterable[tuple[str, str]]) -> None:
    excused = driver.config.let_go
    _fail_for(
        wanted,
        [sentence for name, sentence in found if name not in excused],
        "\nIf it is so on purpose, name it in [let_go] of recipe.toml with the reason.",
    )


def _fail_for(wanted: str, found: Iterable[str], remedy: str = "") -> None:
    sentences = list(found)
    if sentences:
        raise RecipeFailure(f"{wanted}:\n" + "\n".join(sentences) + remedy)
