"""The database words on real servers: each is seen to pass, and to fail when it should."""

import base64
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import psutil
import pytest

from ccci.database.durability import check_writes_kept
from ccci.database.finding import find_database, servers_by_image
from ccci.database.marker_rows import check_rows, check_rows_gone, plant_rows, spoil_rows
from ccci.database.passwords import check_passwords_asked
from ccci.database.servers import DatabaseServer
from ccci.database.table_rows import rows_of_tables
from ccci.database.upgraded import check_upgraded
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
    def is_postgresql(self) -> bool:
        """Which of the two kinds it is."""
        return self.image.startswith("postgres")

    def do_as_root(self, sql: str) -> None:
        """Change MariaDB itself, by its socket."""
        self.site.inside("mariadb", "-uroot", given=sql, MYSQL_PWD=PASSWORD)

    def by_image(self) -> list[DatabaseServer]:
        """All of its servers, as the generic stages find them."""
        return servers_by_image(self.site.swarm, self.site.stack, DatabaseTable())

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
    sleep = "pg_sleep(20)" if "postgres" in shop.image else "sleep(20)"
    asking = threading.Thread(
        target=shop.database().query, args=(f"SELECT {sleep}, 'a text of the query'",)
    )
    asking.start()
    program = "psql" if "postgres" in shop.image else "mariadb"
    seen: list[str] = []

    def look() -> Look:
        seen[:] = _command_lines()
        return Look(any(line.split()[:1] == [program] for line in seen), "no client yet")

    wait_for(f"{program} to run", look, 15, every_seconds=0.05)
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


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("words = replace(words, {plant}, '?')", r"The text .* was changed: .* it is 'Grüße \? "),
        ("words = NULL", "The text .* was changed: .* it is ''"),
        (
            "octets = substring(octets, 1, 128)",
            "The bytes .* were changed: .*there are 128, in hex 00",
        ),
    ],
    ids=["another character", "no text", "fewer bytes"],
)
def test_a_marker_row_that_was_changed_is_told(shop: Shop, spoil: str, told: str) -> None:
    servers = shop.by_image()
    rows = plant_rows(servers)
    check_rows(servers, rows)
    plant = "chr(127793)" if shop.is_postgresql else "convert(unhex('F09F8CB1') USING utf8mb4)"
    shop.do(f"UPDATE ccci_marker SET {spoil.format(plant=plant)};")
    with pytest.raises(RecipeFailure, match=told):
        check_rows(servers, rows)
    spoil_rows(servers)


def test_rows_are_counted_in_each_table_but_the_one_of_the_seed(shop: Shop) -> None:
    servers = shop.by_image()
    assert rows_of_tables(servers) == {"store.people": 1}
    quote = '"' if shop.is_postgresql else "`"
    odd = f"{quote}two words{quote}"
    shop.do(f"CREATE TABLE {odd} (a int); CREATE VIEW seen AS SELECT name FROM people;")
    plant_rows(servers)
    assert rows_of_tables(servers) == {"store.people": 1}
    shop.do(f"INSERT INTO {odd} VALUES (1), (2); DELETE FROM people;")
    assert rows_of_tables(servers) == {"store.two words": 2}
    shop.do(f"DROP TABLE {odd}; DROP VIEW seen;")
    spoil_rows(servers)


def test_a_server_asks_for_the_password_over_the_network(shop: Shop) -> None:
    servers = shop.by_image()
    assert [len(server.addresses) for server in servers] == [1]
    said = check_passwords_asked(servers)
    assert said.endswith(f" of service store at {servers[0].addresses[0]} asks for a password.")
    assert check_passwords_asked([]).startswith("Nothing to ask: no service runs PostgreSQL")


def test_one_that_lets_everybody_in_fails(shop: Shop) -> None:
    if shop.is_postgresql:
        shop.site.inside("sh", "-c", "sed -i.whole 's/scram-sha-256$/trust/' $PGDATA/pg_hba.conf")
        shop.do("SELECT pg_reload_conf();")
        how = "its user in with a random password"
    else:
        shop.do("SET PASSWORD = PASSWORD('');")
        how = "its user in with no password"
    until(lambda: check_passwords_asked(shop.by_image()), f"to ask for the password; it let {how}")
    if shop.is_postgresql:
        shop.site.inside("sh", "-c", "cd $PGDATA && cat pg_hba.conf.whole > pg_hba.conf")
        shop.do("SELECT pg_reload_conf();")
    else:
        sql = f"SET PASSWORD = PASSWORD('{PASSWORD}');"
        shop.site.inside("mariadb", "-ukeeper", "shop", given=sql, MYSQL_PWD="")


def test_root_of_mariadb_without_a_password_fails(shop: Shop) -> None:
    if shop.is_postgresql:
        pg = replace(shop.by_image()[0], user="keeper")
        assert "asks for a password" in check_passwords_asked([pg])
        return
    shop.do_as_root("ALTER USER root@'%' IDENTIFIED BY '';")
    until(lambda: check_passwords_asked(shop.by_image()), "it let user 'root' in with no password")
    shop.do_as_root(f"ALTER USER root@'%' IDENTIFIED BY '{PASSWORD}';")


def test_one_that_cannot_be_reached_is_no_answer(shop: Shop) -> None:
    (server,) = shop.by_image()
    with pytest.raises(NodeFailure, match=r"at 0\.0\.0\.1 to refuse .*; it could not be asked: "):
        check_passwords_asked([replace(server, addresses=("0.0.0.1",))])
    with pytest.raises(NodeFailure, match="Service store has no address of its own"):
        check_passwords_asked([replace(server, addresses=())])


def test_a_server_that_may_lose_what_it_wrote_fails(shop: Shop) -> None:
    told = check_writes_kept(shop.by_image())
    assert told.startswith(("PostgreSQL", "MariaDB")) and " of service store: " in told
    assert check_writes_kept([]).startswith("Nothing to ask")
    if shop.is_postgresql:
        shop.do("ALTER SYSTEM SET full_page_writes = off;\nSELECT pg_reload_conf();")
        until(lambda: check_writes_kept(shop.by_image()), "; full_page_writes is off, with which")
        shop.do("ALTER SYSTEM RESET full_page_writes;\nSELECT pg_reload_conf();")
    else:
        shop.do_as_root("SET GLOBAL innodb_flush_log_at_trx_commit = 0;")
        expected = "; innodb_flush_log_at_trx_commit is 0, with which"
        until(lambda: check_writes_kept(shop.by_image()), expected)
        shop.do_as_root("SET GLOBAL innodb_flush_log_at_trx_commit = 1;")


def test_a_database_of_an_older_version_fails(shop: Shop) -> None:
    told = check_upgraded(shop.by_image())
    assert "as when it was made" in told or "its tables are of 1" in told
    assert check_upgraded([]).startswith("Nothing to ask")
    if shop.is_postgresql:
        # As if the image had another system when the database was made.
        update = "UPDATE pg_database SET datcollversion = {} WHERE datname = 'shop';"
        shop.do(update.format("'2.11'"))
        with pytest.raises(RecipeFailure, match=r"was made with version 2\.11 of the collation"):
            check_upgraded(shop.by_image())
        shop.do(update.format("pg_database_collation_actual_version(oid)"))
    else:
        info = "cd /var/lib/mysql && for one in *upgrade_info; do {}; done"
        shop.site.inside("sh", "-c", info.format("cp $one whole-$one && echo 10.5.1-x >$one"))
        with pytest.raises(RecipeFailure, match=r"the system tables of .*; they are of 10\.5\.1-x"):
            check_upgraded(shop.by_image())
        shop.site.inside(
            "sh", "-c", info.format("case $one in whole*) ;; *) mv whole-$one $one;; esac")
        )
    assert check_upgraded(shop.by_image()) == told


def until(check: Callable[[], object], told: str) -> None:
    """Wait until a check fails with these words: servers load their settings a moment later."""

    def look() -> Look:
        try:
            return Look(False, str(check()))
        except RecipeFailure as failed:
            return Look(told in str(failed), str(failed))

    wait_for("the failure", look, 10)


def test_a_database_that_takes_no_row_is_named_with_the_lines_for_recipe_toml(shop: Shop) -> None:
    table = DatabaseTable(name="nowhere")
    with pytest.raises(Misuse, match=r"(?s)'nowhere'.*to take a table.*\[database\]\nname = "):
        plant_rows(servers_by_image(shop.site.swarm, shop.site.stack, table))
