"""The comment on a pull request: small, true, and harmless whatever a recipe says."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccci.loop.comment import JobView, comment_body, marker, status_of
from ccci.loop.findings import NotReadable, failed_tests
from ccci.loop.quoting import code, link, plain
from ccci.project import PROJECT
from ccci.results.clearance import CLEARED_FILE, clear
from ccci.results.progress import Progress
from ccci.results.store import CUT_OFF, RunFacts, RunResults, Verdict, write_results
from ccci.stage_names import STAGES

COMMIT = "75826ae1d2c3b4a5968778695a4b3c2d1e0f9a8b"
JOB = JobView(
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
    """Write what a run leaves: stages, failed tests as (suite, name, message), and the gate."""
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
    signs = {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\n": "&#xa;"}
    return "".join(signs.get(sign, sign) for sign in text)


def test_a_queued_request() -> None:
    job = replace(JOB, state="queued", position=2, note="Cut off by a reboot; second attempt.")
    assert comment_body(job) == HEAD + (
        "### 🕓 custom-html: **queued, number 2 in line**\n"
        "\n"
        "<code>75826ae1d2</code> · asked for by mirai\n"
        "\n"
        "Cut off by a reboot; second attempt.\n"
        "\n"
        "[dashboard](https://ci.example.org/custom-html.html)\n"
    )
    assert status_of(job) == ("pending", "queued, number 2 in line")


def test_a_running_request() -> None:
    begun = datetime(2026, 1, 1, 8, 0, 30, tzinfo=UTC)
    job = replace(
        JOB, state="running", progress=Progress("functional", begun, {"install": 20.11}, 1)
    )
    assert comment_body(job) == HEAD + (
        "### ▶️ custom-html: **running, functional (2 of 7)**\n"
        "\n"
        "<code>75826ae1d2</code> · asked for by mirai · 1 test failed so far\n"
        "\n"
        "| stage | result | seconds |\n"
        "| --- | --- | ---: |\n"
        "| install | ☑️ ended | 20.1 |\n"
        "| functional | ▶️ running since 08:00:30 UTC |  |\n"
        "| browser | ▫️ to come |  |\n"
        "| restart | ▫️ to come |  |\n"
        "| backup | ▫️ to come |  |\n"
        "| upgrade | ▫️ to come |  |\n"
        "| teardown | ▫️ to come |  |\n"
        "\n"
        "[dashboard](https://ci.example.org/custom-html.html)\n"
    )
    assert status_of(job) == (
        "pending",
        "running, functional (2 of 7), 1 test failed so far",
    )
    assert "**running**" in comment_body(replace(job, progress=None))


def test_a_run_before_its_first_stage_waits_for_the_node() -> None:
    progress = Progress("start", datetime(2026, 1, 2, tzinfo=UTC), {}, 0)
    job = replace(JOB, state="running", progress=progress)
    assert "**running, waits for its share of the node**" in comment_body(job)
    assert status_of(job) == ("pending", "running, waits for its share of the node")


def test_a_passed_run(tmp_path: Path) -> None:
    uploads = {"log.html": "https://forge.example.org/attachments/1"}
    job = replace(JOB, results=results_in(tmp_path / "run", "passed"), uploads=uploads)
    assert comment_body(job) == HEAD + (
        "### ✅ custom-html: **passed**\n"
        "\n"
        "<code>75826ae1d2</code> · asked for by mirai · 70 s · level 6 of 6\n"
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
        "To see the same, with a clone of this pull request at `$CLONE`:\n"
        "\n"
        f"```sh\n{COMMAND}\n```\n"
    )
    assert status_of(job) == ("success", "passed: 27 of 27 tests, 70 s")


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("1.1.0+1.26.3", "", "Upgrade: <code>1.1.0+1.26.3</code> → <code>75826ae1d2</code>"),
        ("", "1.2.0+1.26.3", "Version: <code>1.2.0+1.26.3</code>"),
        ("", "", "Version: <code>75826ae1d2</code>"),
    ],
)
def test_the_versions_are_those_that_there_are(
    before: str, after: str, line: str, tmp_path: Path
) -> None:
    folder = results_in(tmp_path / "run", "passed", upgraded_from=before, head_release=after)
    assert f"\n\n{line}\n\n" in comment_body(replace(JOB, results=folder))


def test_a_failed_run_names_its_tests_and_what_was_left_out(tmp_path: Path) -> None:
    failures = [
        ("Backup", "The Seed Is Back", "The page 'a.html' should hold 'x'.\nIt holds 'y'."),
        ("Backup", "The Marker Is Back", "Parent suite setup failed:\nNo snapshot was taken."),
    ]
    folder = results_in(tmp_path / "run", "failed", failures, opt_outs={"browser": "no pages"})
    job = replace(JOB, results=folder, nothing_uploaded="The forge takes no files: too large.")
    body = comment_body(job)
    assert body.startswith(HEAD + "### ❌ custom-html: **failed**\n")
    assert "| backup | ❌ failed | 31.5 |\n" in body
    assert (
        "Tests that did not pass (2):\n"
        "\n"
        "- backup: The Seed Is Back<br><code>The page 'a.html' should hold 'x'.</code>\n"
        "- backup: The Marker Is Back<br><code>No snapshot was taken.</code>\n"
        "\n"
    ) in body
    assert "\n- opted out of browser: no pages\n\n" in body
    assert "\nNot quoted here, and not attached: The forge takes no files&#x3a;" in body
    assert status_of(job) == ("failure", "failed: backup; 2 of 27 tests")


def test_an_incomplete_run_says_why_and_is_no_success(tmp_path: Path) -> None:
    job = replace(JOB, results=results_in(tmp_path / "run", "incomplete"))
    body = comment_body(job)
    assert "### ⚠️ custom-html: **incomplete**\n" in body
    assert "\nIncomplete&#x3a;&#x200b; the disk is full\n" in body
    assert status_of(job) == ("error", "incomplete: Incomplete: the disk is full")


def test_a_run_that_left_everything_out_is_no_success(tmp_path: Path) -> None:
    job = replace(JOB, results=results_in(tmp_path / "run", "opted out"))
    assert status_of(job) == ("error", "opted out: nothing was tested")


@pytest.mark.parametrize(
    ("state", "mark"),
    [("refused", "⛔"), ("superseded", "⏭️"), ("stopped", "⏹️"), ("failed to start", "⚠️")],
)
def test_a_request_without_a_run(state: str, mark: str, tmp_path: Path) -> None:
    # Results of a run that was stopped are those of a part, and are not shown.
    folder = results_in(tmp_path / "run", "passed")
    job = replace(JOB, state=state, results=folder, note="compose.yml, line 12: privileged")  # type: ignore[arg-type]
    assert comment_body(job) == HEAD + (
        f"### {mark} custom-html: **{state}**\n"
        "\n"
        "<code>75826ae1d2</code> · asked for by mirai\n"
        "\n"
        "compose.yml, line 12&#x3a;&#x200b; privileged\n"
        "\n"
        "[dashboard](https://ci.example.org/custom-html.html)\n"
    )
    assert status_of(job) == ("error", f"{state}: compose.yml, line 12: privileged")


@pytest.mark.parametrize("text", [None, "{", "[]", '{"facts": {}}', '{"verdict": "splendid"}'])
def test_results_that_cannot_be_read_are_incomplete(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "results.json").write_text(text)
    for job in (JOB, replace(JOB, results=tmp_path)):
        assert "**incomplete**\n" in comment_body(job)
        assert "\nthe run left no results\n" in comment_body(job)
        assert status_of(job) == ("error", "incomplete: the run left no results")


def test_results_of_another_commit_say_nothing(tmp_path: Path) -> None:
    job = replace(JOB, results=results_in(tmp_path / "run", "passed", head="f" * 40))
    assert "✅" not in comment_body(job)
    assert status_of(job) == ("error", "incomplete: the results are those of another commit")


def test_nothing_is_quoted_from_files_that_are_not_cleared(tmp_path: Path) -> None:
    failures = [("Backup", "The Seed Is Back", "the password is hunter22")]
    folder = results_in(tmp_path / "run", "failed", failures, opt_outs={"browser": "hunter22"})
    assert "hunter22" in comment_body(replace(JOB, results=folder))
    clear(folder, {"hunter22": "owner"})
    body = comment_body(replace(JOB, results=folder))
    assert "hunter22" not in body
    assert "| backup | ❌ failed | 31.5 |\n" in body
    assert "xunit.xml&#x3a;&#x200b; it holds owner." in body
    (folder / CLEARED_FILE).unlink()
    assert "Nothing may leave the node" in comment_body(replace(JOB, results=folder))


def test_a_run_that_was_cut_off_says_so_though_nothing_is_cleared(tmp_path: Path) -> None:
    write_results(tmp_path / "run", RunResults(FACTS, "incomplete", {}, {}, 0.0, CUT_OFF))
    job = replace(JOB, results=tmp_path / "run")
    assert f"\n{CUT_OFF}\n" in comment_body(job)
    assert status_of(job) == ("error", f"incomplete: {CUT_OFF}")


HOSTILE = (
    "@admin !testme stop #7 !7 recipe-maintainers/x#7 closes #1 ![i](http://x.test/i.png) "
    "[l](javascript:alert) <b>b</b> <img src=x onerror=y> <!-- ccci gitea --> ``` ~~~ | a | b "
    "https://x.test www.x.test me@x.test :tada: $m$ \\| &commat;admin *s* _u_ ~~d~~ \x00\x1b[31m"
    "\u202egnp\u2066 \ud800 --> end"
)


def hostile_jobs(tmp_path: Path) -> list[JobView]:
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
        JOB, recipe=HOSTILE, commit=HOSTILE, asked_by=HOSTILE, note=HOSTILE * 9,
        nothing_uploaded=HOSTILE * 9, uploads={HOSTILE: HOSTILE}, dashboard=HOSTILE,
    )  # fmt: skip
    progress = Progress(HOSTILE, datetime(2026, 1, 1, tzinfo=UTC), {HOSTILE: 1.0}, 9)
    return [
        replace(bad, results=folder),
        replace(bad, commit=COMMIT, recipe="custom-html", results=folder),
        replace(bad, state="running", progress=progress),
        replace(bad, state="refused"),
    ]


@pytest.mark.parametrize("number", range(4))
def test_whatever_a_recipe_says_the_comment_does_nothing(number: int, tmp_path: Path) -> None:
    job = hostile_jobs(tmp_path)[number]
    body = comment_body(job)
    assert len(body.encode()) < 10_000
    assert not re.search(r"@|!testme|https?://|www\.|\]\(|#\d|`a|:tada", body.partition("\n\n")[2])
    lines = body.splitlines()
    assert lines[0] == marker(job.recipe)
    assert all(re.fullmatch(r"<!-- [^<>]* -->", line) for line in lines[:2])
    rest = "\n".join(lines[2:])
    assert set(re.findall(r"<[^>]*>?", rest)) <= {"<code>", "</code>", "<br>"}
    assert rest.count("<code>") == rest.count("</code>")
    assert all(line.count("|") in (0, 4) for line in lines)
    assert [line for line in lines if "`" in line] in (
        [],
        ["To see the same, with a clone of this pull request at `$CLONE`:", "```sh", "```"],
    )
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", body)
    assert len(status_of(job)[1]) <= 140
    assert "\n" not in status_of(job)[1]


def test_many_failures_are_counted_and_the_rest_is_in_the_log(tmp_path: Path) -> None:
    failures = [("Functional", f"Case {number}", "é" * 900) for number in range(30)]
    body = comment_body(replace(JOB, results=results_in(tmp_path / "run", "failed", failures)))
    assert len(body.encode()) < 10_000
    assert "Tests that did not pass (30):" in body
    assert body.count("\n- functional: Case") == 8
    assert "\n- and 22 more, in the log\n" in body
    assert "éé…</code>" in body


def test_texts_that_grow_by_being_quoted_are_cut_shorter(tmp_path: Path) -> None:
    failures = [("Functional", "@" * 300, "@" * 300)] * 30
    reasons = dict.fromkeys((*STAGES, "@all"), "@" * 300)
    folder = results_in(tmp_path / "run", "failed", failures, opt_outs=reasons)
    uploads = {f"{number}{'@' * 90}": f"https://x.test/{number}{'é' * 40}" for number in range(9)}
    body = comment_body(replace(JOB, results=folder, note="@" * 900, uploads=uploads))
    assert len(body.encode()) < 10_000
    assert "| functional | ❌ failed | 4.0 |" in body
    assert "\n- opted out of restart: &#x40;" in body
    assert re.search(r"\n- and (29|30) more, in the log\n", body)
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


def test_texts_are_quoted() -> None:
    assert plain("@all see http://x.test") == "&#x40;&#x200b;all see http&#x3a;&#x200b;//x.test"
    assert code("a|b `c`\nd") == "<code>a&#x7c;b &#x60;c&#x60; d</code>"
    assert code("") == ""
    assert link("a", "https://x.test/a(1)?b=c") == "[a](https://x.test/a%281%29?b=c)"
    assert link("a]", "https://x.test/1?b=c") == "[a&#x5d;](https://x.test/1?b=c)"
    assert link("a", "javascript:alert") == "a"


def test_another_recipe_is_run_from_its_own_repository(tmp_path: Path) -> None:
    folder = results_in(tmp_path / "run", "passed")
    job = replace(JOB, results=folder, repository="recipe-maintainers/gitea")
    assert "with a clone of the recipe at `$CLONE`" in comment_body(job)


def test_the_newest_run_of_a_real_app(tmp_path: Path) -> None:
    """Over what a run left here, where one has been; else over what a run would leave."""
    kept = PROJECT / "results" / "custom-html"
    runs = sorted(path.parent for path in kept.glob("[0-9]*/xunit.xml"))
    results = runs[-1] if runs else results_in(tmp_path / "run", "passed")
    facts = json.loads((results / "results.json").read_text(encoding="utf-8"))
    job = replace(JOB, commit=facts["facts"]["head"] or COMMIT, results=results)
    body = comment_body(job)
    assert f": **{facts['verdict']}**\n" in body
    assert len(body.encode()) < 10_000
    for stage, verdict in facts["stages"].items():
        assert re.search(rf"^\| {stage} \| \S+ {verdict} \| [\d.]* \|$", body, re.MULTILINE)
    wanted = {"passed": "success", "failed": "failure"}.get(facts["verdict"], "error")
    assert status_of(job)[0] == wanted
