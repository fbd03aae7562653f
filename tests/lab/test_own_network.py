"""What an app can reach of another run's app: on the network that all share, and on its own."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from ccci.node.server import load_server, read_server
from ccci.node.state import state_dir
from ccci.swarm.view import SwarmView
from ccci.teardown.journal import Journal
from ccci.waiting import Look, wait_for
from tests.lab.suite_runs import SuiteRun, leftovers_of, start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

HTML = "/usr/share/nginx/html"
NETWORKS = ["ccci-test-1", "ccci-test-2"]
TRAEFIK = f"traefik_{load_server().domain.replace('.', '_')}_app"


@pytest.fixture(scope="module")
def own_networks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Attach the lab's Traefik to two more networks, and give a server file that names them."""
    lab = state_dir() / "lab" / "server.toml"
    file = tmp_path_factory.mktemp("server") / "server.toml"
    named = f"networks = {json.dumps(NETWORKS)}\n"
    file.write_text(lab.read_text().replace("[swarm]\n", f"[swarm]\n{named}"))
    assert read_server(file).swarm.networks == NETWORKS
    for name in NETWORKS:
        _docker("network", "create", "--driver", "overlay", name)
    try:
        _docker("service", "update", *(f"--network-add={name}" for name in NETWORKS), TRAEFIK)
        yield str(file)
    finally:
        _docker("service", "update", *(f"--network-rm={name}" for name in NETWORKS), TRAEFIK)
        for name in NETWORKS:
            wait_for(f"{name} to be free", partial(_removed, name), 60)


def test_on_the_shared_network_an_app_reaches_another_runs_app() -> None:
    """So that the next test does not pass because its scan finds nothing."""
    seen = scan_between_two_runs()
    assert {"service name", "task name", "address"} <= seen


def test_with_a_network_for_each_run_it_reaches_only_the_public_name(own_networks: str) -> None:
    seen = scan_between_two_runs(CCCI_SERVER_FILE=own_networks)
    assert seen == {"public name"}


def test_a_full_run_passes_on_its_own_network(own_networks: str) -> None:
    run = start_suite("suites/custom-html", CCCI_SERVER_FILE=own_networks)
    assert run.finish() == 0, run.output
    assert leftovers_of(run.stack, run.run_id) == []


def scan_between_two_runs(**environment: str) -> set[str]:
    """Keep the apps of two runs, and return by what the second one reaches the first."""
    runs = [kept_run(**environment) for _ in range(2)]
    try:
        first, second = (container_of(run) for run in runs)
        networks = first.attrs["NetworkSettings"]["Networks"]
        addresses = [one["IPAddress"] for one in networks.values()]
        domain = Journal.load(runs[0].run_id).names("domain")[0]
        ways = {
            "service name": [f"http://{runs[0].stack}_app/"],
            "task name": [f"http://tasks.{runs[0].stack}_app/"],
            "container": [f"http://{first.name}/", f"http://{first.attrs['Config']['Hostname']}/"],
            "address": [f"http://{address}/" for address in addresses],
            "public name": [load_server().url_of(domain)],
        }
        assert networks and addresses, first.attrs["NetworkSettings"]
        # Something else may answer at any address: only the page of the first app counts.
        page = secrets.token_hex(16)
        made = first.exec_run(["sh", "-c", f"echo {page} > {HTML}/{page}"])
        assert made.exit_code == 0, made.output
        known = f"{domain}:443:{load_server().containers.names_address or ''}"
        return {
            way for way, urls in ways.items() if any(reads(second, u, page, known) for u in urls)
        }
    finally:
        for run in runs:
            ended = subprocess.run(["make", "end", f"RUN={run.run_id}"], check=True, timeout=120)
            assert ended.returncode == 0
            assert leftovers_of(run.stack, run.run_id) == []


def kept_run(**environment: str) -> SuiteRun:
    run = start_suite(
        "--variable", "KEEP:1", "--suite", "install", "suites/custom-html", **environment
    )
    run.finish()
    assert "kept: https://" in run.output, run.output
    return run


def container_of(run: SuiteRun) -> Any:
    swarm = SwarmView()
    return swarm.container_of(swarm.services(run.stack)[0])


def reads(container: Any, url: str, page: str, known: str) -> bool:
    """Return whether a container gets the page from a site, given the address of a public name."""
    url = f"{url.rstrip('/')}/{page}"
    command = ["curl", "--silent", "--insecure", "--max-time", "3", "--resolve", known, url]
    return bool(container.exec_run(command).output.decode().strip() == page)


def _removed(network: str) -> Look:
    """Try once: the Swarm frees it when the task that was on it has ended."""
    done = subprocess.run(
        ["docker", "network", "rm", network], check=False, capture_output=True, text=True
    )
    return Look(done.returncode == 0, done.stderr.strip())


def _docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], check=True, timeout=120, stdout=subprocess.DEVNULL)
