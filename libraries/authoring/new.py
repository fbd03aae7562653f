"""`make new RECIPE=x`: the folders of a recipe, from its compose file and .env.sample.

What can be guessed is written; what only a person can write is there as a test or keyword that
fails by saying what to write, so that nothing is green by accident.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from ccci.errors import Misuse
from ccci.recipe import check_recipe_name
from ccci.server import load_server
from ccci.state import state_dir

from authoring.composefile import Recipe, read_recipe
from authoring.contract import to_write
from authoring.model import Finding, Project
from authoring.pages import write as write_pages
from authoring.parity import KNOWN

FUNCTIONAL = "2__functional.robot"
BROWSER = "3__browser.robot"
HEALTH_TEST = "The App Answers With Its Health Page"
SSO_TEST = "A User Signs In Through The Provider"
KNOWN_TESTS = {
    "goat_account.py": ("An Account Is Made By The Goat Client", "make an account and sign in"),
    "upload_conversion.py": ("An Upload Is Converted", "upload a file and fetch what it became"),
    "wopi_configured.py": ("The Office Server Is Discovered", "read the WOPI discovery document"),
    "meeting_flow.py": ("Two Users Meet In A Room", "two users join, and each sees the other"),
    "webrtc-media.py": ("Media Flows Between Two Users", "signalling, candidates, then media"),
}
WORDS = (
    ("Plant The Seed", "make data that can be found again, through the app itself"),
    ("The Seed Should Be There", "the data is found, unchanged, by another path"),
    ("The Seed Should Be Gone", "none of the data is found"),
    ("Change And Delete The Seed", "change one part of the data and delete another"),
    ("The App Should Work", "the one thing that the app is for still works"),
)


def make_recipe(root: Path, recipe: str, source: Path | None = None) -> list[Finding]:
    """Make recipes/<recipe>/ and suites/<recipe>/ and return what is left to write.

    Args:
        root: the project's folder.
        recipe: the recipe's name.
        source: the recipe's own repository; without it, the one among the server's recipes.

    Raises:
        Misuse: the name cannot be one, the folders are there already, or there is no such recipe.
            Nothing is left behind.

    Example:
        >>> make_recipe(Path("."), "n8n", Path("~/recipes/n8n").expanduser())
    """
    check_recipe_name(recipe)
    if recipe == "generic":
        raise Misuse("'generic' is the folder of the generic stages; a recipe needs another name.")
    places = {place: root / place / recipe for place in ("recipes", "suites")}
    for path in places.values():
        if path.exists() or path.is_symlink():
            raise Misuse(f"{path.relative_to(root)} is there already; nothing was changed.")
    seen = read_recipe(source if source is not None else _find(recipe))
    # Made aside and moved at the end: whatever goes wrong leaves no half recipe.
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    try:
        _write(aside / "recipes", _recipe_files(recipe, seen))
        _write(aside / "suites", _suite_files(recipe, seen))
        for stage in Project(root).generic_files:
            (aside / "suites" / stage.name).symlink_to(f"../generic/{stage.name}")
        for place, path in places.items():
            path.parent.mkdir(exist_ok=True)
            (aside / place).rename(path)
    except OSError as error:
        for path in places.values():
            shutil.rmtree(path, ignore_errors=True)
        raise Misuse(f"{recipe}: the folders cannot be made: {error}.") from None
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    write_pages(root)
    return [item for item in to_write(Project(root)) if f"/{recipe}/" in item.path]


def _find(recipe: str) -> Path:
    try:
        recipes = load_server().abra_dir.expanduser() / "recipes"
    except Misuse:
        # No server yet: the lab's own recipes may be there all the same.
        recipes = state_dir() / "lab" / "abra" / "recipes"
    folder = recipes / recipe
    if not (folder / "compose.yml").is_file():
        raise Misuse(
            f"There is no recipe '{recipe}' in {recipes}. Name its repository: "
            f"make new RECIPE={recipe} SOURCE=<folder with compose.yml>."
        )
    return folder


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(mode=0o755)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def _recipe_files(recipe: str, seen: Recipe) -> dict[str, str]:
    return {
        "recipe.toml": _settings(recipe, seen),
        f"{recipe}.resource": _resource(recipe),
        "PARITY.md": _parity(recipe, seen),
    }


def _suite_files(recipe: str, seen: Recipe) -> dict[str, str]:
    files = {FUNCTIONAL: _functional(recipe, seen)}
    if seen.has_router:
        files[BROWSER] = _browser(recipe)
    return files


def _settings(recipe: str, seen: Recipe) -> str:
    databases = [service for service in seen.services if service.is_database]
    lines = [f"# {recipe}. docs/enroll-recipe.md explains each key."]
    lines += [f"# Service {service.name}: {service.image}" for service in seen.services]
    lines.append(f"# Volumes: {', '.join(seen.volumes) or 'none'}.")
    if seen.overlays:
        lines.append(f"# Overlays to choose from by COMPOSE_FILE: {', '.join(seen.overlays)}.")
    backed_up = ", ".join(seen.backed_up) or "no service: a backup would hold nothing"
    lines.append(f"# Backup labels on: {backed_up}.")
    lines.append(f"weight = {1 + len(databases)}")
    lines.append(f'health_path = "{seen.health_path}"')
    if seen.timeout_seconds is not None:
        lines.append(f"timeout_seconds = {seen.timeout_seconds}")
    if seen.sso_settings:
        lines += ["", f"# Settings of single sign-on: {', '.join(seen.sso_settings)}."]
        lines += ["# Once a provider is enrolled:", "# [sso]", '# provider = "keycloak"']
    if not seen.has_router:
        lines += ["", "[browser]"]
        lines.append('none = "The compose file names no HTTP router, so there is no page to open."')
    return "\n".join(lines) + "\n"


def _resource(recipe: str) -> str:
    lines = [
        "*** Settings ***",
        f"Documentation       Words of {recipe}: what its users do, and what should then be so.",
        "",
        "Resource            lifecycle.resource",
        "Resource            http.resource",
        "",
        "",
        "*** Keywords ***",
    ]
    for name, what in WORDS:
        lines += [name, f"    [Documentation]    {what[0].upper()}{what[1:]}."]
        lines += [f"    Fail    Write this keyword: {what}.", ""]
    return "\n".join(lines[:-1]) + "\n"


def _tests(recipe: str, seen: Recipe) -> list[tuple[str, str]]:
    tests = [KNOWN_TESTS[file] for file in KNOWN.get(recipe, ())]
    if seen.sso_settings:
        tests.append((SSO_TEST, "sign in by the provider, and call what needs a signed-in user"))
    return [
        *tests,
        ("What Was Created Is Read Back By Another Path", "create an object, read it elsewhere"),
        ("What Sets This App Apart Works", "media, federation, conversion: what it is known for"),
    ]


def _functional(recipe: str, seen: Recipe) -> str:
    lines = [
        "*** Settings ***",
        f"Documentation       Say in one sentence what {recipe} does for its users.",
        "",
        f"Resource            {recipe}/{recipe}.resource",
        "",
        "Suite Setup         Use The Head Deployment",
        "",
        "Test Tags           functional",
        "",
        "",
        "*** Test Cases ***",
        HEALTH_TEST,
        "    The App Should Be Healthy",
    ]
    for name, what in _tests(recipe, seen):
        lines += ["", name, f"    Fail    Write this test: {what}."]
    return "\n".join(lines) + "\n"


def _browser(recipe: str) -> str:
    return f"""\
*** Settings ***
Documentation       A person uses {recipe} in a browser.

Resource            {recipe}/{recipe}.resource
Resource            browser.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
A Person Makes Something And Sees It
    Fail    Write this test: sign in, make the object, see it, and show it in the log.
"""


def _parity(recipe: str, seen: Recipe) -> str:
    rows = [("health_check.py", HEALTH_TEST, "the app's address answers as a healthy one does")]
    rows += [(file, *KNOWN_TESTS[file]) for file in KNOWN.get(recipe, ())]
    if seen.sso_settings:
        rows.append(("oidc_login.py", SSO_TEST, "a user of the provider can sign in"))
    lines = [
        f"# Parity of {recipe}",
        "",
        "The older corpus of human-maintained tests is known by its file names; each row says",
        "which test here verifies the same thing.",
        "",
        "| older test | test here | what it verifies |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| recipe-info/{recipe}/tests/{file} | {FUNCTIONAL} :: {test} | {what} |"
        for file, test, what in rows
    ]
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Make the folders of a recipe; what only a person can write is named, one line each."""
    parser = argparse.ArgumentParser(prog="authoring.new", description=main.__doc__)
    parser.add_argument("recipe", metavar="RECIPE")
    parser.add_argument("--source", type=Path, help="the recipe's own repository")
    parser.add_argument("--root", type=Path, default=Path.cwd())
    options = parser.parse_args(argv)
    root = options.root.resolve()
    try:
        left = make_recipe(root, options.recipe, options.source)
    except Misuse as error:
        print(error, file=sys.stderr)
        return 2
    print(f"made recipes/{options.recipe}/ and suites/{options.recipe}/; to write:")
    for item in left:
        print(f"  {item}")
    print(f"then: make check, and make run RECIPE={options.recipe}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
