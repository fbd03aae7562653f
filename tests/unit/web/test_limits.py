"""What an app sends is limited in time and in bytes, whichever way it tries."""

import resource
import time
from collections.abc import Iterator

import pytest

from ccci.errors import RecipeFailure
from ccci.node.names import use_names
from ccci.web.api import Api, Wanted
from ccci.web.call import Call
from ccci.web.http import Client, start_of
from ccci.web.limits import LimitBroken
from tests.unit.web.hostile_app import Hostile, running


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with running(tmp_path_factory.mktemp("hostile")) as app:
        yield app
    use_names({})


@pytest.fixture
def client(app: Hostile) -> Client:
    return Client(app.server)


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/silent", "nothing had come"),
        ("/body", r"only \d+ bytes had come"),
        ("/headers", r"only \d+ bytes had come"),
        ("/chunks", r"only [\d,]+ bytes had come"),
    ],
)
def test_the_whole_of_an_answer_has_one_deadline(
    client: Client, app: Hostile, path: str, seen: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(LimitBroken, match=f"{path}: expected the whole answer within 1 s; {seen}"):
        client.request("GET", app.url + path, within_seconds=1)
    assert time.monotonic() - begun < 2


def test_a_slow_handshake_has_the_same_deadline(client: Client, app: Hostile) -> None:
    begun = time.monotonic()
    with pytest.raises(LimitBroken, match="within 1 s"):
        client.request("GET", app.url.replace("app.", "mute."), within_seconds=1)
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "path",
    ["/continue", "/flood", "/flood-of-chunks", "/trailers", "/large"],
)
def test_the_bytes_of_an_answer_are_limited(client: Client, app: Hostile, path: str) -> None:
    with pytest.raises(RecipeFailure, match=r"expected .*(at most 16,777,216 bytes|within 20 s)"):
        client.request("GET", app.url + path, within_seconds=20)


@pytest.mark.parametrize("path", ["/bomb", "/double-bomb", "/deflate-bomb"])
def test_what_an_answer_unpacks_to_is_limited(client: Client, app: Hostile, path: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LimitBroken, match="that had come unpack to more than that"):
        client.request("GET", app.url + path)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown_kib < 50 << 10


@pytest.mark.parametrize("path", ["/many-headers", "/long-header", "/not-gzip", "/not-http"])
def test_an_answer_that_breaks_http_is_the_apps_fault(
    client: Client, app: Hostile, path: str
) -> None:
    with pytest.raises(RecipeFailure, match="the answer breaks HTTP"):
        client.request("GET", app.url + path)


@pytest.mark.parametrize("path", ["/deep", "/wide"])
def test_json_that_would_take_all_memory_is_not_read(
    client: Client, app: Hostile, path: str
) -> None:
    answer = client.request("GET", app.url + path)
    with pytest.raises(RecipeFailure, match="expected JSON"):
        _ = answer.json


def test_the_start_of_a_page_is_found_at_once(client: Client, app: Hostile) -> None:
    answer = client.request("GET", app.url + "/unclosed")
    begun = time.monotonic()
    start_of(answer)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("url", ["https://[", "https://app.lab.test:x/", "gopher://app.lab.test/"])
def test_an_address_that_is_none_is_the_apps_fault(client: Client, url: str) -> None:
    with pytest.raises(RecipeFailure, match="is no address"):
        client.request("GET", url)


def test_a_limit_can_be_raised_for_a_download(client: Client, app: Hostile) -> None:
    api = Api(client, app.url, "lab.test")
    with pytest.raises(LimitBroken):
        api.download(Call("GET", "/large"), Wanted())
    assert api.download(Call("GET", "/large"), Wanted(), at_most_bytes=18 << 20).size == 17 << 20


def test_redirects_count_together(client: Client, app: Hostile) -> None:
    begun = time.monotonic()
    with pytest.raises(LimitBroken):
        Api(client, app.url, "lab.test").download(Call("GET", "/again"), Wanted(), 1)
    assert time.monotonic() - begun < 2


def test_a_wait_ends_at_its_deadline_and_says_what_it_saw(client: Client, app: Hostile) -> None:
    begun = time.monotonic()
    with pytest.raises(RecipeFailure, match=r"GET /body was last .* bytes had come\. after"):
        Api(client, app.url, "lab.test").wait(Call("GET", "/body"), Wanted(), 2)
    assert time.monotonic() - begun < 3


def test_after_a_breach_the_next_request_is_as_good_as_new(client: Client, app: Hostile) -> None:
    with pytest.raises(LimitBroken):
        client.request("GET", app.url + "/body", within_seconds=0.5)
    assert client.request("GET", app.url + "/good").json.a == 1
    assert client.request("GET", app.url + "/good").json.a == 1
