"""Which tables a restore left empty, and what is said of them."""

from typing import cast

import pytest

from ccci.database.servers import DatabaseServer
from ccci.database.table_rows import check_tables_came_back, rows_of_tables
from ccci.errors import RecipeFailure

BEFORE = {"db.people": 3, "db.notes": 2, "db.locks": 1}


def test_tables_that_have_rows_pass_however_many() -> None:
    assert check_tables_came_back(BEFORE, {"db.people": 9, "db.notes": 1, "db.locks": 1}, {}) == []
    assert check_tables_came_back({}, {"db.people": 1}, {}) == []


def test_each_empty_one_is_named_with_the_rows_that_it_had() -> None:
    with pytest.raises(RecipeFailure) as failed:
        check_tables_came_back(BEFORE, {"db.locks": 1}, {})
    said = str(failed.value)
    assert said.startswith(
        "The restore left 2 tables empty that had rows at the backup: db.notes (2), db.people (3). "
    )
    assert "name it in [empty_after_restore] of recipe.toml" in said


def test_what_recipe_toml_names_may_be_empty_and_nothing_else() -> None:
    now = {"db.people": 3, "db.notes": 2}
    assert check_tables_came_back(BEFORE, now, {"db.locks": "The app empties it."}) == []
    with pytest.raises(RecipeFailure, match=r"left 1 table empty .*: db\.locks \(1\)\."):
        check_tables_came_back(BEFORE, now, {"db.lock": "It names another one."})


def test_without_recipe_toml_it_is_told() -> None:
    (told,) = check_tables_came_back(BEFORE, {"db.people": 3, "db.notes": 2}, None)
    assert told == "The restore left 1 table empty that had rows at the backup: db.locks (1)."


class Changing:
    """A database whose tables the app drops while they are counted."""

    service, kind = "db", "postgres"

    def __init__(self, *listings: list[str]) -> None:
        self.listings = list(listings)

    def query(self, statement: str) -> list[dict[str, str]]:
        if "pg_class" in statement:
            return [{"quoted": name} for name in self.listings.pop(0)]
        gone = next((n for n in ("jobs", "job_rooms") if f"FROM {n}" in statement), "")
        if gone:
            raise RecipeFailure(f'relation "{gone}" does not exist')
        return [{"place": "0", "rows_in": "3"}]


def test_tables_that_are_dropped_while_they_are_counted_do_not_count() -> None:
    server = Changing(["users", "jobs", "job_rooms"], ["users", "job_rooms"], ["users"])
    assert rows_of_tables([cast(DatabaseServer, server)]) == {"db.users": 3}
    only = Changing(["jobs"], [])
    assert rows_of_tables([cast(DatabaseServer, only)]) == {}


def test_a_table_that_cannot_be_counted_fails() -> None:
    server = Changing(["users", "jobs"], ["users", "jobs", "more"])
    with pytest.raises(RecipeFailure, match='"jobs" does not exist'):
        rows_of_tables([cast(DatabaseServer, server)])
