"""The services of an app share what the app may use, however many they are."""

from pathlib import Path
from typing import Any

import pytest

from ccci.budget.share import share_of
from ccci.errors import Misuse, RecipeFailure
from ccci.recipe.config import load_recipe_config
from ccci.recipe.limits import Amounts, RaisedLimit, dockers_bytes, limits_for, tasks_of

MIB, GIB = 1024**2, 1024**3
REASON = "It computes in memory, by design."


def service(memory: str | None = None, **deploy: Any) -> list[dict[str, Any]]:
    limits = {} if memory is None else {"resources": {"limits": {"memory": memory}}}
    return [{"image": "x", "deploy": {**limits, **deploy}}]


def memory_of(
    services: dict[str, list[dict[str, Any]]],
    weight: int = 1,
    raised: list[RaisedLimit] | None = None,
    **settings: str,
) -> dict[str, int]:
    found = limits_for(services, share_of(weight), raised or [], settings)
    tasks = {name: tasks_of(name, parts, settings) for name, parts in services.items()}
    for amount in ("memory", "pids", "log", "disk", "millicores"):
        together = sum(getattr(found[name], amount) * number for name, number in tasks.items())
        assert together <= getattr(share_of(weight), amount)
        assert all(getattr(one, amount) > 0 for one in found.values())
    return {name: one.memory for name, one in found.items()}


def test_services_get_even_parts_of_the_apps_share() -> None:
    assert memory_of({"app": [{}]}) == {"app": 2 * GIB}
    assert memory_of({"app": [{}], "db": [{"deploy": None}]}, 2) == {"app": 2 * GIB, "db": 2 * GIB}


def test_each_replica_counts() -> None:
    assert memory_of({"app": service(replicas=3), "db": [{}]}) == {
        "app": 512 * MIB,
        "db": 512 * MIB,
    }
    assert memory_of({"app": service(replicas="${MANY:-3}"), "db": [{}]}, MANY="1")["db"] == GIB
    # Something else starts it.
    assert memory_of({"app": [{}], "sweeper": service(replicas=0)})["sweeper"] == GIB


def test_what_a_service_does_not_ask_for_is_left_to_the_others() -> None:
    asked = {"app": [{}], "cache": service("256M"), "db": service("${DB:-1g}")}
    assert memory_of(asked) == {"app": 896 * MIB, "cache": 256 * MIB, "db": 896 * MIB}
    assert memory_of(asked, DB="512M") == {"app": 1280 * MIB, "cache": 256 * MIB, "db": 512 * MIB}


def test_what_is_reserved_must_fit_into_the_apps_share() -> None:
    def reserving(memory: str, **deploy: Any) -> list[dict[str, Any]]:
        return service(resources={"reservations": {"memory": memory}}, **deploy)

    memory_of({"app": reserving("1G"), "db": reserving("${DB}")}, DB="1g")
    for asked in (
        {"app": reserving("512G")},
        {"app": reserving("700M", replicas=3)},
        {"app": reserving("1G"), "db": reserving("1100M")},
    ):
        with pytest.raises(
            RecipeFailure, match=r"reserve more memory \(app .* Swarm starts nothing"
        ):
            memory_of(asked)
    memory_of({"app": reserving("1G"), "db": reserving("1100M")}, weight=2)


@pytest.mark.parametrize("much", ["64G", "999999t", "0", "lots", "${NOTHING}", "1e3"])
def test_a_service_that_asks_for_too_much_or_for_nothing_gets_its_part(much: str) -> None:
    assert memory_of({"app": service(much), "db": [{}]}) == {"app": GIB, "db": GIB}


@pytest.mark.parametrize("replicas", [33, 100_000, "${MANY:-100000}"])
def test_replicas_are_bounded(replicas: object) -> None:
    with pytest.raises(RecipeFailure, match=r"ask for \d+ tasks, .* is 2 GiB: .* at most 32 tasks"):
        memory_of({"app": service(replicas=replicas)})


@pytest.mark.parametrize("replicas", ["many", "-1", "1.5", True, [3], "9" * 30, "\uff12"])
def test_a_number_of_replicas_that_is_none_is_the_recipes_fault(replicas: object) -> None:
    with pytest.raises(RecipeFailure, match=r"Service app: 'replicas' is .*a whole number"):
        memory_of({"app": service(replicas=replicas)})


@pytest.mark.parametrize("shape", [{"deploy": "x"}, {"deploy": {"resources": [1]}},
                                   {"deploy": {"resources": {"limits": 5}}}])  # fmt: skip
def test_a_service_of_another_shape_gets_its_part(shape: dict[str, Any]) -> None:
    assert memory_of({"app": [shape]}) == {"app": 2 * GIB}


def test_recipe_toml_gives_a_service_more_of_the_share() -> None:
    more = RaisedLimit(service="app", memory="3 GiB", pids=3000, reason=REASON)
    assert memory_of({"app": [{}], "db": [{}]}, 2, [more]) == {"app": 3 * GIB, "db": GIB}
    found = limits_for({"app": [{}], "db": [{}]}, share_of(2), [more], {})
    assert (found["app"].pids, found["db"].pids) == (3000, 1096)
    assert found["app"].log == found["db"].log
    # Of a release before the head, that has no such service yet.
    assert memory_of({"web": [{}]}, 1, [more]) == {"web": 2 * GIB}


def test_more_than_the_share_needs_a_larger_weight() -> None:
    more = RaisedLimit(service="app", memory="2 GiB", reason=REASON)
    with pytest.raises(Misuse, match=r"gives memory of 2 GiB to app, of 2 GiB .* Raise 'weight'"):
        memory_of({"app": [{}], "db": [{}]}, 1, [more])
    assert memory_of({"app": [{}]}, 1, [more]) == {"app": 2 * GIB}
    processes = RaisedLimit(service="app", pids=2048, reason=REASON)
    with pytest.raises(Misuse, match="gives pids of 2048 to app, of 2048"):
        memory_of({"app": [{}], "db": [{}]}, 1, [processes])


def test_the_share_grows_with_the_weight() -> None:
    assert share_of(3) == Amounts(6 * GIB, 6144, 96 * MIB, 12 * GIB, 1500)


@pytest.mark.parametrize(
    ("text", "size"),
    [("512M", 512 * MIB), ("1.5g", 1536 * MIB), ("1 GiB", GIB), ("2kb", 2048), ("7", 7),
     ("50b", 50), ("", None), ("-1", None), ("1 eib", None), ("1g 2m", None), ("٣m", None)],
)  # fmt: skip
def test_sizes_as_docker_reads_them(text: str, size: int | None) -> None:
    assert dockers_bytes(text) == size


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('memory = "2 GiB"', "reason"),
        (f'reason = "{REASON}"', "names no memory, pids, log or disk"),
        (f'memory = "2 GB"\nreason = "{REASON}"', "limit.0.memory"),
        (f'pids = 1\nreason = "{REASON}"', "limit.0.pids"),
        (f'cpu = 1\nreason = "{REASON}"', "unknown key 'limit.0.cpu'; known keys: service, memory"),
    ],
)
def test_a_limit_of_recipe_toml_says_how_much_and_why(
    lines: str, complaint: str, tmp_path: Path
) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(f'[[limit]]\nservice = "app"\n{lines}\n')
    with pytest.raises(Misuse) as refused:
        load_recipe_config(path)
    assert complaint in str(refused.value)
