"""gitea, broken on purpose: each defect turns the suite red at the stage meant for it."""

from pathlib import Path

import pytest

from tests.lab.defects import Defect, replaced, the_suite_turns_red_over, without
from tests.lab.suite_runs import start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]

DEFECTS = [
    Defect(
        "the public address is another, and with it the way back of a sign-in",
        replaced(('ROOT_URL = https://{{ env "DOMAIN" }}/', "ROOT_URL = https://git.lab.test/")),
        "functional",
        "https://git.lab.test/user/oauth2/Guild/callback != ",
        before=("install",),
        file="app.ini.tmpl",
    ),
    Defect(
        "the way to sign in has another name than the provider knows",
        # In the entrypoint: what compose files say of settings is overruled by the app's own.
        replaced(('--name "$OIDC_NAME"', "--name sso")),
        "functional",
        "/user/oauth2/Guild to answer 307; it was",
        before=("install",),
        file="entrypoint.sh",
    ),
    Defect(
        "everybody of the provider is let in",
        replaced(
            ('--required-claim-name "$OIDC_REQUIRED_CLAIM" ', ""),
            ('--required-claim-value "$OIDC_REQUIRED_VALUE"', ""),
        ),
        "browser",
        "Olga Example - Dashboard",
        before=("install",),
        file="entrypoint.sh",
    ),
    Defect(
        "the data volume is not mounted",
        replaced(("    volumes:\n      - data:/var/lib/gitea\n", "")),
        "restart",
        "/pia/seed.git failed: ",
        before=("install",),
    ),
    Defect(
        "the app's volume is left out of the backup",
        replaced(
            (
                '        - "backupbot.restore.post-hook',
                '        - "backupbot.backup.volumes.data=false"\n'
                '        - "backupbot.restore.post-hook',
            )
        ),
        "backup",
        "/pia/seed.git failed: ",
    ),
    Defect(
        "the database's backup labels are lost",
        # Then the bot copies the files of a running database, and puts them under a running one.
        lambda text: without("backup.volumes.postgres", "/pg_backup.sh ")(text).replace(
            "      labels:\n\nvolumes:", "\nvolumes:"
        ),
        "backup",
        "/pia/seed",
        file="compose.postgres.yml",
    ),
    Defect(
        "the upgrade encrypts with another key",
        replaced(
            (
                "${STACK_NAME}_secret_key_${SECRET_SECRET_KEY_VERSION}",
                "${STACK_NAME}_jwt_secret_${SECRET_JWT_SECRET_VERSION}",
            )
        ),
        "upgrade",
        "/hooks to answer 200; it was 500",
    ),
    Defect(
        "the upgrade takes another volume",
        replaced(("- data:/", "- repositories:/"), ("\n  data:\n", "\n  repositories:\n")),
        "upgrade",
        "/pia/seed.git failed: ",
    ),
    Defect(
        "the upgrade leaves the files of issues where they were",
        without("        move_attachments"),
        "upgrade",
        "attachment",
        file="entrypoint.sh",
    ),
    Defect(
        "a changed app.ini keeps the name that the Swarm knows already",
        replaced(("APP_INI_VERSION=v3", "APP_INI_VERSION=v2")),
        "upgrade",
        "only updates to Labels",
        file="abra.sh",
    ),
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_the_suite_turns_red_at_the_right_stage(defect: Defect, tmp_path: Path) -> None:
    the_suite_turns_red_over(defect, "gitea", tmp_path)


def test_a_release_may_be_passed_over() -> None:
    """From the oldest release straight to the head: two changes of the settings at once."""
    run = start_suite(
        "--suite", "upgrade", "--variable", "UPGRADE_FROM:1.0.0+1.26.0-rootless", "suites/gitea"
    )
    assert run.finish(900) == 0, run.output
    assert run.results("gitea")["stages"]["upgrade"] == "passed"
