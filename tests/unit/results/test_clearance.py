"""A file with a credential in any form does not leave the node; tested with files of Robot."""

import base64
import html
import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from robot import run as run_robot

from ccci.loop.gate import cleared
from ccci.results.clearance import CLEARED_FILE, MAY_BE_CLEARED, clear, read_clearance
from ccci.results.credentials import CredentialStore
from ccci.results.packed_log import CannotUnpack, unpacked

CANARY = 'c4n4ry/"&+<é>sEcReT'
NAME = "shop.lab.test/owner"
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda s: s,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 after one byte": lambda s: base64.b64encode(b":" + s.encode() + b":x").decode(),
    "base64 after two bytes": lambda s: base64.b64encode(b"u:" + s.encode()).decode(),
    "base64 in a URL": lambda s: urllib.parse.quote(base64.b64encode(s.encode()), safe=""),
    "URL": lambda s: urllib.parse.quote(s, safe=""),
    "URL with plus": lambda s: urllib.parse.quote_plus(s),
    "JSON": lambda s: json.dumps({"password": s}),
    "JSON in JSON": lambda s: json.dumps({"body": json.dumps({"password": s})}),
    "JSON on a page": lambda s: html.escape(json.dumps({"password": s})),
    "HTML": lambda s: html.escape(s),
    "XML": lambda s: s.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;"),
    "HTML by numbers": lambda s: "".join(f"&#{ord(char)};" for char in s),
}
# A text that Robot compresses, because it is long and repetitive.
FILLING = "the page said the same thing again and again; " * 12
SUITE = """\
*** Settings ***
Library    logs.py
*** Test Cases ***
A Visitor Reads The Page
    Say It    {level}
"""
LOGS = """\
from pathlib import Path
from robot.api import logger

def say_it(level):
    text = Path(__file__).with_name("said.txt").read_text(encoding="utf-8")
    if level == "FAIL":
        raise AssertionError(text)
    logger.write(text, level)
"""


@pytest.fixture
def robot(tmp_path: Path) -> Callable[[str, str], Path]:
    """Run a suite that logs a text (or fails with it), and return the folder with its results."""

    def run(text: str, level: str = "INFO") -> Path:
        (tmp_path / "logs.py").write_text(LOGS)
        (tmp_path / "said.txt").write_text(text, encoding="utf-8")
        (tmp_path / "shop.robot").write_text(SUITE.format(level=level))
        results = tmp_path / "results"
        failed = run_robot(
            tmp_path / "shop.robot", outputdir=results, xunit="xunit.xml", console="none"
        )
        assert failed == (level == "FAIL")
        (results / "results.json").write_text('{"verdict": "passed"}\n')
        return results

    return run


@pytest.mark.parametrize("packed", [False, True], ids=["short", "packed"])
@pytest.mark.parametrize("form", FORMS)
def test_a_log_with_a_credential_in_any_form_is_not_cleared(
    form: str, packed: bool, robot: Callable[[str, str], Path]
) -> None:
    secret = FORMS[form](CANARY)
    results = robot(f"{FILLING}{secret} {FILLING}" if packed else secret, "INFO")
    log = (results / "log.html").read_text(encoding="utf-8")
    # Robot writes log messages as HTML.
    assert any(secret in html.unescape(text) for text in unpacked(log))
    if packed:
        assert secret not in log
        assert json.dumps(secret, ensure_ascii=False)[1:-1] not in log

    found = clear(results, {CANARY: NAME, "another-value": "other"})

    assert found.withheld["log.html"] == f"it contains {NAME}"
    assert found.withheld["output.xml"] == f"it contains {NAME}"
    assert {"report.html", "xunit.xml", "results.json"} == set(found.cleared)
    assert found.credentials == 2
    assert CANARY not in (results / CLEARED_FILE).read_text(encoding="utf-8")
    assert "log.html" not in [path.name for path in cleared(results)]


@pytest.mark.parametrize("form", FORMS)
def test_a_failure_with_a_credential_withholds_all_files_that_quote_it(
    form: str, robot: Callable[[str, str], Path]
) -> None:
    results = robot(FORMS[form](CANARY), "FAIL")
    found = clear(results, {CANARY: NAME})
    assert set(found.cleared) == {"results.json"}


def test_a_key_is_found_if_one_of_its_lines_is_logged(robot: Callable[[str, str], Path]) -> None:
    key = "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0BAQEFAASC\nq83vEjRWeJq83vEjRWeJq\n-----END"
    results = robot("the app logged:\n    q83vEjRWeJq83vEjRWeJq", "INFO")
    assert "log.html" in clear(results, {key: NAME}).withheld


def test_all_files_of_a_clean_run_are_cleared(robot: Callable[[str, str], Path]) -> None:
    results = robot(f"nothing to see; {FILLING}", "INFO")
    clear(results, {CANARY: NAME})
    found = cleared(results)
    assert [path.name for path in found] == list(MAY_BE_CLEARED)
    assert found.reason == ""
    log = (results / "log.html").read_text(encoding="utf-8")
    assert any(text.startswith("nothing to see; the page") for text in unpacked(log))


def test_a_changed_file_is_not_returned(robot: Callable[[str, str], Path]) -> None:
    results = robot("hello", "INFO")
    clear(results, {CANARY: NAME})
    with (results / "log.html").open("a", encoding="utf-8") as log:
        log.write(" ")
    (results / "xunit.xml").rename(results / "other.xml")
    (results / "xunit.xml").symlink_to("other.xml")
    (results / "output.xml").unlink()
    found = cleared(results)
    assert [path.name for path in found] == ["report.html", "results.json"]
    assert "log.html: it was changed after it was searched for credentials." in found.reason


def test_nothing_is_cleared_if_the_files_were_not_searched(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{}")
    found = cleared(tmp_path)
    assert not found.files
    assert "the run ended before it searched its files" in found.reason
    (tmp_path / CLEARED_FILE).write_text('{"cleared": {"results.json": "yes"}}')
    assert not cleared(tmp_path).files
    assert "cannot be read" in cleared(tmp_path).reason


def test_nothing_is_cleared_without_the_credentials(robot: Callable[[str, str], Path]) -> None:
    results = robot("hello", "INFO")
    assert clear(results, {CANARY: NAME}).cleared
    clear(results, None)
    assert not cleared(results).files
    assert "credentials are not known" in cleared(results).reason


def test_nothing_is_cleared_if_a_credential_is_too_short(
    robot: Callable[[str, str], Path],
) -> None:
    results = robot("hello", "INFO")
    found = clear(results, {CANARY: NAME, "abc": "shop.lab.test/pin"})
    assert not found.cleared
    assert found.reason == "too short to search for: shop.lab.test/pin"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page.replace('window.output["strings"]', 'window.output["texts"]'),
        lambda page: page.replace("].concat([", "].concat(["[:-1] + "(x, "),
        lambda page: page.replace('strings"].concat(["*",', 'strings"].concat(["*",7,'),
        lambda page: page.replace(
            'strings"].concat(["*",', 'strings"].concat(["*","eNoNOTZLIB==",'
        ),
        lambda page: page.replace('strings"].concat(["*",', 'strings"].concat(["*","!no base64",'),
        lambda page: page.replace('strings"].concat(["*",', 'strings"].concat(["*","*\\q",'),
    ],
    ids=["no list", "no call", "a number", "no zlib", "no base64", "an unknown escape"],
)
def test_one_page_that_cannot_be_unpacked_withholds_everything(
    spoil: Callable[[str], str], robot: Callable[[str, str], Path]
) -> None:
    results = robot("hello", "INFO")
    page = (results / "report.html").read_text(encoding="utf-8")
    spoiled = spoil(page)
    assert spoiled != page
    (results / "report.html").write_text(spoiled, encoding="utf-8")
    with pytest.raises(CannotUnpack):
        unpacked(spoiled)
    assert not clear(results, {CANARY: NAME}).cleared
    assert cleared(results).reason.startswith(
        "No file may leave the node: report.html cannot be searched"
    )


def test_what_cannot_be_searched_withholds_its_file_and_the_comment_says_why(
    robot: Callable[[str, str], Path],
) -> None:
    unknown = base64.b64encode(bytes(range(128, 256))).decode()
    results = robot(f"data:application/octet-stream;base64,{unknown}", "INFO")
    clear(results, {CANARY: NAME})
    found = cleared(results)
    assert [path.name for path in found] == ["report.html", "xunit.xml", "results.json"]
    assert (
        "log.html: it cannot be searched for credentials: it has a data: address "
        "(application/octet-stream) that is not a text, a picture or an archive that can be opened."
    ) in found.reason


def test_a_file_that_is_too_large_is_withheld(
    robot: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = robot("hello", "INFO")
    monkeypatch.setattr("ccci.results.clearance.LARGEST_FILE_BYTES", 2000)
    withheld = clear(results, {CANARY: NAME}).withheld
    assert withheld["log.html"].startswith("it cannot be searched for credentials: it has ")
    assert "results.json" not in withheld


def test_a_file_that_cannot_be_read_withholds_everything(
    robot: Callable[[str, str], Path],
) -> None:
    results = robot("hello", "INFO")
    (results / "xunit.xml").unlink()
    (results / "xunit.xml").mkdir()
    assert not clear(results, {CANARY: NAME}).cleared
    assert "xunit.xml cannot be searched" in read_clearance(results).reason


def test_an_error_leaves_no_earlier_clearance(
    robot: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    results = robot("hello", "INFO")
    assert clear(results, {CANARY: NAME}).cleared

    def broken(*_: object) -> list[str]:
        raise RuntimeError("out of order")

    monkeypatch.setattr("ccci.results.search.Search.names_in", broken)
    with pytest.raises(RuntimeError):
        clear(results, {CANARY: NAME})
    assert not (results / CLEARED_FILE).exists()
    assert not cleared(results).files


def test_a_replaced_value_is_still_searched_for(tmp_path: Path) -> None:
    store = CredentialStore(tmp_path / "credentials.json")
    store.put(NAME, "the-first-value")
    store.put(NAME, "the-second-value")
    assert store.names_by_value() == {"the-first-value": NAME, "the-second-value": NAME}
    assert store.values() == ["the-second-value", "the-first-value"]
    assert store.below("shop.lab.test") == {"owner": "the-second-value"}
