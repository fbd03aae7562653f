"""A command of abra.sh that people run is not taken away in silence."""

import pytest

from ccci.review.commands import lost_commands

RELEASE = """
export CONF_VERSION=v1
# old() is told of in a comment
add_user() {
  _ask; echo "$(cat x)"
}
function set-password {
  true
}
function both ( ) { true; }
_ask() { true; }
"""


@pytest.mark.parametrize(
    ("head", "note", "gone"),
    [
        (RELEASE, "", []),
        ("", "", ["add_user", "set-password", "both"]),
        (RELEASE.replace("add_user()", "function add_user"), "", []),
        (RELEASE.replace("add_user()", "new_user ()"), "", ["add_user"]),
        (RELEASE.replace("add_user()", "new_user()"), "add_user is now new_user.", []),
        (RELEASE.replace("_ask", "_tell"), "", []),
        (RELEASE.replace("add_user() {", "# add_user() {"), "", ["add_user"]),
    ],
)
def test_a_command_that_is_gone_is_told(head: str, note: str, gone: list[str]) -> None:
    assert [name for name, _ in lost_commands(RELEASE, head, note)] == gone
