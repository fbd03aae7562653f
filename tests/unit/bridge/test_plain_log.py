"""No text of an app runs, or is a link that runs, in the pages that Robot makes of a run."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ccci.loop.doctor import is_sandbox
from ccci.matrix.report import join
from ccci.project import PROJECT

HERE = Path(__file__).parent
POLICY = re.findall(
    r'Content-Security-Policy "([^"]+)"', (PROJECT / "lab" / "dashboard.conf.tmpl").read_text()
)[0]
AT_ONCE = [
    "added", "compared", "console", "error", "level", "log", "loop", "message", "picture",
    "print", "skip", "teardown", "warn",
]  # fmt: skip


def _robot(output: Path, suite: str, **variables: str) -> None:
    options = [word for name, value in variables.items() for word in ("-v", f"{name}:{value}")]
    done = subprocess.run(
        [sys.executable, "-m", "robot", "--outputdir", str(output), *options, str(HERE / suite)],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "CCCI_RUN_ID": "20260101-080000-ab12"},
        cwd=PROJECT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (output / "output.xml").is_file(), done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert "deprecated" not in done.stderr, done.stderr
    if suite == "log_reader":
        assert done.returncode == 0, done.stdout


def _seen(pages: Path, looks: Path, site: str = "") -> dict[str, Any]:
    _robot(looks, "log_reader", PAGES=str(pages), SITE=site)
    return {
        name: json.loads((looks / f"{name}.json").read_text())
        for name in ("log.html", "report.html")
    }


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The results of the same suite, as Robot leaves them and as the run's end does."""
    made = {}
    for publishing in ("no", "yes"):
        folder = tmp_path_factory.mktemp(f"publishing-{publishing}")
        made[publishing] = folder / "results" / "shop" / "20260101-080000-ab12"
        _robot(made[publishing], "hostile_log", HERE=str(folder), PUBLISHING=publishing)
    return made


def test_without_our_help_all_of_it_runs(logs: dict[str, Path], tmp_path: Path) -> None:
    """Otherwise the next test proves nothing."""
    seen = _seen(logs["no"], tmp_path)
    assert set(AT_ONCE) <= set(seen["log.html"]["ran"])
    assert len(seen["log.html"]["scripts"]) >= 4


def test_nothing_runs_and_everything_can_be_read(logs: dict[str, Path], tmp_path: Path) -> None:
    seen = _seen(logs["yes"], tmp_path)
    for page in seen.values():
        assert page["ran"] == []
        assert page["scripts"] == []
    log = seen["log.html"]
    assert log["tests"] == 11
    assert log["pictures"] == 1, "a screenshot is shown"
    for kind in AT_ONCE:
        assert f"push('{kind}')" in log["text"], "as text"


@contextmanager
def _served(folder: Path, policy: str) -> Iterator[str]:
    class Handler(SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            self.send_header("Content-Security-Policy", policy)
            super().end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_policy_is_the_same_everywhere() -> None:
    assert POLICY in (PROJECT / "docs" / "operate.md").read_text()
    assert is_sandbox(POLICY)


@pytest.mark.parametrize("policy", [POLICY, ""])
def test_served_with_the_policy_a_script_has_no_origin(
    logs: dict[str, Path], tmp_path: Path, policy: str
) -> None:
    """Even in a log that was not made plain; and the log can be read."""
    with _served(logs["no"], policy) as site:
        log = _seen(logs["no"], tmp_path, site)["log.html"]
    assert log["tests"] == 11
    assert log["pictures"] > 0
    assert log["origin"] == ("null" if policy else site)
    assert log["stored"] == (not policy)


def test_the_report_of_a_matrix_is_plain_too(logs: dict[str, Path], tmp_path: Path) -> None:
    joined = tmp_path / "joined"
    join(
        joined, [], {"shop": "*HTML*<img src=x onerror=\"(window.ran=window.ran||[]).push('m')\">"}
    )
    seen = _seen(joined, tmp_path / "looks")
    assert seen["log.html"]["ran"] == []
    assert "push('m')" in seen["log.html"]["text"]
