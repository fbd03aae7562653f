"""The database words on real servers: each is seen to pass, and to fail when it should."""

import base64
import threading
from collections.abc import Iterator

import psutil
import pytest

from ccci.database.finding import find_database, servers_by_image
from ccci.database.marker_rows import check_rows, check_rows_gone, plant_rows, spoil_rows
from ccci.database.servers import DatabaseServer
from ccci.errors import Misuse, NodeFailure, RecipeFailure
from ccci.recipe.tables import Database as DatabaseTable
from ccci.waiting import Look, wait_for
from tests.lab.database.database_site import MARIADB, PASSWORD, POSTGRESQL, Site, deployed

pytestmark = pytest.mark.lab

SERVERS = {
    "postgres:15.18": (POSTGRESQL, ["sh", "-c", "psql -U keeper -d shop -v ON_ERROR_STOP=1"]),
    "mariadb:10.11.18": (MARIADB, ["sh", "-c", "mariadb -ukeeper shop"]),
    "mariadb:11.8.9": (MARIADB, ["sh", "-c", "mariadb -ukeeper shop"]),
}
KEY = "xyz-0123456789-secret"
ROWS = """
CREATE TABLE people (name varchar(80), note text, data {bytes});
INSERT INTO people VALUES ('ada@example.org', 'likes ''tea''; and');
""".replace("'likes ''tea''; and'", "'likes ''tea'' and more', NULL")


class Shop:
    """A database with one table."""

    def __init__(self, site: Site, image: str) -> None:
        self.site, self.image = site, image

    def do(self, sql: str) -> None:
        """Write, as the app would."""
        self.site.inside(*SERVERS[self.image][1], given=sql, MYSQL_PWD=PASSWORD)

    def database(self, **table: str) -> DatabaseServer:
        """The database as the words find it."""
        found = find_database(
            self.site.swarm, self.site.stack, "shop", DatabaseTable.model_validate(table)
        )
        assert isinstance(found, DatabaseServer)
        return found

    @property
    def dumper(self) -> str:
        """The program that makes dumps."""
        postgresql = "/usr/lib/postgresql/15/bin/pg_dump"
        return postgresql if self.image.startswith("postgres") else "/usr/bin/mariadb-dump"


# The older one is the image of a release alone, which the lab has where all of keycloak is tested.
IMAGES = [
    pytest.param(image, marks=pytest.mark.heavy if image == "mariadb:10.11.18" else ())
    for image in SERVERS
]


@pytest.fixture(scope="module", params=IMAGES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    """A server whose database is empty at first."""
    image = str(request.param)
    with deployed(SERVERS[image][0], image, tmp_path_factory.mktemp("stack")) as site:
        yield Shop(site, image)


@pytest.fixture
def shop(server: Shop) -> Iterator[Shop]:
    """A server with a row in its database."""
    bytes_ = "bytea" if server.image.startswith("postgres") else "blob"
    server.do(ROWS.format(bytes=bytes_))
    yield server
    server.do("DROP TABLE people;")


def test_an_empty_database_passes_nothing(server: Shop) -> None:
    with pytest.raises(RecipeFailure, match=r"Expected rows in .*service store; it has none"):
        server.database().dump()
    server.do("CREATE TABLE people (name text);")
    with pytest.raises(RecipeFailure, match="it has none"):
        server.database().dump()
    server.do("DROP TABLE people;")


def test_it_is_found_whatever_its_service_is_called(shop: Shop) -> None:
    assert shop.database().kind == ("postgres" if "postgres" in shop.image else "mariadb")
    assert shop.database().service == "store"


def test_a_row_is_found_and_another_is_not(shop: Shop) -> None:
    dump = shop.database().dump()
    for text in ("ada@example.org", "likes 'tea' and more"):
        dump.check_contains(text, repr(text))
    with pytest.raises(RecipeFailure, match=r"Expected 'bob' in the .*; none of its 1 rows has it"):
        dump.check_contains("bob", "'bob'")


def test_a_text_that_is_not_there_passes(shop: Shop) -> None:
    shop.database().dump().check_contains_not(KEY, "the secret")


@pytest.mark.parametrize(
    ("look", "told"),
    [
        (KEY, "as it is"),
        (f'{{"key": "{KEY}"}}', "as it is"),
        (base64.b64encode(KEY.encode()).decode(), "encoded"),
        (base64.b64encode(f"x:{KEY}".encode()).decode(), "encoded"),
        (base64.encodebytes(f"{'x' * 50}{KEY}{'y' * 50}".encode()).decode(), "encoded"),
        (KEY.encode().hex(), "in hex"),
        (KEY.encode().hex().upper(), "in hex"),
    ],
    ids=["plain", "in JSON", "base64", "inside base64", "base64 in lines", "hex", "HEX"],
)
def test_a_secret_is_found_in_each_form(shop: Shop, look: str, told: str) -> None:
    shop.do(f"INSERT INTO people VALUES ('eve', '{look}', NULL);")
    with pytest.raises(RecipeFailure, match=f"Expected the secret not to be in .*{told}") as failed:
        shop.database().dump().check_contains_not(KEY, "the secret")
    assert KEY not in str(failed.value)


def test_a_secret_is_found_in_bytes(shop: Shop) -> None:
    literal = f"'\\x{KEY.encode().hex()}'" if "postgres" in shop.image else f"'{KEY}'"
    shop.do(f"INSERT INTO people VALUES ('eve', NULL, {literal});")
    with pytest.raises(RecipeFailure, match=r"in hex, in table .*people"):
        shop.database().dump().check_contains_not(KEY, "the secret")


def test_a_secret_with_quotes_and_lines_is_found(shop: Shop) -> None:
    pem = 'it\'s -- "BEGIN"\nof a key'
    quoted = pem.replace("'", "''")
    shop.do(f"INSERT INTO people VALUES ('eve', '{quoted}', NULL);")
    with pytest.raises(RecipeFailure, match=r"as it is, in table .*people"):
        shop.database().dump().check_contains_not(pem, "the secret")


def test_a_dump_that_cannot_be_made_is_no_answer(shop: Shop) -> None:
    with pytest.raises(NodeFailure, match=r"The dump of .* ended with exit code") as failed:
        shop.database(user="nobody", name="shop").dump()
    assert 'name = "app"' in str(failed.value)
    with pytest.raises(NodeFailure, match="'elsewhere' of service store ended with exit code"):
        shop.database(name="elsewhere").dump()
    assert PASSWORD not in str(failed.value)


def test_a_dump_that_is_cut_short_is_no_answer(shop: Shop) -> None:
    """Even where the program that makes it says that all went well."""
    program = shop.dumper
    shop.site.inside("mv", program, f"{program}.whole")
    try:
        lines = f'#!/bin/sh\n{program}.whole "$@" | head -n 20\n'
        shop.site.inside("sh", "-c", f"cat > {program}; chmod +x {program}", given=lines)
        with pytest.raises(NodeFailure, match="is cut short: after"):
            shop.database().dump()
        shop.site.inside("sh", "-c", f"printf '#!/bin/sh\\n' > {program}")
        with pytest.raises(NodeFailure, match="is cut short: after 0 characters"):
            shop.database().dump()
    finally:
        shop.site.inside("mv", f"{program}.whole", program)


def test_rows_of_a_query(shop: Shop) -> None:
    rows = shop.database().query("SELECT name, note, data FROM people")
    assert rows == [{"name": "ada@example.org", "note": "likes 'tea' and more", "data": None}]
    assert shop.database().query("SELECT name FROM people WHERE name = 'bob'") == []


def test_a_query_that_is_refused_fails(shop: Shop) -> None:
    with pytest.raises(RecipeFailure, match=r"Expected the .* of service store to answer; it said"):
        shop.database().query("SELECT name FROM nowhere")


def test_a_query_changes_nothing(shop: Shop) -> None:
    with pytest.raises(RecipeFailure, match=r"read.only transaction|READ ONLY transaction"):
        shop.database().query("DELETE FROM people")
    assert len(shop.database().query("SELECT name FROM people")) == 1


def test_neither_password_nor_query_stands_on_a_command_line(shop: Shop) -> None:
    sleep = "pg_sleep(3)" if "postgres" in shop.image else "sleep(3)"
    asking = threading.Thread(
        target=shop.database().query, args=(f"SELECT {sleep}, 'a text of the query'",)
    )
    asking.start()
    program = "psql" if "postgres" in shop.image else "mariadb"
    seen: list[str] = []

    def look() -> Look:
        seen[:] = _command_lines()
        return Look(any(line.split()[:1] == [program] for line in seen), "no client yet")

    wait_for(f"{program} to run", look, 3, every_seconds=0.05)
    asking.join()
    assert not [line for line in seen if PASSWORD in line or "a text of the query" in line]


def test_what_recipe_toml_names_must_be_there(shop: Shop) -> None:
    with pytest.raises(Misuse, match=r"There is no service db. The services of shop are: store"):
        shop.database(service="db")
    assert shop.database(service="store").service == "store"


def _command_lines() -> list[str]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        found.append(" ".join(process.info["cmdline"] or []))
    return found


def test_a_marker_row_is_found_until_it_is_lost(shop: Shop) -> None:
    servers = servers_by_image(shop.site.swarm, shop.site.stack, DatabaseTable())
    assert [server.service for server in servers] == [shop.database().service]
    rows = plant_rows(servers)
    check_rows(servers, rows)
    with pytest.raises(RecipeFailure, match="is still there although the app's volumes"):
        check_rows_gone(servers, rows)
    again = plant_rows(servers)
    check_rows(servers, [*rows, *again])
    shop.do(f"DELETE FROM ccci_marker WHERE content = '{rows[0].content}';")
    with pytest.raises(RecipeFailure, match="is gone: table ccci_marker has other rows"):
        check_rows(servers, rows)
    check_rows_gone(servers, rows)
    spoil_rows(servers)
    check_rows_gone(servers, again)
    with pytest.raises(RecipeFailure, match="is gone: table ccci_marker is missing or empty"):
        check_rows(servers, again)
    spoil_rows(servers)


def test_a_database_that_takes_no_row_is_named_with_the_lines_for_recipe_toml(shop: Shop) -> None:
    table = DatabaseTable(name="nowhere")
    with pytest.raises(Misuse, match=r"(?s)'nowhere'.*to take a table.*\[database\]\nname = "):
        plant_rows(servers_by_image(shop.site.swarm, shop.site.stack, table))
