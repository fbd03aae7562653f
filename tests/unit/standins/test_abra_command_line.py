"""The lab's abra, compared with docs/abra.md: the command line, without a Docker daemon.

The docstring of each test names the section of docs/abra.md that it checks.
"""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.standins.abracli import cli
from tests.abra_home import NEW, OLD, RECIPE, AbraHome, Done, git, make_home


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> AbraHome:
    """An ABRA_DIR for tests that change nothing in it."""
    return make_home(tmp_path_factory.mktemp("abra"))


@pytest.fixture
def home(tmp_path: Path, pristine: AbraHome) -> AbraHome:
    """A copy of it, for tests that change something."""
    return AbraHome(Path(shutil.copytree(pristine.path, tmp_path / "abra")))


@pytest.fixture
def here(
    pristine: AbraHome, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Done]:
    """Run a command line in this process, without a terminal: a process for each is too slow."""
    monkeypatch.setenv("ABRA_DIR", str(pristine.path))

    def run_here(line: str) -> Done:
        code = cli.run(line.split())
        output = capsys.readouterr()
        return Done(code, output.out, output.err)

    return run_here


def test_the_version_shows_the_labs_abra_without_delay(pristine: AbraHome) -> None:
    """1.1, 'Persistent flags: --version'."""
    seconds = []
    for _ in range(3):
        started = time.monotonic()
        done = pristine.abra("--version")
        seconds.append(time.monotonic() - started)
    assert re.fullmatch(r"abra version 0\.13\.0-lab\n", done.out)
    assert done.code == 0
    assert min(seconds) < 0.3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("app ls --nonsense", "unknown flag: --nonsense"),
        ("app ls --machin", "unknown flag: --machin"),
        ("app ls -mZ", "unknown shorthand flag: 'Z' in -mZ"),
        ("--nonsense app ls", "unknown flag: --nonsense"),
        ("app --nonsense", "unknown flag: --nonsense"),
        ("nonsense", 'unknown command "nonsense" for "abra"'),
        ("app nonsense", 'unknown command "nonsense" for "abra app"'),
        ("app secret nonsense", 'unknown command "nonsense" for "abra app secret"'),
        ("app ls surplus", "accepts 0 arg(s), received 1"),
        ("app undeploy", "accepts 1 arg(s), received 0"),
        ("app undeploy a b", "accepts 1 arg(s), received 2"),
        ("app deploy a b c", "accepts between 1 and 2 arg(s), received 3"),
        ("app run a b", "requires at least 3 arg(s), only received 2"),
        ("app ls --server", "flag needs an argument: --server"),
    ],
)
def test_an_invalid_command_line_is_refused(
    here: Callable[[str], Done], line: str, message: str
) -> None:
    """1.1, the cobra generation: unknown flags, commands and surplus arguments end with 1."""
    done = here(line)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"Error: {message}\n"


@pytest.mark.parametrize(
    "line", ["-m app ls", "app -m ls", "app ls -m", "app ls -mno", "app ls -m --"]
)
def test_flags_may_be_anywhere_before_the_dashes(here: Callable[[str], Done], line: str) -> None:
    """1.1, 'flags anywhere before --'."""
    assert here(line).json == {}


@pytest.mark.parametrize("flag", ["-s=none", "-snone", "-s none", "--server=none", "--server none"])
def test_values_of_flags(here: Callable[[str], Done], flag: str) -> None:
    """1.1, the cobra generation."""
    done = here(f"app new {RECIPE} -n --domain=a.lab.test {flag}")
    assert "server 'none' doesn't exist" in done.err


def test_everything_after_the_dashes_is_an_argument(here: Callable[[str], Done]) -> None:
    """1.1, 'Use -- before a container command that has its own flags'."""
    assert "received 1" in here("app ls -- -m").err


@pytest.mark.parametrize("line", ["--help", "-h", "app", "app deploy --help", "app secret -h"])
def test_help(here: Callable[[str], Done], line: str) -> None:
    """1.1, 'Persistent flags'."""
    done = here(line)
    assert done.code == 0
    assert "Usage:" in done.out and "--no-input" in done.out


@pytest.mark.parametrize(
    "line",
    [
        f"recipe lint -n {RECIPE}",
        "app backup create -n x.lab.test",
        "app backup list -n x.lab.test",
        "app backup snapshots -n x.lab.test",
        "app backup download -n x.lab.test",
        "app restore -n x.lab.test",
        "app run -n x.lab.test app ls",
        "app cmd -n x.lab.test app hello",
        "app volume ls -n x.lab.test",
        "app volume rm -n -f x.lab.test",
        "app logs -n x.lab.test",
    ],
)
def test_some_commands_need_a_terminal(here: Callable[[str], Done], line: str) -> None:
    """1.3: commands that need a terminal even with -n."""
    done = here(line)
    assert (done.code, done.out) == (1, "")
    assert done.err == "FATA inappropriate ioctl for device\n"


def test_servers(tmp_path: Path) -> None:
    """1.2 server, 'stored as servers/default/; JSON list of {name, host}'."""
    home = AbraHome(tmp_path)
    assert home.abra("server", "ls", "-m").json == []
    assert home.abra("server", "add", "--local").code == 0
    assert (tmp_path / "servers" / "default").is_dir()
    assert home.abra("server", "ls", "-m").json == [{"name": "default", "host": "local"}]


def test_new_checks_out_the_latest_release(home: AbraHome) -> None:
    """1.2 app new, side effect; 1.4, the version is written back."""
    head = home.git("rev-parse", "HEAD")
    done = home.abra("app", "new", RECIPE, "-n", "--domain=a.lab.test", "--server=default")
    assert done.code == 0, done.err
    assert home.git("describe", "--exact-match") == NEW
    assert home.git("rev-parse", "HEAD") != head
    assert home.type_of("a.lab.test") == f"{RECIPE}:{NEW}"
    text = home.env_of("a.lab.test").read_text(encoding="utf-8")
    assert "\nDOMAIN=a.lab.test\n" in text
    assert "# length=24 charset=hex" in text


def test_new_accepts_a_version(home: AbraHome) -> None:
    """1.2 app new <recipe> [version]."""
    home.abra("app", "new", RECIPE, OLD, "-n", "--domain=a.lab.test", "--server=default")
    assert home.type_of("a.lab.test") == f"{RECIPE}:{OLD}"
    assert home.git("describe", "--exact-match") == OLD


def test_new_with_chaos_does_not_change_the_checkout(home: AbraHome) -> None:
    """1.4 Chaos: no checkout, no clean-tree check, 8-char hash, +U when dirty."""
    head = home.git("rev-parse", "HEAD")
    (home.checkout / "greeting.txt").write_text("changed\n", encoding="utf-8")
    done = home.abra("app", "new", RECIPE, "-nC", "--domain=a.lab.test", "--server=default")
    assert done.code == 0, done.err
    assert home.git("rev-parse", "HEAD") == head
    assert home.type_of("a.lab.test") == f"{RECIPE}:{head[:8]}+U"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--server=default"], "no domain provided"),
        (["--domain=a.lab.test"], "no server provided"),
        (["--domain=a.lab.test", "--server=none"], "server 'none' doesn't exist"),
        (["--domain=../a", "--server=default"], "is not a domain"),
    ],
)
def test_new_needs_domain_and_server(
    pristine: AbraHome, arguments: list[str], message: str
) -> None:
    """1.2 app new, 'Fully non-interactive only with domain AND server given'."""
    done = pristine.abra("app", "new", RECIPE, "-n", *arguments)
    assert done.code == 1
    assert message in done.err


def test_new_refuses_an_app_that_exists(home: AbraHome) -> None:
    """2, one .env file for each app."""
    arguments = ["app", "new", RECIPE, "-n", "--domain=a.lab.test", "--server=default"]
    home.abra(*arguments)
    done = home.abra(*arguments)
    assert done.code == 1
    assert "already exists" in done.err


def test_uncommitted_changes_are_refused_without_chaos(home: AbraHome) -> None:
    """1.4, 'FATA has locally unstaged changes'; files in .git/info/exclude are ignored."""
    home.abra("app", "new", RECIPE, OLD, "-n", "--domain=a.lab.test", "--server=default")
    stray = home.checkout / "compose.stray.yml"
    stray.write_text('version: "3.8"\n', encoding="utf-8")
    done = home.abra("app", "check", "a.lab.test")
    assert done.code == 1
    assert done.err.startswith("FATA")
    assert "has locally unstaged changes" in done.err
    assert home.abra("app", "check", "-C", "a.lab.test").code == 0
    with (home.checkout / ".git" / "info" / "exclude").open("a", encoding="utf-8") as exclude:
        exclude.write("compose.stray.yml\n")
    assert home.abra("app", "check", "a.lab.test").code == 0
    assert stray.exists()


def test_any_command_without_chaos_checks_out_the_pinned_version(home: AbraHome) -> None:
    """1.4, 'Any non-chaos command in between silently re-checks-out the pinned version'."""
    home.abra("app", "new", RECIPE, OLD, "-n", "--domain=a.lab.test", "--server=default")
    home.git("checkout", "--quiet", "main")
    home.abra("app", "check", "-C", "a.lab.test")
    assert home.git("symbolic-ref", "--short", "HEAD") == "main"
    home.abra("app", "check", "a.lab.test")
    assert home.git("describe", "--exact-match") == OLD


def test_a_dirty_chaos_version_needs_chaos_again(home: AbraHome) -> None:
    """1.4: TYPE pins what was deployed, and +U cannot be checked out."""
    (home.checkout / "greeting.txt").write_text("changed\n", encoding="utf-8")
    home.abra("app", "new", RECIPE, "-nC", "--domain=a.lab.test", "--server=default")
    home.git("checkout", "--quiet", "--", ".")
    done = home.abra("app", "check", "a.lab.test")
    assert done.code == 1
    assert "without --chaos" in done.err


def test_check_compares_with_the_sample(home: AbraHome) -> None:
    """1.2 app check; 1.2 deploy warns '<KEY> missing from <domain>.env'."""
    home.abra("app", "new", RECIPE, "-n", "--domain=a.lab.test", "--server=default")
    env = home.env_of("a.lab.test")
    env.write_text(env.read_text("utf-8").replace("TIMEOUT=20\n", ""), encoding="utf-8")
    done = home.abra("app", "check", "a.lab.test")
    assert done.code == 0
    assert "WARN TIMEOUT missing from a.lab.test.env" in done.err


def test_config_is_not_supported(home: AbraHome) -> None:
    """1.2 app config, 'opens $EDITOR: do not script'."""
    home.abra("app", "new", RECIPE, "-n", "--domain=a.lab.test", "--server=default")
    done = home.abra("app", "config", "a.lab.test")
    assert done.code == 1
    assert "EDITOR" in done.err


def test_list_of_apps(home: AbraHome) -> None:
    """1.2 app ls: the JSON shape; status fields are filled with -S only."""
    home.abra("app", "new", RECIPE, "-n", "--domain=a.lab.test", "--server=default")
    assert home.abra("app", "ls", "-m").json == {
        "default": {
            "apps": [
                {
                    "server": "default",
                    "recipe": RECIPE,
                    "appName": "a.lab.test",
                    "domain": "a.lab.test",
                    "status": "",
                    "chaos": "",
                    "chaosVersion": "",
                    "version": "",
                    "upgrade": "",
                }
            ],
            "appCount": 1,
            "versionCount": 0,
            "unversionedCount": 0,
            "latestCount": 0,
            "upgradeCount": 0,
        }
    }
    assert home.abra("app", "ls", "-m", "-r", "other").json == {}
    assert home.abra("app", "ls", "-m", "-s", "other").json == {}


def test_servers_may_be_a_symlink(home: AbraHome, tmp_path: Path) -> None:
    """2, 'servers or its children may be symlinks': a run's own ABRA_DIR uses it."""
    home.abra("app", "new", RECIPE, "-n", "--domain=a.lab.test", "--server=default")
    other = AbraHome(tmp_path / "other")
    other.path.mkdir()
    (other.path / "servers").symlink_to(home.path / "servers")
    assert other.abra("app", "ls", "-m").json["default"]["appCount"] == 1


def test_versions_of_a_recipe(pristine: AbraHome) -> None:
    """1.2 recipe versions --machine: rows {version, service, image, tag}."""
    assert pristine.abra("recipe", "versions", RECIPE, "--machine").json == [
        {"version": version, "service": "app", "image": "abra-test", "tag": "1.0"}
        for version in (NEW, OLD)
    ]


def test_fetch_clones_a_recipe_of_the_catalogue(home: AbraHome, tmp_path: Path) -> None:
    """1.2 recipe fetch; 2, catalogue/recipes.json."""
    other = AbraHome(tmp_path / "other")
    (other.path / "catalogue").mkdir(parents=True)
    (other.path / "catalogue" / "recipes.json").write_text(
        f'{{"{RECIPE}": {{"name": "{RECIPE}", "repository": "{home.checkout}"}}}}', "utf-8"
    )
    assert other.abra("recipe", "fetch", RECIPE).code == 0
    assert git(other.checkout, "tag", "--list").split() == [OLD, NEW]
    assert [row["name"] for row in other.abra("recipe", "list", "-m").json] == [RECIPE]
    done = other.abra("recipe", "fetch", "nothing-of-that-name")
    assert done.code == 1
    assert "does not exist" in done.err


def test_lint_prints_a_table_and_ends_with_0(home: AbraHome) -> None:
    """1.3, 'recipe lint exits 0 with failed rules'; columns ref .. how to fix; R001-R016."""
    home.git("tag", "2.0.0+2.0.0")
    done = home.in_terminal("recipe", "lint", "-nC", RECIPE)
    assert done.code == 0, done.out
    rows = [line.split("│") for line in done.out.splitlines() if line.startswith("│")]
    assert [cell.strip() for cell in rows[0][1:-1]] == [
        "REF", "RULE", "SEVERITY", "SATISFIED", "SKIPPED", "HOW TO FIX",
    ]  # fmt: skip
    results = {row[1].strip(): (row[3].strip(), row[4].strip()) for row in rows[1:]}
    assert list(results) == [f"R{number:03}" for number in range(1, 17)]
    assert results["R001"] == ("warn", "✅")
    assert results["R002"] == ("warn", "✅")
    assert results["R014"] == ("error", "❌")
    assert "WARN critical errors" in done.out


def test_lint_fails_when_it_cannot_lint(home: AbraHome) -> None:
    """1.3, 'non-zero only when it cannot lint (e.g. .env.sample missing)'."""
    (home.checkout / ".env.sample").unlink()
    done = home.in_terminal("recipe", "lint", "-nC", RECIPE)
    assert done.code == 1
    assert "FATA" in done.out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("app undeploy -n none.lab.test", "cannot find app with name 'none.lab.test'"),
        ("app deploy -n ../x", "cannot find app"),
        ("app new -n none --domain=n.lab.test --server=default", "recipe 'none' does not exist"),
        ("recipe versions -m none", "recipe 'none' does not exist"),
    ],
)
def test_the_error_names_what_does_not_exist(
    here: Callable[[str], Done], line: str, message: str
) -> None:
    """1.3, 'FATA ends with exit 1'."""
    done = here(line)
    assert (done.code, done.out) == (1, "")
    assert message in done.err and done.err.startswith("FATA ")


def test_without_a_daemon_the_error_is_one_sentence(home: AbraHome, tmp_path: Path) -> None:
    """1.3, FATA."""
    home.abra("app", "new", RECIPE, "-n", "--domain=a.lab.test", "--server=default")
    nowhere = f"unix://{tmp_path}/none.sock"
    done = home.abra("app", "undeploy", "-n", "a.lab.test", DOCKER_HOST=nowhere)
    assert done.code == 1
    assert done.err.startswith("FATA cannot connect to the Docker daemon")
    assert done.err.count("\n") == 1
