"""The judge is a limited child: whatever a recipe does to it, a sentence comes back."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ccci.loop.judging
from ccci.errors import NodeFailure
from ccci.loop.judging import JudgeLimits, judged

NOTHING: frozenset[str] = frozenset()
PLAIN = "services:\n  app:\n    image: nginx:1.26.3\n"


def recipe_in(folder: Path, compose: str = PLAIN) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "compose.yml").write_text(compose)
    return folder


def use_judge(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    """Let `python -m ccci.loop.judging` be another program."""
    package = tmp_path / "project" / "ccci" / "loop"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "judging.py").write_text(textwrap.dedent(program))
    monkeypatch.setattr(ccci.loop.judging, "PROJECT", tmp_path / "project")


def test_the_files_and_those_of_the_release_before_are_judged(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path / "recipe")
    before = recipe_in(tmp_path / "before", PLAIN + "    privileged: true\n")
    assert judged(recipe, None, NOTHING, {}) == []
    (sentence,) = judged(recipe, before, NOTHING, {})
    assert sentence.startswith("the release before it: compose.yml:4: service 'app' is privileged")
    assert judged(recipe, before, frozenset({"privileged"}), {}) == []


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        ("while True: pass", "took longer than 1 s to check"),
        ("import sys; sys.exit(3)", "took more than 512 MiB of memory to check"),
        ("raise KeyError('x')", "the check ended with exit code 1"),
        ("import os; os.abort()", "the check ended with signal 6"),
    ],
)
def test_a_judge_that_fails_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, sentence: str
) -> None:
    recipe = recipe_in(tmp_path / "recipe")
    use_judge(monkeypatch, tmp_path, program)
    (found,) = judged(recipe, None, NOTHING, {}, JudgeLimits(seconds=1))
    assert found.startswith("The recipe's files ") and sentence in found


@pytest.mark.parametrize(
    ("program", "seconds", "sentence"),
    [
        ("import time; time.sleep(60)", 1, "within 1 s, because this node is too busy"),
        ("import os; os.kill(os.getpid(), 9)", 30, "was killed"),
    ],
)
def test_a_node_that_cannot_judge_is_not_the_recipes_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, seconds: int, sentence: str
) -> None:
    recipe = recipe_in(tmp_path / "recipe")
    use_judge(monkeypatch, tmp_path, program)
    with pytest.raises(NodeFailure, match=sentence):
        judged(recipe, None, NOTHING, {}, JudgeLimits(waiting_seconds=seconds))


def test_a_mistake_in_a_rule_is_in_the_log_and_refuses_the_recipe(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = recipe_in(tmp_path / "recipe")
    use_judge(
        monkeypatch, tmp_path, "import sys; sys.stderr.write('\\x1b[31mKeyError'); sys.exit(4)"
    )
    (found,) = judged(recipe, None, NOTHING, {})
    assert "The traceback is in the poller's log." in found
    assert capsys.readouterr().err == "\\x1b[31mKeyError\n"


def test_the_child_itself_tells_a_mistake_from_too_little_memory(tmp_path: Path) -> None:
    program = (
        "import sys, ccci.loop.judging as judging\n"
        "def fail(*_): raise {error}('x')\n"
        "judging.violations = fail\n"
        "sys.exit(judging.main())\n"
    )
    for error, code in (("MemoryError", 3), ("KeyError", 4)):
        done = subprocess.run(
            [sys.executable, "-c", program.format(error=error)],
            input=f'{{"recipe": "{tmp_path}", "before": "", "allowed": [], "run_sets": {{}}}}',
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (code, "")


def test_memory_is_limited(tmp_path: Path) -> None:
    recipe = recipe_in(tmp_path / "recipe")
    (found,) = judged(recipe, None, NOTHING, {}, JudgeLimits(memory_bytes=24 << 20))
    assert "could not be checked" in found or "of memory" in found


def test_the_child_gets_no_environment_of_the_poller(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CCCI_FORGE_FILE", "/x")
    recipe = recipe_in(tmp_path / "recipe")
    use_judge(monkeypatch, tmp_path, "import json, os; print(json.dumps(sorted(set(os.environ))))")
    assert set(judged(recipe, None, NOTHING, {})) <= {"PATH", "LC_CTYPE"}
