"""The keywords of sign-in and of databases fail when they must, on a real Keycloak."""

import pytest

from tests.lab.suite_runs import leftovers_of, start_suite

pytestmark = [pytest.mark.lab, pytest.mark.heavy]


def test_every_word_of_sign_in_fails_when_it_must() -> None:
    run = start_suite("--variable", "RECIPE:keycloak", "tests/lab/vocabulary-sso")
    assert run.finish(600) == 0, run.output
    assert leftovers_of(run.stack, run.run_id) == []
