"""n8n, broken on purpose: each defect turns the suite red at the stage meant for it."""

from pathlib import Path

import pytest

from tests.lab.defects import Defect, replaced, the_suite_turns_red_over, without

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

MOUNT = "    volumes:\n      - postgres:/var/lib/postgresql/data\n"

DEFECTS = [
    Defect(
        "the sign-in may go over plain HTTP",
        replaced(("N8N_SECURE_COOKIE=true", "N8N_SECURE_COOKIE=false")),
        "functional",
        "The cookie may go over plain HTTP.",
        before=("install",),
    ),
    Defect(
        "callers of webhooks are told an inner address",
        replaced(("WEBHOOK_URL=https://${DOMAIN}/", "WEBHOOK_URL=http://localhost:5678/")),
        "functional",
        "'http://localhost:5678/webhook/' does not start with 'https://n8n-",
        before=("install",),
    ),
    Defect(
        "the database's volume is not mounted",
        lambda text: without("backup.volumes.postgres")(text).replace(MOUNT, ""),
        "restart",
        "/rest/login to answer 200; it was 500",
        before=("install",),
    ),
    Defect(
        "the dump is not made",
        without("backupbot.backup.pre-hook"),
        "backup",
        "promised by a label and not there",
    ),
    Defect(
        "the dump leaves the credentials out",
        replaced(("pg_dump ", "pg_dump '--exclude-table-data=*credential*' ")),
        "backup",
        "'What must survive' to listen; last seen: status 500 without the key",
        file="pg_backup.sh",
    ),
    Defect(
        "a restore does not load the dump",
        without("backupbot.restore.post-hook=/pg_backup.sh"),
        "backup",
        "/rest/login to answer 200; it was 401",
    ),
    Defect(
        "the upgrade takes another volume",
        replaced(
            ("- postgres:/", "- database:/"),
            ("\n  postgres:\n", "\n  database:\n"),
            ("backup.volumes.postgres.", "backup.volumes.database."),
        ),
        "upgrade",
        "/rest/login to answer 200; it was 401",
    ),
    Defect(
        "the upgrade encrypts with another key",
        replaced(("_KEY_FILE=/run/secrets/encryption_key", "_KEY_FILE=/run/secrets/db_password")),
        "upgrade",
        "the update did not go through (it is rollback_completed",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_the_suite_turns_red_at_the_right_stage(defect: Defect, tmp_path: Path) -> None:
    the_suite_turns_red_over(defect, "n8n", tmp_path)
