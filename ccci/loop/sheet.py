"""One compose file under judgement: what was found in it, and what helps to look into it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from ccci.loop.variables import DOMAIN, STACK, Variables, is_of_the_machine, names_in
from ccci.loop.yamltree import entries, is_null, line_of

_NO = {"", "false", "no", "off", "n", "null", "~"}


@dataclass(frozen=True)
class Objection:
    """Something that a recipe may not do on this node.

    Attributes:
        file: the file's name in the recipe.
        line: its line, counted from 1.
        what: what it does, as a sentence without a full stop.
        remedy: what to do about it.
        approval: the short name by which recipe.toml allows it; "" where nothing does.
    """

    file: str
    line: int
    what: str
    remedy: str
    approval: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}: {self.remedy}."


class Sheet:
    """A compose file of a recipe, its variables, and what was found.

    Args:
        folder: the recipe.
        file: the file's name.
        variables: the recipe's.
        allowed: the short names of what is approved.
        own_networks: the networks that no other stack is on, by their keys.
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
        self.found: list[Objection] = []

    def refuse(self, node: yaml.Node, what: str, remedy: str) -> None:
        """Note something that no approval allows."""
        self._note(Objection(self._file, line_of(node), _plain(what), remedy))

    def want(self, node: yaml.Node, approval: str, what: str) -> None:
        """Note something that needs an approval, unless it is there."""
        approval = _plain(approval)
        if approval not in self._allowed:
            remedy = f"leave it out, or have '{approval}' approved in this project's recipe.toml"
            self._note(Objection(self._file, line_of(node), _plain(what), remedy, approval))

    def texts(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Return all that a value can be; where it cannot be known, that is an objection.

        Args:
            node: a single value.
            what: what it is, for the sentence.
        """
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, f"{what} is no single value", "write a single value")
            return ()
        resolved = self._variables.resolve(str(node.value))
        if resolved.unknown:
            named = ", ".join(resolved.unknown)
            self.refuse(
                node,
                f"{what} depends on what nobody here sets ({named})",
                "give the variable a value in .env.sample, or write the value out",
            )
            return ()
        return resolved.texts

    def readings(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Return all that a value can be, where a variable that nobody sets is empty.

        Args:
            node: a single value.
            what: what it is, for the sentence when it is no single value, or when a variable of
                it cannot be read or a reference is none that all readers see alike.
        """
        if not isinstance(node, yaml.ScalarNode):
            self.refuse(node, f"{what} is no single value", "write a single value")
            return ()
        resolved = self._variables.resolve(str(node.value))
        if resolved.odd:
            self.refuse(
                node,
                f"{what} cannot be followed ({', '.join(resolved.odd)})",
                "write '${NAME}' or '${NAME:-text}', and '$$' for a dollar sign",
            )
            return ()
        return resolved.texts

    def may_be_set(self, node: yaml.Node, what: str) -> bool:
        """Tell whether a switch can be on."""
        if is_null(node):
            return False
        return any(text.strip().lower() not in _NO for text in self.texts(node, what))

    def foreign_names(self, node: yaml.Node, what: str) -> tuple[str, ...]:
        """Return the names on the Swarm that a value can be and that are not the app's own."""
        own = f"{STACK}_"
        if isinstance(node, yaml.ScalarNode):
            resolved = self._variables.resolve(str(node.value))
            # What follows the app's own prefix, such as a version, leads to nobody else.
            if resolved.texts and all(text.startswith(own) for text in resolved.texts):
                return ()
        return tuple(text for text in self.texts(node, what) if not text.startswith(own))

    def is_own_network(self, key: str) -> bool:
        """Tell whether only this stack's services are on a network."""
        return key in self._own_networks

    def known_keys(self, node: yaml.Node, known: Iterable[str], where: str) -> None:
        """Ask for an approval of each key that is not among the known ones."""
        names = frozenset(known)
        for entry in entries(node):
            if entry.key not in names and not entry.key.startswith("x-"):
                self.want(
                    entry.key_node,
                    f"option:{entry.key}",
                    f"{where} has the key '{entry.key}', which is not known here",
                )

    def reads_nothing_of_the_machine(self, node: yaml.ScalarNode) -> None:
        """Refuse a value that refers to a variable of the machine that deploys."""
        for name in names_in(str(node.value)):
            self.not_of_the_machine(node, name)

    def not_of_the_machine(self, node: yaml.Node, name: str) -> None:
        """Refuse a variable that the machine sets for itself."""
        if is_of_the_machine(name):
            self.refuse(
                node, f"the variable {name} is that of the machine", "give yours another name"
            )

    def in_recipe(self, node: yaml.Node, what: str) -> None:
        """Refuse a path that is not that of a file of the recipe."""
        for text in self.texts(node, what):
            parts = text.split("/")
            leaves = text.startswith(("/", "~", "\\")) or ".." in parts or "\\" in text
            if leaves or ".git" in (part.lower() for part in parts) or not text:
                self.refuse(
                    node, f"{what} is {text!r}, outside of the recipe", "put the file into it"
                )
            elif not self._is_plain_file(text):
                self.refuse(
                    node, f"{what} is {text!r}, which is no plain file here", "put the file into it"
                )

    def _is_plain_file(self, text: str) -> bool:
        path = self._folder
        for part in PurePosixPath(text).parts:
            path /= part
            if path.is_symlink():
                return False
        return path.is_file()

    def _note(self, objection: Objection) -> None:
        if objection not in self.found:
            self.found.append(objection)


def _plain(text: str) -> str:
    return text.replace(STACK, "${STACK_NAME}").replace(DOMAIN, "${DOMAIN}")
