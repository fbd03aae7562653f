"""A small project in which `make check` has nothing to say, for tests to break in one place."""

from pathlib import Path

FILES = {
    "README.md": "# A project\n\nSee [the guide](docs/enroll-recipe.md#enrol-a-recipe).\n",
    "docs/decisions/0001-no-udp.md": "# No media over UDP\n\nThere is no inbound UDP.\n",
    "recipes/blog/NOTES.md": "# Notes on blog\n\n## No mail is read\n\nIt sends none.\n",
    "docs/enroll-recipe.md": """\
# Enrol a recipe

recipe.toml: `weight`, `requires`, `test_requires`, `health_path`, `health_status`,
`health_tls_port`, `timeout_seconds`, `longest_run_minutes`, `env`, `sso` (`provider`,
`setup_script`), `browser` (`none`), `opt_out`, `approved` (`node`, `tests`), `overlays`, `names`
(`services`, `settings`, `secrets`, `volumes`, `ports`), `database` (`kind`, `service`, `name`,
`user`, `file`), `sign_in` (`wiring`, `overlay`, `secret`), `holds`, `limit` (`service`, `memory`,
`pids`, `log`, `disk`, `reason`), `meant_to_end`, `no_replica`, `not_in_backup`, `not_secret`,
`let_go`, `empty_after_restore`, `companions`, `share`,
`downtime` (`restart_seconds`, `upgrade_seconds`, `settle_seconds`).

Words: Plant The Seed, The Seed Should Be There, The Seed Should Be Gone,
Change And Delete The Seed, The App Should Work.
""",
    "pyproject.toml": "[tool.authoring.sleep-allowed]\n"
    '"ccci/waiting.py" = "The one place that waits."\n',
    "ccci/waiting.py": "import time\n\n\ndef pause() -> None:\n    time.sleep(0.1)\n",
    "libraries/Pages.py": '''\
"""Pages of an app."""

from robot.api.deco import keyword, library


@library(scope="SUITE")
class Pages:
    """Pages of an app, read as a visitor does."""

    @keyword(tags=["assertion"])
    def page_should_hold(self, path: str, text: str) -> None:
        """Check that a page holds a text.

        Fails when the page is something else.

        Example:
        | Page Should Hold    index.html    hello
        """

    @keyword
    def read_page(self, path: str) -> str:
        """Return the text of a page.

        Fails when there is no such page.

        Example:
        | ${text}=    Read Page    index.html
        """
        return path
''',
    "resources/pages.resource": """\
*** Settings ***
Documentation       Words for pages.

Library             Pages.py


*** Keywords ***
The Page Should Say
    [Documentation]    A page holds the text.
    [Arguments]    ${path}    ${text}
    Page Should Hold    ${path}    ${text}

Show The Page
    [Documentation]    A picture for the log.
    Take Screenshot
""",
    "recipes/blog/recipe.toml": """\
weight = 2
holds = { posts = "a published post" }
[opt_out]
upgrade = "There is one release of it."
""",
    "recipes/blog/blog.resource": """\
*** Settings ***
Documentation       Words of the blog.

Resource            pages.resource


*** Keywords ***
Plant The Seed
    [Documentation]    Publishes a post.
    Publish The Post    seed

The Seed Should Be There
    [Documentation]    The post is public.
    The Post Should Be Public

The Seed Should Be Gone
    [Documentation]    The post is not there.
    The Post Should Be Missing

Change And Delete The Seed
    [Documentation]    Deletes the post.
    Publish The Post    other

The App Should Work
    [Documentation]    The blog answers.
    The Page Should Say    index.html    hello

Publish The Post
    [Documentation]    Publishes a post.
    [Tags]    holds:posts
    [Arguments]    ${title}
    Read Page    ${title}

The Post Should Be Public
    [Documentation]    The post is read by a visitor.
    [Tags]    holds:posts
    The Page Should Say    seed.html    seed

The Post Should Be Missing
    [Documentation]    The post is not there.
    [Tags]    holds:posts
    ${text}=    Read Page    seed.html
    Should Not Contain    ${text}    seed
""",
    "recipes/blog/defects.toml": """\
[[defect]]
name = "the volume is not mounted"
replace = "volumes: [posts:/posts]"
with = ""
stage = "restart"
message = "404 != 200"
""",
    "lab/recipes/blog/recipe/compose.yml": """\
services:
  app:
    image: blog:1
    volumes: [posts:/posts]
""",
    "recipes/blog/PARITY.md": """\
# Parity

| older test | here | what |
| --- | --- | --- |
| `recipe-info/blog/tests/health_check.py` | `1__install.robot` :: The App Is Healthy | answers |
| recipe-info/blog/tests/media.py | docs/decisions/0001-no-udp.md :: No media over UDP | media |
| recipe-info/blog/tests/mail.py | NOTES.md :: No mail is read | mail |
""",
    "suites/generic/__init__.robot": "*** Settings ***\nDocumentation       One run.\n",
    "suites/generic/1__install.robot": """\
*** Settings ***
Documentation       A fresh deployment.

Resource            pages.resource


*** Test Cases ***
The App Is Healthy
    [Documentation]    It answers.
    The Page Should Say    index.html    hello
""",
    "suites/generic/6__upgrade.robot": """\
*** Settings ***
Documentation       The head over the previous release.

Resource            pages.resource


*** Test Cases ***
What Was There Is Still There
    [Documentation]    The same words before and after.
    Plant The Seed
    The Seed Should Be There
""",
    "suites/blog/2__functional.robot": """\
*** Settings ***
Documentation       A blog shows posts.

Resource            blog.resource

Test Tags           functional


*** Test Cases ***
A Post Is Public
    [Documentation]    Published, then read by a visitor.
    Publish The Post    first
    The Page Should Say    first.html    first

A Draft Is Hidden
    [Template]    The Page Should Say
    # which page    what it says
    draft.html    nothing here
    other.html    nothing here either
""",
    "suites/blog/3__browser.robot": """\
*** Settings ***
Documentation       The blog as a person sees it.

Resource            blog.resource


*** Test Cases ***
The Front Page Shows The Post
    [Documentation]    One picture proves it.
    The Page Should Say    index.html    first
    Show The Page
""",
}
GENERIC = ("__init__.robot", "1__install.robot", "6__upgrade.robot")


def make_project(root: Path) -> Path:
    """Write the project into `root` and return it."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in GENERIC:
        (root / "suites" / "blog" / name).symlink_to(f"../generic/{name}")
    return root


def change(root: Path, name: str, old: str, new: str) -> None:
    """Replace a text that must be there. An empty `old` adds `new` at the end, or a new file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert old in text, f"{old!r} is not in {name}"
    changed = text.replace(old, new, 1) if old else text + new
    path.write_text(changed, encoding="utf-8")
