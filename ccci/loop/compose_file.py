"""One compose file that is being checked: its violations so far, and helpers for the rules."""

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from ccci.loop.variables import DOMAIN, STACK, Variables, is_reserved, names_in
from ccci.loop.yamltree import entries, is_null, line_of
from ccci.printable import printable
from ccci.recipe.yaml_file import kind_of

# Of one file. A file with more is not read to its end: nobody would read the list to its end.
MOST_FOUND = 50
_NO = {"", "false", "no", "off", "n", "null", "~"}


class Enough(Exception):
    """So many violations were found in a file that the rest of it is not read."""


@dataclass(frozen=True)
class Violation:
    """Something that a recipe must not do on this node; its texts are printable.

    Attributes:
        file: the name of the file in the recipe.
        line: the line in it, counted from 1.
        what: what the recipe does, as a sentence without a full stop.
        remedy: what to do about it, as a sentence without a full stop.
        approval: the name with which recipe.toml can allow it; "" if nothing can.
    """

    file: str
    line: int
    what: str
    remedy: str
    approval: str = ""

    def __post_init__(self) -> None:
        for name in ("file", "what", "remedy", "approval"):
            object.__setattr__(self, name, printable(getattr(self, name)))

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}. {self.remedy}."


class ComposeFile:
    """A compose file of a recipe, with the variables of the recipe and the violations found.

    Args:
        folder: the folder of the recipe.
        file: the name of the compose file.
        variables: the variables of the recipe.
        allowed: the names of the approvals.
        own_networks: the keys of the networks that no other stack is on.
    """

    def __init__(
        self,
        folder: Path,
        file: str,
        variables: Variables,
        allowed: frozenset[str],
        own_networks: frozenset[str] = frozenset(),
    ) -> None:
        self._folder, self._file = folder, file
        self._variables, self._allowed = variables, allowed
        self._own_networks = own_networks
        # A dict keeps the order, and finds one that is there already at once.
        self._found: dict[Violation, None] = {}

    @property
    def found(self) -> list[Violation]:
        """The violations so far."""
        return list(self._found)

    def refuse(self, node: yaml.Node, what: str, remedy: str) -> None:
        """Add a violation that no approval can allow."""
        self._add(Violation(self._file, line_of(node), _readable(what), remedy))

    def require_approval(
        self, node: yaml.Node, approval: str, what: str, remedy: str = "Remove it"
    ) -> None:
        """Add a violation, unless it is approved; `remedy` is what to do without an approval."""
        approval = _readable(approval)
        if approval not in self._allowed:
            both = f"{remedy}, or get '{approval}' approved in this project's recipe.toml"
            self._add(Violation(self._file, line_of(node), _readable(what), both, approval))

    def texts(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Return all texts that a value can have; add a violation if they cannot be determined.

        Args:
            node: a single value.
            what: what the value is, for the message.
        """
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, f"{what} is not a single value", "Write a single value")
            return ()
        resolved = self._variables.resolve(str(node.value))
        if resolved.unknown:
            named = ", ".join(resolved.unknown)
            self.refuse(
                node,
                f"{what} depends on a variable without a known value ({named})",
                "Set the variable in .env.sample, or write the value here",
            )
            return ()
        return resolved.texts

    def readings(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Return all texts that a value can have; a variable without a value counts as empty.

        A violation is added if the value is not a single one, or if parsers read it differently.

        Args:
            node: a single value.
            what: what the value is, for the message.
        """
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, f"{what} is not a single value", "Write a single value")
            return ()
        resolved = self._variables.resolve(str(node.value))
        if resolved.odd:
            self.refuse(
                node,
                f"{what} cannot be resolved ({', '.join(resolved.odd)})",
                "Write '${NAME}' or '${NAME:-text}', and '$$' for a dollar sign",
            )
            return ()
        return resolved.texts

    def may_be_set(self, node: yaml.Node, what: str) -> bool:
        """Return whether a switch can be on."""
        if is_null(node):
            return False
        return any(text.strip().lower() not in _NO for text in self.texts(node, what))

    def foreign_names(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Return the texts that a value can have and that are names outside of the app's stack."""
        own = f"{STACK}_"
        if isinstance(node, yaml.ScalarNode):
            resolved = self._variables.resolve(str(node.value))
            # A name with the prefix of the app's own stack cannot be that of another stack.
            if resolved.texts and all(text.startswith(own) for text in resolved.texts):
                return ()
        return tuple(text for text in self.texts(node, what) if not text.startswith(own))

    def is_own_network(self, key: str) -> bool:
        """Return whether only this stack's services are on a network."""
        return key in self._own_networks

    def known_keys(self, node: yaml.Node, known: Iterable[str], where: str) -> None:
        """Require an approval for each key that is not known."""
        names = frozenset(known)
        for entry in entries(node):
            if entry.key not in names and not entry.key.startswith("x-"):
                self.require_approval(
                    entry.key_node,
                    f"option:{entry.key}",
                    f"{where} has the unknown key '{entry.key}'",
                )

    def refuse_reserved_references(self, node: yaml.ScalarNode) -> None:
        """Refuse a value that refers to a reserved variable."""
        for name in names_in(str(node.value)):
            self.refuse_reserved(node, name)

    def check_references(self, node: yaml.ScalarNode) -> None:
        """Require an approval for a reference to a variable that the recipe does not have.

        It could be filled in from the environment of the machine that deploys. A line with another
        violation is left out: one sentence for each line is enough.
        """
        if any(one.line == line_of(node) for one in self.found):
            return
        for name in self._variables.unnamed_in(str(node.value)):
            self._require_named(node, name, f"Name it in .env.sample, as in '# {name}='")

    def check_bare_name(self, node: yaml.Node, name: str) -> None:
        """Require an approval for a name without a value that is no variable of the recipe."""
        self.refuse_reserved(node, name)
        if not is_reserved(name) and not self._variables.is_named(name):
            remedy = f"Write {name}=value, or name it in .env.sample, as in '# {name}='"
            self._require_named(node, name, remedy)

    def _require_named(self, node: yaml.Node, name: str, remedy: str) -> None:
        what = f"{name} is no variable of the recipe, so the machine that deploys may fill it in"
        self.require_approval(node, f"variable:{name}", what, remedy)

    def refuse_reserved(self, node: yaml.Node, name: str) -> None:
        """Refuse a variable with a name that is reserved for the machine that deploys."""
        if is_reserved(name):
            self.refuse(node, f"the variable {name} is reserved for the machine", "Rename it")

    def require_recipe_file(self, node: yaml.Node, what: str) -> list[Path]:
        """Refuse a path that is not the path of a regular file in the recipe; return the files."""
        files = []
        for text in self.texts(node, what):
            parts = text.split("/")
            leaves = text.startswith(("/", "~", "\\")) or ".." in parts or "\\" in text
            if leaves or ".git" in (part.lower() for part in parts) or not text:
                what_is = f"{what} is {text!r}, outside of the recipe"
                self.refuse(node, what_is, "Put the file into the recipe")
            elif not self._is_regular_file(text):
                what_is = f"{what} is {text!r}, which is not a regular file in the recipe"
                self.refuse(node, what_is, "Put the file into the recipe")
            else:
                files.append(self._folder / text)
                files += self._beside_compose_files(node, text, what)
        return files

    def _beside_compose_files(self, node: yaml.Node, text: str, what: str) -> list[Path]:
        """Return the files of that path below the folders that COMPOSE_FILE names.

        Programs differ on whether a path is meant from there or from the recipe's folder.
        """
        named = ":".join(self._variables.of("COMPOSE_FILE")).split(":")
        folders = {str(PurePosixPath(name).parent) for name in named if name} - {"."}
        files = []
        for folder in sorted(folders):
            path = f"{folder}/{text}"
            if self._is_regular_file(path):
                files.append(self._folder / path)
            elif kind_of(self._folder / path):
                what_is = f"{what} may be {path!r}, which is not a regular file"
                self.refuse(node, what_is, "Put the compose files into the recipe's own folder")
        return files

    def _is_regular_file(self, text: str) -> bool:
        path = self._folder
        for part in PurePosixPath(text).parts:
            path /= part
            if kind_of(path) == stat.S_IFLNK:
                return False
        return kind_of(path) == stat.S_IFREG

    def _add(self, violation: Violation) -> None:
        self._found[violation] = None
        if len(self._found) >= MOST_FOUND:
            raise Enough


def _readable(text: str) -> str:
    return text.replace(STACK, "${STACK_NAME}").replace(DOMAIN, "${DOMAIN}")
