"""Which service is the app's database, by what a stack tells of itself."""

import pytest

from ccci.database.finding import ServiceSeen, choose_server
from ccci.errors import Misuse
from ccci.recipe.tables import Database as DatabaseTable

APP = ServiceSeen("app", "example/app:1", {"POSTGRES_HOST": "store", "MYSQL_PASSWORD_FILE": "/x"})


def seen(name: str, image: str, **settings: str) -> ServiceSeen:
    return ServiceSeen(name, image, settings)


def chosen(*services: ServiceSeen, **table: str) -> tuple[str, str] | None:
    found = choose_server(services, "shop", DatabaseTable.model_validate(table))
    return (found[0].name, found[1]) if found else None


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        ("postgres:17-alpine", "postgres"),
        ("docker.io/library/postgres@sha256:0123", "postgres"),
        ("registry.test:5000/immich-app/postgres:14-vectorchord0.4.3", "postgres"),
        ("postgis/postgis:16-3.4", "postgres"),
        ("pgvector/pgvector:pg16", "postgres"),
        ("timescale/timescaledb-ha:pg16", "postgres"),
        ("bitnamilegacy/postgresql:15", "postgres"),
        ("mariadb:11.8.9", "mariadb"),
        ("mysql:8.0", "mysql"),
        ("percona/percona-server:8.0", "mysql"),
    ],
)
def test_by_the_name_of_its_image(image: str, kind: str) -> None:
    assert chosen(APP, seen("store", image)) == ("store", kind)


@pytest.mark.parametrize(
    "image",
    [
        "prometheuscommunity/postgres-exporter:v0.15",
        "dpage/pgadmin4:8",
        "phpmyadmin:5",
        "redis:8",
        "mysqlrouter:8",
    ],
)
def test_a_tool_is_no_database(image: str) -> None:
    assert chosen(APP, seen("tool", image)) is None


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"PGDATA": "/x"}, "postgres"),
        ({"MARIADB_VERSION": "1"}, "mariadb"),
        ({"MYSQL_MAJOR": "8"}, "mysql"),
    ],
)
def test_by_what_images_made_from_a_server_have_in_their_environment(
    settings: dict[str, str], kind: str
) -> None:
    assert chosen(APP, seen("store", "example/store:3", **settings)) == ("store", kind)


def test_a_backup_tool_that_is_made_from_a_server_gives_way_to_the_server() -> None:
    tool = seen("backup", "example/postgres-backup-local:17", PGDATA="/var/lib/postgresql/data")
    assert chosen(APP, tool, seen("db", "postgres:17")) == ("db", "postgres")


def test_of_two_the_error_names_both_and_the_line_to_write() -> None:
    with pytest.raises(Misuse) as error:
        chosen(APP, seen("db", "postgres:17"), seen("stats", "mariadb:11"))
    assert str(error.value) == (
        "Two services or more run a database: db (postgres:17) and stats (mariadb:11). The "
        "services of shop are: app (example/app:1), db (postgres:17), stats (mariadb:11). Say "
        "which is the app's database in recipes/shop/recipe.toml, as in\n"
        '[database]\nservice = "db"'
    )


def test_recipe_toml_decides_between_two() -> None:
    two = (seen("db", "postgres:17"), seen("stats", "mariadb:11"))
    assert chosen(*two, service="stats") == ("stats", "mariadb")
    assert chosen(*two, kind="postgres") == ("db", "postgres")


def test_recipe_toml_names_an_image_that_nobody_knows() -> None:
    assert chosen(APP, service="app", kind="mysql") == ("app", "mysql")


def test_a_service_that_recipe_toml_names_is_there() -> None:
    with pytest.raises(Misuse, match=r"There is no service db\. The services of shop are: app"):
        chosen(APP, service="db")


def test_a_kind_that_recipe_toml_names_is_there() -> None:
    with pytest.raises(Misuse, match=r"No service runs an image of MariaDB\. .*") as error:
        chosen(APP, kind="mariadb")
    assert '[database]\nservice = "db"\nkind = "mariadb"' in str(error.value)


@pytest.mark.parametrize("table", [{"kind": "sqlite"}, {"file": "/data/app.db"}])
def test_sqlite_is_no_server_even_beside_one(table: dict[str, str]) -> None:
    assert chosen(APP, seen("db", "postgres:17"), **table) is None
