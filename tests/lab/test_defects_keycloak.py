"""keycloak, broken on purpose: each defect turns the suite red at the stage meant for it."""

from pathlib import Path

import pytest

from tests.lab.defects import Defect, replaced, the_suite_turns_red_over, without
from tests.lab.suite_runs import start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

MOUNT = "    volumes:\n      - postgres:/var/lib/postgresql/data\n"

DEFECTS = [
    Defect(
        "the public address is another",
        replaced(("KC_HOSTNAME=https://${DOMAIN}", "KC_HOSTNAME=https://sso.${DOMAIN}")),
        "functional",
        "it names 'https://sso.",
        before=("install",),
    ),
    Defect(
        "the database's volume is not mounted",
        lambda text: without("backup.volumes.postgres")(text).replace(MOUNT, ""),
        "restart",
        "/realms/kept/.well-known/openid-configuration to answer 200; it was 500",
        before=("install",),
    ),
    Defect(
        "the database's backup labels are lost",
        # Then the bot copies the files of a running database, and puts them under a running one.
        lambda text: without("backup.volumes.postgres", "/pg_backup.sh ")(text).replace(
            "      labels:\n\nvolumes:", "\nvolumes:"
        ),
        "backup",
        "/realms/kept",
        before=("install",),
    ),
    Defect(
        "the dump is not made",
        without("backupbot.backup.pre-hook"),
        "backup",
        "promised by a label and not there",
    ),
    Defect(
        "the dump leaves the passwords out",
        replaced(("pg_dump ", "pg_dump --exclude-table-data=credential ")),
        "backup",
        "invalid_grant (Invalid user credentials)",
        file="pg_backup.sh",
    ),
    Defect(
        "the dump leaves out what a sign-in may still ask of a user",
        # Nobody is asked: only the realm's export tells.
        replaced(("pg_dump ", "pg_dump --exclude-table-data=required_action_provider ")),
        "backup",
        "requiredActions",
        file="pg_backup.sh",
    ),
    Defect(
        "a restore leaves the app with what it knew before",
        without("backupbot.restore.post-hook=/docker-entrypoint.sh"),
        "backup",
        "/partial-export",
    ),
    Defect(
        "the upgrade makes a new database password",
        replaced(
            ("${STACK_NAME}_db_password_${SECRET_DB_PASSWORD_VERSION}", "${STACK_NAME}_db_key_v1"),
            ("      - db_password\n", "      - db_key\n"),
            ("  db_password:\n", "  db_key:\n"),
            ("/run/secrets/db_password", "/run/secrets/db_key"),
        ),
        "upgrade",
        "Service app: the update did not go through",
        before=("install",),
    ),
    Defect(
        "the upgrade takes another volume",
        replaced(
            ("- postgres:/", "- database:/"),
            ("\n  postgres:\n", "\n  database:\n"),
            ("backup.volumes.postgres.", "backup.volumes.database."),
        ),
        "upgrade",
        "Realm does not exist",
    ),
    Defect(
        "the head looks into another database",
        replaced(("KC_DB_URL_DATABASE=keycloak", "KC_DB_URL_DATABASE=postgres")),
        "upgrade",
        "Realm does not exist",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_the_suite_turns_red_at_the_right_stage(defect: Defect, tmp_path: Path) -> None:
    the_suite_turns_red_over(defect, "keycloak", tmp_path)


def test_a_release_may_be_passed_over() -> None:
    """From the oldest release straight to the head."""
    run = start_suite(
        "--suite", "upgrade", "--variable", "UPGRADE_FROM:1.0.0+26.4.2", "suites/keycloak"
    )
    assert run.finish(900) == 0, run.output
    assert run.results("keycloak")["stages"]["upgrade"] == "passed"
