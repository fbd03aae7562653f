"""The rules for a service of a compose file: what it must not do on the node."""

import re
from collections.abc import Callable

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.environment_rules import check_env_files, check_environment
from ccci.loop.label_rules import check_labels
from ccci.loop.limit_rules import LIMITS, check_log_options, check_replicas, check_restarts
from ccci.loop.mounts import check_volumes
from ccci.loop.name_rules import (
    check_dns,
    check_extra_hosts,
    check_hostname,
    check_links,
    check_networks,
)
from ccci.loop.yamltree import Entry, entries, is_null, items, values

# Keys that are always allowed: they affect the service's own containers only.
_FREE = (
    "attach", "blkio_config", "cap_drop", "command", "cpu_count", "cpu_percent", "cpu_period",
    "cpu_quota", "cpu_shares", "cpus", "cpuset", "depends_on", "dns_opt", "entrypoint", "expose",
    "image", "init", "mem_limit", "mem_reservation", "memswap_limit", "pids_limit",
    "platform", "profiles", "pull_policy", "read_only", "restart", "stdin_open",
    "stop_grace_period", "stop_signal", "tty", "user", "working_dir", "configs", "secrets",
)  # fmt: skip
# Names that a service gives itself.
_HOSTNAMES = ("hostname", "domainname", "container_name")
_DEPLOY = (
    "endpoint_mode", "labels", "mode", "placement", "replicas", "resources", "restart_policy",
    "rollback_config", "update_config",
)  # fmt: skip
_OWN_NAMESPACES = {"private", "none", "shareable", ""}
_LOG_DRIVERS = {"json-file", "local", "none", "journald", ""}
_PORT = re.compile(
    r"(?:(?:\[[0-9a-fA-F:]+\]|\d+(?:\.\d+){3}):)?(?:(?P<published>\d+(?:-\d+)?)?:)?\d+(?:-\d+)?"
    r"(?:/(?P<protocol>tcp|udp|sctp))?"
)


def check_service(compose: ComposeFile, name: str, node: yaml.Node) -> None:
    """Check one service, key by key."""
    if is_null(node):
        return
    if not isinstance(node, yaml.MappingNode):
        compose.refuse(node, f"service '{name}' is not a mapping", "Write its keys")
        return
    where = f"service '{name}'"
    check_networks(compose, name, node)
    known = {"networks", *_FREE, *_HOSTNAMES, *_RULES, *_NAMESPACES, *_NEVER}
    compose.known_keys(node, known, where)
    for entry in entries(node):
        if entry.key in _NEVER:
            compose.refuse(entry.key_node, f"{where} {_NEVER[entry.key]}", _REMEDIES[entry.key])
        elif entry.key in _NAMESPACES:
            _check_namespace(compose, where, entry)
        elif entry.key in _HOSTNAMES:
            check_hostname(compose, name, entry)
        elif entry.key in _RULES:
            _RULES[entry.key](compose, where, entry.value)


def _check_namespace(compose: ComposeFile, where: str, entry: Entry) -> None:
    approval = _NAMESPACES[entry.key]
    for text in compose.texts(entry.value, f"'{entry.key}' of {where}"):
        if text == "host":
            what = f"{where} shares a namespace of the node ({entry.key}: host)"
            compose.require_approval(entry.value, approval, what)
        elif text not in _OWN_NAMESPACES and not (entry.key == "network_mode" and text == "bridge"):
            compose.require_approval(
                entry.value, f"option:{entry.key}", f"{where} has {entry.key}: {text}"
            )


def _privileged(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    if compose.may_be_set(node, f"'privileged' of {where}"):
        what = f"{where} is privileged, which gives it control of the node"
        compose.require_approval(node, "privileged", what)


def _capabilities(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for item in items(node):
        for text in compose.texts(item, f"a capability of {where}"):
            capability = text.upper().removeprefix("CAP_")
            compose.require_approval(
                item, f"capability:{capability}", f"{where} adds the capability {capability}"
            )


def _devices(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for item in items(node):
        sources = values(item, "source") if isinstance(item, yaml.MappingNode) else [item]
        for source in sources or [item]:
            for text in compose.texts(source, f"a device of {where}"):
                device = text.split(":")[0]
                compose.require_approval(
                    source, f"device:{device}", f"{where} uses the device {device}"
                )


def _security(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for item in items(node):
        for text in compose.texts(item, f"a security option of {where}"):
            if text not in ("no-new-privileges", "no-new-privileges:true"):
                compose.require_approval(
                    item, f"security-opt:{text}", f"{where} sets the security option {text}"
                )


def _sysctls(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    named: list[tuple[yaml.Node, tuple[str, ...]]]
    if isinstance(node, yaml.MappingNode):
        named = [(entry.key_node, (entry.key,)) for entry in entries(node)]
    else:
        named = [(item, compose.texts(item, f"a sysctl of {where}")) for item in items(node)]
    for place, texts in named:
        for text in texts:
            key = text.split("=")[0]
            compose.require_approval(
                place, f"sysctl:{key}", f"{where} sets the kernel parameter {key}"
            )


def _groups(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for item in items(node):
        for text in compose.texts(item, f"a group of {where}"):
            compose.require_approval(
                item, f"group:{text}", f"{where} joins the node's group {text}"
            )


def _ports(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for item in items(node):
        if isinstance(item, yaml.MappingNode):
            _long_port(compose, where, item)
            continue
        for text in compose.texts(item, f"a port of {where}"):
            found = _PORT.fullmatch(text)
            if found:
                _require_port(compose, where, item, found["published"], found["protocol"])
            else:
                compose.refuse(item, f"a port of {where} is {text!r}", "Write PUBLISHED:TARGET")


def _long_port(compose: ComposeFile, where: str, item: yaml.MappingNode) -> None:
    protocols = [
        text
        for value in values(item, "protocol")
        for text in compose.texts(value, f"the protocol of a port of {where}")
    ]
    published = values(item, "published")
    for value in published or [item]:
        texts = compose.texts(value, f"a port of {where}") if published else ("",)
        for text in texts:
            for protocol in protocols or [""]:
                _require_port(compose, where, value, text, protocol)


def _require_port(
    compose: ComposeFile, where: str, node: yaml.Node, published: str | None, protocol: str | None
) -> None:
    port = published if published and published != "0" else "any"
    kind = f"/{protocol}" if protocol and protocol != "tcp" else ""
    shown = "any free port" if port == "any" else f"port {port}"
    what = f"{where} publishes {shown}{kind} of the node"
    compose.require_approval(node, f"host-port:{port}{kind}", what)


def _logging(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    for value in values(node, "driver"):
        for text in compose.texts(value, f"the log driver of {where}"):
            if text not in _LOG_DRIVERS:
                compose.require_approval(
                    value, f"log-driver:{text}", f"{where} makes the node log to {text}"
                )
    check_log_options(compose, where, node)


def _deploy(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    compose.known_keys(node, _DEPLOY, f"'deploy' of {where}")
    for labels in values(node, "labels"):
        check_labels(compose, where, labels)
    for replicas in values(node, "replicas"):
        check_replicas(compose, where, replicas)
    for policy in values(node, "restart_policy"):
        check_restarts(compose, where, policy)
    for resources in values(node, "resources"):
        for reservations in values(resources, "reservations"):
            devices_of = ("devices", "generic_resources")
            for devices in [one for key in devices_of for one in values(reservations, key)]:
                compose.require_approval(
                    devices, "device:reserved", f"{where} reserves devices of the node"
                )


_NAMESPACES = {
    "network_mode": "host-network", "pid": "host-pid", "ipc": "host-ipc",
    "userns_mode": "host-userns", "uts": "host-uts", "cgroup": "host-cgroup",
    "cgroupns_mode": "host-cgroup",
}  # fmt: skip
_RULES: dict[str, Callable[[ComposeFile, str, yaml.Node], None]] = {
    "privileged": _privileged, "cap_add": _capabilities, "devices": _devices,
    "security_opt": _security, "sysctls": _sysctls, "group_add": _groups, "ports": _ports,
    "env_file": check_env_files, "environment": check_environment, "links": check_links,
    "extra_hosts": check_extra_hosts, "dns": check_dns, "dns_search": check_dns,
    "logging": _logging, "deploy": _deploy, "labels": check_labels, "volumes": check_volumes,
    **LIMITS,
}  # fmt: skip
# No approval can allow these: the node would run or read what the recipe names, or Swarm does not
# support them.
_NEVER = {
    "build": "is built from the recipe",
    "extends": "extends a service of another file",
    "volumes_from": "takes the volumes of another container",
    "external_links": "links to other stacks' containers",
    "provider": "is provided by a program of the node",
    "use_api_socket": "asks for the Docker socket",
    "develop": "watches files of the node",
}
_REMEDIES = {
    "build": "Name an image",
    "extends": "Write the whole service here, or use a YAML anchor",
    "volumes_from": "Name the volumes",
    "external_links": "Name a network",
    "provider": "Name an image",
    "use_api_socket": "Remove it",
    "develop": "Remove it",
}
