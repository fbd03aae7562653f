"""A setup script wires an app and a live Keycloak before the app's first deployment."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lab.suite_runs import (
    RESULTS,
    SuiteRun,
    changed_recipe,
    copied_project,
    leftovers_of,
    start_suite_of,
)

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

# Makes realm and client, tells the app of both; the secret is also written to a file for the test.
SCRIPT = """#!/usr/bin/env python3
import json, os, secrets, subprocess, sys
from pathlib import Path

from ccci.recipe.envfile import set_env
from ccci.web.http import Client
from ccci.sso.keycloak import KeycloakAdmin
from ccci.sso.oidc import OidcClient, Registration
from ccci.node.server import load_server

told = os.environ
provider = json.loads(Path(told["CCCI_DEPS_FILE"]).read_text())["keycloak"]
password = provider["credentials"]["admin_password"]
admin = KeycloakAdmin(Client(load_server()), provider["url"], "admin", password)
secret = secrets.token_urlsafe(24)
Path(told["CCCI_CREDENTIALS_FILE"]).write_text(json.dumps({"pages client": secret}))
Path("seen.txt").write_text(secret + "\\n" + password)
print("the client's secret is", secret, "and the administrator's is", password)
assert Path(told["CCCI_DEPS_FILE"]).stat().st_mode & 0o777 == 0o600
realm = admin.make_realm(provider["realm"])
client = OidcClient(provider["client_id"], secret)
admin.make_client(realm, client, Registration(told["CCCI_APP_URL"] + "/back"))
set_env(Path(told["CCCI_APP_ENV"]), {"OIDC_ISSUER": realm.issuer})
inserted = Path("client_secret")
inserted.touch(0o600)
inserted.write_text(secret)
words = ["app", "secret", "insert", told["CCCI_APP_DOMAIN"], "client_secret", "v1", inserted]
subprocess.run([told["ABRA"], *words, "-f", "-n", "-o", "-C"], check=True)
inserted.unlink()
"""


def needs_both(compose: str) -> str:
    """Make the app healthy only with the secret and the setting."""
    plain = '["CMD", "curl", "-fsS", "-o", "/dev/null", "http://localhost/.well-known/health"]'
    assert plain in compose
    wired = 'test -s /run/secrets/client_secret && test -n \\"$$OIDC_ISSUER\\"'
    both = f'["CMD-SHELL", "{wired} && curl -fsS http://localhost/.well-known/health"]'
    secret = "${STACK_NAME}_client_secret_${SECRET_CLIENT_SECRET_VERSION}"
    return (
        compose.replace(plain, both)
        .replace("      - DOMAIN\n", "      - DOMAIN\n      - OIDC_ISSUER\n")
        .replace("    networks:\n", "    secrets:\n      - client_secret\n    networks:\n", 1)
        + f"\nsecrets:\n  client_secret:\n    external: true\n    name: {secret}\n"
    )


def project_with(folder: Path, script: str) -> Path:
    """Return a copy of this project whose custom-html signs users in by a setup script."""
    project = copied_project(folder)
    recipe = project / "recipes" / "custom-html"
    with (recipe / "recipe.toml").open("a") as settings:
        settings.write('\n[sso]\nprovider = "keycloak"\nsetup_script = "setup.py"\n')
    (recipe / "setup.py").write_text(script)
    (recipe / "setup.py").chmod(0o755)
    return project


def install(folder: Path, script: str) -> tuple[SuiteRun, dict[str, Any]]:
    """Run the stage install with a setup script; return the run and its results."""
    project = project_with(folder, script)
    source = changed_recipe(
        folder, needs_both, "SECRET_CLIENT_SECRET_VERSION=v1 # generate=false\n"
    )
    run = start_suite_of(
        project, "custom-html", "--suite", "install", "--variable", f"RECIPE_SOURCE:{source}"
    )
    run.finish(600)
    assert run.output.count("running setup.py") == 1, run.output
    results = RESULTS / "custom-html" / run.run_id
    assert leftovers_of(run.stack, run.run_id) == []
    secret, password = (project / "recipes" / "custom-html" / "seen.txt").read_text().splitlines()
    for path in [*results.rglob("*.*"), *(folder / "output").rglob("*.*")]:
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
            assert password.encode() not in path.read_bytes(), path
    assert secret not in run.output and password not in run.output
    found: dict[str, Any] = json.loads((results / "results.json").read_text())
    return run, found


def test_the_app_is_wired_before_its_first_and_only_deployment(tmp_path: Path) -> None:
    run, results = install(tmp_path, SCRIPT)
    assert results["stages"]["install"] == "passed", run.output
    said = run.output
    assert said.count("deploying custom-html-pr0-") == 1
    assert said.index("running setup.py") < said.index("deploying custom-html-pr0-")


def test_its_failure_is_incomplete_with_its_last_lines(tmp_path: Path) -> None:
    run, results = install(
        tmp_path, SCRIPT.replace('admin.make_realm(provider["realm"])', "sys.exit(4)")
    )
    assert results["stages"]["install"] == "incomplete", run.output
    assert "Incomplete: The setup script setup.py ended with exit code 4:" in run.output
    assert "the client's secret is <secret> and the administrator's is <secret>" in run.output
    assert "deploying custom-html-pr0-" not in run.output
