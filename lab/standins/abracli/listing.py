"""The content of `app ls`, `app ps` and `app services`."""

from datetime import UTC, datetime
from typing import Any

from lab.standins.abracli import engine, tags
from lab.standins.abracli.app import App
from lab.standins.abracli.deploy import Deployed, deployed


def servers(apps: list[App], status: bool) -> dict[str, dict[str, Any]]:
    """Return the apps of each server, with counts.

    Args:
        apps: the apps to list.
        status: whether to ask the server what is deployed; if not, these fields are "".
    """
    content: dict[str, dict[str, Any]] = {}
    for app in apps:
        part = content.setdefault(
            app.server,
            {
                "apps": [], "appCount": 0, "versionCount": 0, "unversionedCount": 0,
                "latestCount": 0, "upgradeCount": 0,
            },
        )  # fmt: skip
        row = {"server": app.server, "recipe": app.recipe.name, "appName": app.name}
        row |= {"domain": app.domain, "status": "", "chaos": "", "chaosVersion": ""}
        row |= {"version": "", "upgrade": ""}
        if status:
            row |= _status(app, deployed(app))
            part["versionCount" if row["version"] != "unknown" else "unversionedCount"] += 1
            if row["upgrade"] == "latest":
                part["latestCount"] += 1
            elif row["upgrade"] != "unknown":
                part["upgradeCount"] += 1
        part["apps"].append(row)
        part["appCount"] += 1
    return content


def tasks(app: App, now: Deployed) -> dict[str, dict[str, str]]:
    """Return the state of the container of each service; all values are strings."""
    containers = sorted(engine.of_stack("containers", app.stack), key=lambda c: int(c["Created"]))
    found = {}
    for service in engine.of_stack("services", app.stack):
        full = str(service["Spec"]["Name"])
        short = full.removeprefix(f"{app.stack}_")
        row = dict.fromkeys(("image", "created", "status", "state", "ports"), "unknown")
        for container in containers:
            if container["Labels"].get("com.docker.swarm.service.name") == full:
                # The newest running container, else the newest one.
                if container["State"] != "running" and row["state"] == "running":
                    continue
                row = {
                    "image": str(container["Image"]).partition("@")[0],
                    "created": _ago(int(container["Created"])),
                    "status": str(container["Status"]),
                    "state": str(container["State"]),
                    "ports": _ports(container["Ports"]),
                }
        row |= {"service": short, "chaos": str(now.chaos).lower(), "version": now.version}
        found[short] = row
    return dict(sorted(found.items()))


def service_names(app: App) -> list[list[str]]:
    """Return the short and the full name of each service."""
    full = sorted(str(s["Spec"]["Name"]) for s in engine.of_stack("services", app.stack))
    return [[name.removeprefix(f"{app.stack}_"), name] for name in full]


def _status(app: App, now: Deployed | None) -> dict[str, str]:
    unknown = dict.fromkeys(("status", "chaos", "chaosVersion", "version", "upgrade"), "unknown")
    if now is None:
        return unknown
    upgrade = "unknown"
    if now.version != "unknown":
        known = app.recipe.versions() if (app.recipe.path / ".git").exists() else []
        later = tags.newer(known, now.version) if not now.chaos else []
        upgrade = "\n".join(reversed(later)) or "latest"
    return {
        "status": "deployed",
        "chaos": str(now.chaos).lower(),
        "chaosVersion": now.chaos_version,
        "version": now.version,
        "upgrade": upgrade,
    }


def _ago(created: int) -> str:
    seconds = int((datetime.now(UTC) - datetime.fromtimestamp(created, UTC)).total_seconds())
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name} ago"
    return f"{max(seconds, 0)} seconds ago"


def _ports(ports: list[dict[str, Any]]) -> str:
    texts = []
    for port in ports:
        inside = f"{port['PrivatePort']}/{port['Type']}"
        outside = f"{port.get('IP', '')}:{port['PublicPort']}->" if "PublicPort" in port else ""
        texts.append(outside + inside)
    return ", ".join(sorted(texts))
