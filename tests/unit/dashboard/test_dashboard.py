"""The dashboard's pages show what is in results.json, whatever its content is."""

import json
import os
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from ccci.audit.record import AUDIT, Finding, Record, write_record
from ccci.dashboard import __main__ as program
from ccci.dashboard.formatting import age, duration, file_name, size
from ccci.dashboard.logs import Log
from ccci.dashboard.pages import make_pages
from ccci.dashboard.writing import PAGE_LIST, publish
from ccci.errors import Misuse, NodeFailure
from ccci.results.clearance import CLEARED_FILE
from ccci.results.store import RESULTS_FILE, UsedImage, read_results
from ccci.stage_names import STAGES
from ccci.verified.file import Image, Verified
from ccci.verified.standing import Standing
from tests.unit.dashboard.past_results import NOW, all_kinds_of_runs, clear_all, past_run

HOSTILE = "<script>alert('1')</script>&\"quoted\""


class Page(HTMLParser):
    """A page, parsed: its tags, the texts of its rows, and the whole text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[str] = []
        self.text = ""
        self._silent = 0
        self._in_row = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._silent += tag == "style"
        if tag == "tbody":
            self._in_row = True
            self.rows.append("")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag == "style"
        self._in_row = self._in_row and tag != "tbody"

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        text = " ".join(data.split())
        self.text += f"{text} " if text else ""
        if self._in_row and text:
            self.rows[-1] += f"{text} "

    def links(self) -> Iterator[str]:
        """Yield the target of every link, and everything that the page loads."""
        for _, attributes in self.tags:
            for name in ("href", "src"):
                target = attributes.get(name)
                if target and not target.startswith(("#", "data:")):
                    yield target

    def row(self, start: str) -> str:
        """Return the text of the only row that starts with this text."""
        found = [row for row in self.rows if row.startswith(start)]
        assert len(found) == 1, self.rows
        return found[0]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"


def write_pages(results: Path, *enrolled: str) -> Path:
    """Write the pages into the default folder and return it."""
    make_pages(results, results / "dashboard", enrolled, NOW)
    return results / "dashboard"


def front_page(results: Path, *enrolled: str) -> Page:
    return Page(write_pages(results, *enrolled) / "index.html")


def all_pages(folder: Path) -> list[Page]:
    return [Page(path) for path in folder.glob("*.html")]


def test_a_row_shows_the_last_run(results: Path) -> None:
    past_run(results, "shop", "fffffff", timedelta(days=2))
    past_run(results, "shop", "ppppfpp", timedelta(hours=3), pull_request=12)
    page = front_page(results, "shop")
    row = page.row("shop")
    for text in (
        "shop lab PR 12", "failed level 3 of 6 browser and SSO, where they apply",
        "passed 39 s", "failed 93 s", "2026-11-25 06:00 UTC 3 hours ago", "3 min 34 s",
        "peak 724 MiB", "away 4.2 s in the restart, 12 s in the upgrade",
        "1.2.0+26.8.0 f550d94 from 1.1.0+26.7.3",
    ):  # fmt: skip
        assert text in row
    trend = next(a for tag, a in page.tags if tag == "svg" and a.get("class") == "trend")
    assert trend["aria-label"] == (
        "Last 2 runs, oldest first: failed 3 min 34 s, failed 3 min 34 s."
    )
    assert "Recipe tests failed 1 The last run" in page.text


def test_each_stage_links_to_its_part_of_the_log(results: Path) -> None:
    folder = past_run(results, "shop", "p-p----")
    hrefs = [a["href"] for tag, a in front_page(results).tags if tag == "a" and "title" in a]
    log = f"../shop/{folder.name}/log.html"
    # A stage that was not run has no part of its own in the log.
    assert hrefs == [f"{log}#s1-s1", log, f"{log}#s1-s2", log, log, log, log]
    (folder / "log.html").unlink()
    assert not [a for tag, a in front_page(results).tags if tag == "a" and "title" in a]


def test_the_log_of_a_matrix_has_the_stages_one_level_deeper(results: Path) -> None:
    folder = past_run(results, "backup")
    (folder / "output.xml").write_text(
        '<suite id="s1" name="Suites"><suite id="s1-s1" name="Backup">'
        '<suite id="s1-s1-s1" name="Install"><suite id="s1-s1-s5" name="Backup">'
        '<suite id="s1-s1-s6" name="Backup Again">'
    )
    hrefs = [a["href"] for tag, a in front_page(results).tags if tag == "a" and "title" in a]
    assert [href.partition("#")[2] for href in hrefs if href] == [
        "s1-s1-s1", "", "", "", "s1-s1-s5", "", "",
    ]  # fmt: skip


def test_every_link_is_relative_and_has_a_target(results: Path) -> None:
    folder = write_pages(results, *all_kinds_of_runs(results))
    pages = all_pages(folder)
    assert len(pages) == 10
    checked = 0
    for page in pages:
        anchors = {a["id"] for _, a in page.tags if "id" in a}
        for link in page.links():
            assert not re.match(r"[a-z]+:|/", link), f"{link} is not relative"
            target = unquote(urldefrag(link).url)
            assert (page.path.parent / target).is_file(), link
            checked += 1
        for _, attributes in page.tags:
            if (href := attributes.get("href") or "").startswith("#"):
                assert href[1:] in anchors, href
    assert checked > 200


def test_no_page_needs_a_script_or_another_host(results: Path) -> None:
    folder = write_pages(results, *all_kinds_of_runs(results))
    for page in all_pages(folder):
        assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "form")]
        assert not [name for _, a in page.tags for name in a if name.startswith("on")]
        content = page.path.read_text().replace("http-equiv", "")
        assert "@import" not in content and "url(" not in content and "http" not in content
        assert "default-src 'none'" in content and "script-src" not in content


@pytest.mark.parametrize("where", ["recipe", "reason", "release", "opt-out", "abra", "run"])
def test_hostile_text_is_escaped(results: Path, where: str) -> None:
    if where == "recipe":
        past_run(results, HOSTILE.replace("/", "|"))
    elif where == "run":
        folder = past_run(results, "shop")
        folder.rename(folder.parent / f"2{HOSTILE.replace('/', '|')}")
    else:
        facts = {
            "release": {"head_release": HOSTILE, "upgraded_from": HOSTILE, "head": HOSTILE},
            "opt-out": {"opt_outs": {HOSTILE: HOSTILE}},
            "abra": {"abra": HOSTILE},
            "reason": {},
        }[where]
        past_run(results, "shop", "iiiiiii", reason=HOSTILE, **facts)
    pages = all_pages(write_pages(results))
    assert not [tag for page in pages for tag, _ in page.tags if tag == "script"]
    expected = HOSTILE if where in ("reason", "opt-out") else "<script>alert"
    if where != "release":
        assert any(expected in page.text for page in pages)
    for badge in (results / "dashboard" / "badges").iterdir():
        assert not [e for e in ElementTree.parse(badge).iter() if "script" in str(e.tag)]
    for page in pages:
        for link in page.links():
            assert (page.path.parent / unquote(urldefrag(link).url)).is_file(), link


def test_a_folder_with_an_invalid_recipe_name_gets_a_page_with_a_safe_name(results: Path) -> None:
    name = os.fsdecode(b"caf\xff .. %41#?")
    past_run(results, "shop").parent.rename(results / name)
    for path in (results / name).glob(f"[0-9]*/{RESULTS_FILE}"):
        path.write_text(path.read_text().replace('"recipe": "shop"', f'"recipe": {name!r}'))
    folder = write_pages(results)
    page = Page(folder / "index.html")
    assert f"{file_name(name)}.html" in set(page.links())
    assert file_name(name).startswith("other_")
    assert "caf\ufffd .. %41#?" in page.text


def test_old_results_are_shown_as_stale(results: Path) -> None:
    past_run(results, "shop", ago=timedelta(days=60))
    past_run(results, "wiki", ago=timedelta(days=60, minutes=1))
    page = front_page(results)
    assert "stale" not in page.row("shop")
    assert page.row("wiki").startswith("wiki lab stale ")
    classes = [a.get("class") for tag, a in page.tags if tag == "tbody"]
    assert classes == ["", "stale"]
    badge = (results / "dashboard" / "badges" / "wiki.svg").read_text()
    assert "passed, level 6, lab, stale<" in badge and "#59616c" in badge


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "Invalid JSON"),
        (b'{"facts": {', "Invalid JSON"),
        (b"\xff\xfe\x00", "Invalid JSON"),
        (b"[1, 2]", "results.json: Input should be"),
        (b"[" * 100_000, "Invalid JSON"),
        (b"{}", "facts: Field required"),
        ({"verdict": "splendid"}, "verdict: Input should be"),
        ({"verdict": "<b>"}, "verdict: Input should be"),
        ({"stages": {"install": "maybe"}}, "stages.install: Input should be"),
        ({"seconds": -1}, "-1.0 is not a valid number of seconds"),
        ({"seconds": float("nan")}, "is not a valid number of seconds"),
        ({"seconds": float("inf")}, "is not a valid number of seconds"),
        ({"peak_memory_bytes": -5}, "-5 is not a valid number of bytes"),
        ({"recipe": "wiki"}, "it is for the recipe 'wiki'"),
    ],
)
def test_unreadable_results_are_shown_with_the_problem_and_do_not_affect_others(
    results: Path, content: bytes | dict[str, Any], problem: str
) -> None:
    past_run(results, "shop", ago=timedelta(days=1))
    broken = past_run(results, "shop", ago=timedelta(hours=1)) / RESULTS_FILE
    past_run(results, "forum")
    if isinstance(content, dict):
        found = json.loads(broken.read_text())
        found["facts"]["recipe"] = content.pop("recipe", "shop")
        content = json.dumps({**found, **content}).encode()
    broken.write_bytes(content)
    page = front_page(results, "shop", "forum")
    row = page.row("shop")
    assert "unreadable level 0 of 6 nothing verified" in row
    assert "unknown " * len(STAGES) in row
    assert "Unreadable: results.json: " in row and problem in row
    assert "Last full verdict: passed, level 6 of 6, 2026-11-24 09:00 UTC" in row
    assert "passed level 6 of 6" in page.row("forum")
    assert "unreadable, level 0<" in (results / "dashboard" / "badges" / "shop.svg").read_text()


def test_a_results_json_that_is_a_folder_is_unreadable(results: Path) -> None:
    (past_run(results, "shop") / RESULTS_FILE).unlink()
    for run in (results / "shop").glob("[0-9]*"):
        (run / RESULTS_FILE).mkdir()
    assert "Unreadable: results.json cannot be read: Is a directory" in front_page(results).row(
        "shop"
    )


def test_enrolled_recipes_without_results_are_shown(results: Path) -> None:
    past_run(results, "shop")
    folder = write_pages(results, "wiki")
    page = Page(folder / "index.html")
    assert page.row("wiki") == "wiki no result Enrolled, but not run here yet. "
    assert "not enrolled" in page.row("shop")
    assert "no result" in (folder / "badges" / "wiki.svg").read_text()
    assert "Enrolled, but not run here yet." in Page(folder / "wiki.html").text


def test_there_is_a_page_without_recipes_and_results(results: Path) -> None:
    page = front_page(results)
    assert "There are no enrolled recipes and no results." in page.text


def test_folders_that_are_not_results_of_a_recipe_are_ignored(results: Path) -> None:
    folder = past_run(results, "shop")
    matrix = results / "matrix" / "20261125-080000-abcd"
    matrix.mkdir(parents=True)
    (matrix / RESULTS_FILE).write_text("{}")
    (results / "unnamed" / "20261125-080000-abcd").mkdir(parents=True)
    (results / "linked").symlink_to(results / "shop")
    (results / "shop" / "notes").mkdir()
    (results / "shop" / "20261125-085900-aaaa").mkdir()
    folder = write_pages(results)
    assert [row.split()[0] for row in Page(folder / "index.html").rows] == ["shop"]
    page = Page(folder / "shop.html")
    assert len(page.rows) == 1
    expected = "1 run has no results: still running, or cut off before they were written."
    assert expected in page.text


@pytest.mark.parametrize(
    ("abra", "in_lab"),
    [
        ("abra version 0.13.0-lab", True),
        ("abra version 0.13.0-beta", False),
        ("0.13.0-lab-0c3f1a2", False),
        ("", False),
    ],
)
def test_runs_with_the_labs_abra_are_marked(results: Path, abra: str, in_lab: bool) -> None:
    past_run(results, "shop", abra=abra)
    row = front_page(results, "shop").row("shop")
    assert row.startswith("shop lab passed" if in_lab else "shop passed")
    badge = (results / "dashboard" / "badges" / "shop.svg").read_text()
    assert ("level 6, lab<" in badge) is in_lab


def test_a_generic_run_does_not_verify_the_app_itself(results: Path) -> None:
    past_run(results, "shop", "p--pppp", generic=True)
    row = front_page(results).row("shop")
    assert row.startswith("shop lab generic not enrolled passed level 1 of 6 install ")
    assert row.count("not verified") == 2
    badge = (results / "dashboard" / "badges" / "shop.svg").read_text()
    assert "passed, level 1, generic, lab<" in badge
    assert "Generic stages only: the functions of the app were not tested." in row


def test_opt_outs_are_shown_with_their_reason(results: Path) -> None:
    past_run(results, "shop", "ppopppp")
    past_run(results, "wiki", tests={"passed": 25, "failed": 0, "opted out": 2})
    page = front_page(results)
    assert "level 5 of 6 upgrade, without browser" in page.row("shop")
    assert "Opted out of browser: The app has no page of its own" in page.row("shop")
    assert "level 5 of 6 upgrade passed" in page.row("wiki")
    assert "Opted out: 2 tests." in page.row("wiki")


def test_a_run_of_some_stages_is_marked_and_the_last_full_verdict_is_shown(results: Path) -> None:
    past_run(results, "shop", "ppppppf", timedelta(days=3))
    past_run(results, "shop", "-p-----", timedelta(hours=1), reason="not run: install, browser")
    row = front_page(results, "shop").row("shop")
    assert row.startswith("shop lab incomplete level 0 of 6")
    assert "Incomplete: not all stages were run." in row
    assert "Last full verdict: failed, level 5 of 6, 2026-11-22 09:00 UTC ( 3 days ago , lab" in (
        row.replace("(3", "( 3").replace("ago,", "ago ,")
    )


def test_a_badge_does_not_count_runs_of_pull_requests(results: Path) -> None:
    past_run(results, "shop", "fffffff", timedelta(minutes=1), pull_request=7)
    folder = write_pages(results)
    badge = ElementTree.parse(folder / "badges" / "shop.svg").getroot()
    assert badge.attrib["aria-label"] == (
        "shop: failed, level 0 of 6 (nothing verified), PR 7, lab, 2026-11-25 08:59 UTC"
    )
    past_run(results, "shop", ago=timedelta(days=1))
    folder = write_pages(results)
    badge = ElementTree.parse(folder / "badges" / "shop.svg").getroot()
    title = "shop: passed, level 6 of 6 (everything, without opt-outs), lab, 2026-11-24 09:00 UTC"
    assert badge.attrib["aria-label"] == title == badge[0].text
    assert Page(folder / "index.html").row("shop").startswith("shop lab PR 7 not enrolled failed")
    page = Page(folder / "shop.html")
    assert "The badge does not count runs of pull requests." in page.text


def test_the_page_of_a_recipe_has_all_its_runs_newest_first(results: Path) -> None:
    for number in range(3):
        past_run(results, "shop", ago=timedelta(days=number), pull_request=number, seconds=60.0)
    (results / "shop" / "20000101-000000-abcd").mkdir()
    page = Page(write_pages(results, "shop") / "shop.html")
    assert [row[:10] for row in page.rows] == ["2026-11-25", "2026-11-24", "2026-11-23"]
    assert "20261123-090000-" in page.rows[2] and "PR 2" in page.rows[2]
    assert "log of 20261123" in page.rows[2] and "abra version 0.13.0-lab" in page.rows[2]
    assert "PR" not in page.rows[0]


def test_an_invalid_start_time_is_replaced_by_the_time_in_the_run_id(results: Path) -> None:
    past_run(results, "shop", started="")
    past_run(results, "wiki", started="yesterday")
    past_run(results, "forum", ago=timedelta(hours=-3))
    folder = past_run(results, "blog", started="9999-99-99")
    folder.rename(folder.parent / "2026-what")
    page = front_page(results)
    assert "2026-11-25 08:00 UTC 60 minutes ago" in page.row("shop")
    assert "2026-11-25 08:00 UTC 60 minutes ago" in page.row("wiki")
    assert "in the future" in page.row("forum")
    assert "unknown age unknown" in page.row("blog") and "stale" in page.row("blog")


def test_a_recipe_named_index_does_not_replace_the_front_page(results: Path) -> None:
    past_run(results, "index")
    folder = write_pages(results, "shop")
    assert Page(folder / "index.html").row("shop")
    assert Page(folder / f"{file_name('index')}.html").text.startswith("index - Recipe tests")


def test_the_second_call_changes_nothing(results: Path) -> None:
    all_kinds_of_runs(results)
    folder = write_pages(results)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert make_pages(results, folder, [], NOW) == []
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    # The list of pages is rewritten in every call.
    assert {path.name for path in after if before.get(path) != after[path]} <= {PAGE_LIST, ".lock"}
    assert before.keys() == after.keys()


def test_pages_of_removed_recipes_are_removed_and_no_other_files(results: Path) -> None:
    folder = write_pages(results, "shop", "wiki")
    (folder / "mine.html").write_text("not a page of the dashboard")
    write_pages(results, "shop")
    assert sorted(path.name for path in folder.glob("*.html")) == [
        "index.html", "mine.html", "shop.html",
    ]  # fmt: skip
    assert [path.name for path in (folder / "badges").iterdir()] == ["shop.svg"]


def test_a_front_page_of_another_program_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(Misuse, match="that is not the dashboard's: name another folder"):
        make_pages(tmp_path / "results", tmp_path, ["shop"], NOW)
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["index.html"]


def test_a_reader_never_sees_a_half_written_page(tmp_path: Path) -> None:
    versions = ["<p>" + letter * 300_000 + "</p>" for letter in "ab"]
    publish(tmp_path, {"index.html": versions[0]})
    done = threading.Event()
    seen: set[str] = set()

    def read() -> None:
        while not done.is_set():
            seen.add((tmp_path / "index.html").read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(60):
        publish(tmp_path, {"index.html": versions[number % 2]})
    done.set()
    reader.join()
    assert seen == set(versions)


def test_the_draft_of_a_killed_call_is_overwritten(tmp_path: Path) -> None:
    publish(tmp_path, {"index.html": "one", "wiki/shop.html": "one"})
    (tmp_path / ".index.html.draft").write_text("half")
    publish(tmp_path, {"index.html": "two", "wiki/shop.html": "two"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".lock", PAGE_LIST, "index.html", "wiki",
    ]  # fmt: skip
    assert (tmp_path / "index.html").read_text() == "two"


def test_the_web_folder_has_cleared_logs_only(results: Path, tmp_path: Path) -> None:
    clear_all(cleared := past_run(results, "shop"))
    past_run(results, "wiki", "iiiiiii", reason="a text that was not searched")
    clear_all(changed := past_run(results, "forum"))
    (changed / "log.html").write_text("something else")
    clear_all(found := past_run(results, "blog"))
    clearance = json.loads((found / CLEARED_FILE).read_text())
    del clearance["cleared"]["log.html"]
    clearance["withheld"]["log.html"] = "it contains shop.lab.test/admin_password"
    (found / CLEARED_FILE).write_text(json.dumps(clearance))
    folder = tmp_path / "web"
    make_pages(results, folder, [], NOW, for_the_web=True)
    logs = sorted(str(path.relative_to(folder)) for path in folder.glob("logs/*/*/*"))
    assert logs == [
        f"logs/blog/{found.name}/report.html",
        f"logs/forum/{changed.name}/report.html",
        f"logs/shop/{cleared.name}/log.html",
        f"logs/shop/{cleared.name}/report.html",
    ]
    assert (folder / logs[2]).read_bytes() == (cleared / "log.html").read_bytes()
    page = Page(folder / "index.html")
    assert f"logs/shop/{cleared.name}/log.html#s1-s1" in set(page.links())
    assert "Log withheld: it was changed after it was searched" in page.row("forum")
    assert "Log withheld: it contains shop.lab.test/admin_password" in page.row("blog")
    expected = "the run ended before it searched its files for credentials"
    assert expected in page.row("wiki")
    assert "a text that was not searched" not in page.text
    for page in all_pages(folder):
        for link in page.links():
            target = (page.path.parent / unquote(urldefrag(link).url)).resolve()
            assert target.is_relative_to(folder) and target.is_file(), link
    (cleared / CLEARED_FILE).unlink()
    make_pages(results, folder, [], NOW, for_the_web=True)
    assert not (folder / "logs" / "shop").exists()


def test_a_log_that_is_a_symbolic_link_is_not_linked(results: Path) -> None:
    folder = past_run(results, "shop")
    (folder / "log.html").unlink()
    (folder / "log.html").symlink_to("/etc/hostname")
    assert not [link for link in front_page(results).links() if "log.html" in link]
    with pytest.raises(NodeFailure, match="changed while"):
        Log(folder / "report.html", "0" * 64).content()
    with pytest.raises(NodeFailure, match="cannot be read any more"):
        Log(folder / "gone.html").content()


def test_pages_in_another_folder_link_to_the_logs_too(results: Path, tmp_path: Path) -> None:
    folder = past_run(results, "shop")
    make_pages(results, tmp_path / "a" / "b", [], NOW)
    link = f"../../results/shop/{folder.name}/log.html"
    assert f"{link}#s1-s1" in set(Page(tmp_path / "a" / "b" / "index.html").links())


def test_twenty_recipes_with_twenty_runs_each_are_all_shown(results: Path) -> None:
    for recipe in range(20):
        for run in range(20):
            past_run(results, f"shop-{recipe}", ago=timedelta(hours=run))
    page = front_page(results)
    assert len(page.rows) == 20
    assert len(Page(results / "dashboard" / "shop-7.html").rows) == 20


def test_the_command_prints_where_the_pages_are(results: Path) -> None:
    past_run(results, "shop")
    done = CliRunner().invoke(program.main, ["--results", str(results)])
    assert done.exit_code == 0, done.output
    assert re.match(
        rf"{re.escape(str(results))}/dashboard/index.html: \d+ files written", done.output
    )
    page = Page(results / "dashboard" / "index.html")
    assert "custom-html no result" in page.text and "shop lab" in page.text
    (results / "dashboard" / PAGE_LIST).write_text("{")
    done = CliRunner().invoke(program.main, ["--results", str(results)])
    assert done.exit_code == 1
    assert "is not a list of pages" in done.output


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, "under a minute ago"),
        (1, "1 minute ago"),
        (119, "119 minutes ago"),
        (120, "2 hours ago"),
        (60 * 47, "47 hours ago"),
        (60 * 48, "2 days ago"),
        (-5, "in the future"),
    ],
)
def test_ages(minutes: int, expected: str) -> None:
    assert age(NOW - timedelta(minutes=minutes), NOW) == expected


def test_sizes_and_durations() -> None:
    assert [duration(seconds) for seconds in (0, 9.94, 9.96, 99.4, 99.6, 3599.6, 7260)] == [
        "0.0 s", "9.9 s", "10 s", "99 s", "1 min 40 s", "1 h 0 min", "2 h 1 min",
    ]  # fmt: skip
    assert [size(number) for number in (None, 0, 1024**3 * 3 // 2)] == [
        "memory not measured", "peak 0 MiB", "peak 1.5 GiB",
    ]  # fmt: skip


def test_an_audit_is_shown_beside_the_recipe_without_what_its_runs_said(results: Path) -> None:
    past_run(results, "gitea")
    record = Record("gitea", "f550d94", "tests", "2026-11-25T08:00:00+00:00", planned=3)
    record.findings = {
        "caught": Finding("caught", ("restart",), "restart", caught=True),
        "<b>a volume</b>": Finding("<b>a volume</b>", ("restart",), said="password=hunter2"),
    }
    write_record(results / "gitea" / AUDIT, record)
    pages = write_pages(results)
    page, front = Page(pages / "gitea.html"), Page(pages / "index.html")
    assert "1 of 2 defects caught; 1 not tried yet" in page.text
    assert "1 of 2 defects caught" in front.text
    assert "<b>a volume</b>" in page.text
    assert "hunter2" not in page.text + front.text


def test_what_was_verified_is_shown_also_without_a_run(results: Path) -> None:
    past_run(results, "shop")
    image = Image(
        name="<b>nginx</b>:1", id=f"sha256:{64 * 'a'}", origin="was there", versions=["head"]
    )
    verified = Verified(
        recipe="shop", run="1", date=NOW.date(), head=40 * "f", release="", version="1.2.0+3.1",
        app_version="3.1", upgraded_from="", abra="0.13.0-lab", level=5, seconds=83.4,
        suite=16 * "0", tests=["1__install: It Works"], image=[image],
    )  # fmt: skip
    why = "its tests have changed since"
    standings = {
        "shop": Standing("outdated", why, verified),
        "bank": Standing("never", "no run was recorded"),
        "inn": Standing("verified", verified=verified),
    }
    folder = results / "dashboard"
    make_pages(results, folder, [*standings, "new"], NOW, standings=standings)
    facts = "2026-11-25, app version 3.1, images: was there, 1 test, level 5 of 6, 0.13.0-lab"
    front = Page(folder / "index.html")
    assert f"Outdated: its tests have changed since, {facts}" in front.row("shop")
    assert "Never verified: no run was recorded" in front.row("bank")
    assert f"Verified: {facts}" in front.row("inn")
    assert "verified:" not in front.row("new").lower()
    page = Page(folder / "shop.html")
    assert f"Outdated: its tests have changed since, {facts}. " in page.text
    assert "<b>nginx</b>:1 (head): was there" in page.text
    assert not [tag for tag, _ in page.tags if tag == "b"]


def test_results_from_before_images_were_kept_are_read(results: Path) -> None:
    folder = past_run(results, "shop")
    found = json.loads((folder / RESULTS_FILE).read_text())
    for key in ("own_copy", "suite", "head_version", "images"):
        del found["facts"][key]
    del found["passed_tests"]
    (folder / RESULTS_FILE).write_text(json.dumps(found))
    assert front_page(results, "shop").row("shop").startswith("shop lab passed level 6")


def test_an_image_in_results_is_read(results: Path) -> None:
    image = UsedImage("nginx:1", "sha256:7c", "pulled", ["head"])
    folder = past_run(results, "shop", images=[image])
    assert front_page(results, "shop").row("shop").startswith("shop lab passed level 6")
    found = read_results(folder)
    assert found and found.facts.images == [image]
