"""Further hosts of an app, which a setting adds to its routers: no run has any."""

from collections.abc import Iterator, Mapping

from ccci.recipe.offered import SAMPLE, values_in
from ccci.recipe.routers import routed_hosts
from ccci.review.files import CommitFiles
from ccci.review.mentions import mentions


def lost_aliases(release: CommitFiles, head: CommitFiles, note: str) -> Iterator[tuple[str, str]]:
    """Yield each setting that added hosts to a router of the release and adds none to the head's.

    Apps have it as the release's .env.sample taught it: `EXTRA_DOMAINS=', `www.example.com`'`, for
    example. In another place of a rule this makes a rule that Traefik cannot read, and the app is
    not found at its first host either.

    Args:
        release: the files of the release.
        head: those of the head.
        note: the text of the head's release note, or "". What it names is left alone.

    Example:
        >>> sample = "DOMAIN=a.org\\n#MORE=', `b.org`'\\n"
        >>> def files(rule):
        ...     labels = {"traefik.http.routers.a.rule": rule}
        ...     service = {"image": "a", "deploy": {"labels": labels}}
        ...     return CommitFiles({SAMPLE: sample}, {}, {}, {"": {"services": {"app": service}}})
        >>> before, now = files("Host(`${DOMAIN}`${MORE})"), files("Host(`${DOMAIN}`)${MORE}")
        >>> [name for name, _ in lost_aliases(before, now, "")]
        ['MORE']
    """
    taught = values_in(release.texts.get(SAMPLE, ""))
    domain = {"DOMAIN": taught.get("DOMAIN") or "app.example.com"}
    plain = _hosts(release, domain)
    for name, value in taught.items():
        settings = {**domain, name: value}
        lost = _hosts(release, settings) - plain - _hosts(head, settings)
        if lost and not mentions(note, name):
            yield (
                name,
                (
                    f"'{name}' is set to \"{value}\" as the release's {SAMPLE} taught it, and no "
                    f"router of the head takes {' and '.join(sorted(lost))}: let the rule take the "
                    "setting where it took it, or tell in the release note how to write it now."
                ),
            )


def _hosts(files: CommitFiles, settings: Mapping[str, str]) -> set[str]:
    """Return the hosts of all routers for HTTP, by the compose files."""
    return {
        host
        for content in files.compose.values()
        for host in routed_hosts([content], settings, ["http"])
    }
