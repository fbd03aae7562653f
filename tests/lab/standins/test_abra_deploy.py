"""The lab's abra, compared with docs/abra.md: deployments on a real Docker daemon.

The docstring of each test names the section of docs/abra.md that it checks.
"""

import re
import time
from collections.abc import Iterator

import pytest

from tests.abra_home import NEW, OLD, RECIPE, AbraHome
from tests.lab.standins.abra_site import (
    abra_site,
    change,
    docker,
    labels_of,
    left_of,
    new_app,
    service_of,
    stack_of,
    wait_updated,
)

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AbraHome]:
    with abra_site(tmp_path_factory.mktemp("deploy")) as made:
        yield made


@pytest.fixture
def app(home: AbraHome, request: pytest.FixtureRequest) -> Iterator[str]:
    """A new app with its secrets. All apps are removed together, as each takes seconds to stop."""
    number = list(request.session.items).index(request.node)
    yield new_app(home, f"abra-{number}.lab.test", OLD)
    home.git("checkout", "--quiet", "--force", "main")


def test_new_deploy_undeploy_remove(home: AbraHome) -> None:
    """1.2 undeploy: 'data and secrets stay'; remove: 'refuses while deployed; removes secrets,
    volumes, then the .env'; 2: names of secrets, configs, volumes and services."""
    domain = new_app(home, "abra-cycle.lab.test", OLD)
    stack = stack_of(domain)
    started = time.monotonic()
    done = home.abra("app", "deploy", "-nD", domain)
    assert done.code == 0, done.err
    assert time.monotonic() - started < 60
    assert left_of(domain) == {
        "services": [f"{stack}_app"],
        "secrets": [f"{stack}_phrase_v1", f"{stack}_token_v1"],
        "configs": [f"{stack}_greeting_v1"],
        "volumes": [f"{stack}_data"],
        "networks": [],
    }
    refused = home.abra("app", "remove", "-n", domain)
    assert refused.code == 1 and "still deployed" in refused.err
    assert home.abra("app", "undeploy", "-n", domain).code == 0
    assert left_of(domain)["services"] == []
    assert left_of(domain)["volumes"] and left_of(domain)["secrets"]
    again = home.abra("app", "undeploy", "-n", domain)
    assert again.code == 1 and "is not deployed" in again.err
    assert home.abra("app", "remove", "-n", domain).code == 0
    left = left_of(domain)
    assert not left["volumes"] and not left["secrets"]
    assert not home.env_of(domain).exists()


def test_upgrade_and_rollback(home: AbraHome, app: str) -> None:
    """1.2 upgrade / rollback; 1.4, a success writes the version back."""
    refused = home.abra("app", "upgrade", "-nD", app)
    assert refused.code == 1 and "is not deployed" in refused.err
    assert home.abra("app", "deploy", "-nD", app).code == 0
    before = service_of(app)["Version"]["Index"]
    assert home.abra("app", "upgrade", "-nD", app).code == 0
    # It is deployed, has converged, and its version is pinned.
    assert service_of(app)["Version"]["Index"] > before
    assert labels_of(app)["version"] == NEW
    assert home.type_of(app) == f"{RECIPE}:{NEW}"
    assert service_of(app)["UpdateStatus"]["State"] == "completed"
    at_end = home.abra("app", "upgrade", "-nD", app)
    assert at_end.code == 0 and "no available upgrades" in at_end.err
    wrong = home.abra("app", "upgrade", "-nD", app, OLD)
    assert wrong.code == 1 and f"{OLD} is not a upgrade for {NEW}" in wrong.err
    unknown = home.abra("app", "rollback", "-nD", app, "9.9.9+1")
    assert unknown.code == 1 and "no version '9.9.9+1'" in unknown.err
    wait_updated(app)
    assert home.abra("app", "rollback", "-nDc", app).code == 0
    assert labels_of(app)["version"] == OLD
    assert home.type_of(app) == f"{RECIPE}:{OLD}"


def test_chaos_deploys_what_is_checked_out(home: AbraHome, app: str) -> None:
    """1.4 Chaos; labels: chaos-version with +U, the version label is the compose file's."""
    assert home.abra("app", "deploy", "-nDc", app).code == 0
    home.git("checkout", "--quiet", "main")
    head = home.git("rev-parse", "HEAD")
    (home.checkout / "README.md").write_text("changed\n", encoding="utf-8")
    # With chaos, a deployed app is deployed again without -f.
    wait_updated(app)
    done = home.abra("app", "deploy", "-nDcC", app)
    assert done.code == 0, done.err
    assert home.git("rev-parse", "HEAD") == head
    assert labels_of(app) == {
        "recipe": RECIPE,
        "chaos": "true",
        "chaos-version": f"{head[:8]}+U",
        "version": NEW,
        "timeout": "20",
    }
    assert home.type_of(app) == f"{RECIPE}:{head[:8]}+U"
    rows = home.abra("app", "ls", "-mS").json["default"]["apps"]
    row = next(row for row in rows if row["domain"] == app)
    assert (row["chaos"], row["chaosVersion"], row["version"]) == ("true", f"{head[:8]}+U", NEW)
    # After a release is deployed, the labels of chaos are gone.
    home.git("checkout", "--quiet", "--", ".")
    wait_updated(app)
    assert home.abra("app", "deploy", "-nDcf", app, NEW).code == 0
    assert labels_of(app) == {"recipe": RECIPE, "chaos": "false", "version": NEW, "timeout": "20"}


def test_version_choice(home: AbraHome, app: str) -> None:
    """1.4: (1) the command line, (2) TYPE, (3) with --latest the latest release."""
    assert home.abra("app", "deploy", "-nDc", app).code == 0
    assert labels_of(app)["version"] == OLD
    wait_updated(app)
    assert home.abra("app", "deploy", "-nDcf", "--latest", app).code == 0
    assert labels_of(app)["version"] == NEW
    commit = home.git("rev-parse", f"{OLD}^{{commit}}")[:8]
    wait_updated(app)
    assert home.abra("app", "deploy", "-nDcf", app, commit).code == 0
    assert labels_of(app)["version"] == commit
    wrong = home.abra("app", "deploy", "-nDcf", app, "9.9.9+9")
    assert wrong.code == 1 and "'9.9.9+9'" in wrong.err


def test_a_deployment_that_never_converges(home: AbraHome, app: str) -> None:
    """1.2 -c; 6.1 'FATA deploy timed out'; 2, TIMEOUT has an effect by the label; 1.4, only a
    success writes the version back."""
    home.git("checkout", "--quiet", "main")
    broken = 'version: "3.8"\nservices:\n  app:\n    command: ["sh", "-c", "exit 3"]\n'
    (home.checkout / "compose.broken.yml").write_text(broken, encoding="utf-8")
    change(home, app, TIMEOUT="2", COMPOSE_FILE='"$COMPOSE_FILE:compose.broken.yml"')
    started = time.monotonic()
    done = home.abra("app", "deploy", "-nDC", app)
    (home.checkout / "compose.broken.yml").unlink()
    assert done.code == 1
    assert re.search(r"FATA deploy timed out after 2 s: abra-\d+_lab_test_app 0/1 \(.+\)", done.err)
    assert 2 <= time.monotonic() - started < 60
    assert home.type_of(app) == f"{RECIPE}:{OLD}"


def test_secrets_are_checked_first(home: AbraHome) -> None:
    """1.4, 'secret not generated: x' / 'secret not inserted (#generate=false): x'; 2, only the
    secrets of the active COMPOSE_FILE."""
    domain = "abra-sec.lab.test"
    home.abra("app", "new", RECIPE, OLD, "-n", f"--domain={domain}", "--server=default")
    refused = home.abra("app", "deploy", "-nD", domain)
    assert refused.code == 1
    assert "FATA secret not generated: abra-sec_lab_test_token_v1" in refused.err
    values = {
        row["name"]: row["value"]
        for row in home.abra("app", "secret", "generate", "-am", domain).json
    }
    assert re.fullmatch(r"[0-9a-f]{24}", values["token"])
    assert re.fullmatch(r"[a-z-]{20,}", values["phrase"])
    assert set(values) == {"token", "phrase"}
    again = home.abra("app", "secret", "generate", "-am", domain)
    assert (again.code, again.json) == (0, [])
    assert "already exists" in again.err
    change(home, domain, COMPOSE_FILE='"$COMPOSE_FILE:compose.extra.yml"')
    refused = home.abra("app", "deploy", "-nD", domain)
    assert refused.code == 1
    assert "secret not inserted (#generate=false): abra-sec_lab_test_given_v1" in refused.err


def test_secret_insert_list_and_rm(home: AbraHome) -> None:
    """1.2 app secret: insert -f, ls -m, rm; no terminal needed."""
    domain = new_app(home, "abra-ins.lab.test", OLD)
    change(home, domain, COMPOSE_FILE='"$COMPOSE_FILE:compose.extra.yml"')
    (home.path / "value").write_text("canary\n", encoding="utf-8")
    insert = ["app", "secret", "insert", "-n", domain, "given", "v1"]
    assert home.abra(*insert, "value", "-f").code == 0
    twice = home.abra(*insert, "other")
    assert twice.code == 1 and "already exists" in twice.err
    assert "canary" not in twice.err + twice.out
    rows = {row["name"]: row for row in home.abra("app", "secret", "ls", "-m", domain).json}
    assert rows["given"] == {
        "name": "given",
        "version": "v1",
        "generated-name": "abra-ins_lab_test_given_v1",
        "created-on-server": "true",
    }
    assert home.abra("app", "secret", "rm", "-n", domain, "given").code == 0
    rows = {row["name"]: row for row in home.abra("app", "secret", "ls", "-m", domain).json}
    assert rows["given"]["created-on-server"] == "false"
    gone = home.abra("app", "secret", "rm", "-n", domain, "given")
    assert gone.code == 1 and "doesn't exist" in gone.err
    assert home.abra("app", "secret", "rm", "-na", domain).code == 0
    assert left_of(domain)["secrets"] == []
    one = home.abra("app", "secret", "generate", "-m", domain, "token", "v1")
    assert [row["name"] for row in one.json] == ["token"]


def test_what_prevents_a_deployment(home: AbraHome, app: str) -> None:
    """6.7 the domain check; 1.4 the clean tree; 2 COMPOSE_FILE, the external network; 1.3."""
    unresolved = home.abra("app", "deploy", "-n", app)
    assert unresolved.code == 1 and "unable to resolve an ipv4 address" in unresolved.err
    unanswered = home.abra("app", "deploy", "-D", app)
    assert unanswered.code == 1 and "FATA EOF" in unanswered.err
    change(home, app, COMPOSE_FILE="compose.yml:compose.none.yml")
    missing = home.abra("app", "deploy", "-nD", app)
    assert missing.code == 1 and "compose.none.yml does not exist" in missing.err
    home.git("checkout", "--quiet", "main")
    network = (
        'version: "3.8"\nservices:\n  app:\n    networks: [nowhere]\n'
        "networks:\n  nowhere: {external: true, name: abra-nowhere}\n"
    )
    (home.checkout / "compose.none.yml").write_text(network, encoding="utf-8")
    done = home.abra("app", "deploy", "-nDC", app)
    assert done.code == 1
    assert "abra-nowhere" in done.err and "could not be found" in done.err
    unclean = home.abra("app", "deploy", "-nD", app)
    (home.checkout / "compose.none.yml").unlink()
    assert unclean.code == 1 and "has locally unstaged changes" in unclean.err
    assert left_of(app)["services"] == []


def test_lightweight_tags_prevent_the_deployment_of_a_release_only(
    home: AbraHome, app: str
) -> None:
    """1.4 'lints for error-level rules'; 3, 'Annotated tags only (R014)'."""
    home.git("tag", "3.0.0+3.0.0")
    try:
        done = home.abra("app", "deploy", "-nD", app)
        assert done.code == 1 and "(R014)" in done.err
        done = home.abra("app", "deploy", "-nDcC", app)
        assert done.code == 0, done.err
    finally:
        home.git("tag", "--delete", "3.0.0+3.0.0")


def test_names_over_64_characters_are_refused(home: AbraHome) -> None:
    """2 and 6.6: stack names are cut at 45, and Swarm allows 64 for secrets and configs."""
    domain = "abra-" + "x" * 60 + ".lab.test"
    home.abra("app", "new", RECIPE, OLD, "-n", f"--domain={domain}", "--server=default")
    stack = domain.replace(".", "_")[:45]
    rows = home.abra("app", "secret", "ls", "-m", domain).json
    assert {row["generated-name"] for row in rows} == {f"{stack}_phrase_v1", f"{stack}_token_v1"}
    change(home, domain, SECRET_TOKEN_VERSION="v1-with-far-too-long-a-name")
    done = home.abra("app", "secret", "generate", "-a", domain)
    assert done.code == 1 and "Swarm allows only 64" in done.err
    change(home, domain, STACK_NAME="abra-own", SECRET_TOKEN_VERSION="v1")
    rows = home.abra("app", "secret", "ls", "-m", domain).json
    assert {row["generated-name"] for row in rows} == {"abra-own_phrase_v1", "abra-own_token_v1"}
    assert home.abra("app", "remove", "-n", domain).code == 0
    assert "abra-own" not in docker("secret", "ls")


def test_config_changed_without_a_new_version(home: AbraHome, app: str) -> None:
    """2 Configs, 'file change without bump = obscure deploy error'."""
    assert home.abra("app", "deploy", "-nDc", app).code == 0
    home.git("checkout", "--quiet", "main")
    (home.checkout / "greeting.txt").write_text("changed\n", encoding="utf-8")
    done = home.abra("app", "deploy", "-nDcC", app)
    home.git("checkout", "--quiet", "--", ".")
    assert done.code == 1
    assert done.err.splitlines()[-1].startswith("FATA")
    assert "only updates to Labels are allowed" in done.err
