"""What the head of a recipe has lost of what guarded its release: each loss with a short name.

The names are the keys of `[let_go]` in recipe.toml, by which a recipe says why it means one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ccci.errors import Misuse, RecipeFailure
from ccci.recipe.config import RecipeConfig
from ccci.recipe.tags import worse_tag
from ccci.run.damaged_dumps import Outcome
from ccci.run.guards import Guards
from ccci.swarm.service_guards import ServiceGuards
from ccci.web.page_guards import FOR_OPERATORS, PageGuards

# People tune the times of health checks; what is left of them must be less than this to be a loss.
_PATIENCE_LEFT = 0.5
# The same for how long an app is left down: more than this is a loss.
_TIMES_LONGER = 10
_LONG_DELAY_SECONDS = 60.0
# Log drivers that need nothing but Docker, or systemd.
_LOG_DRIVERS = ("json-file", "local", "journald")
# What a limit does that a middleware of Traefik has and had not, or not so low.
_LIMITED = {
    "body limit": "Traefik refuses what is larger than {} bytes, by the label "
    "'buffering.maxRequestBodyBytes', and did not: larger uploads fail.",
    "requests at once": "Traefik answers {} requests at once, by the label 'inflightReq.amount', "
    "and did more: people who come together are refused.",
    "requests in a time": "Traefik lets {} requests through in a time, by the label "
    "'ratelimit.average', and did more: who opens a page with many parts is refused.",
    "visitors": "Traefik lets some addresses in alone, by the label 'ipAllowList.sourceRange', and "
    "did not: everybody else is refused.",
}
_SOCKETS = ("/var/run/docker.sock", "/run/docker.sock")


@dataclass(frozen=True)
class Loss:
    """Something that guarded the release and does not guard the head.

    Attributes:
        name: short, as in `app: root`; the key in `[let_go]`.
        what: a sentence.
        approval: the name in `[approved]` that allows it as well; "" for none.
    """

    name: str
    what: str
    approval: str = ""


def check_nothing_is_lost(release: Guards | None, head: Guards, config: RecipeConfig) -> str:
    """Fail when the head has lost something that the release had; return what was compared.

    Args:
        release: what guarded the release, when it held the seed.
        head: what guards the head.
        config: the recipe's recipe.toml. A recipe without one cannot give a reason: what it lost is
            only told.

    Raises:
        RecipeFailure: something is lost, without a reason.
        Misuse: the release was never looked at.
    """
    if release is None:
        raise Misuse("There is nothing to compare with: call 'Upgrade To The Head' before.")
    lost = [loss for loss in losses(release, head) if not _is_meant(loss, config)]
    lines = [f"'{loss.name}': {loss.what}" for loss in lost]
    compared = f"Compared: {', '.join(sorted(head.services))}; {', '.join(head.pages.pages)}."
    if lost and config.is_written:
        raise RecipeFailure(
            "Expected the head to keep what the release had:\n" + "\n".join(lines) + "\nMend the "
            "recipe; or say why in [let_go] of recipe.toml, with the name that begins the line."
        )
    return "\n".join([compared, *lines])


def losses(release: Guards, head: Guards) -> Iterator[Loss]:
    """Yield what the head has lost, service by service, and then of its pages."""
    published = {port for now in head.services.values() for port in now.ports}
    ways_in = {way for now in head.services.values() for way in now.ways_in}
    for name, now in sorted(head.services.items()):
        before = release.services.get(name)
        yield from _new(name, now) if before is None else _of_service(name, before, now)
        for port in sorted(before.ports - published) if before else ():
            yield Loss(
                f"{name}: port {port}",
                f"it published port {port} of the node, and nothing does now: who uses it finds "
                "nothing there.",
            )
        for way in sorted(map(str, before.ways_in - ways_in)) if before else ():
            yield Loss(
                f"{name}: way in",
                f"Traefik led clients in by {way}, and does so no more: they come in nowhere.",
            )
    yield from _of_hooks(release, head)
    for name in sorted(release.dumped & set(head.services) - head.dumped):
        yield Loss(
            f"{name}: backup path",
            "no backup label names what is saved of this database any more: the bot copies its "
            "files while it writes, and a restore writes over them below it.",
        )
    for name, outcome in sorted(release.damaged_dumps.items()):
        yield from _of_damaged_dump(name, outcome, head.damaged_dumps.get(name, outcome))
    for name, driver in sorted(head.log_drivers.items()):
        if name in release.services and driver != release.log_drivers.get(name):
            yield from _of_log_driver(name, driver)
    yield from _of_pages(release.pages, head.pages)


def _of_damaged_dump(name: str, before: Outcome, now: Outcome) -> Iterator[Loss]:
    if before != "loads it" and now == "loads it":
        yield Loss(
            f"{name}: damaged dump",
            "its restore hook ends with 0 over a dump that cannot be loaded; the release's "
            "failed. A restore that loaded nothing counts as good.",
        )
    elif before == "fails and keeps" and now == "fails, and what was there is gone":
        yield Loss(
            f"{name}: damaged dump",
            "its restore hook removes what the database has before the dump is loaded; over one "
            "that cannot be loaded, all is gone. The release's kept it.",
        )


def _of_log_driver(name: str, driver: str) -> Iterator[Loss]:
    if driver == "none":
        yield Loss(
            f"{name}: log",
            "the compose file throws its log away, by the log driver 'none': nobody can see why it "
            "fails.",
        )
    elif driver not in _LOG_DRIVERS:
        yield Loss(
            f"{name}: log",
            f"its log driver is '{driver}' and was not: on a server without that no container of "
            "it starts, and a run has another one.",
        )


def _of_hooks(release: Guards, head: Guards) -> Iterator[Loss]:
    phases = set(map(_phase, head.failing_hooks))
    for name, failed in sorted(release.failing_hooks.items()):
        fails = head.failing_hooks.get(name)
        service = head.services.get(name.partition(": ")[0])
        # Of a service that does not run just now no hook was tried. One that cannot fail, as
        # `rm -f`, guarded nothing; one of another service or with another label may do the same.
        runs = service is not None and service.health_check is not None
        if failed and fails is None and runs and _phase(name) not in phases:
            yield Loss(
                name,
                "the hook is gone: what was done around a backup or a restore is done no more.",
            )
        elif failed and fails is False:
            yield Loss(
                name,
                "the hook ends with 0 in a container in which nothing runs, and did not: it hides "
                "that nothing was dumped or loaded, and the backup counts as good.",
            )


def _phase(hook: str) -> tuple[bool, bool]:
    """Return when a hook runs: at a restore or a backup, before or after it."""
    return "restore" in hook, "pre-hook" in hook


def _is_meant(loss: Loss, config: RecipeConfig) -> bool:
    service, _, what = loss.name.partition(": ")
    ends = what == "restart" and service in config.meant_to_end
    return ends or loss.name in config.let_go or loss.approval in config.approved.node


def _new(name: str, now: ServiceGuards) -> Iterator[Loss]:
    """Judge a service that the release does not have, where there can be no two opinions."""
    if now.restart == "none":
        yield _never_started_again(name)
    for port in sorted(now.ports):
        yield _published(name, port)
    for path in sorted(now.mounts.intersection(_SOCKETS)):
        yield _mounted(name, path)


def _of_service(name: str, before: ServiceGuards, now: ServiceGuards) -> Iterator[Loss]:
    if before.health_check and now.health_check is False:
        yield Loss(
            f"{name}: health check",
            "it had a health check and has none: the Swarm takes it for healthy as soon as its "
            "process runs, sends people to it, and rolls no broken update back.",
        )
    if now.health_check and now.patience_seconds < _PATIENCE_LEFT * before.patience_seconds:
        yield Loss(
            f"{name}: patience",
            f"its health check ends it {now.patience_seconds:g} s after its start, and did after "
            f"{before.patience_seconds:g} s (start_period + retries x interval): a slow server "
            "cannot start it, and a migration that is killed may lose data.",
        )
    if now.timeout_seconds < _PATIENCE_LEFT * before.timeout_seconds:
        yield Loss(
            f"{name}: timeout",
            f"abra waits {now.timeout_seconds:g} s for a deployment and did for "
            f"{before.timeout_seconds:g} s (label 'timeout'): on a slow server it then says that "
            "the deployment failed.",
        )
    yield from _of_its_image(name, before.image, now.image)
    yield from _of_its_restart(name, before, now)
    yield from _of_its_delay(name, before, now)
    for port in sorted(now.ports - before.ports):
        yield _published(name, port)
    if now.on_proxy and not before.on_proxy:
        yield Loss(
            f"{name}: proxy",
            "it is on the network 'proxy' and was not: every app of the server reaches it.",
        )
    for path in sorted(now.mounts - before.mounts):
        yield _mounted(name, path)
    if now.is_root and before.is_root is False:
        yield Loss(
            f"{name}: root",
            "its first process runs as root (user id 0) and did not: who breaks into it has all "
            "of its container, and the files that it writes belong to root.",
        )
    if now.health_check and now.alarm_seconds > _TIMES_LONGER * before.alarm_seconds > 0:
        yield Loss(
            f"{name}: alarm",
            f"its health check lets it hang for {now.alarm_seconds:g} s, and did for "
            f"{before.alarm_seconds:g} s (retries x interval): nothing starts it again meanwhile.",
        )
    yield from _of_its_end(name, before, now)
    yield from _of_its_order(name, before, now)
    yield from _of_its_place(name, before, now)
    yield from _of_its_doors(name, before, now)
    for what, most in sorted(now.limits.items()):
        if most < before.limits.get(what, math.inf):
            yield Loss(f"{name}: {what}", _LIMITED[what].format(most))
    for variable in sorted(now.unverified - before.unverified):
        yield Loss(
            f"{name}: {variable}",
            f"the variable {variable} switches the check of certificates off, and did not: "
            "anybody on the way can read and change what it sends.",
        )


def _of_its_end(name: str, before: ServiceGuards, now: ServiceGuards) -> Iterator[Loss]:
    if before.hears_stop and now.hears_stop is False:
        yield Loss(
            f"{name}: stop",
            "its first process does not hear the stop signal and did: each stop waits for the "
            "grace period, and then kills it in the middle of its work. A script must 'exec' its "
            "program.",
        )
    if now.grace_seconds < before.grace_seconds:
        yield Loss(
            f"{name}: grace",
            f"it has {now.grace_seconds:g} s to stop and had {before.grace_seconds:g} s "
            "(stop_grace_period): what takes longer is killed in the middle of its work.",
        )
    if before.rolls_back and not now.rolls_back:
        yield Loss(
            f"{name}: rollback",
            "an update of it that fails is not rolled back any more (failure_action): the app then "
            "stays down until somebody sees it.",
        )


def _of_its_order(name: str, before: ServiceGuards, now: ServiceGuards) -> Iterator[Loss]:
    changed = ("stop-first", "start-first")
    if (before.order, now.order) == changed:
        yield Loss(
            f"{name}: order",
            "its updates are 'start-first' and were 'stop-first': two versions then run at once "
            "on the same data.",
        )
    if (before.rollback_order, now.rollback_order) == changed:
        yield Loss(
            f"{name}: rollback order",
            "it is rolled back 'start-first' and was 'stop-first': two versions then run at once "
            "on the same data.",
        )


def _of_its_image(name: str, before: str, now: str) -> Iterator[Loss]:
    worse = worse_tag(before, now)
    if worse:
        yield Loss(f"{name}: tag", f"its image is {now} and was {before}: {worse}.")


def _of_its_restart(name: str, before: ServiceGuards, now: ServiceGuards) -> Iterator[Loss]:
    if now.restart == "none" and before.restart != "none":
        yield _never_started_again(name)
    elif now.restart == "on-failure" and before.restart == "any":
        yield Loss(
            f"{name}: restart",
            "its restart policy is 'on-failure' and was 'any': when it ends without an error, "
            "nothing starts it again.",
        )
    elif before.restart != "none" and now.attempts < before.attempts:
        yield Loss(
            f"{name}: restart",
            f"it is started again {now.attempts:g} times (max_attempts) and was more often: an app "
            "whose database is away for a while stays down.",
        )


def _of_its_delay(name: str, before: ServiceGuards, now: ServiceGuards) -> Iterator[Loss]:
    if now.delay_seconds > max(_TIMES_LONGER * before.delay_seconds, _LONG_DELAY_SECONDS):
        yield Loss(
            f"{name}: delay",
            f"it is started again {now.delay_seconds:g} s after it died, and was after "
            f"{before.delay_seconds:g} s (restart_policy): the app is down for that long.",
        )


def _of_its_place(name: str, before: ServiceGuards, now: ServiceGuards) -> Iterator[Loss]:
    if not now.has_volume:
        return
    if before.placement and not now.placement:
        yield Loss(
            f"{name}: placement",
            f"it may run on any node, and was bound by {' and '.join(sorted(before.placement))}: "
            "on another node its volumes are empty.",
        )
    if now.copies > max(before.copies, 1):
        yield Loss(
            f"{name}: replicas",
            "it has more tasks than before, and they write to the same volume at once.",
        )


def _of_its_doors(name: str, before: ServiceGuards, now: ServiceGuards) -> Iterator[Loss]:
    # A router that is gone is left alone, and what is closed at another router now.
    everywhere = {what for closed in now.closed.values() for what in closed}
    for router, closed in sorted(before.closed.items()):
        for what in sorted(closed - now.closed.get(router, closed) - everywhere):
            yield Loss(
                f"{name}: {'path left out' if what.startswith('!') else what}",
                f"router '{router}' of Traefik has {what} no more: who was kept out comes in.",
            )


def _never_started_again(name: str) -> Loss:
    return Loss(
        f"{name}: restart",
        "its restart policy is 'none': when it dies, nothing starts it again. One that does its "
        "work once is named in [meant_to_end].",
    )


def _published(name: str, port: str) -> Loss:
    return Loss(
        f"{name}: port {port}",
        f"it publishes {'a free port' if port == 'any' else f'port {port}'} of the node and did "
        "not: whoever reaches the node reaches it there, past Traefik.",
        f"host-port:{port}",
    )


def _mounted(name: str, path: str) -> Loss:
    is_socket = path in _SOCKETS
    meaning = "that is control of the node" if is_socket else "it is no volume of the app"
    return Loss(
        f"{name}: mount {path}",
        f"it mounts {path} of the node and did not: {meaning}.",
        "docker-socket" if is_socket else f"host-mount:{path}",
    )


def _of_pages(before: PageGuards, now: PageGuards) -> Iterator[Loss]:
    missing = {path: f"status {page.status}" for path, page in now.pages.items() if page.is_missing}
    for path, seen in {**missing, **now.broken}.items():
        was = before.pages.get(path)
        if was and was.is_shown:
            yield Loss(
                f"page {path}", f"it was answered with status {was.status}, and now: {seen}."
            )
    gone: dict[str, list[str]] = {}
    for path, page in now.pages.items():
        was = before.pages.get(path)
        # Of a page that is answered otherwise the other headers are no loss.
        if was and was.status == page.status:
            for header in sorted(was.headers - page.headers):
                gone.setdefault(header, []).append(path)
    for header, paths in gone.items():
        yield Loss(
            f"header {header}", f"{' and '.join(paths)} had the header {header} and lost it."
        )
    for shown, (path, _) in FOR_OPERATORS.items():
        if now.shown_to_all.get(shown) and before.shown_to_all.get(shown) is False:
            yield Loss(
                shown, f"{path} is answered to anybody, and was not: it is for the app's operator."
            )
    if before.leads_to_https and now.leads_to_https is False:
        yield Loss(
            "https", "http:// led to https:// and does not: passwords may go over plain HTTP."
        )
