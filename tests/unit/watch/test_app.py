"""What happens to an app between the steps of a run is judged; what happens in them, measured."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker.errors import APIError

from ccci.deploy.driver import AppDriver
from ccci.errors import NodeFailure, RecipeFailure
from ccci.recipe.config import RecipeConfig
from ccci.watch.app import AppWatch
from ccci.watch.page import Outage, PageWatch
from ccci.watch.tasks import Death, TaskWatch

DEATH = Death("t1", "app", 0, "", 1000.0)
OUTAGE = Outage(1000.0, 1012.0, 24, "status 502")


@dataclass
class Happenings:
    """The two watches, with what the test lets happen."""

    died: list[Death] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    asking: bool = False
    error: Exception | None = None

    def look(self) -> None:
        if self.error:
            raise self.error

    def deaths(self) -> list[Death]:
        return self.died

    def excuse(self) -> None:
        self.died = []

    def take(self) -> list[Outage]:
        taken, self.outages = self.outages, []
        return taken

    def go_on(self) -> None:
        self.asking = True
        self.outages = []

    def pause(self) -> None:
        self.asking = False
        self.outages = []


def watch_of(happen: Happenings, **downtime: Any) -> AppWatch:
    driver = SimpleNamespace(
        config=RecipeConfig.model_validate({"downtime": downtime}),
        record=SimpleNamespace(tell=lambda _: None),
        require_limits=lambda: None,
        health_url="https://shop.lab.test/health",
        services=lambda: [SimpleNamespace(short_name="app")],
        last_log_lines=lambda _: "no more work, good bye",
    )
    watch = AppWatch(cast(AppDriver, driver), cast(TaskWatch, happen), cast(PageWatch, happen))
    with watch.taking_down():
        happen.died, happen.outages = [DEATH], [OUTAGE]
    return watch


def test_the_start_of_a_deployment_is_not_judged() -> None:
    happen = Happenings()
    watch = watch_of(happen)
    assert happen.asking
    watch.check()


def test_a_death_and_an_answer_that_is_not_good_are_told_with_times_and_log() -> None:
    happen = Happenings()
    watch = watch_of(happen)
    happen.died, happen.outages = [DEATH], [OUTAGE]
    with pytest.raises(RecipeFailure) as told:
        watch.check()
    assert str(told.value) == (
        "Expected the app to stay up, and none of its tasks to end, except where a step of the run "
        "takes it down. A task of app ended with exit code 0 at 00:16:40 UTC. "
        "https://shop.lab.test/health was not answered well from 00:16:40 UTC to 00:16:52 UTC "
        "(12.0 s, 24 answers; the first: status 502). "
        "\nLast log lines of app:\nno more work, good bye"
    )
    watch.check()


def test_a_death_is_known_before_it_is_judged() -> None:
    happen = Happenings()
    watch = watch_of(happen)
    assert watch.newest_death() == ""
    happen.died = [Death("t0", "db", 1, "", 990.0), DEATH]
    assert watch.newest_death() == "a task of app ended with exit code 0 at 00:16:40 UTC"
    with pytest.raises(RecipeFailure):
        watch.check()
    assert watch.newest_death() == ""
    with pytest.raises(RecipeFailure), watch.taking_down("upgrade"):
        happen.died = [DEATH]
        assert watch.newest_death() == ""
        raise RecipeFailure("rolled back")


def test_what_happens_right_before_a_step_is_not_lost() -> None:
    happen = Happenings()
    watch = watch_of(happen)
    happen.died = [DEATH]
    with watch.taking_down("restart"):
        happen.died, happen.outages = [DEATH], [OUTAGE]
    with pytest.raises(RecipeFailure, match=r"takes it down\. A task of app ended"):
        watch.check()
    watch.check()
    assert watch.downtime_seconds == {"restart": 12.0}


def test_a_downtime_is_the_time_from_the_first_bad_answer_to_the_good_ones() -> None:
    happen = Happenings()
    watch = watch_of(happen, restart_seconds=15, upgrade_seconds=14)
    with watch.taking_down("restart"):
        happen.outages = [OUTAGE, Outage(1014.0, 1014.5, 1, "status 503")]
    with watch.taking_down("upgrade"):
        happen.outages = [OUTAGE, Outage(1014.0, 1014.5, 1, "status 503")]
    with watch.taking_down("restore"):
        pass
    assert watch.downtime_seconds == {"restart": 14.5, "upgrade": 14.5, "restore": 0.0}
    with pytest.raises(RecipeFailure, match=r"away for 14\.5 s in the upgrade; .* allows 14 s"):
        watch.check()


def test_after_a_step_that_failed_nothing_is_judged_until_the_next_deployment() -> None:
    happen = Happenings()
    watch = watch_of(happen)
    with pytest.raises(RecipeFailure, match="rolled back"), watch.taking_down("upgrade"):
        raise RecipeFailure("rolled back")
    assert not happen.asking
    happen.died = [DEATH]
    watch.check()
    with watch.taking_down():
        pass
    assert happen.asking
    happen.died = [DEATH]
    with pytest.raises(RecipeFailure):
        watch.check()


def test_a_server_that_is_away_says_nothing_about_the_recipe() -> None:
    happen = Happenings()
    watch = watch_of(happen)
    happen.outages = [Outage(1000.0, 1001.0, 2, "refused", of_node=True)]
    with pytest.raises(NodeFailure, match=r"did not take connections .* Traefik"):
        watch.check()
    happen.error = APIError("gone")
    with pytest.raises(NodeFailure, match="Docker does not answer: gone"):
        watch.check()


def test_a_soak_ends_with_the_first_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ccci.watch.app._SOAK_LOOK_SECONDS", 0.01)
    happen = Happenings()
    watch = watch_of(happen)
    watch.soak(0.05)
    happen.died = [DEATH]
    with pytest.raises(RecipeFailure, match="ended with exit code 0"):
        watch.soak(60)
