"""The start of a run: all checks are made before anything is."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ccci.backup.labels import require_backup_bot
from ccci.budget.measured import weight_of
from ccci.budget.networks import take_network
from ccci.budget.places import Budget, default_slots
from ccci.deploy.abra import find_abra
from ccci.deploy.record import Record
from ccci.deploy.target import Target
from ccci.errors import CcciError, Misuse, NodeFailure
from ccci.node.server import Server, load_server
from ccci.node.state import ProcessIdentity
from ccci.recipe.checkout import Checkout, check_out
from ccci.recipe.config import RecipeConfig, check_recipe_name, config_path, load_recipe_config
from ccci.recipe.dependencies import Plan, plan_in
from ccci.recipe.fit_report import require_fit
from ccci.run.longest import longest_run_seconds
from ccci.run.run import Run, RunOptions, Share, new_run_id
from ccci.sso.setup_script import find_setup_script
from ccci.sso.shared_provider import sharing_of
from ccci.sso.sign_in import check_provider
from ccci.swarm.view import SwarmView
from ccci.teardown import reaper
from ccci.teardown.claims import claim_domain
from ccci.teardown.journal import Journal, all_runs, dead_runs
from ccci.teardown.removal import tear_down
from ccci.teardown.sweep import sweep
from ccci.web.http import Client
from ccci.web.limits import LimitBroken
from ccci.web.unanswered import Unanswered

# In the journal: the network that the run has for itself. Not `network`, which it would have made.
_OWN_NETWORK = "own-network"
_BUDGET_SECONDS = 6 * 3600
_DISK_NEEDED_BYTES = 1 << 30


def start_run(options: RunOptions, tell: Callable[[str], None]) -> Run:
    """Begin a run: check that it can succeed, take its share of the node, copy the recipe.

    Args:
        options: what to run.
        tell: called with a short text on what happens.

    Raises:
        Misuse: an input is wrong; nothing was made.
        NodeFailure: the node lacks something; nothing is left behind.

    Example:
        ``run = start_run(RunOptions("custom-html", PROJECT), print)``
    """
    check_recipe_name(options.recipe)
    config = load_recipe_config(config_path(options.project, options.recipe))
    if options.timeout_seconds:
        config = config.model_copy(update={"timeout_seconds": options.timeout_seconds})
    server = load_server()
    source = _source(options, server)
    sharing = sharing_of(options.recipe)
    provider = sharing.provider.recipe if sharing and sharing.provider else ""
    plan = plan_in(options.project, options.recipe, provider)
    find_setup_script(options.project, options.recipe, config)
    check_provider(options.recipe, config)
    if options.attach:
        return _attach(options, server, config, plan, tell)
    swarm = SwarmView()
    client = Client(server)
    _check_prerequisites(server, swarm, client)
    # What HEAD is now: it may move while the run waits for its share of the node.
    commit = _require_fit(options, source, config)
    if dead_runs():
        sweep(swarm.client, report=tell)
    run_id = os.environ.get("CCCI_RUN_ID") or new_run_id()
    # Programs that the run starts inherit its id: by that, those that outlive it are found.
    os.environ["CCCI_RUN_ID"] = run_id
    owner = ProcessIdentity.of(os.getpid())
    journal = Journal.open(run_id, options.recipe, owner)
    share = Share()
    try:
        reaper.start(run_id, owner)
        tell("requesting a share of the node")
        slots = default_slots()
        requested = time.monotonic()
        # The matrix found that it fits beside the shared provider: newer measurements must not
        # make it heavier than that.
        most = sharing.places if sharing else slots
        weight = weight_of(options.project, options.recipe, plan, most, provider)
        lease = Budget(slots).take(
            most if options.alone else weight,
            f"{options.recipe} {run_id}",
            lambda wait: tell(str(wait)),
            deadline_seconds=_BUDGET_SECONDS,
            queues=sharing is None,
        )
        share = Share(lease, sharing, time.monotonic() - requested)
        if sharing and not sharing.holder.alive():
            raise NodeFailure("The matrix that this run belongs to has ended; start it again.")
        journal.limited(longest_run_seconds(options.project, config, plan))
        reaper.entrust(run_id, lease.fileno())
        # After the places: a run that waits for these has no network that another one needs.
        network = take_network(server.swarm.networks)
        if network:
            share = replace(share, network=network)
            reaper.entrust(run_id, network.fileno())
            journal.record(_OWN_NETWORK, network.name)
        abra_dir = _make_abra_dir(journal, server)
        abra = find_abra(server, abra_dir)
        checkout = check_out(options.recipe, source, abra_dir / "recipes" / options.recipe, commit)
        name = f"{options.recipe}-pr{options.pull_request}-{checkout.short}"
        domain = claim_domain(run_id, name, server.domain)
        target = Target(server, abra, swarm, client, network.name if network else "")
        target.limits.start(journal.stacks, tell)
        return Run(
            run_id, options, config, plan, checkout, domain, target, Record.of(journal, tell), share
        )
    except BaseException:
        journal.closed("incomplete", tear_down(journal, swarm.client))
        share.release()
        raise


def _source(options: RunOptions, server: Server) -> Path:
    if options.source:
        return options.source.resolve()
    return server.abra_dir.expanduser() / "recipes" / options.recipe


def _require_fit(options: RunOptions, source: Path, config: RecipeConfig) -> str:
    """Compare recipe.toml with a temporary copy of the recipe, and return the commit under test."""
    with tempfile.TemporaryDirectory(prefix="ccci-fit-") as folder:
        checkout = check_out(options.recipe, source, Path(folder) / "recipe", options.head)
        require_fit(options.project, checkout, config, options.source)
        return checkout.commit


def _make_abra_dir(journal: Journal, server: Server) -> Path:
    """Make the run's own ABRA_DIR: abra changes checkouts, so that two runs cannot share one."""
    abra_dir = journal.folder / "abra"
    journal.record("path", str(abra_dir))
    (abra_dir / "servers" / server.server).mkdir(parents=True)
    (abra_dir / "recipes").mkdir()
    catalogue = server.abra_dir.expanduser() / "catalogue"
    if catalogue.exists():
        (abra_dir / "catalogue").symlink_to(catalogue)
    return abra_dir


def _check_prerequisites(server: Server, swarm: SwarmView, client: Client) -> None:
    if not swarm.client.networks.list(names=["^proxy$"]):
        raise NodeFailure(
            "The network 'proxy' is missing: deploy the recipe traefik, or run 'make lab-up'."
        )
    _check_networks(server.swarm.networks, swarm)
    free = shutil.disk_usage("/var/lib").free
    if free < _DISK_NEEDED_BYTES:
        raise NodeFailure(
            f"The disk is full: {free >> 20} MiB are free and a run needs "
            f"{_DISK_NEEDED_BYTES >> 20}. 'docker system df' lists what uses space."
        )
    require_backup_bot(swarm)
    probe = server.url_of(f"nothing-here.{server.domain}")
    try:
        client.request("GET", probe, within_seconds=10)
    except (LimitBroken, Unanswered):
        # Traefik leads the name to an app that hangs or is gone. The certificate is trusted, and
        # the run asks its neighbours before it deploys anything, and waits until they answer.
        pass
    except CcciError as error:
        raise NodeFailure(
            f"Traefik does not answer with a trusted certificate under {server.domain}: {error}. "
            "Look at 'docker service logs' of Traefik, or run 'make lab-status'."
        ) from None


def _check_networks(names: list[str], swarm: SwarmView) -> None:
    """Check that the runs' own networks exist and that something, so Traefik, is on each."""
    if not names:
        return
    api: Any = swarm.client.api
    found = {one["Name"]: one["Id"] for one in api.networks()}
    specs = [one["Spec"]["TaskTemplate"] for one in api.services()]
    joined = {network["Target"] for spec in specs for network in spec.get("Networks") or []}
    for name in names:
        if found.get(name) not in joined:
            raise NodeFailure(
                f"No service is on the network '{name}', which the server file names for runs: "
                f"call 'docker network create --driver overlay {name}' and 'docker service update "
                f"--network-add {name} <Traefik's service>', once."
            )


def _attach(
    options: RunOptions,
    server: Server,
    config: RecipeConfig,
    plan: Plan,
    tell: Callable[[str], None],
) -> Run:
    """Continue with the app that an earlier run of the recipe kept."""
    kept = [
        journal
        for journal in all_runs()
        if journal.recipe() == options.recipe
        and journal.kept_until() > time.time()
        and not journal.is_closed()
    ]
    if not kept:
        raise Misuse(
            f"There is no kept app of '{options.recipe}' to attach to: keep one with "
            f"'make run RECIPE={options.recipe} KEEP=1'."
        )
    journal = kept[-1]
    reaper.start(journal.run_id, ProcessIdentity.of(os.getpid()))
    journal.limited(longest_run_seconds(options.project, config, plan))
    swarm, abra = SwarmView(), find_abra(server, journal.folder / "abra")
    checkout = Checkout.open(abra.abra_dir / "recipes" / options.recipe, options.recipe)
    # recipe.toml may have been edited since.
    _require_fit(replace(options, head=checkout.commit), checkout.path, config)
    network = "".join(journal.names(_OWN_NETWORK))
    target = Target(server, abra, swarm, Client(server), network)
    target.limits.start(journal.stacks, tell)
    return Run(
        os.environ.get("CCCI_RUN_ID") or new_run_id(), options, config, plan, checkout,
        journal.names("kept")[-1], target, Record.of(journal, tell),
    )  # fmt: skip
