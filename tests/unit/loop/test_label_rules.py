"""Labels make Traefik and other programs of the node serve the app, and nothing more."""

import pytest
from pydantic import TypeAdapter

from ccci.recipe.config import Approval
from tests.unit.loop.recipe_folder import Recipe

M = "traefik.http.middlewares.${STACK_NAME}-m."
R = "traefik.http.routers.${STACK_NAME}."
T = "traefik.tcp.routers.${STACK_NAME}."
S = "traefik.http.services.${STACK_NAME}.loadbalancer."
NAMED = {M: "${STACK_NAME}-m", R: "${STACK_NAME}"}

# Labels that need an approval by their own name.
BY_NAME = [
    M + "forwardauth.address=http://10.0.0.2/",
    M + "ForwardAuth.Address=http://10.0.0.2/",
    M + "plugin.x.y=z",
    M + "errors.status=404",
    M + "errors.query=/x",
    M + "basicauth.usersfile=/etc/passwd",
    M + "digestauth.usersfile=/etc/passwd",
    M + "basicauth.users=a:$$2y$$31$$abc",
    M + "buffering.memrequestbodybytes=999999999999",
    M + "retry.attempts=1000000",
    M + "ratelimit.redis.endpoints=10.0.0.2:6379",
    M + "ratelimit.average=1000000000000",
    M + "passtlsclientcert.pem=true",
    M + "what_is_new=1",
    R + "tls.domains[0].main=lab.test",
    R + "tls.domains[0].sans=*.lab.test",
    R + "tls.options=default@file",
    R + "priority=9223372036854775807",
    R + "what_is_new=1",
    S + "healthcheck.path=//10.0.0.2/",
    S + "server.url=http://10.0.0.2",
    S + "server.scheme=file",
    "traefik.http.services.${STACK_NAME}.mirroring.service=${STACK_NAME}",
    "traefik.http.serverstransports.${STACK_NAME}.rootcas=/etc/passwd",
    "traefik.http.serverstransports.${STACK_NAME}.certificates[0].keyfile=/etc/passwd",
    "traefik.tcp.middlewares.${STACK_NAME}.plugin.x=y",
    "traefik.docker.network=keycloak_lab_test_internal",
    "traefik.swarm.network=other",
    "traefik.constraint-label=internal",
    "traefik.tags=internal",
    "traefik.providers.file.filename=/x",
    "traefik.entrypoints.web.address=:22",
    "traefik",
    "ofelia.enabled=true",
    "ofelia.job-exec.x.command=id",
    "swarm.cronjob.registry-auth=true",
    "swarm.cronjob.replicas=100000",
    "com.centurylinklabs.watchtower.enable=true",
    "diun.enable=true",
    "caddy=forge.lab.test",
    "shepherd.autodeploy=true",
    "com.docker.stack.namespace=forge",
    "ccci.run=x",
    "coop-cloud.keycloak_lab_test.version=1",
    "coop-cloud.${STACK_NAME}.what-is-new=1",
    "backupbot.what-is-new=1",
    "Backupbot.backup=true",
    "homepage.name=x",
]
BY_MEANING = [
    (R + "tls.certresolver=production", "certresolver:production"),
    (R + "tls.certresolver=${LETS_ENCRYPT_ENV:-production}", "certresolver:production"),
    (R + "tls.certresolver=${A:-production}", "certresolver:production"),
    (R + "entrypoints=web-secure,metrics", "entrypoint:metrics"),
    (R + "entryPoints=traefik", "entrypoint:traefik"),
    (T + "entrypoints=gitea-ssh", "entrypoint:gitea-ssh"),
    (R + "middlewares=security@file", "middleware:security@file"),
    (R + "middlewares=${STACK_NAME}-m,forge-m", "middleware:forge-m"),
    (R + "middlewares=${STACK_NAME}-m@file", "middleware:${STACK_NAME}-m@file"),
    (M + "chain.middlewares=security@file", "middleware:security@file"),
    (T + "middlewares=forge", "middleware:forge"),
    (S + "serverstransport=forge@file", "route:forge@file"),
    (R + "rule=HostRegexp(`.*`)", "route:any"),
    (R + "rule=Host(`${DOMAIN}`) || PathPrefix(`/`)", "route:any"),
    (R + "rule=Host(`${DOMAIN}`) || HostRegexp(`^.+$$`)", "route:any"),
    (R + "rule=!Host(`x`)", "route:any"),
    ("traefik.udp.services.x.loadbalancer.server.port=53",
     "label:traefik.udp.services.x.loadbalancer.server.port"),
]  # fmt: skip


@pytest.mark.parametrize("shape", ["labels", "deploy"])
@pytest.mark.parametrize("label", BY_NAME)
def test_labels_that_are_not_known_to_be_harmless(label: str, shape: str, recipe: Recipe) -> None:
    text = f"labels:\n  - '{label}'"
    recipe.service(text if shape == "labels" else "deploy:\n  labels:\n    - '" + label + "'")
    name = label.partition("=")[0]
    name = name.casefold() if name.startswith("traefik") else name
    approval = f"label:{name.replace('[', '.[').replace('stack_name', 'STACK_NAME')}"
    assert recipe.approvals() == [approval]
    TypeAdapter(Approval).validate_python(approval)
    assert recipe.violations(approval) == []


@pytest.mark.parametrize(("label", "approval"), BY_MEANING)
def test_labels_that_use_what_belongs_to_others(label: str, approval: str, recipe: Recipe) -> None:
    recipe.service(f"labels:\n  - '{label}'")
    assert recipe.approvals() == [approval]
    TypeAdapter(Approval).validate_python(approval)
    assert recipe.violations(approval) == []


def test_labels_written_as_a_mapping_are_checked_too(recipe: Recipe) -> None:
    """Docker fills in no variables in the keys of a mapping."""
    recipe.service("labels: {ofelia.enabled: 'true', 'traefik.http.routers.x.rule': Host(`f`)}")
    assert recipe.approvals() == [
        "label:ofelia.enabled", "label:traefik.http.routers.x.rule", "route:f",
    ]  # fmt: skip


def test_labels_of_volumes_and_networks_are_checked_too(recipe: Recipe) -> None:
    recipe.top("volumes:\n  x: {labels: [ofelia.x=1]}\nnetworks:\n  y: {labels: {diun.enable: 1}}")
    assert recipe.approvals() == ["label:ofelia.x", "label:diun.enable"]


ALLOWED = [
    "traefik.enable=true",
    "traefik.docker.network=proxy",
    "traefik.swarm.network=proxy",
    "traefik.docker.network=${STACK_NAME}_internal",
    R + "rule=Host(`${DOMAIN}`${EXTRA_DOMAINS})",
    R + "rule=Host(`${DOMAIN}`) && PathPrefix(`/x`)",
    R + "rule=(Host(`${DOMAIN}`) || Host(`www.${DOMAIN}`)) && !Path(`/x`)",
    R + "entrypoints=web-secure",
    R + "entrypoints=web, web-secure",
    R + "tls=true",
    R + "tls.certresolver=${LETS_ENCRYPT_ENV}",
    R + "tls.certresolver=${LETS_ENCRYPT_ENV:-}",
    R + "tls.certresolver=",
    R + "service=${STACK_NAME}",
    R + "priority=100",
    R + "middlewares=${STACK_NAME}-redirect,${STACK_NAME}-headers@docker",
    S + "server.port=80",
    S + "server.port=${PORT:-8080}",
    S + "server.scheme=https",
    S + "passhostheader=true",
    S + "sticky.cookie.name=x",
    S + "serverstransport=${STACK_NAME}",
    T + "rule=HostSNI(`${DOMAIN}`)",
    T + "entrypoints=web-secure",
    T + "tls.passthrough=true",
    "traefik.tcp.services.${STACK_NAME}.loadbalancer.server.port=443",
    M + "redirectscheme.scheme=https",
    M + "redirectscheme.permanent=true",
    M + "redirectregex.regex=^https?://${DOMAIN}/(.*)",
    M + "redirectregex.replacement=https://www.${DOMAIN}/$${1}",
    M + "headers.SSLForceHost=true",
    M + "headers.customRequestHeaders.X-Forwarded-Proto=https",
    M + "headers.stsSeconds=31536000",
    M + "stripprefix.prefixes=/x",
    M + "stripprefix.prefixes[0]=/x",
    M + "compress=true",
    M + "basicauth.users=a:$$2y$$05$$abc",
    M + "basicauth.users=${USERS:-}",
    M + "ratelimit.average=100",
    M + "ipallowlist.sourcerange=10.0.0.0/8",
    M + "chain.middlewares=${STACK_NAME}-a,${STACK_NAME}-b",
    "backupbot.backup=${ENABLE_BACKUPS:-true}",
    "backupbot.backup.path=/data,/x.y",
    "backupbot.backup.volumes.db-data.path=backup.sql",
    "backupbot.backup.volumes.cache=false",
    'backupbot.backup.pre-hook=sh -c "mkdir -p /x && cd /x/y"',
    "backupbot.restore.post-hook=/pg_backup.sh restore",
    "backupbot.volumes.x=false",
    "backupbot.restore=true",
    "coop-cloud.${STACK_NAME}.version=1.0.0+1.2",
    "coop-cloud.${STACK_NAME}.app.version=1.0.0+1.2-abcdef12",
    "coop-cloud.${STACK_NAME}.timeout=${TIMEOUT:-300}",
    "coop-cloud.${STACK_NAME}.auto-update=${ENABLE_AUTO_UPDATE:-false}",
    "org.opencontainers.image.title=x",
    "swarm.cronjob.enable=true",
    "swarm.cronjob.schedule=0 3 * * *",
]


@pytest.mark.parametrize("label", ALLOWED)
def test_labels_as_recipes_have_them_are_allowed(label: str, recipe: Recipe) -> None:
    recipe.write(".env.sample", "TYPE=x\nDOMAIN=x.example.com\nLETS_ENCRYPT_ENV=production\n")
    quoted = label.replace("'", "''")
    assert recipe.service(f"labels:\n  - '{quoted}'").violations() == []


@pytest.mark.parametrize(
    ("file", "line"),
    [("abra.sh", "export LETS_ENCRYPT_ENV=production"), (".env.sample", " LETS_ENCRYPT_ENV=x")],
)
def test_a_recipe_cannot_choose_who_issues_its_certificate(
    file: str, line: str, recipe: Recipe
) -> None:
    recipe.service("command: x").write(file, line + "\n")
    (found,) = recipe.violations()
    assert (found.file, found.approval) == (file, "")
    assert "LETS_ENCRYPT_ENV" in found.what
