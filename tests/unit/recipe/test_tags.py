"""A tag that promises less than the one before it is told; a newer version is not."""

import pytest

from ccci.recipe.tags import worse_tag


@pytest.mark.parametrize(
    ("before", "now", "word"),
    [
        ("pds:0.4.217", "pds:0.4", "moves on"),
        ("nginx:1.26.3", "nginx", "moves on"),
        ("nginx:1.26.3", "nginx:stable", "moves on"),
        ("postgres:15.18", "postgres:15.12", "older"),
        ("ghcr.io:443/x/wiki:v1.10.0", "ghcr.io:443/x/wiki:v1.9.9", "older"),
        ("postgres:15.18", "postgres:15.19-alpine", "variant"),
        ("postgres:15.18-alpine3.19", "postgres:15.18", "variant"),
        ("wiki:1.2.0", "wiki:1.3.0-rc1", "no release yet"),
        ("minio:RELEASE.2026-01-01T00-00-00Z", "minio:latest", "moves on"),
        ("clickhouse:24.3.3.102-alpine", "clickhouse:24.12-alpine", "moves on"),
    ],
)
def test_what_is_worse_is_told(before: str, now: str, word: str) -> None:
    assert word in worse_tag(before, now)


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("nginx:1.26.3", "nginx:1.26.3"),
        ("nginx:1.26.3", "nginx:1.27.0"),
        ("wiki:v1.9.9", "wiki:v1.10.0"),
        ("postgres:15.18", "postgres:17.2"),
        ("postgres:15", "postgres:15.18"),
        ("postgres:15.18-alpine3.19", "postgres:15.19-alpine3.20"),
        ("gitea:1.26.0-rootless", "gitea:1.26.4-rootless"),
        ("wiki:1.2.0-ls45", "wiki:1.2.1-ls46"),
        ("wiki:1.2.0-20260501-1f2e3d4", "wiki:1.2.1-20260612-abcdefa"),
        ("wiki:2.0.0-beta.2", "wiki:2.0.2"),
        ("postgres:16.4-bookworm", "postgres:16.10-trixie"),
        ("redis:7.2-alpine", "redis:8-alpine"),
        ("wiki:5e1f0a2", "wiki:3b9c001"),
        ("wiki:stable-9584-3", "wiki:stable-9823"),
        # Another image: nothing can be said.
        ("mariadb:10.11.2", "mysql:8.0"),
        ("wiki:latest", "wiki:1.0"),
        ("wiki", "wiki:edge"),
    ],
)
def test_what_is_no_worse_is_not(before: str, now: str) -> None:
    assert worse_tag(before, now) == ""
