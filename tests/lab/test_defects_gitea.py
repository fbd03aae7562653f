"""gitea, broken on purpose: each defect turns the suite red at the stage meant for it."""

from pathlib import Path

import pytest

from tests.lab.defects import Defect, replaced, the_suite_turns_red_over

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
]


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: str(defect.name))
def test_the_suite_turns_red_at_the_right_stage(defect: Defect, tmp_path: Path) -> None:
    the_suite_turns_red_over(defect, "gitea", tmp_path)
