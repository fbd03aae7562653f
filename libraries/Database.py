"""What the app keeps in its database, whichever that is."""

from robot.api.deco import library
from robot.api.types import Secret
from robot.libraries.BuiltIn import BuiltIn

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.database.durability import check_writes_kept
from ccci.database.finding import find_database, servers_by_image
from ccci.database.passwords import check_passwords_asked
from ccci.database.servers import DatabaseServer, Row
from ccci.database.sqlite import SqliteFile
from ccci.database.upgraded import check_upgraded


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Database:
    """Reads the database of the app under test: PostgreSQL, MariaDB, MySQL or SQLite.

    A database server is found by the image of its service, whatever the service is called. SQLite
    is found by a file in a volume that has SQLite's header. Where that is not enough, the table
    ``[database]`` of recipe.toml names the database; the error says which line to write. Its
    credentials stay in its container. Nothing here writes.
    """

    @project_keyword("assertion")
    def database_should_contain(self, text: Secret | str) -> None:
        """Fails unless a row of the database contains this text unchanged.

        Fails as well when the database is empty; the test is incomplete when it cannot be found or
        its dump is not whole.

        Example:
        | Database Should Contain    ada@example.org
        """
        _database().dump().check_contains(_value(text), _called(text))

    @project_keyword("assertion")
    def database_should_not_contain(self, text: Secret | str, *, beside: str) -> None:
        """Fails when the text stands anywhere in the database: as it is, in base64, hex or escaped.

        The whole database is dumped. ``beside`` is a text that a row of the same dump must have,
        such as the name of what the secret belongs to. It proves that the right database was
        searched. ``text`` must have six characters or more. Fails as well when the database is
        empty; the test is incomplete when it cannot be found or its dump is not whole.

        Example:
        | ${password}=    Generate Password    ada
        | Database Should Not Contain    ${password}    beside=ada@example.org
        """
        dump = _database().dump()
        dump.check_contains(beside, repr(beside))
        dump.check_contains_not(_value(text), _called(text))

    @project_keyword("assertion")
    def query_database(self, sql: str) -> list[Row]:
        """Returns the rows of a SELECT, each a dictionary of column to text; ``None`` is NULL.

        Fails when the database refuses it.

        Example:
        | ${rows}=    Query Database    SELECT email FROM users WHERE name = 'ada'
        | Should Be Equal    ${rows}[0][email]    ada@example.org
        """
        return _database().query(sql)

    @project_keyword("assertion")
    def databases_should_ask_for_a_password(self) -> None:
        """Fails when a database server lets somebody in over the network without the password.

        Each PostgreSQL, MariaDB or MySQL server that its image shows is asked from its own
        container at the container's own addresses, as its user and as MariaDB's root, with a random
        password; MariaDB and MySQL also with none. The test's message says which were asked, or
        that there is none. The test is incomplete when a server cannot be reached there.

        Example:
        | Databases Should Ask For A Password
        """
        BuiltIn().set_test_message(check_passwords_asked(_servers()))

    @project_keyword("assertion")
    def databases_should_keep_what_is_written(self) -> None:
        """Fails when a database server is set so that a power cut loses what it confirmed.

        Each server that its image shows is asked for its settings: PostgreSQL's ``fsync`` and
        ``full_page_writes`` must be on, ``innodb_flush_log_at_trx_commit`` of MariaDB and MySQL not
        0, ``innodb_doublewrite`` not off. The test's message has them, or says that there is none.

        Example:
        | Databases Should Keep What Is Written
        """
        BuiltIn().set_test_message(check_writes_kept(_servers()))

    @project_keyword("assertion")
    def databases_should_be_upgraded(self) -> None:
        """Fails when a database is still that of an older server, or of another system below it.

        MariaDB's system tables must be of its own version, and PostgreSQL (15 and later) must sort
        texts by the collation that the database was made with. MySQL sees to it itself. The test's
        message says what each is of, or that there is none.

        Example:
        | Upgrade To The Head
        | Databases Should Be Upgraded
        """
        BuiltIn().set_test_message(check_upgraded(_servers()))


def _database() -> DatabaseServer | SqliteFile:
    driver = session.driver
    recipe, table = driver.app.recipe, driver.config.database
    return find_database(driver.target.swarm, driver.app.stack, recipe, table)


def _servers() -> list[DatabaseServer]:
    driver = session.driver
    return servers_by_image(driver.target.swarm, driver.app.stack, driver.config.database)


def _value(text: Secret | str) -> str:
    return str(text.value) if isinstance(text, Secret) else text


def _called(text: Secret | str) -> str:
    return "the secret" if isinstance(text, Secret) else repr(text)
