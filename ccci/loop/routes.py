"""Whose traffic a rule of Traefik's can take: a label of any app can route any name of the node.

Rules are read as https://doc.traefik.io/traefik/routing/routers/#rule writes them: matchers, joined
by `&&`, `||`, `!` and brackets.
"""

import re
from collections.abc import Callable

ANY = "any"
_LONGEST = 4096
_DEEPEST = 16
_TOKEN = re.compile(r"\s*(?:(&&|\|\||[!(),])|([A-Za-z]\w*)|`([^`]*)`|\"([^\"\\]*)\"|'([^'\\]*)')")


class UnknownRule(ValueError):
    """A rule that is not written as Traefik's rules are."""


def names_taken(rule: str, own: Callable[[str], bool]) -> frozenset[str]:
    """Return the names, other than the app's own, whose traffic a rule can take.

    Args:
        rule: of a router, its variables filled in.
        own: tells whether a name is the app's own.

    Returns:
        the names; `any` among them where no name bounds the rule; empty when all is the app's own.

    Raises:
        UnknownRule: it cannot be read.

    Example:
        >>> sorted(names_taken("Host(`a.test`) || PathPrefix(`/b`)", lambda name: False))
        ['a.test', 'any']
        >>> names_taken("Host(`a.test`) && !Path(`/b`)", lambda name: name == "a.test")
        frozenset()
    """
    reader = _Reader(rule, own)
    taken = reader.either()
    reader.want("")
    return taken


class _Reader:
    """Reads a rule from left to right; `&&` binds more closely than `||`."""

    def __init__(self, rule: str, own: Callable[[str], bool]) -> None:
        self._own = own
        self._depth = 0
        self._words: list[tuple[str, str]] = []
        if len(rule) > _LONGEST:
            raise UnknownRule(rule[:80])
        at, end = 0, len(rule.rstrip())
        while at < end:
            found = _TOKEN.match(rule, at)
            if not found:
                raise UnknownRule(rule)
            sign, name, *quoted = found.groups()
            text = next((one for one in quoted if one is not None), "")
            self._words.append((sign or ("name" if name else "text"), name or text))
            at = found.end()
        self._words.reverse()

    def want(self, kind: str) -> str:
        """Take the next word, which is of this kind; "" is the end."""
        if self._next() != kind:
            raise UnknownRule(kind)
        return self._words.pop()[1] if kind else ""

    def either(self) -> frozenset[str]:
        taken = self._both()
        while self._next() == "||":
            self.want("||")
            taken |= self._both()
        return taken

    def _both(self) -> frozenset[str]:
        taken = self._one()
        while self._next() == "&&":
            self.want("&&")
            other = self._one()
            # Each part bounds the whole: what one leaves open, the other may close.
            taken = other if not other or taken == {ANY} else taken
        return taken

    def _one(self) -> frozenset[str]:
        if self._next() in ("!", "("):
            return self._nested()
        matcher = self.want("name")
        names = self._arguments()
        if matcher.lower() not in ("host", "hostsni", "hostheader"):
            return frozenset({ANY})
        if not names:
            raise UnknownRule(matcher)
        # An empty name has yet to be given.
        return frozenset(name or ANY for name in names if not self._own(name.lower()))

    def _nested(self) -> frozenset[str]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnknownRule("nested too deep")
        if self._next() == "!":
            self.want("!")
            self._one()
            taken = frozenset({ANY})
        else:
            self.want("(")
            taken = self.either()
            self.want(")")
        self._depth -= 1
        return taken

    def _arguments(self) -> list[str]:
        self.want("(")
        found: list[str] = []
        while self._next() != ")":
            if found:
                self.want(",")
            found.append(self.want("text"))
        self.want(")")
        return found

    def _next(self) -> str:
        return self._words[-1][0] if self._words else ""
