"""The database words on SQLite: a file in a volume of a container that has no SQLite itself."""

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ccci.database import sqlite
from ccci.database.finding import find_database
from ccci.database.sqlite import SqliteFile
from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.recipe.tables import Database as DatabaseTable
from ccci.waiting import Look, wait_for
from tests.lab.database.database_site import NONE, Site, deployed

pytestmark = pytest.mark.lab

KEY = "xyz-0123456789-secret"
TABLE = "CREATE TABLE people (name TEXT, note TEXT, data BLOB);"
ADA = "INSERT INTO people VALUES ('ada@example.org', 'likes ''tea''', NULL);"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An app with a volume at /data."""
    with deployed(NONE, "", tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(autouse=True)
def _empty(site: Site) -> Iterator[None]:
    yield
    site.inside("sh", "-c", "rm -rf /data/*")


def put(site: Site, file: Path, to: str) -> None:
    """Put a file into the container."""
    subprocess.run(["docker", "cp", "-q", str(file), f"{site.container}:{to}"], check=True)


def make(site: Site, folder: Path, script: str, to: str = "/data/store/app.db") -> None:
    """Make a database and put it into the volume."""
    file = folder / Path(to).name
    with closing(sqlite3.connect(file)) as database:
        database.executescript(script)
    site.inside("mkdir", "-p", str(Path(to).parent))
    put(site, file, to)


def found(site: Site, **table: str) -> SqliteFile:
    """The database as the words find it."""
    database = find_database(site.swarm, site.stack, "shop", DatabaseTable.model_validate(table))
    assert isinstance(database, SqliteFile)
    return database


def test_it_is_found_by_its_header(site: Site, tmp_path: Path) -> None:
    make(site, tmp_path, TABLE + ADA, "/data/store/no-name-that-tells")
    site.inside("sh", "-c", "echo SQLite is written here > /data/store/app.db")
    assert found(site).path == "/data/store/no-name-that-tells"
    assert found(site, file="/data/store/no-name-that-tells").service == "app"


def test_where_there_is_none_the_error_says_what_there_is(site: Site) -> None:
    with pytest.raises(Misuse) as error:
        found(site)
    said = str(error.value)
    assert "No service runs an image of PostgreSQL, MariaDB or MySQL" in said
    assert f"looked into: {site.stack}_data" in said
    assert "The services of shop are: app (nginx:1.26.3)" in said
    assert "recipes/shop/recipe.toml, as in\n[database]\nservice = " in said


def test_of_two_the_error_names_both(site: Site, tmp_path: Path) -> None:
    make(site, tmp_path, TABLE + ADA, "/data/one.db")
    make(site, tmp_path, TABLE + ADA, "/data/two.db")
    with pytest.raises(Misuse, match=r"/data/one\.db, /data/two\.db") as error:
        found(site)
    assert 'file = "/data/one.db"' in str(error.value)
    assert found(site, file="/data/two.db").path == "/data/two.db"


def test_rows_and_secrets(site: Site, tmp_path: Path) -> None:
    make(
        site,
        tmp_path,
        f"{TABLE}{ADA}INSERT INTO people VALUES ('eve', NULL, CAST('{KEY}' AS BLOB));",
    )
    dump = found(site).dump()
    dump.check_contains("likes 'tea'", "it")
    with pytest.raises(RecipeFailure, match="none of its 2 rows has it"):
        dump.check_contains("bob", "'bob'")
    dump.check_contains_not("another-secret", "the secret")
    with pytest.raises(RecipeFailure, match='in hex, in table "people"'):
        dump.check_contains_not(KEY, "the secret")
    assert found(site).query("SELECT name, note FROM people WHERE name = 'eve'") == [
        {"name": "eve", "note": None}
    ]
    with pytest.raises(RecipeFailure, match="it said: no such table: nowhere"):
        found(site).query("SELECT * FROM nowhere")
    with pytest.raises(RecipeFailure, match="it said: attempt to write a readonly database"):
        found(site).query("DELETE FROM people")


def test_what_stands_in_the_log_alone_is_read(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "app.db"
    with closing(sqlite3.connect(file)) as database:
        database.executescript(f"PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; {TABLE}")
        database.execute(ADA)
        database.commit()
        assert b"ada@" not in file.read_bytes()
        put(site, file, "/data/app.db")
        put(site, tmp_path / "app.db-wal", "/data/app.db-wal")
    found(site).dump().check_contains("ada@example.org", "it")


def test_an_empty_one_passes_nothing(site: Site, tmp_path: Path) -> None:
    make(site, tmp_path, TABLE)
    with pytest.raises(RecipeFailure, match="it has none"):
        found(site).dump()


def test_a_damaged_one_is_no_answer(site: Site, tmp_path: Path) -> None:
    make(site, tmp_path, TABLE + ADA * 500)
    site.inside("sh", "-c", "head -c 9000 /data/store/app.db > /data/app.db; rm -r /data/store")
    with pytest.raises(NodeFailure, match=r"The copy of .*/data/app\.db .* cannot be read"):
        found(site).dump()


def test_a_file_that_is_not_there_fails(site: Site, tmp_path: Path) -> None:
    make(site, tmp_path, TABLE + ADA)
    with pytest.raises(RecipeFailure, match="there is no such file"):
        found(site, file="/data/elsewhere.db").dump()


def test_one_that_never_holds_still_is_no_answer(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_STILL_SECONDS", 1)
    make(site, tmp_path, TABLE + ADA)
    loop = "touch /data/begun; until [ -e /data/end ]; do date +%N >> /data/store/app.db; done"
    writing = subprocess.Popen(["docker", "exec", site.container, "sh", "-c", loop])
    try:
        wait_for("the writer", lambda: Look(_has(site, "/data/begun"), "not yet"), 60)
        with pytest.raises(NodeFailure, match="to hold still; last seen: two copies in a row"):
            found(site).dump()
    finally:
        site.inside("touch", "/data/end")
        assert writing.wait(60) == 0
        site.inside("rm", "/data/begun", "/data/end")


def _has(site: Site, path: str) -> bool:
    look = ["docker", "exec", site.container, "test", "-e", path]
    return subprocess.run(look, check=False).returncode == 0
