"""A recipe as a pull request has it, for tests of the rules."""

import textwrap
import typing
from pathlib import Path

from ccci.loop.policy import Violation, violations

NOTHING: frozenset[str] = frozenset()
# The recipe has a setting A, which is empty by default.
SETTINGS = "TYPE=x\nDOMAIN=x.example.com\n# A=\n"


class Recipe(typing.NamedTuple):
    """The folder of a recipe, as in a pull request."""

    path: Path

    def write(self, name: str, content: str | bytes) -> "Recipe":
        given = content.encode() if isinstance(content, str) else content
        (self.path / name).parent.mkdir(exist_ok=True)
        (self.path / name).write_bytes(given)
        return self

    def service(self, text: str, name: str = "compose.yml") -> "Recipe":
        """Write a service 'app'; the first line of the text is line 4 of the file."""
        indented = textwrap.indent(textwrap.dedent(text).strip("\n"), "    ")
        return self.write(name, f"services:\n  app:\n    image: nginx:1\n{indented}\n")

    def top(self, text: str) -> "Recipe":
        """Write something outside of the services; the first line of the text is line 4."""
        return self.write("compose.yml", f"services:\n  app:\n    image: nginx:1\n{text}\n")

    def violations(self, *allowed: str) -> list[Violation]:
        return violations(self.path, frozenset(allowed))

    def approvals(self) -> list[str]:
        """Return the approval that each violation needs; "" for one that nothing can allow."""
        return [one.approval for one in self.violations()]


def make_recipe(tmp_path: Path) -> Recipe:
    """Make the folder of a recipe without a compose file."""
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "nginx.conf.tmpl").write_text("x\n")
    (folder / "folder").mkdir()
    (folder / "folder" / "file").write_text("A=1\n")
    return Recipe(folder).write(".env.sample", SETTINGS)
