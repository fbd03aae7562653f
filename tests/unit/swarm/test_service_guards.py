"""What guards a service is read from the Swarm, from Docker, and from its first process."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker.errors import APIError

from ccci.swarm import service_guards as module
from ccci.swarm.service_guards import ServiceGuards, service_guards, switches_verification_off
from ccci.swarm.view import Service, SwarmView, Task

RUNNING = Task("t", "running", "running", True, datetime.now(UTC), None, "")
APP = Service("s1", "wiki_app", "app", "wiki:1", {}, 1, "", "any", (RUNNING,))


class Wiki:
    """A stack of one service, which Docker describes as a test says."""

    def __init__(self) -> None:
        self.service = APP
        self.spec: dict[str, Any] = {"TaskTemplate": {"ContainerSpec": {}}}
        self.config: dict[str, Any] = {"Env": ["PATH=/bin"]}
        self.processes: list[list[str]] | None = [["4711", "1000"], ["4712", "0"]]
        networks = [{"Id": "n1", "Name": "proxy"}, {"Id": "n2", "Name": "wiki_internal"}]
        api = SimpleNamespace(
            networks=lambda: networks, inspect_service=lambda _: {"Spec": self.spec}
        )
        self.swarm = SimpleNamespace(
            services=lambda _: [self.service],
            container_of=lambda _: self._container(),
            client=SimpleNamespace(api=api),
        )

    def _container(self) -> Any:
        return SimpleNamespace(
            id="c1", attrs={"Config": self.config, "State": {"Pid": 4711}}, top=self._top
        )

    def _top(self, ps_args: str) -> dict[str, Any]:
        assert ps_args == "-eo pid,uid"
        if self.processes is None:
            raise APIError("the daemon has no ps")
        return {"Titles": ["PID", "UID"], "Processes": self.processes}

    @property
    def guards(self) -> ServiceGuards:
        return service_guards(cast(SwarmView, self.swarm), "wiki", ["proxy"])["app"]


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The environment of the first process; an empty list means that it cannot be read."""
    content: list[bytes] = []
    monkeypatch.setattr(module, "read_as_seen", lambda *_: content[0] if content else None)
    monkeypatch.setattr(module, "hears_stop", lambda _: None)
    return content


def test_a_plain_service() -> None:
    plain = ServiceGuards("any", "stop-first", health_check=False, is_root=False, image="wiki:1")
    assert Wiki().guards == plain


def test_what_the_swarm_says() -> None:
    wiki = Wiki()
    wiki.spec = {
        "TaskTemplate": {
            "ContainerSpec": {
                "StopGracePeriod": 90_000_000_000,
                "Mounts": [
                    {"Type": "volume", "Source": "wiki_data"},
                    {"Type": "bind", "Source": "/var/run//docker.sock"},
                    {"Type": "volume", "Source": "wiki_x", "VolumeOptions": {"DriverConfig": {
                        "Options": {"type": "none", "o": "bind,ro", "device": "/srv/x/"}}}},
                ]
            },
            "Networks": [{"Target": "n2"}, {"Target": "n1"}],
        },
        "UpdateConfig": {"Order": "start-first", "FailureAction": "rollback"},
        "RollbackConfig": {"Order": "start-first"},
        "EndpointSpec": {"Ports": [
            {"PublishedPort": 5432, "Protocol": "tcp"}, {"PublishedPort": 53, "Protocol": "udp"},
            {"TargetPort": 80},
        ]},
    }  # fmt: skip
    seen = wiki.guards
    assert seen.mounts == {"/var/run/docker.sock", "/srv/x"}
    assert seen.ports == {"5432", "53/udp", "any"}
    assert (seen.on_proxy, seen.order) == (True, "start-first")
    assert (seen.grace_seconds, seen.rolls_back) == (90, True)
    assert (seen.rollback_order, seen.delay_seconds, seen.alarm_seconds) == ("start-first", 5, 0)


def test_limits_of_traefik_are_in_the_labels() -> None:
    wiki = Wiki()
    middleware = "traefik.http.middlewares.wiki"
    labels = {
        f"{middleware}.buffering.maxRequestBodyBytes": "2000",
        f"{middleware}2.buffering.maxRequestBodyBytes": "1000",
        f"{middleware}3.buffering.maxRequestBodyBytes": "0",
        f"{middleware}.buffering.memRequestBodyBytes": "10",
        f"{middleware}.inflightreq.amount": "3",
        f"{middleware}.rateLimit.average": "many",
        f"{middleware}.ipAllowList.sourceRange": "10.0.0.0/8",
        f"{middleware}.headers.customFrameOptionsValue": "DENY",
        f"{middleware}-admin.rateLimit.average": "5",
        "traefik.http.routers.wiki.rule": "Host(`wiki.lab.test`)",
        "traefik.http.routers.wiki.middlewares": "Wiki@swarm, wiki2,wiki3",
        "traefik.http.routers.admin.rule": "Host(`wiki.lab.test`) && PathPrefix(`/admin`)",
        "traefik.http.routers.admin.middlewares": "wiki-admin",
    }
    wiki.service = replace(APP, labels=labels)
    assert wiki.guards.limits == {"body limit": 1000, "requests at once": 3, "visitors": 0}
    labels[f"{middleware}.ipAllowList.sourceRange"] = "0.0.0.0/0, ::/0"
    assert "visitors" not in wiki.guards.limits


def test_how_many_there_are_and_where() -> None:
    wiki = Wiki()
    wiki.spec |= {"Mode": {"Replicated": {"Replicas": 2}}}
    wiki.spec["TaskTemplate"]["Placement"] = {"Constraints": ["node.role==manager"]}
    wiki.spec["TaskTemplate"]["ContainerSpec"] = {"Mounts": [{"Type": "volume", "Source": "x"}]}
    seen = wiki.guards
    assert (seen.copies, seen.placement, seen.has_volume) == (2, {"node.role==manager"}, True)
    wiki.spec["Mode"] = {"Global": {}}
    assert wiki.guards.copies == math.inf


def test_an_update_that_never_counts_as_failed_is_not_rolled_back() -> None:
    wiki = Wiki()
    wiki.spec["UpdateConfig"] = {"FailureAction": "rollback", "MaxFailureRatio": 0.5}
    assert wiki.guards.rolls_back
    wiki.spec["UpdateConfig"]["MaxFailureRatio"] = 1
    assert not wiki.guards.rolls_back


def test_doors_of_traefik_are_in_the_labels() -> None:
    wiki = Wiki()
    labels = {
        "traefik.http.middlewares.wiki-in.basicAuth.users": "ada:x",
        "traefik.http.middlewares.wiki-up.compress": "true",
        "traefik.http.middlewares.other.forwardauth.address": "x",
        "traefik.http.routers.Wiki.rule": "Host(`wiki.test`) && ! PathPrefix(`/admin`)",
        "traefik.http.routers.Wiki.middlewares": "Wiki-In@swarm,wiki-up",
        "traefik.http.routers.plain.rule": "Host(`wiki.test`)",
    }
    wiki.service = replace(APP, labels=labels)
    doors = frozenset({"basicauth", "!PathPrefix(`/admin`)"})
    assert wiki.guards.closed == {"wiki": doors, "plain": frozenset()}


def test_ways_in_for_no_browser_and_the_patience_of_abra_are_in_the_labels() -> None:
    wiki = Wiki()
    assert (wiki.guards.ways_in, wiki.guards.timeout_seconds) == (frozenset(), 300)
    labels = {
        "traefik.tcp.routers.mail.rule": "HostSNI(`*`)",
        "traefik.tcp.routers.mail.entryPoints": "smtp, smtps",
        "traefik.tcp.routers.mail.service": "Out",
        "traefik.tcp.services.out.loadBalancer.server.port": "587",
        "traefik.tcp.services.in.loadbalancer.server.port": "25",
        "coop-cloud.wiki.timeout": "600",
    }
    wiki.service = replace(APP, labels=labels)
    ways = {f"tcp at {name} for HostSNI(`*`) to port 587" for name in ("smtp", "smtps")}
    assert set(map(str, wiki.guards.ways_in)) == ways
    assert wiki.guards.timeout_seconds == 600


def test_how_often_it_is_started_again() -> None:
    wiki = Wiki()
    assert wiki.guards.attempts == math.inf
    for given, most in ((0, math.inf), (3, 3)):
        wiki.spec["TaskTemplate"]["RestartPolicy"] = {"MaxAttempts": given}
        assert wiki.guards.attempts == most
    wiki.spec["TaskTemplate"]["RestartPolicy"] = {"Delay": 1_500_000_000}
    assert wiki.guards.delay_seconds == 1.5


def test_the_user_is_that_of_the_first_process() -> None:
    wiki = Wiki()
    assert wiki.guards.is_root is False
    wiki.processes = [["1", "1000"], ["4711", "0"]]
    assert wiki.guards.is_root is True
    for unknown in ([["1", "0"]], None):
        wiki.processes = unknown
        assert wiki.guards.is_root is None


def test_a_health_check_may_be_the_images() -> None:
    wiki = Wiki()
    wiki.config = {"Healthcheck": {"Test": ["CMD", "true"]}}
    assert wiki.guards.health_check is True
    assert wiki.guards.patience_seconds == wiki.guards.alarm_seconds == 90


def test_a_variable_may_come_from_docker_or_from_an_entrypoint(environ: list[bytes]) -> None:
    wiki = Wiki()
    wiki.config = {"Env": ["NODE_TLS_REJECT_UNAUTHORIZED=0", "PATH=/bin"]}
    assert wiki.guards.unverified == {"NODE_TLS_REJECT_UNAUTHORIZED"}
    environ.append(b"NODE_TLS_REJECT_UNAUTHORIZED=1\0GIT_SSL_NO_VERIFY=true\0")
    assert wiki.guards.unverified == {"GIT_SSL_NO_VERIFY"}


def test_of_a_service_that_does_not_run_the_swarm_alone_speaks() -> None:
    wiki = Wiki()
    wiki.service = replace(APP, tasks=())
    assert wiki.guards == ServiceGuards("any", "stop-first", image="wiki:1")


@pytest.mark.parametrize(
    ("variable", "is_off"),
    [
        ("NODE_TLS_REJECT_UNAUTHORIZED=0", True), ("NODE_TLS_REJECT_UNAUTHORIZED=1", False),
        ("PYTHONHTTPSVERIFY=0", True), ("PYTHONHTTPSVERIFY=1", False),
        ("GIT_SSL_NO_VERIFY=true", True), ("GIT_SSL_NO_VERIFY=1", True),
        ("GIT_SSL_NO_VERIFY=0", False), ("npm_config_strict_ssl=false", True),
        ("SMTP_TLS_SKIP_VERIFY=yes", True), ("MAIL_SSL_VERIFY=false", True),
        ("LDAP_VERIFY_CERT='no'", True), ("LDAPTLS_REQCERT=never", True),
        ("LDAPTLS_REQCERT=demand", False), ("SKIP_EMAIL_VERIFICATION=false", False),
        ("MAIL_SSL_VERIFY=", False), ("TLS_INSECURE=true", True), ("COOKIE_SECURE=0", False),
        ("EMAIL_VERIFICATION=false", False), ("SSL_CERT_FILE=/etc/ssl/x", False),
    ],
)  # fmt: skip
def test_which_variables_switch_the_check_of_certificates_off(variable: str, is_off: bool) -> None:
    name, _, value = variable.partition("=")
    assert switches_verification_off(name, value) is is_off
