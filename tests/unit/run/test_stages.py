"""The states of an app, and what is skipped after a step that failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.apps import App
from ccci.backup import labels, links
from ccci.backup.labels import Promise, Snapshot
from ccci.backup.markers import Marker, Mount
from ccci.deploy.driver import AppDriver, Deployment
from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.recipe.config import RecipeConfig
from ccci.recipe.release import Release, parse_release
from ccci.recipe.tables import Database as DatabaseTable
from ccci.run import round_trip, volume_seed
from ccci.run.dependency_apps import DependencyApps
from ccci.run.guards import Guards
from ccci.run.round_trip import RoundTrip
from ccci.run.stages import Stages
from ccci.run.volume_seed import VolumeSeed
from ccci.swarm.convergence import Converged
from ccci.teardown import snapshots
from ccci.watch.app import AppWatch

APP = App("wiki", "wiki.lab.test", "wiki_lab_test", "https://wiki.lab.test")
PREVIOUS = parse_release("1.0.0+1.0")


@dataclass
class Driven:
    """An app's driver that notes what it is asked for, and fails where it is told to."""

    asked: list[str] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)
    cold_deployments: int = 0
    calls: tuple[str, ...] = ()
    app: App = APP
    running: list[list[str]] = field(default_factory=list)
    config: RecipeConfig = field(default_factory=RecipeConfig)
    health_url: str = APP.url

    def __post_init__(self) -> None:
        journal = SimpleNamespace(record=lambda *_: None)
        self.record = SimpleNamespace(tell=lambda _: None, journal=journal)
        swarm = SimpleNamespace(client=None)
        self.target = SimpleNamespace(swarm=swarm, abra=None)
        self.checkout = SimpleNamespace(
            previous=PREVIOUS, named=parse_release, short="1234567", show_head=lambda: None
        )

    def _do(self, what: str) -> None:
        self.asked.append(what)
        if what in self.failing:
            raise self.failing[what]

    def make(self, release: Release | None) -> None:
        self._do(f"make {release or 'head'}")

    def require_defaults(self) -> None:
        if "defaults" in self.failing:
            raise self.failing["defaults"]

    def deploy(self, release: Release | None = None) -> Deployment:
        self._do(f"deploy {release or 'head'}")
        cold = self.asked[-2].startswith(("make", "remove volumes", "prepare"))
        self.cold_deployments += cold
        return Deployment(APP, "", cold, Converged((), 0.0))

    def undeploy(self) -> None:
        self._do("undeploy")

    def remove_volumes(self) -> None:
        self._do("remove volumes")

    def restart(self) -> None:
        self._do("restart")

    def services(self) -> list[str]:
        return []

    def secrets(self) -> dict[str, str]:
        return {"wiki_key_v1": str(len(self.asked))}

    def wait_healthy(self, seconds: float = 0) -> None:
        if seconds:
            self._do(f"hold {seconds:g}")

    def wait_converged(self) -> Converged:
        self._do("wait")
        return Converged((), 0.0)

    def tasks(self) -> frozenset[str]:
        return frozenset({"old"})

    def running_tasks(self, old: frozenset[str]) -> frozenset[str]:
        self._do("wait")
        assert old == {"old"}
        return frozenset(self.running.pop(0) if self.running else ["new"])

    def crash_loop_from_now(self) -> None:
        pass


@dataclass
class Watched:
    """A watch that notes the steps that may take the app down."""

    steps: list[str] = field(default_factory=list)

    @contextmanager
    def taking_down(self, step: str = "on empty volumes") -> Iterator[None]:
        self.steps.append(step)
        yield
        self.steps.append("up")


def stages_of(driver: Driven, **options: Any) -> Stages:
    dependencies = SimpleNamespace(
        deploy=lambda: None, public_names=lambda: ("sso.lab.test",), wire=lambda: None
    )
    return Stages(
        cast(AppDriver, driver), cast(DependencyApps, dependencies), cast(AppWatch, Watched()),
        lambda: driver.asked.append("prepare"),
        look=lambda _: Guards(dumped=frozenset(driver.asked)), **options,
    )  # fmt: skip


def test_stages_that_need_the_head_share_one_deployment() -> None:
    driver = Driven()
    stages = stages_of(driver)
    assert stages.need_head() is stages.need_head()
    assert driver.asked == ["make head", "prepare", "deploy head"]
    assert driver.calls == ("sso.lab.test",)


def test_the_logs_are_kept_before_the_app_is_removed() -> None:
    driver = Driven()
    stages = stages_of(driver, before_emptying=lambda: driver.asked.append("keep logs"))
    stages.need_head()
    assert "keep logs" not in driver.asked
    stages.need_previous_release()
    assert driver.asked[driver.asked.index("keep logs") + 1] == "undeploy"


def test_a_head_without_the_settings_of_env_sample_is_not_deployed() -> None:
    driver = Driven(failing={"defaults": Misuse("other settings")})
    with pytest.raises(Misuse, match="other settings"):
        stages_of(driver).need_head()
    assert driver.asked == ["make head", "prepare"]


def test_the_upgrade_begins_on_empty_volumes_and_keeps_what_the_release_wrote() -> None:
    driver = Driven()
    stages = stages_of(driver)
    stages.need_head()
    del driver.asked[:]
    stages.need_previous_release()
    stages.upgrade_to_head()
    assert driver.asked == [
        "undeploy", "remove volumes", "make 1.0.0+1.0", "prepare", "deploy 1.0.0+1.0",
        "deploy head", "wait", "hold 3", "wait",
    ]  # fmt: skip
    stages.need_head()
    assert driver.asked[-1] == "wait" and driver.cold_deployments == 2


def test_the_release_to_upgrade_from_can_be_named() -> None:
    assert stages_of(Driven()).previous_release == PREVIOUS
    named = stages_of(Driven(), upgrade_from="0.9.0+0.9")
    assert str(named.previous_release) == "0.9.0+0.9"
    with pytest.raises(Misuse, match="newest"):
        _ = stages_of(Driven(), upgrade_from="newest").previous_release


def test_a_run_that_attaches_deploys_nothing() -> None:
    driver = Driven()
    deployment = stages_of(driver, attach=True).need_head()
    assert driver.asked == ["wait"]
    assert deployment.version == "1234567"


def test_a_head_that_did_not_deploy_is_not_tried_again() -> None:
    driver = Driven(failing={"deploy head": RecipeFailure("It crash-loops.\nIts log")})
    stages = stages_of(driver)
    with pytest.raises(RecipeFailure, match=r"^It crash-loops"):
        stages.need_head()
    del driver.asked[:]
    for need in (stages.need_head, stages.need_previous_release):
        with pytest.raises(
            RecipeFailure, match=r"^Skipped: the deployment of the head failed: It crash-loops\.$"
        ):
            need()
    assert driver.asked == []


def watched(stages: Stages) -> list[str]:
    return cast(Watched, stages.watch).steps


def test_the_watch_knows_each_step_that_takes_the_app_down() -> None:
    stages = stages_of(Driven())
    stages.need_head()
    stages.need_head()
    stages.restart()
    stages.need_previous_release()
    stages.upgrade_to_head()
    assert watched(stages) == [
        "on empty volumes", "up", "restart", "up", "on empty volumes", "up", "upgrade", "up"
    ]  # fmt: skip


def test_an_app_is_back_when_its_tasks_were_the_same_for_a_while() -> None:
    driver = Driven(running=[["app before it goes"], ["app"], ["app"]])
    stages = stages_of(driver)
    stages.wait_until_back(frozenset({"old"}))
    assert driver.asked == ["wait", "hold 3", "wait", "hold 3", "wait"]
    never = Driven(running=[[str(n)] for n in range(9)], config=RecipeConfig(timeout_seconds=5))
    times = iter(range(0, 90, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ccci.run.stages.time.monotonic", lambda: next(times))
        with pytest.raises(RecipeFailure, match="back within 5 s, with the same tasks for 3 s"):
            stages_of(never).wait_until_back(frozenset({"old"}))


def test_the_secrets_are_noted_before_the_restart() -> None:
    stages = stages_of(Driven())
    stages.need_head()
    before = stages.driver.secrets()
    stages.restart()
    assert stages.secrets_before_restart == before


def test_the_release_is_looked_at_before_the_head_is_deployed_over_it() -> None:
    stages = stages_of(Driven())
    stages.need_previous_release()
    stages.upgrade_to_head()
    assert stages.guards_of_release
    seen = stages.guards_of_release.dumped
    assert "deploy 1.0.0+1.0" in seen and "deploy head" not in seen


@pytest.mark.parametrize("kind", [RecipeFailure, NodeFailure])
def test_what_relies_on_a_failed_step_is_skipped_and_fails_as_that_did(
    kind: type[Exception],
) -> None:
    driver = Driven(failing={"deploy head": kind("it ended early.\nIts last lines")})
    stages = stages_of(driver)
    seed = VolumeSeed(stages.driver, stages.steps, DatabaseTable())
    trip = RoundTrip(stages, seed)
    stages.need_previous_release()
    with pytest.raises(kind, match=r"^it ended early"):
        stages.upgrade_to_head()
    for look in (
        seed.check, seed.check_gone, stages.wait_healthy, stages.restart, trip.check_snapshot,
        trip.wipe, trip.restore,
    ):  # fmt: skip
        with pytest.raises(kind, match=r"^Skipped: the upgrade failed: it ended early\.$"):
            look()
    stages.steps.begin_stage()
    with pytest.raises(RecipeFailure, match="There is no snapshot: see the test before this"):
        trip.check_snapshot()


def markers(*volumes: str) -> tuple[Marker, ...]:
    return tuple(Marker(Mount("app", volume, "/data"), b"x") for volume in volumes)


@pytest.fixture
def trip(monkeypatch: pytest.MonkeyPatch) -> RoundTrip:
    """A round trip of an app with two volumes, one of them promised as a whole."""
    monkeypatch.setattr(volume_seed, "plant_markers", lambda *_: markers("data", "cache"))
    monkeypatch.setattr(volume_seed, "spoil_markers", lambda *_: None)
    monkeypatch.setattr(volume_seed, "servers_by_image", lambda *_: [])
    monkeypatch.setattr(labels, "restore", lambda *_: None)
    monkeypatch.setattr(links, "folders_of", lambda *_: {})
    stages = stages_of(Driven())
    stages.need_head()
    made = RoundTrip(stages, VolumeSeed(stages.driver, stages.steps, DatabaseTable()))
    made.promises = [Promise("data", ""), Promise("cache", "dump.sql")]
    made.taken = [Snapshot("12345678", ())]
    return made


def test_the_seed_is_planted_once_a_deployment(trip: RoundTrip) -> None:
    assert not trip.seed.planted
    trip.seed.plant()
    assert trip.seed.planted
    trip.wipe()
    assert not trip.seed.planted
    trip.seed.plant()
    trip.stages.need_previous_release()
    assert not trip.seed.planted
    trip.seed.plant()
    trip.stages.upgrade_to_head()
    assert trip.seed.planted


def test_after_a_wipe_only_what_was_promised_as_a_whole_is_looked_for(trip: RoundTrip) -> None:
    trip.seed.plant()
    trip.wipe()
    assert trip.seed.markers == markers("data")
    trip.restore()
    asked = cast(Driven, trip.stages.driver).asked
    assert asked[-6:] == ["undeploy", "remove volumes", "deploy head", "wait", "hold 3", "wait"]
    assert watched(trip.stages) == ["on empty volumes", "up"] * 2 + ["restore", "up"]


@pytest.mark.parametrize(
    ("there", "red"), [({"dump.sql"}, False), (set(), True)], ids=["the app's own file", "a dump"]
)
def test_only_what_a_backup_itself_wrote_is_a_dump(
    trip: RoundTrip, monkeypatch: pytest.MonkeyPatch, there: set[str], red: bool
) -> None:
    written = {"/volumes/cache/_data/dump.sql": 150.0}
    trip.taken = [Snapshot("12345678", (), 100.0), Snapshot("abcdef01", (), 200.0)]
    trip.there = {"12345678": {Promise("cache", path) for path in there}}
    monkeypatch.setattr(RoundTrip, "_files_of", lambda *_: written)
    if not red:
        trip.check_written_anew()
        return
    with pytest.raises(RecipeFailure, match=r"abcdef01, has dump\.sql as it was written"):
        trip.check_written_anew()


def test_a_backup_notes_which_promised_paths_are_there_before_it(
    trip: RoundTrip, rows: list[dict[str, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trip.seed.plant()
    rows.append({})
    monkeypatch.setattr(links, "folders_of", lambda *_: {"cache": tmp_path})
    trip.take_snapshot()
    assert trip.there == {"12345678": set()}
    (tmp_path / "dump.sql").touch()
    trip.take_snapshot()
    assert trip.there == {"12345678": {Promise("cache", "dump.sql")}}


@pytest.fixture
def rows(trip: RoundTrip, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, int]]:
    """What the tables have at each look: before and after the snapshot, and after the restore."""
    looks = [{"db.notes": 2, "db.queue": 1}, {"db.notes": 3, "db.mail": 1}, {"db.people": 1}]
    promises = trip.promises
    monkeypatch.setattr(volume_seed, "rows_of_tables", lambda _: looks.pop(0))
    monkeypatch.setattr(volume_seed, "check_markers", lambda *_: None)
    monkeypatch.setattr(volume_seed, "unnamed_mounts_of", lambda *_: [])
    monkeypatch.setattr(round_trip, "mounts_of", lambda *_: [])
    monkeypatch.setattr(labels, "promises_of", lambda *_: promises)
    monkeypatch.setattr(labels, "take_snapshot", lambda *_: Snapshot("12345678", ()))
    return looks


def test_a_table_that_had_rows_before_and_after_the_snapshot_must_come_back(
    trip: RoundTrip, rows: list[dict[str, int]]
) -> None:
    trip.seed.plant()
    trip.take_snapshot()
    trip.seed.check()
    trip.wipe()
    trip.restore()
    with pytest.raises(RecipeFailure, match=r"left 1 table empty .* backup: db\.notes \(3\)\. "):
        trip.seed.check()
    trip.stages.need_previous_release()
    trip.seed.plant()
    trip.seed.check()


def test_a_table_that_came_back_passes(trip: RoundTrip, rows: list[dict[str, int]]) -> None:
    rows[-1] = {"db.notes": 1}
    trip.seed.plant()
    trip.take_snapshot()
    trip.wipe()
    trip.restore()
    trip.seed.check()


VOLUMES = "/var/lib/docker/volumes"


@pytest.fixture
def restored(trip: RoundTrip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is restored of a snapshot, where the app put a link in the way of `page`."""
    done: list[str] = []
    volume = f"{trip.stages.driver.app.stack}_data"
    (tmp_path / "page").symlink_to("/usr/bin/restic")
    trip.taken = [Snapshot("12345678", (VOLUMES, f"{VOLUMES}/{volume}/_data/page"))]
    monkeypatch.setattr(labels, "restore", lambda *asked: done.append(asked[2].id))
    monkeypatch.setattr(links, "folders_of", lambda *_: {volume: tmp_path})
    monkeypatch.setattr(snapshots, "bots", lambda client: ["the bot"])
    monkeypatch.setattr(snapshots, "links_of", lambda bot, snapshot: set())
    return done


def test_nothing_is_restored_through_a_link_of_the_app(
    trip: RoundTrip, restored: list[str]
) -> None:
    with pytest.raises(
        RecipeFailure, match=r"^Nothing was restored: .*'page' .* leads to '/usr/bin/restic'"
    ):
        trip.restore()
    assert restored == []
    with pytest.raises(RecipeFailure, match=r"^Skipped: the restore failed"):
        trip.stages.steps.require()


def test_what_the_snapshot_has_as_a_link_is_restored(
    trip: RoundTrip, restored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = set(trip.snapshot().paths)
    monkeypatch.setattr(snapshots, "links_of", lambda bot, snapshot: held)
    trip.restore()
    assert restored == ["12345678"]


def test_nothing_of_another_app_is_restored(trip: RoundTrip, restored: list[str]) -> None:
    trip.taken = [Snapshot("12345678", (f"{VOLUMES}/other_data/_data/page",))]
    with pytest.raises(RecipeFailure, match="paths that do not belong to"):
        trip.restore()
    assert restored == []
