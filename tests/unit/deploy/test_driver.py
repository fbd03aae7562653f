"""An app is deployed by the names of its recipe: its files, exports, secrets and replicas."""

import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from ccci.apps import App
from ccci.deploy import driver as driving
from ccci.deploy.abra import Abra
from ccci.deploy.driver import AppDriver
from ccci.deploy.record import Record
from ccci.deploy.target import Target
from ccci.errors import Misuse, RecipeFailure
from ccci.node.server import Containers, Server
from ccci.recipe.checkout import check_out
from ccci.recipe.config import RecipeConfig
from ccci.recipe.envfile import set_env
from ccci.recipe.limits import Amounts
from ccci.results.credentials import CredentialStore
from ccci.results.store import UsedImage
from ccci.swarm.convergence import Converged
from ccci.swarm.view import Service, Task
from tests.guestbook_recipe import guestbook

DOMAIN = "guestbook.lab.test"
APP = App("guestbook", DOMAIN, "guestbook_lab_test", f"https://{DOMAIN}")
# What abra does to the files of an app, and what it was asked for.
ABRA = """#!/bin/sh
echo "$*" >> "$ABRA_DIR/asked"
case "$*" in
    "app new "*) cd "$ABRA_DIR" && cp recipes/guestbook/.env.sample servers/lab/{domain}.env ;;
    *"secret generate"*) echo '[{{"name": "db_password", "value": "made by abra"}}]' ;;
esac
"""


@dataclass
class Site:
    """The recipe's copy, a server without a Swarm, and what was asked of abra."""

    abra_dir: Path
    credentials: CredentialStore
    services: list[Service] = field(default_factory=list)
    converged: Converged = field(default_factory=lambda: Converged((), 0.0))

    def driver(self, config: RecipeConfig, share: Amounts | None = None) -> AppDriver:
        swarm = SimpleNamespace(
            services=lambda stack: self.services, containers=lambda stack: [], client=None
        )
        # With a name for containers, so that there is an overlay of ours.
        server = Server(
            server="lab", domain="lab.test", containers=Containers(names_address="10.0.0.1")
        )
        abra = Abra(self.abra_dir / "abra", self.abra_dir)
        source = self.abra_dir.parent / "guestbook"
        target = self.abra_dir / "recipes" / "guestbook"
        checkout = check_out("guestbook", source, target)
        journal = cast(Any, SimpleNamespace(record=lambda kind, name: None))
        return AppDriver(
            APP, checkout, config, Target(server, abra, cast(Any, swarm), cast(Any, None)),
            Record(journal, self.credentials, lambda text: None), share,
        )  # fmt: skip

    @property
    def asked(self) -> list[str]:
        return (self.abra_dir / "asked").read_text().splitlines()


def ran(named: dict[str, str]) -> list[UsedImage]:
    return [UsedImage(name, "sha256:" + name, "pulled") for name in named.values()]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    guestbook(tmp_path)
    abra_dir = tmp_path / "abra"
    (abra_dir / "servers" / "lab").mkdir(parents=True)
    (abra_dir / "recipes").mkdir()
    (abra_dir / "abra").write_text(ABRA.format(domain=DOMAIN))
    (abra_dir / "abra").chmod(0o755)
    monkeypatch.setattr(driving, "pull_missing", lambda client, images, tell: [])
    monkeypatch.setattr(driving, "images_of", lambda client, stack, named, *_: ran(named))
    found = Site(abra_dir, CredentialStore(tmp_path / "credentials.json"))
    monkeypatch.setattr(driving, "wait_until_converged", lambda *_: found.converged)
    return found


def test_files_in_folders_and_overlays_are_named_as_the_recipe_names_them(site: Site) -> None:
    driver = site.driver(RecipeConfig(overlays=[["data/compose.tune.yml"]]))
    driver.make()
    assert driver.env["COMPOSE_FILE"].endswith("data/compose.postgres.yml:data/compose.tune.yml")
    driver.deploy()
    assert driver.env["COMPOSE_FILE"] == (
        "compose.yml:data/compose.postgres.yml:data/compose.tune.yml:compose.ccci.yml"
    )


def test_the_overlays_of_env_sample_are_not_replaced_behind_recipe_toml(site: Site) -> None:
    driver = site.driver(RecipeConfig(overlays=[["data/compose.tune.yml"]]))
    driver.make()
    driver.require_defaults()
    set_env(driver.env_path, {"COMPOSE_FILE": "compose.yml:data/compose.tune.yml"})
    with pytest.raises(Misuse, match=r"other settings than .env.sample: COMPOSE_FILE\. .*\[env\]"):
        driver.require_defaults()


def test_the_exports_of_abra_sh_win_over_the_apps_settings(site: Site) -> None:
    driver = site.driver(RecipeConfig(env={"NGINX_VERSION": "9", "DB_IMAGE_VERSION": "17"}))
    driver.make()
    assert driver.images()["app"] == "nginx:1.26.3"
    assert driver.images()["db"] == "postgres:17"
    driver.make(driver.checkout.releases[0])
    assert driver.images()["app"] == "nginx:1.22.1"


def test_the_images_of_the_release_and_the_head_are_kept(site: Site) -> None:
    driver = site.driver(RecipeConfig())
    release = driver.checkout.releases[0]
    driver.make(release)
    driver.deploy(release)
    assert driver.head_version == ""
    label = {f"coop-cloud.{APP.stack}.version": "9.9.9+1.26.3"}
    app = Service("1", f"{APP.stack}_app", "app", "nginx", label, 1, "", "any", ())
    site.converged = Converged((app,), 0.0)
    driver.deploy()
    assert driver.head_version == "9.9.9+1.26.3"
    versions = {image.name: image.versions for image in driver.used_images}
    assert versions["nginx:1.22.1"] == [str(release)]
    assert versions["nginx:1.26.3"] == ["head"]
    both = [name for name, seen in versions.items() if seen == [str(release), "head"]]
    assert both == ["postgres:15.18"], versions


def test_a_secret_is_known_by_the_suites_word_too(site: Site) -> None:
    names = {"secrets": {"database_password": ["db_pass", "db_password"], "other": "db_password"}}
    driver = site.driver(RecipeConfig.model_validate({"names": names}))
    driver.make()
    driver.deploy()
    for name in ("db_password", "database_password", "other"):
        assert site.credentials.get(f"{DOMAIN}/{name}") == "made by abra"
    driver.insert_secret("db_password", "given", "v2")
    assert site.credentials.get(f"{DOMAIN}/database_password") == "given"


def test_a_secret_that_the_recipe_holds_cannot_be_given(site: Site) -> None:
    driver = site.driver(RecipeConfig())
    driver.make()
    overlay = driver.checkout.path / "data" / "compose.postgres.yml"
    text = overlay.read_text().replace("    external: true\n", "    file: ./password.txt\n")
    overlay.write_text(text)
    with pytest.raises(
        RecipeFailure,
        match=r"a secret of its own: secret 'db_password' is a text in the file \./password\.txt",
    ):
        driver.insert_secret("db_password", "given", "v2")
    assert not any("secret insert" in line for line in site.asked)


def test_a_keyword_asks_for_the_recipes_name(site: Site) -> None:
    names = {"services": {"keeper": ["store", "files"]}, "ports": {"web": [8080, 80]}}
    driver = site.driver(RecipeConfig.model_validate({"names": names}))
    driver.make()
    assert driver.name_of("service", "keeper") == "files"
    assert driver.name_of("port", "web") == "80"
    with pytest.raises(
        Misuse, match=r"no service 'search' at this commit of guestbook: .*\(keeper\)"
    ):
        driver.name_of("service", "search")
    with pytest.raises(Misuse, match=r"no volume 'files' .* under volumes what it has \(none\)"):
        driver.name_of("volume", "files")


def test_a_crash_loop_ends_the_wait_for_a_restart(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.services = [Service("1", f"{APP.stack}_app", "app", "nginx", {}, 1, "", "any", ())]
    driver = site.driver(RecipeConfig())
    driver.make()
    (site.abra_dir / "abra").write_text("#!/bin/sh\nexec sleep 300\n")

    def look(*_: Any) -> None:
        raise RecipeFailure("Service app crash-loops")

    monkeypatch.setattr(driving, "look_for_crash_loop", look)
    monkeypatch.setattr(driving, "_LOOK_SECONDS", 0)
    with pytest.raises(RecipeFailure, match=r"^Service app crash-loops$"):
        driver.restart()


def test_deaths_while_another_service_is_away_do_not_count(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def restart(name: str, *_: object) -> None:
        died = Task(f"died without {name}", "failed", "shutdown", True, datetime.now(UTC), 1, "")
        site.services[0] = replace(site.services[0], tasks=(*site.services[0].tasks, died))

    ignored: list[frozenset[str]] = []
    site.services = [
        Service("1", f"{APP.stack}_app", "app", "nginx", {}, 1, "", "any", ()),
        Service("2", f"{APP.stack}_db", "db", "postgres", {}, 1, "", "any", ()),
    ]
    driver = site.driver(RecipeConfig())
    driver.commands = cast(Any, SimpleNamespace(restart=restart))

    def wait(*args: Any) -> Converged:
        ignored.append(args[4])
        return site.converged

    monkeypatch.setattr(driving, "wait_until_converged", wait)
    driver.restart()
    # Its own deaths in its own restart count.
    assert ignored == [frozenset({"died without db"})]


def test_what_is_meant_to_end_is_not_restarted(site: Site) -> None:
    site.services = [
        Service("1", f"{APP.stack}_app", "app", "nginx", {}, 1, "", "any", ()),
        Service("2", f"{APP.stack}_migrate", "migrate", "nginx", {}, 1, "", "none", ()),
    ]
    ends = {"meant_to_end": {"migrate": "It makes the tables once, and ends when that is done."}}
    driver = site.driver(RecipeConfig.model_validate(ends))
    driver.make()
    driver.restart()
    assert [line.split()[3] for line in site.asked if line.startswith("app restart ")] == ["app"]


def test_a_service_without_replicas_is_not_restarted(site: Site) -> None:
    site.services = [
        Service("1", f"{APP.stack}_app", "app", "nginx", {}, 1, "", "any", ()),
        Service("2", f"{APP.stack}_sweeper", "sweeper", "nginx", {}, 0, "", "any", ()),
        Service("3", f"{APP.stack}_agent", "agent", "nginx", {}, None, "", "any", ()),
    ]
    driver = site.driver(RecipeConfig())
    driver.make()
    driver.restart()
    restarted = [line.split()[3] for line in site.asked if line.startswith("app restart ")]
    assert restarted == ["app", "agent"]


def test_an_app_is_limited_by_its_weight_or_by_a_share_of_its_own(site: Site) -> None:
    def memory(driver: AppDriver) -> int:
        driver.make()
        driver.deploy()
        overlay = yaml.safe_load((driver.checkout.path / "compose.ccci.yml").read_text())
        limits = [one["deploy"]["resources"]["limits"] for one in overlay["services"].values()]
        return sum(int(one["memory"]) for one in limits)

    assert 1024**3 < memory(site.driver(RecipeConfig(weight=1))) <= 2 * 1024**3
    shutil.rmtree(site.abra_dir / "recipes" / "guestbook")
    share = Amounts(memory=512 * 1024**2, pids=512, log=1024**2, disk=1024**3, millicores=100)
    assert 0 < memory(site.driver(RecipeConfig(weight=1), share)) <= 512 * 1024**2


def test_services_find_all_hosts_of_the_app_on_this_server(site: Site) -> None:
    """A backend may call the app's second host, as Meet calls its media server."""
    driver = site.driver(RecipeConfig())
    driver.make()
    compose = driver.checkout.path / "compose.yml"
    content = yaml.safe_load(compose.read_text())
    labels = content["services"]["app"]["deploy"]["labels"]
    more = {"http.routers.media.rule": "Host(`media-${DOMAIN}`) || Host(`elsewhere.example.org`)"}
    labels += [f"traefik.{name}={rule}" for name, rule in more.items()]
    labels.append("traefik.tcp.routers.smtp.rule=HostSNI(`smtp-${DOMAIN}`)")
    compose.write_text(yaml.safe_dump(content))
    assert driver.public_names() == (DOMAIN, f"media-{DOMAIN}", f"smtp-{DOMAIN}")
    driver.deploy()
    overlay = yaml.safe_load((driver.checkout.path / "compose.ccci.yml").read_text())
    found = overlay["services"]["app"]["extra_hosts"]
    assert [one.partition(":")[0] for one in found] == list(driver.public_names())
