"""Whether an app answers for names that are not its own."""

import io
import tarfile
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ccci.deploy.target import Target
from ccci.errors import NodeFailure, RecipeFailure
from ccci.node.server import Server
from ccci.swarm.view import Service
from ccci.watch import neighbours as module
from ccci.watch.neighbours import Neighbours, takes
from ccci.web.http import Response

SENTINEL = "sentinel.lab.test"
APP = Service("id", "shop_app", "app", "nginx:1", {}, 1, "", "any", ())


def rule(text: str) -> Service:
    return replace(APP, labels={"traefik.http.routers.shop.rule": text})


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("Host(`shop.lab.test`)", False),
        ("Host(`shop.lab.test`,`www.shop.lab.test`)", False),
        ("Host(`shop.lab.test`) && PathPrefix(`/sentinel.lab.test`)", False),
        ("HostRegexp(`{sub:[a-z]+}.shop.lab.test`)", False),
        (r"HostRegexp(`^[a-z]+\.shop\.lab\.test$`)", False),
        ("Host(`shop.lab.test`) || Host(`sentinel.lab.test`)", True),
        ("Host(`shop.lab.test`, `sentinel.lab.test`)", True),
        ('Host("sentinel.lab.test")', True),
        ("HostRegexp(`{any:.*}`)", True),
        ("HostRegexp(`{any:[a-z.]{1,60}}`)", True),
        ("HostRegexp(`.+`)", True),
        ("HostRegexp(`^(.+)$`)", True),
        ("HostSNI(`*`) || HostRegexp(`{host}`)", True),
        ("PathPrefix(`/`)", True),
        ("Host(`shop.lab.test`) || PathPrefix(`/`)", True),
        ("Host(`shop.lab.test`) && (PathPrefix(`/a`) || PathPrefix(`/b`))", False),
        ("(Host(`shop.lab.test`) || Host(`sentinel.lab.test`)) && PathPrefix(`/a`)", True),
        ("Host(`shop.lab.test`) && Path(`/a||b`)", False),
    ],
)
def test_a_rule_takes_a_host(text: str, taken: bool) -> None:
    assert takes(text, SENTINEL) is taken


class Site:
    """Answers for every name on the server; the test changes who answers."""

    def __init__(self) -> None:
        self.own = {"/index.html": b"welcome", "/sentinel.txt": b"only the sentinel has this"}
        self.taken: str | None = None

    def request(self, method: str, url: str, **_: Any) -> Response:
        host, _, path = url.removeprefix("https://").partition("/")
        if host == SENTINEL and self.taken != SENTINEL:
            body = self.own.get(f"/{path}", b"front")
            return Response(url, 200, {"content-type": "text/html"}, body, 0.1)
        if self.taken == host or (self.taken == "nobody" and host.startswith("nobody-")):
            status = 200 if path in ("", "index.html") else 404
            return Response(url, status, {"content-type": "text/html"}, b"welcome", 0.1)
        return Response(url, 404, {"content-type": "text/plain"}, b"404 page not found", 0.1)


def archive(large: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in {
            "html": None, "html/index.html": b"welcome", "html/empty": b"", "html/large": large,
            "html/sentinel.txt": b"only the sentinel has this", "html/data/private": b"x",
        }.items():  # fmt: skip
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            member.size = len(content or b"")
            tar.addfile(member, io.BytesIO(content or b""))
    return packed.getvalue()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setattr(module, "_SETTLES_SECONDS", 0.05)
    return Site()


def before(site: Site, with_files: bool = True, large: bytes = b"") -> Neighbours:
    mounts = [{"Type": "volume", "Destination": "/html"}] if with_files else []
    content = archive(large)
    chunks = [content[at : at + 700] for at in range(0, len(content), 700)]
    container = SimpleNamespace(attrs={"Mounts": mounts}, get_archive=lambda *_: (iter(chunks), {}))
    client = SimpleNamespace(containers=SimpleNamespace(list=lambda **_: [container]))
    server = Server(domain="lab.test", sentinel=SENTINEL)
    swarm = SimpleNamespace(client=client)
    return Neighbours.before(Target(server, *cast(Any, (None, swarm, site))))


def test_a_quiet_run(site: Site) -> None:
    there = before(site)
    assert [page.url.removeprefix(f"https://{SENTINEL}") for page in there.pages[1:]] == [
        "/index.html", "/sentinel.txt"
    ]  # fmt: skip
    there.check([APP, rule("Host(`shop.lab.test`)")])


def test_an_app_that_answers_for_the_sentinel_has_failed(site: Site) -> None:
    there = before(site)
    site.taken = SENTINEL
    with pytest.raises(
        RecipeFailure, match=r"answers for the sentinel: .*sentinel\.txt .* The rule 'Host"
    ):
        there.check([rule("Host(`shop.lab.test`) || Host(`sentinel.lab.test`)")])
    with pytest.raises(NodeFailure, match="by none of the app's routers"):
        there.check([rule("Host(`shop.lab.test`)")])


def test_an_app_that_answers_for_nobody_has_failed(site: Site) -> None:
    there = before(site)
    site.taken = "nobody"
    with pytest.raises(RecipeFailure, match="answers for a name that nobody has"):
        there.check([rule("PathPrefix(`/`)")])


def test_without_files_of_its_own_the_front_page_tells(site: Site) -> None:
    there = before(site, with_files=False)
    assert [page.answer for page in there.pages[1:]] == ["200 text/html"]
    # Its content may change each time.
    site.own["/"] = b"another"
    there.check([])


def test_a_run_that_has_just_ended_may_have_left_its_route_for_a_moment(site: Site) -> None:
    unanswered = [NodeFailure("nothing had come"), 502]
    usual = site.request

    def request(method: str, url: str, **more: Any) -> Response:
        last = unanswered.pop(0) if unanswered else None
        if isinstance(last, Exception):
            raise last
        answer = usual(method, url, **more)
        return replace(answer, status=last) if last else answer

    site.request = request  # type: ignore[method-assign]
    assert before(site).pages[0].answer.startswith("404 ")
    assert not unanswered


def test_only_the_beginning_of_a_large_volume_is_read(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_VOLUME_BYTES", 20_000)
    there = before(site, large=b"x" * 20_000)
    assert [page.url for page in there.pages[1:]] == [f"https://{SENTINEL}/index.html"]


def test_a_name_that_never_answers_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def request(*_: Any, **__: Any) -> Response:
        raise NodeFailure("nothing had come")

    monkeypatch.setattr(module, "_BEFORE_SECONDS", 0.05)
    site.request = request  # type: ignore[method-assign]
    with pytest.raises(NodeFailure, match=r"^Before the run a name that nobody has does not answ"):
        before(site)


def test_a_name_that_is_down_all_the_time_is_compared_as_it_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BEFORE_SECONDS", 0.05)
    usual = site.request
    site.request = lambda *a, **m: replace(usual(*a, **m), status=503)  # type: ignore[method-assign]
    there = before(site, with_files=False)
    assert there.pages[0].answer.startswith("503 ")
    there.check([])
