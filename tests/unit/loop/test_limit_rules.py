"""A compose file cannot ask for as much of the node as it likes."""

import pytest
from pydantic import TypeAdapter

from ccci.loop.limit_rules import number_of, size_of
from ccci.recipe.config import Approval
from tests.unit.loop.recipe_folder import Recipe

TOO_MUCH = [
    ("deploy: {replicas: 100000}", "limit:replicas=100000"),
    ("deploy: {replicas: '${R:-11}'}", "limit:replicas=11"),
    ("deploy: {replicas: 1e9}", "limit:replicas=1e9"),
    ("deploy: {replicas: 0x7fffffff}", "limit:replicas=0x7fffffff"),
    ("deploy: {replicas: -1}", "limit:replicas=-1"),
    ("scale: 100", "limit:replicas=100"),
    ("shm_size: 100gb", "limit:shm_size=100gb"),
    ("shm_size: 107374182400", "limit:shm_size=107374182400"),
    ("shm_size: ${S:-100g}", "limit:shm_size=100g"),
    ("oom_score_adj: -1000", "limit:oom_score_adj=-1000"),
    ("oom_score_adj: '-1'", "limit:oom_score_adj=-1"),
    ("oom_kill_disable: true", "option:oom_kill_disable"),
    ("ulimits: {nofile: 2000000}", "limit:nofile=2000000"),
    ("ulimits: {nofile: {soft: 1024, hard: -1}}", "limit:nofile=-1"),
    ("ulimits: {nproc: -1}", "limit:nproc=-1"),
    ("ulimits: {core: -1}", "limit:core=-1"),
    ("ulimits: {rtprio: 99}", "limit:rtprio=99"),
    ("ulimits: {nice: 40}", "limit:nice=40"),
    ("ulimits: {msgqueue: 999999999}", "limit:msgqueue=999999999"),
    ("logging: {options: {mode: non-blocking, max-buffer-size: 100g}}",
     "limit:max-buffer-size=100g"),
    ("logging: {options: {syslog-address: 'tcp://x'}}", "log-option:syslog-address=tcp://x"),
    ("deploy: {resources: {reservations: {generic_resources: [{x: y}]}}}", "device:reserved"),
    ("annotations: {run.oci.hooks: x}", "option:annotations"),
    ("healthcheck: {test: [CMD, x], interval: 1ms}", "limit:healthcheck-interval=1ms"),
    ("healthcheck: {test: [CMD, x], interval: 0.9s}", "limit:healthcheck-interval=0.9s"),
    ("healthcheck: {test: [CMD, x], interval: '${I:-99us}'}", "limit:healthcheck-interval=99us"),
    ("healthcheck: {test: [CMD, x], start_interval: 5ns}", "limit:healthcheck-start_interval=5ns"),
    ("healthcheck: {test: [CMD, x], interval: soon}", "limit:healthcheck-interval=soon"),
    ("deploy: {restart_policy: {condition: any, delay: 0s}}", "limit:restart-delay=0s"),
    ("deploy: {restart_policy: {delay: '${D:-20ms}'}}", "limit:restart-delay=20ms"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "approval"), TOO_MUCH)
def test_asking_for_too_much_needs_an_approval(text: str, approval: str, recipe: Recipe) -> None:
    assert recipe.service(text).approvals() == [approval]
    TypeAdapter(Approval).validate_python(approval)
    assert recipe.violations(approval) == []


@pytest.mark.parametrize(
    "text",
    [
        "deploy: {replicas: 0}",
        "deploy: {replicas: '${REPLICAS:-2}', mode: replicated}",
        "scale: 2",
        "shm_size: 128mb",
        "shm_size: 1g",
        "oom_score_adj: 500",
        "ulimits: {nofile: {soft: 262144, hard: 1000000}, memlock: -1, nproc: 65535, core: 0}",
        "init: true",
        "healthcheck: {test: [CMD, x], interval: 1s, timeout: 100ms, start_period: 1m}",
        "healthcheck: {test: [CMD, x], interval: '${I:-1m30s}', start_interval: 1500ms}",
        "healthcheck: {disable: true, interval: 0s}",
        "deploy: {restart_policy: {condition: on-failure, delay: 1s, max_attempts: 3}}",
        "logging: {driver: json-file, options: {max-size: 10m, max-file: '3', tag: x}}",
    ],
)
def test_asking_for_what_apps_need_is_allowed(text: str, recipe: Recipe) -> None:
    assert recipe.service(text).violations() == []


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("1k", 1024), ("64MB", 64 << 20), ("64 MiB", 64 << 20), ("1.5g", 2 << 30),
     ("1t", 1 << 40), ("-1", None), ("50%", None), ("", None), ("0x10", None), ("\u0661", None)],
)  # fmt: skip
def test_sizes_are_read_as_docker_reads_them(text: str, size: int | None) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["-1", "+1", "1.0", "1_0", "0x1", "", "\u0661", "9" * 13])
def test_what_is_not_written_as_a_whole_number_is_none(text: str) -> None:
    assert number_of(text) is None
