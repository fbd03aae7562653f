"""Each thing that the head lost is told by its own name, and a reason lets it go."""

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ccci.deploy.driver import AppDriver
from ccci.errors import Misuse, RecipeFailure
from ccci.recipe.config import RecipeConfig, load_recipe_config
from ccci.recipe.routers import WayIn
from ccci.run import guards
from ccci.run.guards import Guards
from ccci.run.losses import check_nothing_is_lost, losses
from ccci.swarm.service_guards import ServiceGuards
from ccci.web.page_guards import Page, PageGuards

REASON = "The app binds port 80 itself and drops its rights then."
APP = ServiceGuards(
    "any",
    "stop-first",
    image="wiki:1.4.2",
    health_check=True,
    patience_seconds=150,
    is_root=False,
    hears_stop=True,
    grace_seconds=60,
    rolls_back=True,
    alarm_seconds=30,
    placement=frozenset({"node.role==manager"}),
    has_volume=True,
    closed={"wiki": frozenset({"basicauth", "!Path(`/admin`)"})},
    ways_in=frozenset({WayIn("tcp", "HostSNI(`wiki.test`)", "web-secure", "636")}),
)
PAGES = PageGuards(
    {"/": Page(200, frozenset({"x-frame-options"}))}, shown_to_all={"metrics": False},
    leads_to_https=True,
)  # fmt: skip
HOOK = "app: backupbot.backup.pre-hook"
RELEASE = Guards(
    {"app": APP}, PAGES, failing_hooks={HOOK: True}, damaged_dumps={"db": "fails and keeps"}
)
SOCKET = "/var/run/docker.sock"


def _head(**changed: object) -> Guards:
    return replace(RELEASE, services={"app": replace(APP, **changed)})  # type: ignore[arg-type]


def _pages(**changed: object) -> Guards:
    return replace(RELEASE, pages=replace(PAGES, **changed))  # type: ignore[arg-type]


def _names(release: Guards, head: Guards) -> list[str]:
    return [loss.name for loss in losses(release, head)]


LOST = {
    "app: health check": _head(health_check=False),
    "app: patience": _head(patience_seconds=30),
    "app: restart": _head(restart="none"),
    "app: proxy": _head(on_proxy=True),
    f"app: mount {SOCKET}": _head(mounts=frozenset({SOCKET})),
    "app: root": _head(is_root=True),
    "app: stop": _head(hears_stop=False),
    "app: grace": _head(grace_seconds=10),
    "app: rollback": _head(rolls_back=False),
    "app: body limit": _head(limits={"body limit": 2_000_000}),
    "app: requests at once": _head(limits={"requests at once": 2}),
    "app: requests in a time": _head(limits={"requests in a time": 5}),
    "app: visitors": _head(limits={"visitors": 0}),
    "app: tag": _head(image="wiki:1.4"),
    "app: order": _head(order="start-first"),
    "app: rollback order": _head(rollback_order="start-first"),
    "app: alarm": _head(alarm_seconds=3000),
    "app: delay": _head(delay_seconds=3600),
    "app: placement": _head(placement=frozenset()),
    "app: replicas": _head(copies=2),
    "app: basicauth": _head(closed={"wiki": frozenset({"!Path(`/admin`)"})}),
    "app: path left out": _head(closed={"wiki": frozenset({"basicauth"})}),
    "app: way in": _head(ways_in=frozenset()),
    "app: timeout": _head(timeout_seconds=60),
    "app: GIT_SSL_NO_VERIFY": _head(unverified=frozenset({"GIT_SSL_NO_VERIFY"})),
    "app: log": replace(RELEASE, log_drivers={"app": "none"}),
    HOOK: replace(RELEASE, failing_hooks={HOOK: False}),
    "db: damaged dump": replace(RELEASE, damaged_dumps={"db": "loads it"}),
    "header x-frame-options": _pages(pages={"/": Page(200, frozenset())}),
    "page /": _pages(pages={}, broken={"/": "status 500"}),
    "metrics": _pages(shown_to_all={"metrics": True}),
    "https": _pages(leads_to_https=False),
}


@pytest.mark.parametrize("name", LOST)
def test_each_loss_is_seen_and_only_when_it_is_new(name: str, tmp_path: Path) -> None:
    head = LOST[name]
    assert _names(RELEASE, head) == [name]
    assert _names(head, head) == _names(head, RELEASE) == _names(RELEASE, RELEASE) == []
    (tmp_path / "recipe.toml").write_text(f'[let_go]\n"{name}" = "{REASON}"\n')
    check_nothing_is_lost(RELEASE, head, load_recipe_config(tmp_path / "recipe.toml"))


def test_a_restore_that_makes_room_before_it_loads_is_a_loss() -> None:
    gone = replace(RELEASE, damaged_dumps={"db": "fails, and what was there is gone"})
    assert _names(RELEASE, gone) == ["db: damaged dump"]
    assert _names(gone, gone) == _names(gone, RELEASE) == []
    unknown = replace(RELEASE, damaged_dumps={})
    assert _names(RELEASE, unknown) == _names(unknown, gone) == []


def test_a_larger_limit_of_bodies_is_no_loss() -> None:
    small, large = (_head(limits={"body limit": limit}) for limit in (1000, 2000))
    assert _names(small, large) == []
    assert _names(large, small) == ["app: body limit"]


@pytest.mark.parametrize(
    "changes",
    [
        {"placement": frozenset({"node.labels.disk==ssd"})},
        # Nothing that tasks share.
        {"placement": frozenset(), "copies": 3, "has_volume": False},
        {"copies": 0},
        # Another router has it now; or the router is gone.
        {"closed": {"wiki": frozenset(), "x": frozenset({"basicauth", "!Path(`/admin`)"})}},
        {"closed": {}},
    ],
)
def test_a_place_or_a_door_may_change(changes: dict[str, object]) -> None:
    assert _names(RELEASE, _head(**changes)) == []


@pytest.mark.parametrize(
    ("driver", "lost"), [("loki", ["app: log"]), ("journald", []), ("json-file", [])]
)
def test_a_log_driver_that_servers_lack_is_a_loss(driver: str, lost: list[str]) -> None:
    assert _names(RELEASE, replace(RELEASE, log_drivers={"app": driver})) == lost


def test_a_hook_that_is_gone_is_a_loss_if_its_service_is_not() -> None:
    gone = replace(RELEASE, failing_hooks={})
    assert _names(RELEASE, gone) == [HOOK]
    assert _names(gone, RELEASE) == []
    assert _names(RELEASE, replace(gone, services={})) == []
    # One that cannot fail guarded nothing; another service or label may do the same.
    assert _names(replace(RELEASE, failing_hooks={HOOK: False}), gone) == []
    for moved in ("db: backupbot.backup.pre-hook", "app: backupbot.pre-hook"):
        assert _names(RELEASE, replace(gone, failing_hooks={moved: True})) == []
    restore = "app: backupbot.restore.pre-hook"
    assert _names(RELEASE, replace(gone, failing_hooks={restore: True})) == [HOOK]


def test_a_port_that_is_published_or_no_more_is_a_loss() -> None:
    """One way opens the app to others, the other takes it from its users."""
    voice = _head(ports=frozenset({"64738/udp"}))
    assert _names(voice, RELEASE) == _names(RELEASE, voice) == ["app: port 64738/udp"]
    assert _names(voice, voice) == []
    moved = replace(
        RELEASE, services={"app": APP, "smtp": replace(APP, ports=voice.services["app"].ports)}
    )
    assert _names(voice, moved) == ["smtp: port 64738/udp"]


@pytest.mark.parametrize(
    ("before", "now", "lost"),
    [
        (("any", math.inf), ("on-failure", math.inf), True),
        (("on-failure", math.inf), ("any", math.inf), False),
        (("any", math.inf), ("any", 3), True),
        (("any", 3), ("any", 5), False),
        (("none", math.inf), ("on-failure", 3), False),
    ],
)
def test_to_be_started_again_less_often_is_a_loss(
    before: tuple[str, float], now: tuple[str, float], lost: bool
) -> None:
    release, head = (_head(restart=policy, attempts=most) for policy, most in (before, now))
    assert _names(release, head) == (["app: restart"] if lost else [])


def test_a_health_check_may_be_tuned() -> None:
    assert _names(RELEASE, _head(patience_seconds=75)) == []
    # Without a health check there is nothing to be patient.
    assert _names(RELEASE, _head(health_check=False, patience_seconds=0)) == ["app: health check"]


def test_all_are_told_at_once(tmp_path: Path) -> None:
    head = _head(is_root=True, health_check=False)
    with pytest.raises(RecipeFailure) as failure:
        check_nothing_is_lost(RELEASE, head, RecipeConfig())
    said = str(failure.value).splitlines()
    assert said[0] == "Expected the head to keep what the release had:"
    names = [line.partition(": it")[0] for line in said[1:3]]
    assert names == ["'app: health check'", "'app: root'"]
    assert "say why in [let_go] of recipe.toml" in said[3]


def test_what_cannot_be_told_is_not_judged() -> None:
    dumb = replace(APP, health_check=None, is_root=None, hears_stop=None)
    unknown = Guards({"app": dumb}, PageGuards(), failing_hooks=RELEASE.failing_hooks)
    head = _head(is_root=True, health_check=False, hears_stop=False)
    assert _names(unknown, head) == []
    assert _names(RELEASE, unknown) == []
    # A page that is answered otherwise is another page. One that is gone is a loss.
    assert _names(RELEASE, _pages(pages={"/": Page(302, frozenset())})) == []
    assert _names(RELEASE, _pages(pages={"/": Page(404, frozenset())})) == ["page /"]


def test_a_new_service_is_judged_where_there_are_no_two_opinions() -> None:
    new = ServiceGuards(
        "none", "start-first", frozenset({"5432"}), frozenset({SOCKET, "/srv/x"}), True, False, True
    )
    head = replace(RELEASE, services={"app": APP, "db": new}, log_drivers={"db": "none"})
    assert _names(RELEASE, head) == ["db: restart", "db: port 5432", f"db: mount {SOCKET}"]


def test_a_database_whose_dump_is_named_no_more_is_copied_live() -> None:
    services = {"app": APP, "db": replace(APP, image="postgres:17.2")}
    release = replace(RELEASE, services=services, dumped=frozenset({"db"}))
    assert _names(release, replace(release, dumped=frozenset())) == ["db: backup path"]
    assert _names(release, release) == _names(replace(release, dumped=frozenset()), release) == []
    without = replace(release, services={"app": APP}, dumped=frozenset())
    assert _names(release, without) == []


@pytest.mark.parametrize(
    ("image", "label", "is_dumped"),
    [
        ("postgres:17.2", "backupbot.backup.path", True),
        ("mariadb:11", "backupbot.backup.volumes.mariadb.path", True),
        ("postgres:17.2", "backupbot.backup.pre-hook", False),
        ("postgres:17.2", "backupbot.backup.volumes.data", False),
        ("wiki:1.4.2", "backupbot.backup.path", False),
    ],
)
def test_which_databases_are_saved_by_a_dump(image: str, label: str, is_dumped: bool) -> None:
    service = SimpleNamespace(short_name="db", image=image, labels={label: "x"})
    driver = cast(AppDriver, SimpleNamespace(services=lambda: [service]))
    assert guards._dumped(driver) == ({"db"} if is_dumped else set())


def test_what_is_approved_or_meant_to_end_is_no_loss() -> None:
    config = RecipeConfig.model_validate({
        "meant_to_end": {"app": "It moves the tables once, and ends."},
        "approved": {"node": ["docker-socket", "host-port:53/udp", "host-mount:/srv/x"]},
    })  # fmt: skip
    head = _head(restart="none", ports=frozenset({"53/udp"}), mounts=frozenset({SOCKET, "/srv/x"}))
    assert check_nothing_is_lost(RELEASE, head, config) == "Compared: app; /."


def test_a_recipe_without_recipe_toml_is_only_told(tmp_path: Path) -> None:
    config = load_recipe_config(tmp_path / "recipe.toml")
    said = check_nothing_is_lost(RELEASE, _head(is_root=True), config)
    assert said.splitlines()[1].startswith("'app: root': its first process runs as root")


def test_a_reason_for_nothing_does_no_harm_and_needs_words(tmp_path: Path) -> None:
    toml = tmp_path / "recipe.toml"
    toml.write_text(f'[let_go]\n"db: root" = "{REASON}"\n')
    assert check_nothing_is_lost(RELEASE, RELEASE, load_recipe_config(toml))
    toml.write_text('[let_go]\n"db: root" = "why not"\n')
    with pytest.raises(Misuse, match=r"recipe\.toml:2: key 'let_go\.db: root'"):
        load_recipe_config(toml)


def test_without_a_look_at_the_release_nothing_is_compared() -> None:
    with pytest.raises(Misuse, match="call 'Upgrade To The Head' before"):
        check_nothing_is_lost(None, RELEASE, RecipeConfig())
