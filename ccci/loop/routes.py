"""The hosts whose traffic a Traefik rule can take: labels of one app can route hosts of another.

The syntax of rules is that of https://doc.traefik.io/traefik/routing/routers/#rule: matchers that
are combined with `&&`, `||`, `!` and parentheses.
"""

import re
from collections.abc import Callable

ANY = "any"
_LONGEST = 4096
_DEEPEST = 16
_TOKEN = re.compile(r"\s*(?:(&&|\|\||[!(),])|([A-Za-z]\w*)|`([^`]*)`|\"([^\"\\]*)\"|'([^'\\]*)')")

# Some letters, a dot, and a host: `^[a-z]+\.example.org$`.
_BELOW = re.compile(r"\^\[\^?[a-z0-9.-]+\](?:[+*]|\{\d+,?\d*\})\\\.([^\\|()$]+)\$")


class UnknownRule(ValueError):
    """A rule that does not follow Traefik's syntax."""


def names_taken(rule: str, own: Callable[[str], bool]) -> frozenset[str]:
    """Return the hosts, other than the app's own, whose traffic a rule can take.

    Args:
        rule: the rule of a router, with its variables filled in.
        own: tells whether a host is the app's own.

    Returns:
        the hosts; with `any` if the rule is not limited to certain hosts; empty if it takes the
            traffic of the app's own hosts only.

    Raises:
        UnknownRule: the rule cannot be read.

    Example:
        >>> sorted(names_taken("Host(`a.test`) || PathPrefix(`/b`)", lambda name: False))
        ['a.test', 'any']
        >>> names_taken("Host(`a.test`) && !Path(`/b`)", lambda name: name == "a.test")
        frozenset()
    """
    parser = _Parser(rule, own)
    taken = parser.either()
    parser.expect("")
    return taken


def _is_below(pattern: str, own: Callable[[str], bool]) -> bool:
    """Tell whether a pattern matches only names with one more label before an own host."""
    found = _BELOW.fullmatch(pattern)
    return found is not None and own(found[1].lower())


class _Parser:
    """Parses a rule from left to right; `&&` binds more tightly than `||`."""

    def __init__(self, rule: str, own: Callable[[str], bool]) -> None:
        self._own = own
        self._depth = 0
        self._tokens: list[tuple[str, str]] = []
        if len(rule) > _LONGEST:
            raise UnknownRule(rule[:80])
        at, end = 0, len(rule.rstrip())
        while at < end:
            found = _TOKEN.match(rule, at)
            if not found:
                raise UnknownRule(rule)
            operator, name, *quoted = found.groups()
            text = next((one for one in quoted if one is not None), "")
            self._tokens.append((operator or ("name" if name else "text"), name or text))
            at = found.end()
        self._tokens.reverse()

    def expect(self, kind: str) -> str:
        """Take the next token, which must be of this kind; "" is the end."""
        if self._next() != kind:
            raise UnknownRule(kind)
        return self._tokens.pop()[1] if kind else ""

    def either(self) -> frozenset[str]:
        taken = self._both()
        while self._next() == "||":
            self.expect("||")
            taken |= self._both()
        return taken

    def _both(self) -> frozenset[str]:
        taken = self._one()
        while self._next() == "&&":
            self.expect("&&")
            other = self._one()
            # Both parts must match, so the stricter one limits the whole.
            taken = other if not other or taken == {ANY} else taken
        return taken

    def _one(self) -> frozenset[str]:
        if self._next() in ("!", "("):
            return self._nested()
        matcher = self.expect("name")
        names = self._arguments()
        if matcher.lower() in ("hostregexp", "hostsniregexp"):
            own = [_is_below(pattern, self._own) for pattern in names]
            return frozenset() if own and all(own) else frozenset({ANY})
        if matcher.lower() not in ("host", "hostsni", "hostheader"):
            return frozenset({ANY})
        if not names:
            raise UnknownRule(matcher)
        # An empty host is a variable without a value yet: it can become any host.
        return frozenset(name or ANY for name in names if not self._own(name.lower()))

    def _nested(self) -> frozenset[str]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnknownRule("nested too deep")
        if self._next() == "!":
            self.expect("!")
            self._one()
            taken = frozenset({ANY})
        else:
            self.expect("(")
            taken = self.either()
            self.expect(")")
        self._depth -= 1
        return taken

    def _arguments(self) -> list[str]:
        self.expect("(")
        found: list[str] = []
        while self._next() != ")":
            if found:
                self.expect(",")
            found.append(self.expect("text"))
        self.expect(")")
        return found

    def _next(self) -> str:
        return self._tokens[-1][0] if self._tokens else ""
