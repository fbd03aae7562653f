"""matrix-synapse, broken on purpose: each defect turns the suite red at the stage meant for it."""

from pathlib import Path

import pytest

from tests.lab.defects import Defect, replaced, the_suite_turns_red_over, without
from tests.lab.suite_runs import start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

CONFIG = "homeserver.yaml.tmpl"
ALWAYS = "    pkce_method: always\n"
CLOSED = "enable_registration: false\n"
CALLBACK = "/_synapse/client/oidc/callback"

DEFECTS = [
    Defect(
        "the database sorts by a language",
        without("POSTGRES_INITDB_ARGS"),
        "install",
        "Service app",
    ),
    Defect(
        "other servers are sent to no address",
        without("serve_server_wellknown"),
        "functional",
        "404 != 200",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "everybody may register",
        replaced(
            (
                CLOSED,
                "enable_registration: true\nenable_registration_without_verification: true\n",
            )
        ),
        "functional",
        "to get no account without a secret; it is open",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "a sign-in comes back to another address",
        replaced((ALWAYS, f"{ALWAYS}    redirect_uri: https://chat.lab.test{CALLBACK}\n")),
        "functional",
        f"https://chat.lab.test{CALLBACK} != ",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "a sign-in goes without PKCE",
        replaced((ALWAYS, "    pkce_method: never\n")),
        "functional",
        "!= S256",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "the client's secret is another",
        replaced(("/run/secrets/client_secret", "/run/secrets/form_secret")),
        "browser",
        "Invalid client or Invalid client credentials",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "everybody of the provider is let in",
        replaced(('{{- if env "OIDC_REQUIRED_CLAIM" }}', '{{- if env "OIDC_REQUIRED" }}')),
        "browser",
        "@olga:",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "each sign-in is somebody new",
        replaced(
            (
                "      config:\n        local",
                "      config:\n        subject_claim: jti\n        local",
            )
        ),
        "browser",
        "@mona1:",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "the signing key lies outside the volume",
        replaced(
            ("KEY=/data/signing.key", "KEY=/tmp/keys/signing.key"),
            (
                '    chown "$OWNER" /data\n',
                "    install -d -o 991 -g 991 /tmp/keys\n"
                '    sed "s|/data/signing.key|$KEY|" /homeserver.yaml > /tmp/homeserver.yaml\n'
                '    chown "$OWNER" /tmp/homeserver.yaml\n'
                "    export SYNAPSE_CONFIG_PATH=/tmp/homeserver.yaml\n",
            ),
        ),
        "restart",
        "!= ed25519:",
        before=("install",),
        file="entrypoint.sh",
    ),
    Defect(
        "the media lie outside the volume",
        replaced(("media_store_path: /data/media_store", "media_store_path: /tmp/media_store")),
        "restart",
        "it is not there",
        before=("install",),
        file=CONFIG,
    ),
    Defect(
        "a restarted database leaves dead connections",
        replaced(("        end_without_database &\n", "")),
        "restart",
        "Internal server error",
        before=("install",),
        file="entrypoint.sh",
    ),
    Defect(
        "the dump is not made",
        without("backupbot.backup.pre-hook"),
        "backup",
        "promised by a label and not there",
    ),
    Defect(
        "the dump leaves the sessions out",
        replaced(("pg_dump ", "pg_dump --exclude-table-data=access_tokens ")),
        "backup",
        "Expected a session of @otto-",
        file="pg_backup.sh",
    ),
    Defect(
        "the dump leaves out who is whom at the provider",
        replaced(("pg_dump ", "pg_dump --exclude-table-data=user_external_ids ")),
        "backup",
        "!= oidc-guild ",
        file="pg_backup.sh",
    ),
    Defect(
        "the upgrade takes another volume",
        replaced(("- data:/data", "- files:/data"), ("\n  data:\n", "\n  files:\n")),
        "upgrade",
        "!= ed25519:",
    ),
    Defect(
        "the head makes its signing key anew at each start",
        replaced(
            (
                'entrypoint: ["/docker-entrypoint.sh"]',
                'entrypoint: ["/bin/bash", "-c", '
                '"rm -f /data/signing.key; exec /docker-entrypoint.sh"]',
            )
        ),
        "upgrade",
        "!= ed25519:",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_the_suite_turns_red_at_the_right_stage(defect: Defect, tmp_path: Path) -> None:
    the_suite_turns_red_over(defect, "matrix-synapse", tmp_path)


def test_a_release_may_be_passed_over() -> None:
    """From the oldest release straight to the head."""
    run = start_suite(
        "--suite", "upgrade", "--variable", "UPGRADE_FROM:1.0.0+v1.149.1", "suites/matrix-synapse"
    )
    assert run.finish(900) == 0, run.output
    assert run.results("matrix-synapse")["stages"]["upgrade"] == "passed"
