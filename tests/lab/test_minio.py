"""A bucket of the lab's MinIO: each version of an object is kept, and nobody else gets one."""

import io
import secrets
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from minio import Minio
from minio.commonconfig import ENABLED
from minio.error import S3Error
from minio.versioningconfig import VersioningConfig
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from ccci.waiting import Look, wait_for
from tests.lab.forge_site import lab_up

pytestmark = pytest.mark.lab

IMAGE = "minio/minio:RELEASE.2025-09-07T16-13-09Z"
USER, PASSWORD = "tests", secrets.token_hex(16)
BUCKET = "kitchen"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    lab_up("--image", IMAGE)
    client: Any = docker.from_env()
    environment = {"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD}
    container = client.containers.run(
        IMAGE, ["server", "/data"], environment=environment, detach=True
    )
    try:
        _until_it_answers(container)
        _as(container, USER, PASSWORD).make_bucket(BUCKET)
        yield container
    finally:
        container.remove(force=True, v=True)


def _until_it_answers(container: Any) -> None:
    ready = ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:9000/minio/health/ready"]

    def look() -> Look:
        code, said = container.exec_run(ready)
        return Look(code == 0, f"{said.decode()}{container.logs().decode()[-500:]}")

    wait_for("MinIO to answer", look, within_seconds=60)


def _as(server: Any, user: str | None, password: str | None) -> Minio:
    server.reload()
    address = server.attrs["NetworkSettings"]["IPAddress"]
    return Minio(
        f"{address}:9000",
        access_key=user,
        secret_key=password,
        secure=False,
        http_client=PoolManager(retries=False, timeout=30),
    )


def _put(store: Minio, name: str, content: bytes) -> str:
    made = store.put_object(BUCKET, name, io.BytesIO(content), len(content))
    return made.version_id or ""


def _got(store: Minio, name: str, version: str = "") -> bytes:
    answer = store.get_object(BUCKET, name, version_id=version or None)
    try:
        return answer.read()
    finally:
        answer.close()


def test_an_object_comes_back_with_each_of_its_versions(server: Any) -> None:
    store = _as(server, USER, PASSWORD)
    store.set_bucket_versioning(BUCKET, VersioningConfig(ENABLED))
    first, second = secrets.token_bytes(300_000), secrets.token_bytes(3)
    older = _put(store, "soup", first)
    newer = _put(store, "soup", second)
    assert _got(store, "soup") == second
    assert (_got(store, "soup", older), _got(store, "soup", newer)) == (first, second)

    server.restart()
    _until_it_answers(server)
    again = _as(server, USER, PASSWORD)
    assert [bucket.name for bucket in again.list_buckets()] == [BUCKET]
    assert (_got(again, "soup", older), _got(again, "soup")) == (first, second)


@pytest.mark.parametrize(
    ("user", "password", "code"),
    [
        (None, None, "AccessDenied"),
        (USER, "another password", "SignatureDoesNotMatch"),
        ("nobody", PASSWORD, "InvalidAccessKeyId"),
    ],
    # PASSWORD is another one in every process; pytest's workers must see the same names.
    ids=["no account", "another password", "unknown account"],
)
def test_nobody_else_gets_or_puts_anything(
    server: Any, user: str | None, password: str | None, code: str
) -> None:
    store = _as(server, USER, PASSWORD)
    _put(store, "secret", b"of the house")
    other = _as(server, user, password)
    with pytest.raises(S3Error) as refused:
        _got(other, "secret")
    assert refused.value.code == code
    # MinIO may end the connection before it has read what it refuses.
    with pytest.raises((S3Error, HTTPError)):
        _put(other, "secret", b"of somebody else")
    assert _got(store, "secret") == b"of the house"
