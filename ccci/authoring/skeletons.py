"""The first text of a new recipe's files: guesses, and tests that fail until they are written."""

from ccci.authoring.composefile import Recipe
from ccci.authoring.parity import KNOWN

FUNCTIONAL = "2__functional.robot"
BROWSER = "3__browser.robot"
HEALTH_TEST = "The App Answers With Its Health Page"
VERSION_TEST = "The Server Is The Version That The Recipe Names"
REFUSED_TEST = "Strangers And Wrong Passwords Are Refused"
SSO_TEST = "A User Signs In Through The Provider"
KNOWN_TESTS = {
    "goat_account.py": ("An Account Is Made By The Goat Client", "make an account and sign in"),
    "upload_conversion.py": ("An Upload Is Converted", "upload a file and fetch what it became"),
    "wopi_configured.py": ("The Office Server Is Discovered", "read the WOPI discovery document"),
    "meeting_flow.py": ("Two Users Meet In A Room", "two users join, and each sees the other"),
    "webrtc-media.py": ("Media Flows Between Two Users", "signalling, candidates, then media"),
}
KEYWORDS = (
    ("Plant The Seed", "make data that can be found again, through the app itself"),
    ("The Seed Should Be There", "the data is found, unchanged, by another path"),
    ("The Seed Should Be Gone", "none of the data is found"),
    ("Change And Delete The Seed", "change one part of the data and delete another"),
    ("The App Should Work", "the one thing that the app is for still works"),
)


def recipe_files(recipe: str, seen: Recipe) -> dict[str, str]:
    """Return name and text of the files of recipes/<recipe>/."""
    return {
        "recipe.toml": _settings(recipe, seen),
        f"{recipe}.resource": _resource(recipe),
        "PARITY.md": _parity(recipe, seen),
        "NOTES.md": f"# Notes on {recipe}\n\nDecisions that concern this recipe alone.\n",
        "defects.toml": _defects(recipe),
    }


def suite_files(recipe: str, seen: Recipe) -> dict[str, str]:
    """Return name and text of the recipe's own files in suites/<recipe>/."""
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
    if not seen.has_router:
        lines.append(
            "# No service has a page: health_tls_port may have to take the place of health_path."
        )
    lines.append(f'health_path = "{seen.health_path}"')
    if seen.timeout_seconds is not None:
        lines.append(f"timeout_seconds = {seen.timeout_seconds}")
    lines += [
        "",
        "# What people entrust to the app, a line each. Keywords tagged holds:posts plant it, find",
        "# it, and see that it is gone.",
        "[holds]",
        '# posts = "a published post and its picture"',
    ]
    if seen.mail_settings:
        lines += [
            "",
            f"# Settings of mail: {', '.join(seen.mail_settings)}.",
            "# For tests that read what the app sends, above all tables:",
            '# companions = ["mail"]',
        ]
    if seen.sso_settings:
        lines += [
            "",
            f"# Settings of single sign-on: {', '.join(seen.sso_settings)}.",
            "# Once a provider is enrolled:",
            "# [sso]",
            '# provider = "keycloak"',
            "#",
            "# [[sign_in.wiring]]",
            '# overlay = "compose.oidc.yml"',
            f'# settings = {{ {seen.sso_settings[0]} = "{{issuer}}" }}',
            '# secret = { client_secret = "{client_secret}" }',
        ]
    if not seen.has_router:
        lines += ["", "[browser]"]
        lines.append('none = "The compose file names no HTTP router, so there is no page to open."')
    return "\n".join(lines) + "\n"


def _resource(recipe: str) -> str:
    lines = [
        "*** Settings ***",
        f"Documentation       Keywords of {recipe}: what its users do, and what should then be so.",
        "",
        "Resource            lifecycle.resource",
        "Resource            api.resource",
        "",
        "",
        "*** Keywords ***",
        "Make An Account",
        "    [Documentation]    The app gets an account of this name; returns it.",
        "    [Arguments]    ${name}",
        "    ${account}=    New Account    ${name}",
        "    Fail    Write this keyword: tell the app of ${account.name} by Call API.",
        "    RETURN    ${account}",
        "",
    ]
    for name, what in KEYWORDS:
        lines += [name, f"    [Documentation]    {what[0].upper()}{what[1:]}."]
        lines += [f"    Fail    Write this keyword: {what}.", ""]
    return "\n".join(lines[:-1]) + "\n"


def _tests(recipe: str, seen: Recipe) -> list[tuple[str, str]]:
    tests = [KNOWN_TESTS[file] for file in KNOWN.get(recipe, ())]
    if seen.sso_settings:
        tests.append((SSO_TEST, "sign in by the provider, and call what needs a signed-in user"))
    return [
        (VERSION_TEST, "what the server says of its version is what the label promises"),
        *tests,
        (REFUSED_TEST, "who is nobody, or has a wrong password, is refused everything"),
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


def _defects(recipe: str) -> str:
    return f"""\
# How {recipe} may break, and the stage that must notice. docs/enroll-recipe.md has the keys.
#
# [[defect]]
# name = "the volume is not mounted"
# replace = "    volumes:\\n      - data:/data\\n"
# with = ""
# before = ["install"]
# stage = "restart"
# message = "404 != 200"
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
