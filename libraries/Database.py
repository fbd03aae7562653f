"""What the app keeps in its database, whichever that is."""

from robot.api.deco import library
from robot.api.types import Secret

from ccci.bridge.failures import project_keyword
from ccci.bridge.session import session
from ccci.database.finding import find_database
from ccci.database.servers import DatabaseServer, Row
from ccci.database.sqlite import SqliteFile


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


def _database() -> DatabaseServer | SqliteFile:
    driver = session.driver
    recipe, table = driver.app.recipe, driver.config.database
    return find_database(driver.target.swarm, driver.app.stack, recipe, table)


def _value(text: Secret | str) -> str:
    return str(text.value) if isinstance(text, Secret) else text


def _called(text: Secret | str) -> str:
    return "the secret" if isinstance(text, Secret) else repr(text)
