"""What a service of a compose file may not do on the node."""

import re
from collections.abc import Callable

import yaml

from ccci.loop.label_rules import check_labels
from ccci.loop.mounts import check_volumes
from ccci.loop.sheet import Sheet
from ccci.loop.yamltree import Entry, entries, is_null, items, values

# What a service may say freely: it concerns its own containers.
_FREE = (
    "annotations", "attach", "blkio_config", "cap_drop", "command", "container_name",
    "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset",
    "depends_on", "dns", "dns_opt", "dns_search", "domainname", "entrypoint", "expose",
    "extra_hosts", "healthcheck", "hostname", "image", "init", "links", "mac_address", "mem_limit",
    "mem_reservation", "memswap_limit", "oom_score_adj", "pids_limit", "platform", "profiles",
    "pull_policy", "read_only", "restart", "scale", "shm_size", "stdin_open",
    "stop_grace_period", "stop_signal", "tmpfs", "tty", "ulimits", "user", "working_dir",
    "configs", "secrets",
)  # fmt: skip
_DEPLOY = (
    "endpoint_mode", "labels", "mode", "placement", "replicas", "resources", "restart_policy",
    "rollback_config", "update_config",
)  # fmt: skip
_ON_NETWORK = ("aliases", "priority", "gw_priority")
_OWN_NAMESPACES = {"private", "none", "shareable", ""}
_LOG_DRIVERS = {"json-file", "local", "none", "journald", ""}
_PORT = re.compile(
    r"(?:(?:\[[0-9a-fA-F:]+\]|\d+(?:\.\d+){3}):)?(?:(?P<published>\d+(?:-\d+)?)?:)?\d+(?:-\d+)?"
    r"(?:/(?P<protocol>tcp|udp|sctp))?"
)


def check_service(sheet: Sheet, name: str, node: yaml.Node) -> None:
    """Judge one service, key by key."""
    if is_null(node):
        return
    if not isinstance(node, yaml.MappingNode):
        sheet.refuse(node, f"service '{name}' is no mapping", "write its keys")
        return
    where = f"service '{name}'"
    _check_networks(sheet, name, node)
    sheet.known_keys(node, {"networks", *_FREE, *_RULES, *_NAMESPACES, *_NEVER}, where)
    for entry in entries(node):
        if entry.key in _NEVER:
            sheet.refuse(entry.key_node, f"{where} {_NEVER[entry.key]}", _REMEDIES[entry.key])
        elif entry.key in _NAMESPACES:
            _check_namespace(sheet, where, entry)
        elif entry.key in _RULES:
            _RULES[entry.key](sheet, where, entry.value)


def _check_networks(sheet: Sheet, name: str, node: yaml.MappingNode) -> None:
    """A container answers, on each of its networks, to its service's name and to its aliases."""
    where = f"service '{name}'"
    for networks in values(node, "networks") or [node]:
        if networks is node:
            joined: list[str] = ["default"]
        elif isinstance(networks, yaml.MappingNode):
            joined = [entry.key for entry in entries(networks)]
            for entry in entries(networks):
                _check_joined(sheet, where, entry)
        else:
            what = f"a network of {where}"
            joined = [text for item in items(networks) for text in sheet.texts(item, what)]
        # Services of other stacks are known by the names of stack and service.
        if "_" in name and not all(sheet.is_own_network(network) for network in joined):
            what = f"{where} has a name that another stack's may have"
            sheet.want(networks, f"network-alias:{name}", what)


def _check_joined(sheet: Sheet, where: str, network: Entry) -> None:
    sheet.known_keys(network.value, _ON_NETWORK, f"{where} on network '{network.key}'")
    if sheet.is_own_network(network.key):
        return
    for aliases in values(network.value, "aliases"):
        for item in items(aliases):
            for text in sheet.texts(item, f"an alias of {where}"):
                what = f"{where} calls itself {text!r} on the network '{network.key}'"
                sheet.want(item, f"network-alias:{text}", what)


def _check_namespace(sheet: Sheet, where: str, entry: Entry) -> None:
    approval = _NAMESPACES[entry.key]
    for text in sheet.texts(entry.value, f"'{entry.key}' of {where}"):
        if text == "host":
            sheet.want(entry.value, approval, f"{where} shares the node's own ({entry.key}: host)")
        elif text not in _OWN_NAMESPACES and not (entry.key == "network_mode" and text == "bridge"):
            sheet.want(entry.value, f"option:{entry.key}", f"{where} has {entry.key}: {text}")


def _privileged(sheet: Sheet, where: str, node: yaml.Node) -> None:
    if sheet.may_be_set(node, f"'privileged' of {where}"):
        sheet.want(node, "privileged", f"{where} is privileged: it owns the node")


def _capabilities(sheet: Sheet, where: str, node: yaml.Node) -> None:
    for item in items(node):
        for text in sheet.texts(item, f"a capability of {where}"):
            capability = text.upper().removeprefix("CAP_")
            sheet.want(item, f"capability:{capability}", f"{where} adds {capability}")


def _devices(sheet: Sheet, where: str, node: yaml.Node) -> None:
    for item in items(node):
        sources = values(item, "source") if isinstance(item, yaml.MappingNode) else [item]
        for source in sources or [item]:
            for text in sheet.texts(source, f"a device of {where}"):
                device = text.split(":")[0]
                sheet.want(source, f"device:{device}", f"{where} uses the device {device}")


def _security(sheet: Sheet, where: str, node: yaml.Node) -> None:
    for item in items(node):
        for text in sheet.texts(item, f"a security option of {where}"):
            if text not in ("no-new-privileges", "no-new-privileges:true"):
                sheet.want(item, f"security-opt:{text}", f"{where} sets {text}")


def _sysctls(sheet: Sheet, where: str, node: yaml.Node) -> None:
    named: list[tuple[yaml.Node, tuple[str, ...]]]
    if isinstance(node, yaml.MappingNode):
        named = [(entry.key_node, (entry.key,)) for entry in entries(node)]
    else:
        named = [(item, sheet.texts(item, f"a sysctl of {where}")) for item in items(node)]
    for place, texts in named:
        for text in texts:
            key = text.split("=")[0]
            sheet.want(place, f"sysctl:{key}", f"{where} sets the kernel's {key}")


def _groups(sheet: Sheet, where: str, node: yaml.Node) -> None:
    for item in items(node):
        for text in sheet.texts(item, f"a group of {where}"):
            sheet.want(item, f"group:{text}", f"{where} joins the node's group {text}")


def _ports(sheet: Sheet, where: str, node: yaml.Node) -> None:
    for item in items(node):
        if isinstance(item, yaml.MappingNode):
            _long_port(sheet, where, item)
            continue
        for text in sheet.texts(item, f"a port of {where}"):
            found = _PORT.fullmatch(text)
            if found:
                _want_port(sheet, where, item, found["published"], found["protocol"])
            else:
                sheet.refuse(item, f"a port of {where} is {text!r}", "write PUBLISHED:TARGET")


def _long_port(sheet: Sheet, where: str, item: yaml.MappingNode) -> None:
    protocols = [
        text
        for value in values(item, "protocol")
        for text in sheet.texts(value, f"the protocol of a port of {where}")
    ]
    published = values(item, "published")
    for value in published or [item]:
        texts = sheet.texts(value, f"a port of {where}") if published else ("",)
        for text in texts:
            for protocol in protocols or [""]:
                _want_port(sheet, where, value, text, protocol)


def _want_port(
    sheet: Sheet, where: str, node: yaml.Node, published: str | None, protocol: str | None
) -> None:
    port = published if published and published != "0" else "any"
    kind = f"/{protocol}" if protocol and protocol != "tcp" else ""
    told = "any free port" if port == "any" else f"port {port}"
    sheet.want(node, f"host-port:{port}{kind}", f"{where} publishes {told}{kind} of the node")


def _env_files(sheet: Sheet, where: str, node: yaml.Node) -> None:
    for item in items(node):
        paths = values(item, "path") if isinstance(item, yaml.MappingNode) else [item]
        for path in paths:
            sheet.in_recipe(path, f"an env_file of {where}")


def _environment(sheet: Sheet, where: str, node: yaml.Node) -> None:
    """Names without a value are taken from whoever deploys; see `policy` for references."""
    if isinstance(node, yaml.MappingNode):
        bare = [(entry.key_node, entry.key) for entry in entries(node) if is_null(entry.value)]
    else:
        bare = [(i, str(i.value)) for i in items(node) if isinstance(i, yaml.ScalarNode)]
    for place, name in bare:
        if "=" not in name:
            sheet.not_of_the_machine(place, name)


def _logging(sheet: Sheet, where: str, node: yaml.Node) -> None:
    for value in values(node, "driver"):
        for text in sheet.texts(value, f"the log driver of {where}"):
            if text not in _LOG_DRIVERS:
                sheet.want(value, f"log-driver:{text}", f"{where} has the node log to {text}")


def _deploy(sheet: Sheet, where: str, node: yaml.Node) -> None:
    sheet.known_keys(node, _DEPLOY, f"'deploy' of {where}")
    for labels in values(node, "labels"):
        check_labels(sheet, where, labels)
    for resources in values(node, "resources"):
        for reservations in values(resources, "reservations"):
            for devices in values(reservations, "devices"):
                sheet.want(devices, "device:reserved", f"{where} reserves devices of the node")


_NAMESPACES = {
    "network_mode": "host-network", "pid": "host-pid", "ipc": "host-ipc",
    "userns_mode": "host-userns", "uts": "host-uts", "cgroup": "host-cgroup",
    "cgroupns_mode": "host-cgroup",
}  # fmt: skip
_RULES: dict[str, Callable[[Sheet, str, yaml.Node], None]] = {
    "privileged": _privileged, "cap_add": _capabilities, "devices": _devices,
    "security_opt": _security, "sysctls": _sysctls, "group_add": _groups, "ports": _ports,
    "env_file": _env_files, "environment": _environment,
    "logging": _logging, "deploy": _deploy, "labels": check_labels, "volumes": check_volumes,
}  # fmt: skip
# No approval helps: the node would run or read what the recipe names, or no Swarm knows it.
_NEVER = {
    "build": "is built from the recipe",
    "extends": "extends a service of another file",
    "volumes_from": "takes the volumes of another container",
    "external_links": "links to other stacks' containers",
    "provider": "has a program of the node provide it",
    "use_api_socket": "wants the Docker socket",
    "develop": "watches files of the node",
}
_REMEDIES = {
    "build": "name an image",
    "extends": "write the service out, or use a YAML anchor",
    "volumes_from": "name the volumes",
    "external_links": "name a network",
    "provider": "name an image",
    "use_api_socket": "leave it out",
    "develop": "leave it out",
}
