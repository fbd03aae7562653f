"""The tests' apps on the real daemon: create, inspect and remove them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ccci.waiting import Look, wait_for
from tests.abra_home import RECIPE, AbraHome, make_home
from tests.lab.stack_removal import remove_stacks
from tests.lab.standins.abra_image import make_image, remove_image


@contextmanager
def abra_site(path: Path) -> Iterator[AbraHome]:
    """Create an ABRA_DIR, and remove its apps from the daemon at the end.

    Raises:
        AssertionError: something of the apps is left over.
    """
    make_image()
    home = make_home(path / "abra")
    try:
        yield home
    finally:
        domains = [file.stem for file in (home.path / "servers" / "default").glob("*.env")]
        remove_stacks(*map(stack_of, domains))
        for domain in domains:
            home.abra("app", "remove", "-n", domain)
        remove_image()
    left = {domain: found for domain in domains if any((found := left_of(domain)).values())}
    assert not left, "something of the tests' apps is left over"


def new_app(home: AbraHome, domain: str, *arguments: str, **settings: str) -> str:
    """Create an app with its secrets, change settings in its .env file, return its domain."""
    options = ["-n", f"--domain={domain}", "--server=default"]
    done = home.abra("app", "new", RECIPE, *arguments, *options)
    assert done.code == 0, done.err
    change(home, domain, **settings)
    chaos = ["-C"] if "-C" in arguments else []
    done = home.abra("app", "secret", "generate", "-a", "-m", domain, *chaos)
    assert done.code == 0, done.err
    return domain


def change(home: AbraHome, domain: str, **settings: str) -> None:
    """Append settings to an app's .env file, where the last line of a setting counts."""
    with home.env_of(domain).open("a", encoding="utf-8") as file:
        file.writelines(f"{key}={value}\n" for key, value in settings.items())


def left_of(domain: str) -> dict[str, list[str]]:
    """Return the names of what the daemon has for an app, by kind."""
    stack = stack_of(domain)
    listed = {
        "services": ["service", "ls", "--format", "{{.Name}}"],
        "secrets": ["secret", "ls", "--format", "{{.Name}}"],
        "configs": ["config", "ls", "--format", "{{.Name}}"],
        "volumes": ["volume", "ls", "--format", "{{.Name}}"],
        "networks": ["network", "ls", "--format", "{{.Name}}"],
    }
    return {
        kind: [name for name in docker(*command).split() if name.startswith(f"{stack}_")]
        for kind, command in listed.items()
    }


def service_of(domain: str) -> dict[str, Any]:
    """Return the daemon's entry of an app's service `app`."""
    found: list[dict[str, Any]] = json.loads(
        docker("service", "inspect", f"{stack_of(domain)}_app")
    )
    return found[0]


def wait_updated(domain: str) -> None:
    """Wait until the Swarm has noted the end of an app's update.

    It writes that into the service, and a deployment that has read the service before is refused
    ("update out of sequence").
    """

    def look() -> Look:
        state = service_of(domain).get("UpdateStatus", {}).get("State", "none")
        return Look(state != "updating", state)

    wait_for(f"the update of {domain} to end", look, 60)


def labels_of(domain: str) -> dict[str, str]:
    """Return abra's labels of an app, without their prefix."""
    prefix = f"coop-cloud.{stack_of(domain)}."
    labels = service_of(domain)["Spec"]["Labels"]
    return {k.removeprefix(prefix): v for k, v in labels.items() if k.startswith(prefix)}


def stack_of(domain: str) -> str:
    """Return the name of an app's stack."""
    return domain.replace(".", "_")


def docker(*arguments: str) -> str:
    """Run docker and return its stdout."""
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True, timeout=60
    ).stdout
