"""Certificates for names below apps, which some recipes serve: from the lab's authority, on demand.

Traefik's certificate is for `*.<domain>`, and covers no name with a further label. An operator has
a certificate for these, or the recipe gets one itself.
"""

from collections.abc import Iterable

import docker

from lab import https, imagelist, reciperepos, stacks
from lab.apps import App
from lab.ca import Authority
from lab.settings import Settings
from lab.waiting import until

RECIPE = "subdomain-tls"
# Nobody answers for it: only the certificate counts.
NAME = "anything.subdomain-tls"
SECONDS = 60.0


def are_needed(recipes: Iterable[str]) -> bool:
    """Return whether one of these recipes serves names below its domain; others are passed over."""
    known = set(recipes).intersection(imagelist.recipes())
    return any(reciperepos.load(name).serves_subdomains for name in known)


def images() -> set[str]:
    """Return the images of the app."""
    return set(imagelist.images_of(RECIPE, head_only=True))


def app(settings: Settings, authority: Authority) -> App:
    """Return the app to deploy, which has the key of the lab's authority."""
    traefik, version = settings.name("traefik"), authority.own_version()
    return App(
        recipe=RECIPE,
        domain=settings.name(RECIPE),
        environment={
            "APPS_DOMAIN": settings.domain,
            "TRAEFIK_ADDRESS": f"{stacks.stack_name(traefik)}_app:443",
            "TRAEFIK_NAME": traefik,
            "SECRET_CA_CERTIFICATE_VERSION": version,
            "SECRET_CA_KEY_VERSION": version,
        },
        secret_files={
            ("ca_certificate", version): authority.certificate,
            ("ca_key", version): authority.key,
        },
    )


def check(client: docker.DockerClient, settings: Settings, authority: Authority) -> str:
    """Check that a name below an app gets a certificate that clients of the lab trust.

    Raises:
        LabError: it does not in time.
    """
    last = "nothing"

    def is_trusted() -> bool:
        nonlocal last
        try:
            answer = https.get(
                settings.name(NAME),
                "/",
                address="127.0.0.1",
                port=settings.https_port,
                bundle=authority.bundle,
            )
        except OSError as error:
            last = str(error)
            return False
        last = f"status {answer.status}"
        # Traefik's own answer, for a name that no app has.
        return answer.status == 404

    log = stacks.stack_name(settings.name(RECIPE))
    until(
        is_trusted,
        within_seconds=SECONDS,
        failure=lambda: (
            f"https://{settings.name(NAME)} did not get a certificate within {SECONDS:.0f} s; last "
            f"result: {last}. {stacks.last_log_lines(client, log)}"
        ),
    )
    return "certificate verified"
