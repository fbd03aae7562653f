"""The comment on a pull request: short, correct, and harmless whatever text it quotes."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccci.errors import SKIPPED
from ccci.loop.comment import RequestView, comment_body, marker, status_of
from ccci.loop.quoting import code, link, one_line, plain
from ccci.project import PROJECT
from ccci.results.clearance import CLEARED_FILE, clear
from ccci.results.failed_tests import NotReadable, failed_tests
from ccci.results.progress import Progress
from ccci.results.store import CUT_OFF, RunFacts, RunResults, Verdict, write_results
from ccci.stage_names import STAGES

COMMIT = "75826ae1d2c3b4a5968778695a4b3c2d1e0f9a8b"
REQUEST = RequestView(
    "recipe-maintainers/custom-html", 7, "custom-html", COMMIT, "done", asked_by="mirai",
    dashboard="https://ci.example.org/custom-html.html",
)  # fmt: skip
FACTS = RunFacts(
    "20260101-080000-ab12", "custom-html", head=COMMIT, head_release="1.2.0+1.26.3",
    upgraded_from="1.1.0+1.26.3", pull_request=7,
    stage_seconds={"install": 20.11, "functional": 4.0, "backup": 31.5},
)  # fmt: skip
COMMAND = f'make run RECIPE=custom-html HEAD={COMMIT} PR=7 RECIPE_SOURCE="$CLONE"'
HEAD = f"<!-- ccci custom-html -->\n<!-- commit {COMMIT} -->\n"
XUNIT = """\
<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="Custom-Html" tests="3" errors="0" failures="{count}" skipped="0" time="70.1">
<testsuite name="Backup" tests="1">
<testcase classname="Custom-Html.Install" name="The App Answers" time="1.0">
</testcase>
{cases}
</testsuite>
</testsuite>
"""


def results_in(
    folder: Path,
    verdict: Verdict,
    failures: list[tuple[str, str, str]] = [],  # noqa: B006
    **facts: object,
) -> Path:
    """Write the results of a run: stages, failed tests (suite, name, message), clearance."""
    stages: dict[str, Verdict] = dict.fromkeys(STAGES, "passed")
    for suite, _, _ in failures:
        stages[suite.lower()] = verdict
    outcome = RunResults(
        replace(FACTS, **facts), verdict, stages,  # type: ignore[arg-type]
        {"passed": 27 - len(failures), "failed": len(failures), "opted out": 0}, 70.1,
        reason="Incomplete: the disk is full" if verdict == "incomplete" else "",
    )  # fmt: skip
    write_results(folder, outcome)
    cases = "\n".join(
        f'<testcase classname="Custom-Html.{_xml(suite)}" name="{_xml(name)}">'
        f'<failure message="{_xml(message)}" type="AssertionError"/></testcase>'
        for suite, name, message in failures
    )
    xunit = XUNIT.format(count=len(failures), cases=cases)
    (folder / "xunit.xml").write_text(xunit, encoding="utf-8")
    clear(folder, {})
    return folder


def _xml(text: str) -> str:
    escapes = {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\n": "&#xa;"}
    return "".join(escapes.get(char, char) for char in text)


def test_a_queued_request() -> None:
    request = replace(
        REQUEST, state="queued", position=2, note="Cut off by a reboot; second attempt."
    )
    assert comment_body(request) == HEAD + (
        "### 🕓 custom-html: **queued, number 2 in the queue**\n"
        "\n"
        "<code>75826ae1d2</code> · requested by mirai\n"
        "\n"
        "Cut off by a reboot; second attempt.\n"
        "\n"
        "[dashboard](https://ci.example.org/custom-html.html)\n"
    )
    assert status_of(request) == ("pending", "queued, number 2 in the queue")


def test_a_running_request() -> None:
    started = datetime(2026, 1, 1, 8, 0, 30, tzinfo=UTC)
    request = replace(
        REQUEST, state="running", progress=Progress("functional", started, {"install": 20.11}, 1)
    )
    assert comment_body(request) == HEAD + (
        "### ▶️ custom-html: **running, functional (2 of 7)**\n"
        "\n"
        "<code>75826ae1d2</code> · requested by mirai · 1 test failed so far\n"
        "\n"
        "| stage | result | seconds |\n"
        "| --- | --- | ---: |\n"
        "| install | ☑️ done | 20.1 |\n"
        "| functional | ▶️ running since 08:00:30 UTC |  |\n"
        "| browser | ▫️ pending |  |\n"
        "| restart | ▫️ pending |  |\n"
        "| backup | ▫️ pending |  |\n"
        "| upgrade | ▫️ pending |  |\n"
        "| teardown | ▫️ pending |  |\n"
        "\n"
        "[dashboard](https://ci.example.org/custom-html.html)\n"
    )
    assert status_of(request) == (
        "pending",
        "running, functional (2 of 7), 1 test failed so far",
    )
    assert "**running**" in comment_body(replace(request, progress=None))


def test_a_run_before_its_first_stage_waits_for_the_node() -> None:
    progress = Progress("start", datetime(2026, 1, 2, tzinfo=UTC), {}, 0)
    request = replace(REQUEST, state="running", progress=progress)
    assert "**running, waiting for free places on the node**" in comment_body(request)
    assert status_of(request) == ("pending", "running, waiting for free places on the node")


def test_a_passed_run(tmp_path: Path) -> None:
    uploads = {"log.html": "https://forge.example.org/attachments/1"}
    request = replace(REQUEST, results=results_in(tmp_path / "run", "passed"), uploads=uploads)
    assert comment_body(request) == HEAD + (
        "### ✅ custom-html: **passed**\n"
        "\n"
        "<code>75826ae1d2</code> · requested by mirai · 70 s · level 6 of 6\n"
        "\n"
        "| stage | result | seconds |\n"
        "| --- | --- | ---: |\n"
        "| install | ✅ passed | 20.1 |\n"
        "| functional | ✅ passed | 4.0 |\n"
        "| browser | ✅ passed |  |\n"
        "| restart | ✅ passed |  |\n"
        "| backup | ✅ passed | 31.5 |\n"
        "| upgrade | ✅ passed |  |\n"
        "| teardown | ✅ passed |  |\n"
        "\n"
        "Upgrade: <code>1.1.0+1.26.3</code> → <code>1.2.0+1.26.3</code>\n"
        "\n"
        "[log.html](https://forge.example.org/attachments/1) · "
        "[dashboard](https://ci.example.org/custom-html.html)\n"
        "\n"
        "To run the same tests, with a clone of this pull request in `$CLONE`:\n"
        "\n"
        f"```sh\n{COMMAND}\n```\n"
    )
    assert status_of(request) == ("success", "passed: 27 of 27 tests, 70 s")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("1.1.0+1.26.3", "", "Upgrade: <code>1.1.0+1.26.3</code> → <code>75826ae1d2</code>"),
        ("", "1.2.0+1.26.3", "Version: <code>1.2.0+1.26.3</code>"),
        ("", "", "Version: <code>75826ae1d2</code>"),
    ],
)
def test_the_versions_of_a_run(before: str, after: str, line: str, tmp_path: Path) -> None:
    folder = results_in(tmp_path / "run", "passed", upgraded_from=before, head_release=after)
    assert f"\n\n{line}\n\n" in comment_body(replace(REQUEST, results=folder))


def test_a_failed_run_lists_its_failed_tests_and_opt_outs(tmp_path: Path) -> None:
    failures = [
        ("Backup", "The Seed Is Back", "The page 'a.html' should hold 'x'.\nIt holds 'y'."),
        ("Backup", "The Marker Is Back", "Parent suite setup failed:\nNo snapshot was taken."),
    ]
    folder = results_in(tmp_path / "run", "failed", failures, opt_outs={"browser": "no pages"})
    request = replace(REQUEST, results=folder, not_uploaded="The forge refused it: too large.")
    body = comment_body(request)
    assert body.startswith(HEAD + "### ❌ custom-html: **failed**\n")
    assert "| backup | ❌ failed | 31.5 |\n" in body
    assert (
        "Tests that did not pass (2):\n"
        "\n"
        "- backup: The Seed Is Back"
        "<br><code>The page 'a.html' should hold 'x'. It holds 'y'.</code>\n"
        "- backup: The Marker Is Back<br><code>No snapshot was taken.</code>\n"
        "\n"
    ) in body
    assert "\n- opted out of browser: no pages\n\n" in body
    assert "\nNeither quoted nor attached: The forge refused it&#x3a;" in body
    assert status_of(request) == ("failure", "failed: backup; 2 of 27 tests")


LABEL_LOST = (
    "custom-html-pr2-a1c57f1.lab.test has backup labels, but no service has "
    "backupbot.backup=true ('abra app backup create custom-html-pr2-a1c57f1.lab.test -n -o -C' "
    "ended with exit code 1)"
)


@pytest.mark.parametrize("prefix", ["", "Incomplete: "])
def test_tests_that_did_not_run_because_of_an_earlier_failure_are_one_line(
    prefix: str, tmp_path: Path
) -> None:
    skipped = f"{prefix}{SKIPPED}the backup failed: {LABEL_LOST}"
    failures = [
        ("Backup", "The Snapshot Holds What The Labels Promise", f"{prefix}{LABEL_LOST}"),
        ("Backup", "A Fresh Deployment Has None Of The Seed", skipped),
        ("Backup", "The Restore Brings The Seed Back", skipped),
        ("Upgrade", "The Seed Survives", "The seed is gone."),
    ]
    body = comment_body(replace(REQUEST, results=results_in(tmp_path / "run", "failed", failures)))
    assert (
        "Tests that did not pass (4):\n"
        "\n"
        "- backup: The Snapshot Holds What The Labels Promise"
        f"<br>{code(prefix + LABEL_LOST, 600)}\n"
        "- backup: 2 more tests did not run, because the backup failed: "
        "A Fresh Deployment Has None Of The Seed, The Restore Brings The Seed Back\n"
        "- upgrade: The Seed Survives<br><code>The seed is gone.</code>\n"
        "\n"
    ) in body


def test_tests_of_a_suite_whose_setup_failed_are_two_lines(tmp_path: Path) -> None:
    message = "Parent suite setup failed:\nThe app does not converge."
    failures = [("Backup", name, message) for name in ("First", "Second", "Third")]
    failures += [("Upgrade", "Fourth", message)]
    body = comment_body(replace(REQUEST, results=results_in(tmp_path / "run", "failed", failures)))
    assert (
        "Tests that did not pass (4):\n"
        "\n"
        "- backup: First<br><code>The app does not converge.</code>\n"
        "- backup: 2 more tests did not run, because the suite setup failed: Second, Third\n"
        "- upgrade: 1 more test did not run, because the suite setup failed: Fourth\n"
        "\n"
    ) in body


def test_many_tests_that_did_not_run_are_counted(tmp_path: Path) -> None:
    skipped = f"{SKIPPED}the backup failed: No snapshot was taken."
    failures = [("Backup", "The Snapshot", "No snapshot was taken.")]
    failures += [("Backup", f"{number} {'x' * 90}", skipped) for number in range(30)]
    body = comment_body(replace(REQUEST, results=results_in(tmp_path / "run", "failed", failures)))
    names = ", ".join(f"{number} {'x' * 90}" for number in range(6))
    assert f"30 more tests did not run, because the backup failed: {names} and 24 more\n" in body


def test_a_message_of_several_failures_is_one_line_without_robots_introduction(
    tmp_path: Path,
) -> None:
    message = "Several failures occurred:\n\n1) The page is empty.\n\n2) The title is wrong."
    folder = results_in(tmp_path / "run", "failed", [("Browser", "The Page", message)])
    body = comment_body(replace(REQUEST, results=folder))
    assert (
        "- browser: The Page<br><code>1) The page is empty. 2) The title is wrong.</code>" in body
    )


def test_a_long_message_is_cut_at_a_word(tmp_path: Path) -> None:
    message = "The page does not show the text. " + "Seen last: " + "something else " * 60
    folder = results_in(tmp_path / "run", "failed", [("Browser", "The Page", message)])
    body = comment_body(replace(REQUEST, results=folder))
    (line,) = [one for one in body.splitlines() if one.startswith("- browser: ")]
    shown = line.removeprefix("- browser: The Page<br><code>")
    assert shown.startswith("The page does not show the text. Seen last&#x3a; something else")
    assert re.search(r"(something|else)…</code>$", shown)
    assert 590 < len(shown.replace("&#x3a;", ":").removesuffix("</code>")) <= 600


@pytest.mark.parametrize(
    ("text", "longest", "line"),
    [
        ("a long story", 12, "a long story"),
        ("a long story", 11, "a long…"),
        ("a long story", 6, "a lon…"),
        ("alongstory", 6, "along…"),
        ("a\nlong  \x1bstory", 12, "a long story"),
    ],
)
def test_one_line_is_never_longer_than_allowed(text: str, longest: int, line: str) -> None:
    assert one_line(text, longest) == line
    assert len(line) <= longest


def test_an_incomplete_run_has_its_cause_and_is_not_a_success(tmp_path: Path) -> None:
    request = replace(REQUEST, results=results_in(tmp_path / "run", "incomplete"))
    body = comment_body(request)
    assert "### ⚠️ custom-html: **incomplete**\n" in body
    assert "\nthe disk is full\n" in body
    assert status_of(request) == ("error", "incomplete: the disk is full")


def test_a_run_with_everything_opted_out_is_not_a_success(tmp_path: Path) -> None:
    request = replace(REQUEST, results=results_in(tmp_path / "run", "opted out"))
    assert status_of(request) == ("error", "opted out: the recipe opted out of everything")


@pytest.mark.parametrize(
    ("state", "mark"),
    [("refused", "⛔"), ("superseded", "⏭️"), ("stopped", "⏹️"), ("failed to start", "⚠️")],
)
def test_a_request_without_a_run(state: str, mark: str, tmp_path: Path) -> None:
    # The results of a run that was stopped are not whole, so they are not shown.
    folder = results_in(tmp_path / "run", "passed")
    request = replace(REQUEST, state=state, results=folder, note="compose.yml, line 12: privileged")  # type: ignore[arg-type]
    assert comment_body(request) == HEAD + (
        f"### {mark} custom-html: **{state}**\n"
        "\n"
        "<code>75826ae1d2</code> · requested by mirai\n"
        "\n"
        "compose.yml, line 12&#x3a;&#x200b; privileged\n"
        "\n"
        "[dashboard](https://ci.example.org/custom-html.html)\n"
    )
    assert status_of(request) == ("error", f"{state}: compose.yml, line 12: privileged")


@pytest.mark.parametrize("text", [None, "{", "[]", '{"facts": {}}', '{"verdict": "splendid"}'])
def test_results_that_cannot_be_read_are_incomplete(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "results.json").write_text(text)
    for request in (REQUEST, replace(REQUEST, results=tmp_path)):
        assert "**incomplete**\n" in comment_body(request)
        assert "\nthe run left no results\n" in comment_body(request)
        assert status_of(request) == ("error", "incomplete: the run left no results")


def test_results_of_another_commit_are_incomplete(tmp_path: Path) -> None:
    request = replace(REQUEST, results=results_in(tmp_path / "run", "passed", head="f" * 40))
    assert "✅" not in comment_body(request)
    assert status_of(request) == ("error", "incomplete: the results are those of another commit")


def test_nothing_is_quoted_from_files_that_are_not_cleared(tmp_path: Path) -> None:
    failures = [("Backup", "The Seed Is Back", "the password is hunter22")]
    folder = results_in(tmp_path / "run", "failed", failures, opt_outs={"browser": "hunter22"})
    assert "hunter22" in comment_body(replace(REQUEST, results=folder))
    clear(folder, {"hunter22": "owner"})
    body = comment_body(replace(REQUEST, results=folder))
    assert "hunter22" not in body
    assert "| backup | ❌ failed | 31.5 |\n" in body
    assert "xunit.xml&#x3a;&#x200b; it contains owner." in body
    (folder / CLEARED_FILE).unlink()
    assert "No file may leave the node" in comment_body(replace(REQUEST, results=folder))


def test_a_run_that_was_cut_off_says_so_although_nothing_is_cleared(tmp_path: Path) -> None:
    write_results(tmp_path / "run", RunResults(FACTS, "incomplete", {}, {}, 0.0, CUT_OFF))
    request = replace(REQUEST, results=tmp_path / "run")
    assert f"\n{CUT_OFF}\n" in comment_body(request)
    assert status_of(request) == ("error", f"incomplete: {CUT_OFF}")


HOSTILE = (
    "@admin !testme stop #7 !7 recipe-maintainers/x#7 closes #1 ![i](http://x.test/i.png) "
    "[l](javascript:alert) <b>b</b> <img src=x onerror=y> <!-- ccci gitea --> ``` ~~~ | a | b "
    "https://x.test www.x.test me@x.test :tada: $m$ \\| &commat;admin *s* _u_ ~~d~~ \x00\x1b[31m"
    "\u202egnp\u2066 \ud800 --> end"
)


def hostile_requests(tmp_path: Path) -> list[RequestView]:
    failures = [("Backup", HOSTILE, HOSTILE)] * 40
    folder = results_in(
        tmp_path / "run", "failed",
        [(s, n.replace("\x00", "").replace("\x1b", "").replace("\ud800", ""),
          f"\n```\n{m}".replace("\x00", "").replace("\x1b", "").replace("\ud800", ""))
         for s, n, m in failures],
        head_release=HOSTILE.replace("\ud800", ""), upgraded_from=HOSTILE.replace("\ud800", ""),
        opt_outs={f"{HOSTILE} {n}".replace("\ud800", ""): HOSTILE.replace("\ud800", "")
                  for n in range(30)},
    )  # fmt: skip
    bad = replace(
        REQUEST, recipe=HOSTILE, commit=HOSTILE, asked_by=HOSTILE, note=HOSTILE * 9,
        not_uploaded=HOSTILE * 9, uploads={HOSTILE: HOSTILE}, dashboard=HOSTILE,
    )  # fmt: skip
    progress = Progress(HOSTILE, datetime(2026, 1, 1, tzinfo=UTC), {HOSTILE: 1.0}, 9)
    return [
        replace(bad, results=folder),
        replace(bad, commit=COMMIT, recipe="custom-html", results=folder),
        replace(bad, state="running", progress=progress),
        replace(bad, state="refused"),
    ]


@pytest.mark.parametrize("number", range(4))
def test_hostile_texts_have_no_effect_in_the_comment(number: int, tmp_path: Path) -> None:
    request = hostile_requests(tmp_path)[number]
    body = comment_body(request)
    assert len(body.encode()) < 10_000
    assert not re.search(r"@|!testme|https?://|www\.|\]\(|#\d|`a|:tada", body.partition("\n\n")[2])
    lines = body.splitlines()
    assert lines[0] == marker(request.recipe)
    assert all(re.fullmatch(r"<!-- [^<>]* -->", line) for line in lines[:2])
    rest = "\n".join(lines[2:])
    assert set(re.findall(r"<[^>]*>?", rest)) <= {"<code>", "</code>", "<br>"}
    assert rest.count("<code>") == rest.count("</code>")
    assert all(line.count("|") in (0, 4) for line in lines)
    assert [line for line in lines if "`" in line] in (
        [],
        ["To run the same tests, with a clone of this pull request in `$CLONE`:", "```sh", "```"],
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", body)
    assert len(status_of(request)[1]) <= 140
    assert "\n" not in status_of(request)[1]


def test_many_failures_are_counted_and_the_rest_is_in_the_log(tmp_path: Path) -> None:
    failures = [("Functional", f"Case {number}", "é" * 900) for number in range(30)]
    body = comment_body(replace(REQUEST, results=results_in(tmp_path / "run", "failed", failures)))
    assert len(body.encode()) < 10_000
    assert "Tests that did not pass (30):" in body
    assert body.count("\n- functional: Case") == 8
    assert "\n- 22 more in the log\n" in body
    assert "éé…</code>" in body


def test_texts_that_grow_when_escaped_are_cut_shorter(tmp_path: Path) -> None:
    failures = [("Functional", "@" * 300, "@" * 300)] * 30
    reasons = dict.fromkeys((*STAGES, "@all"), "@" * 300)
    folder = results_in(tmp_path / "run", "failed", failures, opt_outs=reasons)
    uploads = {f"{number}{'@' * 90}": f"https://x.test/{number}{'é' * 40}" for number in range(9)}
    body = comment_body(replace(REQUEST, results=folder, note="@" * 900, uploads=uploads))
    assert len(body.encode()) < 10_000
    assert "| functional | ❌ failed | 4.0 |" in body
    assert "\n- opted out of restart: &#x40;" in body
    assert re.search(r"\n- (29|30) more in the log\n", body)
    assert body.count("](https://x.test/") == 4


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuite name="&b;"/>',
        '<!DOCTYPE x SYSTEM "file:///etc/hostname"><testsuite/>',
        "<testsuite><testcase></testsuite>",
        "",
    ],
)
def test_an_xunit_that_robot_did_not_write_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "xunit.xml").write_text(text)
    with pytest.raises(NotReadable):
        failed_tests(tmp_path / "xunit.xml")


def test_the_marker_names_one_recipe_only() -> None:
    assert marker("custom-html") == "<!-- ccci custom-html -->"
    assert marker("x --> @all") == "<!-- ccci x%20--%3E%20%40all -->"


def test_texts_are_escaped() -> None:
    assert plain("@all see http://x.test") == "&#x40;&#x200b;all see http&#x3a;&#x200b;//x.test"
    assert code("a|b `c`\nd") == "<code>a&#x7c;b &#x60;c&#x60; d</code>"
    assert code("") == ""
    assert link("a", "https://x.test/a(1)?b=c") == "[a](https://x.test/a%281%29?b=c)"
    assert link("a]", "https://x.test/1?b=c") == "[a&#x5d;](https://x.test/1?b=c)"
    assert link("a", "javascript:alert") == "a"


def test_another_recipe_is_run_from_its_own_repository(tmp_path: Path) -> None:
    folder = results_in(tmp_path / "run", "passed")
    request = replace(REQUEST, results=folder, repository="recipe-maintainers/gitea")
    assert "with a clone of the recipe in `$CLONE`" in comment_body(request)


def test_the_newest_run_of_a_real_app(tmp_path: Path) -> None:
    """With the results of a run on this machine; if there are none, with made-up ones."""
    kept = PROJECT / "results" / "custom-html"
    runs = sorted(path.parent for path in kept.glob("[0-9]*/xunit.xml"))
    results = runs[-1] if runs else results_in(tmp_path / "run", "passed")
    facts = json.loads((results / "results.json").read_text(encoding="utf-8"))
    request = replace(REQUEST, commit=facts["facts"]["head"] or COMMIT, results=results)
    body = comment_body(request)
    assert f": **{facts['verdict']}**\n" in body
    assert len(body.encode()) < 10_000
    for stage, verdict in facts["stages"].items():
        assert re.search(rf"^\| {stage} \| \S+ {verdict} \| [\d.]* \|$", body, re.MULTILINE)
    wanted = {"passed": "success", "failed": "failure"}.get(facts["verdict"], "error")
    assert status_of(request)[0] == wanted
