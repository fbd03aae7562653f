"""The rules for compose files of pull requests: each rule is violated once and followed once."""

import shutil
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from ccci.errors import Misuse
from ccci.loop.policy import violations
from ccci.loop.run_settings import settings_of_run
from ccci.project import PROJECT
from ccci.recipe.config import Approval, RecipeConfig, config_path, load_recipe_config
from ccci.recipe.offered import read_offered
from ccci.recipe.overlay import OVERLAY_FILE
from lab import imagelist
from tests.unit.loop.recipe_folder import NOTHING, Recipe

RECIPES = PROJECT / "lab" / "recipes"


# Keys of a service, the line of the violation in them, and the approval that allows it.
APPROVABLE = [
    ("privileged: true", 1, "privileged"),
    ("privileged: 'yes'", 1, "privileged"),
    ("privileged: ${P:-true}", 1, "privileged"),
    ("volumes:\n  - data:/data\n  - /var/run/docker.sock:/x", 3, "docker-socket"),
    ("volumes:\n  - /var/run/docker.sock:/var/run/docker.sock:ro", 2, "docker-socket"),
    ("volumes:\n  - /run/docker.sock:/x", 2, "docker-socket"),
    ("volumes:\n  - //var//run/./docker.sock:/x", 2, "docker-socket"),
    ("volumes:\n  - type: bind\n    source: /run/docker.sock\n    target: /x", 3, "docker-socket"),
    ("volumes:\n  - /var/run:/x", 2, "host-mount:/var/run"),
    ("volumes:\n  - /:/x", 2, "host-mount:/"),
    ("volumes:\n  - /srv/x:/x:ro", 2, "host-mount:/srv/x"),
    ("volumes:\n  - /srv//x/./:/x", 2, "host-mount:/srv/x"),
    ("volumes:\n  - '/srv/x:/x'", 2, "host-mount:/srv/x"),
    ('volumes:\n  - "\\x2fetc:/x"', 2, "host-mount:/etc"),
    ("volumes:\n  - ${DATA:-/srv/x}:/x", 2, "host-mount:/srv/x"),
    ("volumes:\n  - type: bind\n    target: /x\n    source: /srv/x", 4, "host-mount:/srv/x"),
    ("volumes:\n  - type: volume\n    source: /srv/x\n    target: /x", 3, "host-mount:/srv/x"),
    ("volumes:\n  - source: /srv/x\n    target: /x", 2, "host-mount:/srv/x"),
    ("volumes:\n  - {type: bind, source: /srv/x, target: /x}", 2, "host-mount:/srv/x"),
    ("volumes:\n  - type: npipe\n    source: x\n    target: /x", 2, "mount-type:npipe"),
    ("network_mode: host", 1, "host-network"),
    ("network_mode: container:x", 1, "option:network_mode"),
    ("pid: host", 1, "host-pid"),
    ("pid: container:x", 1, "option:pid"),
    ("ipc: host", 1, "host-ipc"),
    ("userns_mode: host", 1, "host-userns"),
    ("uts: host", 1, "host-uts"),
    ("cgroup: host", 1, "host-cgroup"),
    ("cgroupns_mode: host", 1, "host-cgroup"),
    ("pid: ${P:-host}", 1, "host-pid"),
    ("cap_add:\n  - CHOWN\n  - NET_ADMIN", 3, "capability:NET_ADMIN"),
    ("cap_add: [cap_sys_admin]", 1, "capability:SYS_ADMIN"),
    ("devices:\n  - /dev/kmsg:/dev/kmsg:r", 2, "device:/dev/kmsg"),
    ("devices:\n  - source: /dev/sda\n    target: /x", 2, "device:/dev/sda"),
    ("security_opt:\n  - apparmor=unconfined", 2, "security-opt:apparmor=unconfined"),
    ("security_opt: ['seccomp:unconfined']", 1, "security-opt:seccomp:unconfined"),
    ("sysctls:\n  - net.ipv4.ip_forward=1", 2, "sysctl:net.ipv4.ip_forward"),
    ("sysctls:\n  net.core.somaxconn: 1024", 2, "sysctl:net.core.somaxconn"),
    ("group_add: [docker]", 1, "group:docker"),
    ("ports:\n  - 2222:22", 2, "host-port:2222"),
    ("ports:\n  - '2222:22/tcp'", 2, "host-port:2222"),
    ("ports:\n  - 3478:3478/udp", 2, "host-port:3478/udp"),
    ("ports:\n  - 3000-3005:3000-3005", 2, "host-port:3000-3005"),
    ("ports:\n  - 127.0.0.1:2222:22", 2, "host-port:2222"),
    ("ports:\n  - '[::1]:2222:22'", 2, "host-port:2222"),
    ("ports:\n  - 22", 2, "host-port:any"),
    ("ports:\n  - ${SSH_PORT:-2222}:22", 2, "host-port:2222"),
    ("ports:\n  - target: 22\n    published: 2222\n    mode: host", 3, "host-port:2222"),
    ("ports:\n  - target: 22\n    published: 2222\n    mode: ingress", 3, "host-port:2222"),
    ("ports:\n  - target: 22\n    published: 53\n    protocol: udp", 3, "host-port:53/udp"),
    ("ports:\n  - target: 22", 2, "host-port:any"),
    ("logging:\n  driver: syslog", 2, "log-driver:syslog"),
    ("runtime: nvidia", 1, "option:runtime"),
    ("cgroup_parent: /x", 1, "option:cgroup_parent"),
    ("device_cgroup_rules: ['a *:* rwm']", 1, "option:device_cgroup_rules"),
    ("credential_spec: {file: x}", 1, "option:credential_spec"),
    ("Privileged: true", 1, "option:Privileged"),
    ("deploy:\n  resources:\n    reservations:\n      devices:\n        - capabilities: [gpu]", 5,
     "device:reserved"),
    ("label_file: folder/file", 1, "option:label_file"),
    ("networks:\n  proxy:\n    aliases: [forge]", 3, "network-alias:forge"),
    ("networks:\n  proxy:\n    aliases:\n      - ${A:-forge.lab.test}", 4,
     "network-alias:forge.lab.test"),
    ("networks:\n  proxy:\n    ipv4_address: 10.0.0.2", 3, "option:ipv4_address"),
    ("deploy:\n  what_is_new: 1", 2, "option:what_is_new"),
    ("deploy:\n  labels:\n    - coop-cloud.backupbot.enabled=true", 3, "backup-bot"),
    ("labels:\n  coop-cloud.backupbot.enabled: 'true'", 2, "backup-bot"),
    ("deploy:\n  labels:\n    - ${BOT:-coop-cloud.backupbot.enabled}=true", 3, "backup-bot"),
    ("deploy:\n  labels:\n    - traefik.http.routers.${STACK_NAME}.rule=Host(`forge.lab.test`)", 3,
     "route:forge.lab.test"),
    ("deploy:\n  labels:\n    traefik.http.routers.x.rule: Host(`${DOMAIN}`)", 3,
     "label:traefik.http.routers.x.rule"),
    ("deploy:\n  labels:\n    - traefik.http.routers.${STACK_NAME}.rule=PathPrefix(`/`)", 3,
     "route:any"),
    ("deploy:\n  labels:\n    - Traefik.HTTP.Routers.${STACK_NAME}.Rule=PathPrefix(`/`)", 3,
     "route:any"),
    ("deploy:\n  labels:\n    - traefik.tcp.routers.${STACK_NAME}.rule=HostSNI(`*`)", 3, "route:*"),
    ("deploy:\n  labels:\n    - traefik.http.routers.${STACK_NAME}.service=api@internal", 3,
     "route:api@internal"),
    ("deploy:\n  labels:\n    - traefik.http.routers.forge.tls=true", 3,
     "label:traefik.http.routers.forge.tls"),
    ("labels: ['traefik.http.middlewares.forge.compress=true']", 1,
     "label:traefik.http.middlewares.forge.compress"),
    ("labels: ['traefik.http.serverstransports.forge.insecureskipverify=true']", 1,
     "label:traefik.http.serverstransports.forge.insecureskipverify"),
    ("labels: ['traefik.tcp.serverstransports.forge.tls=true']", 1,
     "label:traefik.tcp.serverstransports.forge.tls"),
    ("labels: ['traefik.tcp.middlewares.forge.inflightconn.amount=1']", 1,
     "label:traefik.tcp.middlewares.forge.inflightconn.amount"),
    ("labels: ['traefik.http.services.forge.loadbalancer.server.port=80']", 1,
     "label:traefik.http.services.forge.loadbalancer.server.port"),
    ("labels: ['traefik.http.services.${STACK_NAME}.loadbalancer.server.url=http://x']", 1,
     "label:traefik.http.services.${STACK_NAME}.loadbalancer.server.url"),
    ("labels: ['traefik.http.services.${STACK_NAME}.weighted.services[0].name=forge']", 1,
     "label:traefik.http.services.${STACK_NAME}.weighted.services.[0].name"),
    ("labels: ['traefik.http.routers.${STACK_NAME}.service=forge']", 1, "route:forge"),
    ("labels: ['traefik.http.routers.${STACK_NAME}.service=${STACK_NAME}@file']", 1,
     "route:${STACK_NAME}@file"),
    ("labels: ['traefik.tcp.routers.${STACK_NAME}.service=forge']", 1, "route:forge"),
    ("labels: ['traefik.http.middlewares.${STACK_NAME}.errors.service=api@internal']", 1,
     "label:traefik.http.middlewares.${STACK_NAME}.errors.service"),
    ("labels: ['traefik.udp.routers.${STACK_NAME}.service=${STACK_NAME}']", 1, "route:udp"),
    # Traefik reads `a[b]` as `a.[b]`, and accepts letters that fold to ASCII letters.
    ("labels: ['traefik.http.routers[forge].tls=true']", 1,
     "label:traefik.http.routers.[forge].tls"),
    ("labels: ['traefik.http.router\u017f.forge.tls=true']", 1,
     "label:traefik.http.routers.forge.tls"),
    ("labels: ['traefi\u212a.http.routers.${STACK_NAME}.RULE=Host(`forge`)']", 1, "route:forge"),
    ("labels: ['ccci.run=20261123-235021-bf1c']", 1, "label:ccci.run"),
    ("labels: {com.docker.stack.namespace: forge}", 1, "label:com.docker.stack.namespace"),
    ("labels: ['backupbot.backup.volumes.data.path=../../forge_data/_data']", 1,
     "label:backupbot.backup.volumes.data.path"),
    ("labels: ['backupbot.backup.volumes.data.path=/etc']", 1,
     "label:backupbot.backup.volumes.data.path"),
    ("labels: ['backupbot.backup.volumes.data.path=a,/etc']", 1,
     "label:backupbot.backup.volumes.data.path"),
    ("labels: ['backupbot.backup.volumes.data/../x.path=y']", 1,
     "label:backupbot.backup.volumes.data/../x.path"),
    ("deploy:\n  labels:\n    - traefik.tls.stores.default.defaultcertificate.certfile=x", 3,
     "label:traefik.tls.stores.default.defaultcertificate.certfile"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "approval"), APPROVABLE)
def test_what_affects_more_than_the_app_needs_an_approval(
    text: str, line: int, approval: str, recipe: Recipe
) -> None:
    found = recipe.service(text).violations("capability:CHOWN")
    assert [(one.file, one.line, one.approval) for one in found] == [
        ("compose.yml", line + 3, approval)
    ]
    assert f"compose.yml:{line + 3}: service 'app' " in str(found[0]) or "deploy" in text
    assert f"'{approval}'" in str(found[0])
    assert recipe.violations("capability:CHOWN", approval) == []
    TypeAdapter(Approval).validate_python(approval)


NEVER = [
    ("volumes:\n  - ./x:/x", 2, "mounts './x'"),
    ("volumes:\n  - .:/x", 2, "mounts '.'"),
    ("volumes:\n  - ../x:/x", 2, "mounts '../x'"),
    ("volumes:\n  - ~/x:/x", 2, "mounts '~/x'"),
    ("volumes:\n  - folder/x:/x", 2, "mounts 'folder/x'"),
    ("volumes:\n  - /srv/x/../../etc:/x", 2, "mounts '/srv/x/../../etc'"),
    ("volumes:\n  - /var/run/x/../docker.sock:/x", 2, "docker.sock'"),
    ("volumes:\n  - 'C:\\x:/x'", 2, "not the name of a volume"),
    ("volumes:\n  - ${DATA}:/x", 2, "variable without a known value (DATA)"),
    ("volumes:\n  - $DATA:/x", 2, "variable without a known value (DATA)"),
    ("volumes:\n  - ${DATA:?no data}:/x", 2, "variable without a known value (DATA)"),
    ("volumes:\n  - ${A:-${B:-data}}:/x", 2, "variable without a known value"),
    ("volumes:\n  - $DATA:-/:/x", 2, "variable without a known value"),
    ("volumes:\n  - $DATA-/:/x", 2, "variable without a known value"),
    ("volumes:\n  - $DATA?x:/x", 2, "variable without a known value"),
    ("volumes:\n  - ${DATA:-$B}:/x", 2, "variable without a known value"),
    ("volumes:\n  - ${data\u212a:-/}:/x", 2, "variable without a known value"),
    ("labels:\n  - $A:-traefik.http.routers.x.rule=Host(`forge.lab.test`)", 2, "be resolved"),
    ("labels:\n  - $A-traefik.http.routers.x.rule=Host(`forge.lab.test`)", 2, "be resolved"),
    ("labels:\n  - $A\u212a-traefik.http.routers.x.rule=Host(`forge.lab.test`)", 2, "be resolved"),
    ("labels:\n  - ${A:-traefik.http.routers.x.rule=Host(`f`) || Path(`/$`)}", 2, "be resolved"),
    ("labels:\n  - ${A:-${B:-traefik.http.routers.x.rule=Host(`f`)}}", 2, "be resolved"),
    ("volumes:\n  - type: ${TYPE_OF_IT}\n    source: data\n    target: /x", 2, "(TYPE_OF_IT)"),
    ("volumes:\n  - type: bind\n    source: folder\n    target: /x", 3, "mounts './folder'"),
    ("volumes:\n  - type: bind\n    source: ${DATA}\n    target: /x", 3, "value (DATA)"),
    ("volumes:\n  data: /x", 2, "must be a list"),
    ("env_file: /etc/ccci/forge.toml", 1, "outside of the recipe"),
    ("env_file:\n  - folder/file\n  - ../../x", 3, "outside of the recipe"),
    ("env_file:\n  - path: ~/x", 2, "outside of the recipe"),
    ("env_file: ${FILE}", 1, "value (FILE)"),
    ("env_file: .git/config", 1, "outside of the recipe"),
    ("env_file: nowhere", 1, "not a regular file"),
    ("extends:\n  file: other.yml\n  service: app", 1, "extends a service"),
    ("build: .", 1, "is built from the recipe"),
    ("build:\n  context: .", 1, "is built from the recipe"),
    ("volumes_from: [x]", 1, "volumes of another container"),
    ("external_links: [x]", 1, "other stacks"),
    ("develop: {watch: []}", 1, "watches files of the node"),
    ("use_api_socket: true", 1, "asks for the Docker socket"),
    ("provider:\n  type: x", 1, "by a program of the node"),
    ("privileged: ${P}", 1, "value (P)"),
    ("pid: $P", 1, "value (P)"),
    ("ports:\n  - ${PORT}:22", 2, "value (PORT)"),
    ("ports:\n  - x", 2, "a port of service 'app' is 'x'"),
    ("cap_add:\n  NET_ADMIN: true", 2, "must be a list"),
    ("environment:\n  - A=$DOCKER_AUTH_CONFIG", 2, "variable DOCKER_AUTH_CONFIG is reserved"),
    ("environment:\n  A: ${B:-${HOME}}", 2, "variable HOME is reserved for the machine"),
    ("environment:\n  - A\n  - DOCKER_AUTH_CONFIG", 3, "DOCKER_AUTH_CONFIG is reserved"),
    ("environment:\n  PATH:", 2, "variable PATH is reserved for the machine"),
    ("image: nginx:${LD_PRELOAD}\ncommand: x", 1, "twice"),
]


@pytest.mark.parametrize(("text", "line", "what"), NEVER)
def test_what_no_approval_can_allow(text: str, line: int, what: str, recipe: Recipe) -> None:
    found = recipe.service(text).violations()
    assert [(one.file, one.approval) for one in found] == [("compose.yml", "")]
    assert found[0].line == line + 3
    assert what in str(found[0])


FINE = [
    "privileged: false",
    "privileged: ${P:-no}",
    "volumes:\n  - data:/data\n  - data2:/x:ro\n  - /anonymous",
    "volumes:\n  - ${DATA:-data}:/x",
    "volumes:\n  - type: volume\n    source: data\n    target: /x",
    "volumes:\n  - type: tmpfs\n    target: /x",
    "volumes:",
    "network_mode: bridge",
    "ipc: private",
    "cap_drop: [ALL]",
    "security_opt: [no-new-privileges:true]",
    "ports: []",
    "logging:\n  driver: json-file\n  options: {max-size: 1m}",
    "deploy:\n  placement:\n    constraints: [node.role == manager]\n  endpoint_mode: dnsrr",
    "deploy:\n  resources:\n    limits: {cpus: '1', memory: 1g}\n    reservations: {memory: 1m}",
    "deploy:\n  labels: ['traefik.enable=true', 'backupbot.backup=true']",
    "environment:\n  - A\n  - HOME=/data\n  - B=$$HOME\n  - C=${A}",
    "environment:\n  PATH: /bin\n  A:",
    "env_file: folder/file",
    "tmpfs: [/run]",
    "links: [db]",
    "ulimits: {nofile: 65536}",
    "user: '0'",
    "networks: [proxy, internal]",
    "x-anything: {privileged: true}",
    "healthcheck: {test: [CMD, true]}",
    "extra_hosts: ['a:1.2.3.4']",
]


@pytest.mark.parametrize("text", FINE)
def test_what_affects_the_app_only_is_allowed(text: str, recipe: Recipe) -> None:
    assert recipe.service(text).violations() == []


TOP = [
    ("volumes:\n  data:\n    driver: rexray", 3, "volume-driver:rexray"),
    ("volumes:\n  data:\n    external: true", 3, "external-volume:data"),
    ("volumes:\n  data:\n    external: true\n    name: other_data", 4,
     "external-volume:other_data"),
    ("volumes:\n  data:\n    name: other_data", 3, "external-volume:other_data"),
    ("volumes:\n  data:\n    external:\n      name: other_data", 4, "external-volume:other_data"),
    ("secrets:\n  s:\n    external: true", 3, "external-secret:s"),
    ("secrets:\n  s:\n    external: true\n    name: other_app_password_v1", 4,
     "external-secret:other_app_password_v1"),
    ("configs:\n  c:\n    external: true\n    name: other_c", 4, "external-config:other_c"),
    ("secrets:\n  s:\n    driver: x", 3, "option:driver"),
    ("networks:\n  x:\n    labels: [ccci.run=other]", 3, "label:ccci.run"),
    ("volumes:\n  x:\n    labels: {ccci.run: other}", 3, "label:ccci.run"),
    ("configs:\n  x:\n    file: folder/file\n    labels: {ccci.run: other}", 4, "label:ccci.run"),
    ("networks:\n  other:\n    external: true", 3, "network:other"),
    ("networks:\n  x:\n    external: true\n    name: other_internal", 4, "network:other_internal"),
    ("networks:\n  x:\n    name: other_internal", 3, "network:other_internal"),
    ("networks:\n  host:\n    external: true", 3, "host-network"),
    ("networks:\n  x:\n    external: true\n    name: host", 4, "host-network"),
    ("networks:\n  x:\n    external:\n      name: host", 4, "host-network"),
    ("networks:\n  x:\n    driver: host", 3, "host-network"),
    ("networks:\n  x:\n    driver: macvlan", 3, "network-driver:macvlan"),
    ("networks:\n  x:\n    driver_opts: {parent: eth0}", 3, "option:parent"),
    ("what_is_new: 1", 1, "option:what_is_new"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "approval"), TOP)
def test_what_affects_more_than_the_stack_needs_an_approval(
    text: str, line: int, approval: str, recipe: Recipe
) -> None:
    found = recipe.top(text).violations()
    assert [(one.line, one.approval) for one in found] == [(line + 3, approval)]
    assert recipe.violations(approval) == []
    TypeAdapter(Approval).validate_python(approval)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("configs:\n  c:\n    file: /etc/ccci/forge.toml", 3, "outside of the recipe"),
        ("configs:\n  c:\n    file: ../other/x", 3, "outside of the recipe"),
        ("configs:\n  c:\n    file: folder/../../x", 3, "outside of the recipe"),
        ("configs:\n  c:\n    file: ~/.ssh/id", 3, "outside of the recipe"),
        ("secrets:\n  s:\n    file: /etc/shadow", 3, "outside of the recipe"),
        ("secrets:\n  s:\n    file: ${WHERE}", 3, "value (WHERE)"),
        ("secrets:\n  s:\n    file: ${WHERE:-/etc/shadow}", 3, "outside of the recipe"),
        ("secrets:\n  s:\n    file: .GIT/config", 3, "outside of the recipe"),
        ("configs:\n  c:\n    file: link", 3, "not a regular file"),
        ("configs:\n  c:\n    file: linked/file", 3, "not a regular file"),
        ("secrets:\n  s:\n    environment: TOKEN", 3, "environment of the machine that deploys"),
        ("secrets:\n  s:\n    external: true\n    name: ${ANY}", 4, "value (ANY)"),
        ("networks:\n  x:\n    external: true\n    name: ${ANY}", 4, "value (ANY)"),
        ("networks:\n  x:\n    external: ${ANY}", 3, "value (ANY)"),
        ("volumes:\n  x:\n    driver_opts: {device: $ANY}", 3, "value (ANY)"),
        ("volumes:\n  x:\n    driver_opts: [device]", 3, "must be a mapping"),
        ("include:\n  - other.yml", 1, "includes other files"),
        ("volumes: [x]", 1, "'volumes' must be a mapping"),
    ],
)
def test_what_no_approval_can_allow_outside_of_services(
    text: str, line: int, what: str, recipe: Recipe
) -> None:
    (recipe.path / "link").symlink_to("/etc/passwd")
    (recipe.path / "linked").symlink_to("folder")
    found = recipe.top(text).violations()
    assert [(one.line, one.approval) for one in found] == [(line + 3, "")]
    assert what in found[0].what


@pytest.mark.parametrize(
    "text",
    [
        "version: '3.8'\nvolumes:\n  data:\n  other: {}\n  third:\n    driver: local\n"
        "    labels: {org.opencontainers.image.title: b}",
        "volumes:\n  data:\n    name: ${STACK_NAME}_data",
        "volumes:\n  data:\n    driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}",
        "secrets:\n  s:\n    external: true\n    name: ${STACK_NAME}_s_${SECRET_S_VERSION}",
        "secrets:\n  s:\n    external: 'false'\n    file: folder/file",
        "configs:\n  c:\n    name: ${STACK_NAME}_c_${C_VERSION}\n    file: nginx.conf.tmpl\n"
        "    template_driver: golang",
        "configs:\n  c:\n    file: ./folder/file",
        "configs:\n  c:\n    file: ${WHICH:-nginx.conf.tmpl}",
        "networks:\n  proxy:\n    external: true\n  internal:\n  more: {internal: true}",
        "networks:\n  web:\n    external: true\n    name: proxy",
        "networks:\n  own:\n    name: ${STACK_NAME}_own\n    driver: overlay\n    attachable: true",
        "networks:\n  own:\n    driver_opts: {encrypted: 'true'}",
        "x-anything:\n  - privileged: true",
    ],
)
def test_what_affects_the_stack_only_is_allowed(text: str, recipe: Recipe) -> None:
    assert recipe.top(text).violations() == []


def test_a_variable_can_have_each_of_its_values(recipe: Recipe) -> None:
    """The value in .env.sample, and the default, which counts if an operator removes the line."""
    recipe.service("volumes:\n  - ${DATA:-/default}:/x")
    recipe.write(".env.sample", "DATA=/sampled\n")
    assert [one.approval for one in recipe.violations()] == [
        "host-mount:/sampled",
        "host-mount:/default",
    ]
    recipe.write(".env.sample", "DATA=data\nDATA=/again # twice\n")
    assert [one.approval for one in recipe.violations()] == [
        "host-mount:/again",
        "host-mount:/default",
    ]
    recipe.service("volumes:\n  - ${DATA}:/x").write(".env.sample", "DATA=data\n")
    assert recipe.violations() == []


@pytest.mark.parametrize(
    "line",
    ["DATA=/etc", "DATA='/etc'", 'DATA="/etc"', " DATA = /etc", "ROOT=/\nDATA=${ROOT}etc",
     "DATA=/etc # a remark", "DATA=/etc\r"],
)  # fmt: skip
def test_a_setting_is_found_in_each_way_to_write_it(line: str, recipe: Recipe) -> None:
    recipe.service("volumes:\n  - ${DATA}:/x").write(".env.sample", f"{line}\n")
    assert "host-mount:/etc" in [one.approval for one in recipe.violations()]


@pytest.mark.parametrize(
    "line",
    [
        "export DATA=/etc",
        'export DATA="/etc"',
        " export DATA='/etc'",
        "  export  DATA=/etc # x",
        "x; export DATA=/etc",
    ],
)
def test_exports_of_abra_sh_count_too(line: str, recipe: Recipe) -> None:
    recipe.service("volumes:\n  - ${DATA:-data}:/x").write("abra.sh", f"#!/bin/bash\n{line}\n")
    assert [one.approval for one in recipe.violations()] == ["host-mount:/etc"]


def test_a_setting_that_parsers_read_differently_is_unknown(recipe: Recipe) -> None:
    """It is a violation only where the value could do harm."""
    recipe.write(".env.sample", 'DATA=da""ta\nGREETING="say \\"hi\\""\n')
    found = recipe.service("volumes:\n  - ${DATA:-x}:/x\nenvironment:\n  A: $GREETING").violations()
    assert [(one.line, one.approval) for one in found] == [(5, "")]


def test_too_many_values_are_unknown(recipe: Recipe) -> None:
    lines = "".join(f"{name}={value}\n" for name in "AB" for value in range(20))
    recipe.write(".env.sample", lines).service("volumes:\n  - $A$B:/x")
    assert "too many values" in recipe.violations()[0].what


@pytest.mark.parametrize(
    ("file", "text", "line", "what"),
    [
        (".env.sample", "A=1\nSTACK_NAME=other", 2, "it sets STACK_NAME"),
        (".env.sample", "LD_PRELOAD=/x.so", 1, "it sets LD_PRELOAD"),
        (".env.sample", "DOCKER_HOST=tcp://evil", 1, "it sets DOCKER_HOST"),
        (".env.sample", "DOCKER_CONFIG=.", 1, "it sets DOCKER_CONFIG"),
        (".env.sample", "SECRET_X_VERSION=v1 # length=99999", 1, "a secret that is too long"),
        (".env.sample", "PATH=.", 1, "it sets PATH"),
        (".env.sample", "A=1\nexport B=2", 2, "neither KEY=value"),
        (".env.sample", "A=1\nB: 2", 2, "neither KEY=value"),
        (".env.sample", "A=1\n\nB='x", 3, "quote is not closed"),
        (".env.sample", 'A="x" DATA=/', 1, "other than a comment follows"),
        (".env.sample", "A='x' DATA=/", 1, "other than a comment follows"),
        (".env.sample", "A='x\\' # 'DATA=/", 1, "other than a comment follows"),
        (".env.sample", 'A="x\\\\" # "DATA=/', 1, "other than a comment follows"),
        (".env.sample", "COMPOSE_FILE=$STACK_NAME", 1, "can be read in more than one way"),
        (".env.sample", "COMPOSE_FILE=${A:-compose.yml}", 1, "can be read in more than one way"),
        (".env.sample", "A=1\n DOMAIN=forge.lab.test", 2, "DOMAIN is not at"),
        (".env.sample", "DOMAIN =forge.lab.test", 1, "DOMAIN is not at"),
        (".env.sample", "TYPE=x:0123abc", 1, "not just the name of a recipe"),
        (".env.sample", "RECIPE=https://forge.lab.test/x", 1, "not just the name of a recipe"),
        (".env.sample", "A=x" + " " * 5000 + "y", 1, "longer than 4096"),
        (".env.sample", f"A={'x' * 999}\nB={'$A' * 999}", 2, "too long with its references"),
        ("abra.sh", "x; export A='" + "x" * 5000, 1, "longer than 4096"),
        ("abra.sh", "export STACK_NAME", 1, "not a plain NAME=value"),
        ("abra.sh", "export A=$(id)", 1, "not a plain NAME=value"),
        ("abra.sh", "export A=x; export DATA=/", 1, "not a plain NAME=value"),
        ("abra.sh", "export A=x # export DATA=/", 1, "not a plain NAME=value"),
        ("abra.sh", "export A B=/", 1, "not a plain NAME=value"),
        ("abra.sh", 'export A="export DATA=/"', 1, "not a plain NAME=value"),
        ("abra.sh", "export A='export LD_PRELOAD=x'", 1, "not a plain NAME=value"),
        ("abra.sh", '  export A="export\tDATA=/"', 1, "not a plain NAME=value"),
        (".env.sample", "A=\xff".encode("latin-1").decode("latin-1") + "\x00", 1, "character"),
        (".env.sample", "COMPOSE_FILE=/etc/compose.yml", 1, "not a YAML file of the recipe"),
        (
            ".env.sample",
            "A=1\nCOMPOSE_FILE=compose.yml:../x.yml",
            2,
            "not a YAML file of the recipe",
        ),
        (".env.sample", "COMPOSE_FILE=compose.yml:nowhere.yml", 1, "not a YAML file of the recipe"),
        ("abra.sh", "#!/bin/bash\nexport STACK_NAME=other", 2, "it sets STACK_NAME"),
        ("abra.sh", "export DOMAIN=other.example.com", 1, "it exports DOMAIN"),
        ("abra.sh", "export COMPOSE_FILE=x", 1, "it exports COMPOSE_FILE"),
        ("abra.sh", "export LD_PRELOAD=x", 1, "it sets LD_PRELOAD"),
    ],
)
def test_lines_of_settings_that_are_not_allowed(
    file: str, text: str, line: int, what: str, recipe: Recipe
) -> None:
    recipe.service("command: x").write(file, text + "\n")
    found = recipe.violations()
    assert [(one.file, one.line, one.approval) for one in found] == [(file, line, "")]
    assert what in found[0].what


@pytest.mark.parametrize("quote", ['"', "'"])
def test_an_export_cannot_be_hidden_by_comments(quote: str, recipe: Recipe) -> None:
    recipe.service("volumes:\n  - ${DATA:-data}:/x")
    recipe.write("abra.sh", f"# export A={quote}\nexport DATA=/\n# {quote}\n")
    assert [one.approval for one in recipe.violations()] == ["host-mount:/"]
    recipe.write("abra.sh", f"# export A={quote}\nexport STACK_NAME=other\n# {quote}\n")
    assert "it sets STACK_NAME" in recipe.violations()[0].what
    recipe.write("abra.sh", f"export A={quote}x\nexport DATA=/\n{quote}\n")
    assert [one.approval for one in recipe.violations()] == ["", "host-mount:/"]


def test_an_export_in_a_comment_sets_nothing(recipe: Recipe) -> None:
    """`${A}` is empty, so Traefik would act on the label."""
    label = "labels:\n  - ${A}traefik.http.routers.${STACK_NAME}.rule=Host(`forge`)"
    recipe.service(label).write("abra.sh", "# export A=x\n")
    assert [one.approval for one in recipe.violations()] == ["route:forge"]


@pytest.mark.parametrize(
    "line", ["export A='x'", "export A=-x", " export A=x", " export A='x'", "f() { export A=x; }"]
)
def test_an_export_that_some_parsers_do_not_see_may_set_nothing(line: str, recipe: Recipe) -> None:
    label = "labels:\n  - ${A}traefik.http.routers.${STACK_NAME}.rule=Host(`forge`)"
    recipe.service(label).write("abra.sh", f"{line}\n")
    assert "route:forge" in [one.approval for one in recipe.violations()]


@pytest.mark.parametrize(
    "line",
    ['EXTRA=) || Host("forge.lab.test"', 'A="\\"x"\nEXTRA=$A', "EXTRA=${A:-x}", "EXTRA=x\\y",
     "EXTRA=\u00a0", "EXTRA=x\u3000 # y",
     "EXTRA=$HOME", "EXTRA=x$a", "A=1\nA=2\nA=3\nA=4\nA=5\nEXTRA=$A$A$A"],
)  # fmt: skip
def test_a_label_with_a_value_that_cannot_be_determined_is_refused(
    line: str, recipe: Recipe
) -> None:
    """The value must not count as empty only because it cannot be determined."""
    rule = "labels:\n  - traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN}`${EXTRA})"
    recipe.service(rule).write(".env.sample", f"DOMAIN=x.example.com\n{line}\n")
    found = recipe.violations()
    assert [(one.file, one.line, one.approval) for one in found] == [("compose.yml", 5, "")]
    assert "cannot be resolved (EXTRA)" in found[0].what


def test_the_alternative_of_a_set_variable_counts(recipe: Recipe) -> None:
    """`${A:+x}` is x if A is set, and the variables that abra sets always are."""
    recipe.service("labels: ['traefik.http.routers.${STACK_NAME}.rule=Host(`${DOMAIN:+forge}`)']")
    assert {one.approval for one in recipe.violations()} == {"route:forge", "route:any"}
    recipe.top("volumes:\n  x: {name: '${STACK_NAME:+forge_data}'}")
    assert "external-volume:forge_data" in {one.approval for one in recipe.violations()}


def test_a_setting_cannot_refer_to_the_stack_name(recipe: Recipe) -> None:
    """When .env is read, STACK_NAME is not set yet, and DOMAIN only after its line."""
    label = "labels:\n  - traefik.http.routers.${A}forge.tls=true"
    recipe.service(label).write(".env.sample", "A=$STACK_NAME\n")
    assert "cannot be resolved (A)" in recipe.violations()[0].what
    rule = "labels:\n  - traefik.http.routers.${STACK_NAME}.rule=Host(`forge${A}`)"
    recipe.service(rule).write(".env.sample", "A=.$DOMAIN\nDOMAIN=x.example.com\n")
    assert [one.approval for one in recipe.violations()] == ["route:forge."]
    recipe.write(".env.sample", "DOMAIN=x.example.com\nA=.$DOMAIN\n")
    assert recipe.violations() == []


def test_too_many_values_of_a_setting_do_not_count_as_none(recipe: Recipe) -> None:
    recipe.service("volumes:\n  - ${DATA:-data}:/x")
    lines = "".join(f"X={value}\n" for value in "123456789/")
    recipe.write(".env.sample", f"{lines}DATA=$X$X$X\n")
    assert "variable without a known value (DATA)" in recipe.violations()[0].what


@pytest.mark.parametrize(
    ("value", "paths"),
    [("/a # b", {"/a"}), ("/a#b", {"/a", "/a#b"}), ("/a # /b # c", {"/a", "/a # /b"})],
)
def test_a_comment_starts_wherever_a_parser_may_see_it(
    value: str, paths: set[str], recipe: Recipe
) -> None:
    recipe.service("volumes:\n  - type: bind\n    source: ${DATA}\n    target: /x")
    recipe.write(".env.sample", f"DATA={value}\n")
    assert {one.approval for one in recipe.violations()} == {f"host-mount:{path}" for path in paths}


@pytest.fixture
def before(tmp_path: Path) -> Recipe:
    """The previous release, without violations of its own."""
    folder = tmp_path / "before"
    folder.mkdir()
    return Recipe(folder).service("command: x").write(".env.sample", "DATA=/srv/x\n")


def test_a_commit_is_checked_with_the_settings_of_the_previous_release(
    recipe: Recipe, before: Recipe
) -> None:
    recipe.service("volumes:\n  - ${DATA:-data}:/x").write(".env.sample", "DATA=own\n")
    assert (recipe.violations(), before.violations()) == ([], [])
    found = violations(recipe.path, NOTHING, before.path)
    assert [one.approval for one in found] == ["host-mount:/srv/x"]


def test_a_setting_that_the_previous_release_lacks_may_be_empty(
    recipe: Recipe, before: Recipe
) -> None:
    label = "labels:\n  - ${A}traefik.http.routers.${STACK_NAME}.rule=Host(`forge`)"
    recipe.service(label).write(".env.sample", "A=org.opencontainers.image.\n")
    assert recipe.violations() == []
    found = violations(recipe.path, NOTHING, before.path)
    assert [one.approval for one in found] == ["route:forge"]
    before.write(".env.sample", "A=a\\b\n")
    assert "cannot be resolved (A)" in violations(recipe.path, NOTHING, before.path)[0].what
    # Exports are those of the new commit, with the settings of either release.
    recipe.write("abra.sh", "export A=org.opencontainers.image.\n")
    before.write(".env.sample", "").write("abra.sh", "export A=y\n")
    assert violations(recipe.path, NOTHING, before.path) == []


def test_the_compose_files_that_the_previous_release_names_are_checked(
    recipe: Recipe, before: Recipe
) -> None:
    recipe.service("command: x").service("privileged: true", "more.yml")
    before.service("command: x", "more.yml").service("command: x", "gone.yml")
    before.write(".env.sample", "COMPOSE_FILE=compose.yml:more.yml:gone.yml\n")
    assert (recipe.violations(), before.violations()) == ([], [])
    found = violations(recipe.path, NOTHING, before.path)
    assert [(one.file, one.approval) for one in found] == [("more.yml", "privileged")]


SHARED = """services:
  app: {image: x, networks: {own: {aliases: [a]}, default: {aliases: [b]}}}
  other_app: {image: x, networks: [own]}
  db_1: {image: x}
networks:
  own: {name: "${STACK_NAME}_own"}
"""


@pytest.mark.parametrize(
    ("network", "approvals"),
    [
        ("", set()),
        ("  own: {external: true, name: proxy}", {"network-alias:a", "network-alias:other_app"}),
        ("  own: {name: '${STACK_NAME:+proxy}'}", {"network-alias:a", "network-alias:other_app"}),
        ("  own: {external: {name: proxy}}", {"network-alias:a", "network-alias:other_app"}),
        ("  default: {external: true, name: proxy}", {"network-alias:b", "network-alias:db_1"}),
    ],
)
def test_names_on_networks_of_others_need_an_approval(
    network: str, approvals: set[str], recipe: Recipe
) -> None:
    """No matter which compose file makes the network a shared one."""
    recipe.write("compose.yml", SHARED)
    recipe.write("compose.more.yml", f"services: {{}}\nnetworks:\n{network}\n")
    found = {one.approval for one in recipe.violations()}
    assert {one for one in found if one.startswith("network-alias:")} == approvals


@pytest.mark.parametrize("sign", ["!", "("])
def test_a_rule_that_is_nested_too_deep_is_refused(sign: str, recipe: Recipe) -> None:
    rule = sign * 2000 + "Path(`/`)" + ")" * 2000
    recipe.service(f"labels: ['traefik.http.routers.${{STACK_NAME}}.rule={rule}']")
    assert "a rule of service 'app'" in recipe.violations()[0].what


def test_every_compose_file_is_checked(recipe: Recipe) -> None:
    """Also a file that only COMPOSE_FILE names, in a comment too, and one that nothing names."""
    recipe.service("command: x")
    judged = ["compose-c.yml", "compose.a.yml", "compose.b.yaml", "other.yml"]
    judged += ["db/compose.d.yml", "db/e.yml", "extras/f.yml"]
    for name in (*judged, "unnamed.yml", "db/unnamed.yml", ".git/compose.x.yml"):
        recipe.service("privileged: true", name)
    recipe.write(
        ".env.sample",
        'COMPOSE_FILE=compose.yml\nCOMPOSE_FILE="$COMPOSE_FILE:other.yml:db/e.yml"\n'
        '# COMPOSE_FILE="$COMPOSE_FILE:extras/f.yml:../compose.outside.yml"\n',
    )
    recipe.service("privileged: true", "../compose.outside.yml")
    assert {one.file for one in recipe.violations()} == set(judged)
    # recipe.toml can add no other file to an app.
    offered = read_offered(recipe.path)
    assert {*offered.usual, *offered.overlays} == {"compose.yml", *judged}


def test_a_recipe_without_compose_files_is_a_violation(recipe: Recipe) -> None:
    assert [one.what for one in recipe.violations()] == ["the file is missing"]


def test_the_name_of_the_overlay_of_runs_is_reserved(recipe: Recipe) -> None:
    recipe.service("command: x").service("command: x", "compose.ccci.yml")
    assert [one.file for one in recipe.violations()] == ["compose.ccci.yml"]


@pytest.mark.parametrize("target", ["/etc/passwd", "other.yml"])
def test_a_compose_file_that_is_a_link_is_not_followed(target: str, recipe: Recipe) -> None:
    recipe.service("command: x", "other.yml")
    (recipe.path / "compose.yml").symlink_to(target)
    assert [one.what for one in recipe.violations()] == ["the file is not a regular file"]


ANCHORS = """x-one: &one
  volumes:
    - /srv/x:/x
x-two: &two
  pid: host
services:
  app:
    <<: [*one, *two]
    image: nginx:1
  second:
    image: nginx:1
    <<: *two
    pid: private
  third: *two
"""


def test_anchors_and_merges_are_followed(recipe: Recipe) -> None:
    """The line is where the text is; a key that is set twice has both values."""
    found = recipe.write("compose.yml", ANCHORS).violations()
    assert [(one.line, one.approval, one.what.split()[1]) for one in found] == [
        (3, "host-mount:/srv/x", "'app'"),
        (5, "host-pid", "'app'"),
        (5, "host-pid", "'second'"),
        (5, "host-pid", "'third'"),
    ]


def bomb(levels: int) -> str:
    lines = ["x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, levels)
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def merge_bomb(levels: int) -> str:
    lines = ["x-0: &a0 {k: v}"]
    lines += [
        f"x-{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, levels)
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("services: [", 1, "does not parse"),
        ("services:\n  app: {}\n a: b", 3, "does not parse"),
        ("services:\n\tapp: {}", 2, "does not parse"),
        ("a: *nowhere", 1, "does not parse"),
        ("services: {}\n---\nservices: {}", 2, "does not parse"),
        ("", 1, "is not a mapping"),
        ("- a", 1, "is not a mapping"),
        ("services: {}\nservices: {}", 2, "has the key 'services' twice"),
        ("services:\n  app:\n    privileged: true\n    'privileged': false", 4, "twice"),
        ("services:\n  ? [a]\n  : b", 2, "not a plain text"),
        ("services: !!python/object/apply:os.system ['id']", 1, "has the tag"),
        ("services: !reset {}", 1, "has the tag"),
        ("services: !!binary aGk=", 1, "has the tag"),
        ("%YAML 1.2\n---\nservices: {}", 1, "directive"),
        ("services:\n  app: {image: x}\n  b: {'<<': {pid: host}}", 3, "merge"),
        ("services:\n  app: {<<: text}", 2, "merge"),
        ("services: {}\nx: &a [*a]", 2, "nested more than"),
        (bomb(9), 1, "has more than 20000 values"),
        (merge_bomb(9), 1, "has more than 20000 values"),
        ("x: " + "[" * 3000, 1, "nested too deep"),
        ("x: " + "[" * 30 + "]" * 30, 1, "nested more than 24 deep"),
        ("x: y\n" * 40000, 1, "has 200000 bytes"),
        ("services: {}\n# \u2028x", 2, "character '\\u2028'"),
        ("services: {}\n# \x85x", 2, "character '\\x85'"),
        ("services: {}\n# x\ry", 2, "character '\\r'"),
        ('services: {}\nx: "\\x01stack\\x01_other"', 2, "character '\\x01'"),
        (b"services: {}\n\xff", 2, "not UTF-8"),
        ("services: {}".encode("utf-16"), 1, "not UTF-8"),
    ],
)  # fmt: skip
def test_a_file_that_parsers_may_read_differently_is_refused(
    content: str | bytes, line: int, what: str, recipe: Recipe
) -> None:
    started = time.monotonic()
    found = recipe.write("compose.yml", content).violations()
    assert [(one.file, one.approval) for one in found] == [("compose.yml", "")]
    assert what in found[0].what
    if "bomb" not in what and "20000" not in what:
        assert found[0].line == line
    assert time.monotonic() - started < 10


APPROVALS = {
    "backup-bot-two": {"docker-socket", "host-mount:/var/lib/docker/volumes", "backup-bot"},
    # Documents are shown in a frame, whose name is a setting beside DOMAIN.
    "cryptpad": {"route:sandbox.cryptpad.example.com"},
    # LiveKit is a service on proxy with a name of its own, and two ports for sound and pictures.
    "lasuite-meet": {
        "network-alias:livekit",
        "route:livekit.meet.example.com",
        "host-port:7881",
        "host-port:7882/udp",
    },
    "mumble": {"host-port:64738", "host-port:64738/udp"},
    # It certifies names below apps, and so answers for each of them.
    "subdomain-tls": {"route:any"},
    "traefik": {
        "docker-socket",
        "host-port:80",
        "host-port:443",
        "middleware:security@file",
        "route:api@internal",
    },
}


def test_the_recipe_of_this_projects_own_tests_needs_no_approval() -> None:
    """It has what real recipes have, such as a service that a scheduler starts."""
    assert violations(PROJECT / "tests" / "guestbook", NOTHING) == []


@pytest.mark.parametrize("name", imagelist.recipes())
def test_the_approvals_that_the_recipes_of_the_lab_need(name: str, tmp_path: Path) -> None:
    """The recipes of the server itself need exactly these; all others need none."""
    # Copied as the lab publishes them: files that recipes share are links in this repository.
    published = shutil.copytree(RECIPES / name / "recipe", tmp_path / name)
    needed = {one.approval for one in violations(published, NOTHING)}
    assert needed == APPROVALS.get(name, set())
    assert violations(published, frozenset(needed)) == []


@pytest.mark.parametrize("name", imagelist.recipes())
def test_what_a_run_sets_needs_no_further_approval(name: str, tmp_path: Path) -> None:
    """Its values are judged, too, and those of the lab's recipes are harmless."""
    published = shutil.copytree(RECIPES / name / "recipe", tmp_path / name)
    config = load_recipe_config(config_path(PROJECT, name))
    allowed = frozenset(APPROVALS.get(name, ())) | frozenset(config.approved.node)
    assert violations(published, allowed, run_sets=settings_of_run(config)) == []


def test_a_route_for_a_host_that_only_the_run_knows_is_found(recipe: Recipe) -> None:
    """It might be that of the provider, with the passwords that people enter there."""
    recipe.write(".env.sample", "TYPE=x\nDOMAIN=x.example.com\nFORGE=git.${DOMAIN}\n")
    rule = "traefik.http.routers.${STACK_NAME}.rule=Host(`${FORGE}`)"
    recipe.service(f"deploy:\n  labels:\n    - '{rule}'")
    assert recipe.violations() == []
    wiring = {"settings": {"FORGE": "{provider_domain}"}}
    config = RecipeConfig.model_validate({"sign_in": {"wiring": [wiring]}})
    (found,) = violations(recipe.path, NOTHING, run_sets=settings_of_run(config))
    assert found.approval == "route:set-by-the-run"
    # By way of another setting.
    recipe.write(".env.sample", "TYPE=x\nDOMAIN=x.example.com\nFORGE=$DOMAIN\nOTHER=$FORGE\n")
    recipe.service("deploy:\n  labels:\n    - '" + rule.replace("FORGE", "OTHER") + "'")
    (found,) = violations(recipe.path, NOTHING, run_sets=settings_of_run(config))
    assert found.approval == "route:set-by-the-run"
    own = RecipeConfig.model_validate({"env": {"FORGE": "git.{domain}"}})
    assert violations(recipe.path, NOTHING, run_sets=settings_of_run(own)) == []


def test_approvals_are_read_from_recipe_toml(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    assert load_recipe_config(path).approved.node == []
    path.write_text('[approved]\nnode = ["docker-socket", "host-port:2222"]\ntests = true\n')
    approved = load_recipe_config(path).approved
    assert (approved.node, approved.tests) == (["docker-socket", "host-port:2222"], True)


@pytest.mark.parametrize(
    "name",
    ["", "docker_socket", "host-port", "host-port:x", "host-port:0", "host-mount:srv", "everything",
     "host-mount:/a b", "privileged:true", "capability:", "*", "host-network\n"],
)  # fmt: skip
def test_an_unknown_approval_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Approval).validate_python(name)
    path = tmp_path / "recipe.toml"
    path.write_text(f"weight = 1\n\n[approved]\nnode = ['''{name}''']\n")
    with pytest.raises(Misuse, match=r"recipe\.toml:4: key 'approved\.node"):
        load_recipe_config(path)


def test_the_approvals_of_the_recipes_in_this_project_are_valid() -> None:
    for path in sorted((PROJECT / "recipes").glob("*/recipe.toml")):
        assert load_recipe_config(path).approved.tests in (True, False)


@pytest.mark.parametrize(
    ("part", "most", "text"),
    [
        ("services", 50, "image: x:1"),
        ("configs", 100, "file: ./nginx.conf.tmpl"),
        ("secrets", 100, "external: true"),
        ("networks", 20, "driver: overlay"),
        ("volumes", 100, ""),
    ],
)
def test_more_parts_than_the_swarm_bears_are_refused(
    part: str, most: int, text: str, recipe: Recipe
) -> None:
    def with_parts(number: int) -> list[str]:
        named = "".join(f"  x{n}: {{{text}}}\n" for n in range(number // 2))
        more = "".join(f"  y{n}: {{{text}}}\n" for n in range(number - number // 2))
        recipe.service("init: true").write("compose.a.yml", f"{part}:\n{named}")
        recipe.write("compose.b.yml", f"{part}:\n{more}")
        return [one.what for one in recipe.violations() if "in all compose files" in one.what]

    own = part == "services"
    assert with_parts(most - own) == []
    assert with_parts(most + 1 - own) == [
        f"there are {most + 1} {part} in all compose files; at most {most} are allowed"
    ]


def test_the_name_of_the_file_that_a_run_adds_is_taken(recipe: Recipe) -> None:
    recipe.service("init: true").write(f"{OVERLAY_FILE}/x", "x\n")
    assert [one.what for one in recipe.violations()] == [
        "the file has the name of a file that each run adds"
    ]
