"""A database that is not there is the app's failure; one that refuses this project is not."""

import subprocess
from pathlib import Path

import pytest

from ccci.database.servers import DatabaseServer
from ccci.errors import Misuse, NodeFailure, RecipeFailure

SOCKET = 'psql: error: connection to server on socket "/run/postgresql/.s.PGSQL.5432" failed: '
AWAY = [
    SOCKET + "FATAL:  the database system is shutting down",
    SOCKET
    + "No such file or directory\n\tIs the server running locally and accepting connections?",
    "ERROR 2002 (HY000): Can't connect to local server through socket '/run/mysqld/mysqld.sock'",
    "ERROR 2013 (HY000) at line 1: Lost connection to server during query",
    "Error response from daemon: Container 4ad8 is not running",
]
REFUSED = [SOCKET + 'FATAL:  role "root" does not exist', "ERROR 1142: INSERT command denied"]


def _server(said: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> DatabaseServer:
    client = folder / "docker"
    (folder / "said").write_text(said)
    client.write_text(f"#!/bin/sh\ncat {folder}/said >&2\nexit 1\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert subprocess.run(["docker"], check=False, capture_output=True).returncode == 1
    return DatabaseServer("postgres", "db", "postgres:17", "c1")


@pytest.mark.parametrize("said", AWAY)
def test_a_server_that_is_away(said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = _server(said, monkeypatch, tmp_path)
    for ask in (server.write, server.query):
        with pytest.raises(RecipeFailure, match="database of service db"):
            ask("SELECT 1;")
    with pytest.raises(RecipeFailure, match="to be there; it said: "):
        server.dump()


@pytest.mark.parametrize("said", REFUSED)
def test_a_server_that_refuses(said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = _server(said, monkeypatch, tmp_path)
    with pytest.raises(Misuse, match="who may write"):
        server.write("SELECT 1;")
    with pytest.raises(NodeFailure, match="read as the wrong user"):
        server.dump()
