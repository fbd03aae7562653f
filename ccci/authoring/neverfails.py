"""P7: steps that are never run, and comparisons that cannot fail, as far as the text shows it.

Conditions that are always the same, loops over nothing, assertions that an empty answer leaves out,
what follows a RETURN, and a thing that is compared with itself under another name.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ccci.authoring.assertions import EQUALITIES, call_asserts
from ccci.authoring.evaluated import CONDITIONAL
from ccci.authoring.expressions import truth_of
from ccci.authoring.model import Call, Finding, RobotFile, plain
from ccci.authoring.project import Project
from ccci.authoring.robotfile import syntax_tree
from ccci.authoring.vocabulary import Vocabulary

# Keywords that return what they are given, in one form or another.
_PASSES_ON = frozenset(
    {
        *("setvariable", "converttostring", "converttointeger", "converttonumber"),
        *("converttobytes", "converttolowercase", "copydictionary", "copylist", "stripstring"),
        *("catenate",),
    }
)
_COMPARES = re.compile(r"should.*(equal|same|match|identical)")
_LEAVES = ("ReturnStatement", "Return", "Break", "Continue")
_VARIABLE = re.compile(r"([$@&])\{([^{}.\[]+)((?:[.\[][^{}]*)?)\}")
_NOTHING = "a list of nothing"


def check_never_fails(project: Project, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield every step that is never run, and every comparison that cannot fail."""
    for file in (*project.suites, *project.resources):

        def asserts(call: Call, file: RobotFile = file) -> bool:
            return call_asserts(call, file, vocabulary)

        for line, message in _in_file(file.path, asserts):
            yield project.finding(file.path, line, f"P7: {message}")


def _in_file(path: Path, asserts: Callable[[Call], bool]) -> Iterator[tuple[int, str]]:
    tree = syntax_tree(path)
    fixed: dict[str, str] = {}
    for section in tree.sections:
        for node in section.body:
            if type(node).__name__ != "Variable":
                continue
            if not node.value:
                fixed[_name(node.name)] = _NOTHING
            elif len(node.value) == 1:
                fixed[_name(node.name)] = str(node.value[0])
    for section in tree.sections:
        for node in section.body:
            if type(node).__name__ in ("TestCase", "Keyword"):
                yield from _Walk(dict(fixed), asserts).whole(node)


class _Walk:
    """Follows one test or keyword from its first step to its last: what each name stands for."""

    _numbers = itertools.count()

    def __init__(self, meanings: dict[str, str], asserts: Callable[[Call], bool]) -> None:
        self.meanings, self.asserts = meanings, asserts
        # The loops over an answer around the present step, innermost last; those with assertions.
        self.loops: list[Any] = []
        self.asserted_in: list[Any] = []

    def whole(self, node: Any) -> Iterator[tuple[int, str]]:
        for argument in _VARIABLE.finditer(node.name):
            self.meanings[_name(argument.group(0))] = f"<argument {next(self._numbers)}>"
        yield from self.body(node.body)
        if self.asserted_in and all(loop is not None for loop in self.asserted_in):
            loop = self.asserted_in[0]
            yield (
                loop.lineno,
                f"every assertion of '{node.name}' is in a loop over {' '.join(loop.values)}: if "
                "the app answers with an empty list, nothing is asserted. Assert first that there "
                "is something in it.",
            )

    def body(self, nodes: Any) -> Iterator[tuple[int, str]]:
        left = ""
        for node in nodes:
            kind = type(node).__name__
            if left and kind not in ("Comment", "EmptyLine", "Teardown", "End"):
                yield node.lineno, f"what follows {left} is never run: delete it, or let it run."
                left = ""
            yield from self.step(node, kind)
            if kind in _LEAVES and hasattr(node, "tokens"):
                left = str(node.tokens[1].value if len(node.tokens) > 1 else kind)

    def step(self, node: Any, kind: str) -> Iterator[tuple[int, str]]:
        if kind == "KeywordCall":
            yield from self.call(node)
        elif kind in ("Setup", "Teardown"):
            yield from self.judged(node.name or "", list(node.args), node.lineno)
        elif kind == "Arguments":
            for argument in node.values:
                bare = re.sub(r":\s[^}]*", "", argument)  # without its type
                self.meanings[_name(bare)] = f"<argument {next(self._numbers)}>"
        elif kind == "TemplateArguments":
            self.asserted_in.append(None)
            return
        elif kind == "Var":
            values = list(node.value)
            given = self.means(values[0]) if len(values) == 1 else repr([*map(self.means, values)])
            self.meanings[_name(node.name)] = given if values else _NOTHING
        elif kind == "For":
            yield from self.loop(node)
            if self.is_an_answer(node.values):
                self.loops.append(node)
        elif kind in ("If", "While"):
            yield from self.condition(node, kind)
        if hasattr(node, "body"):
            before = dict(self.meanings)
            yield from self.body(node.body)
            if self.loops and self.loops[-1] is node:
                self.loops.pop()
            # Whether it was run is not known: what it assigned may stand for either.
            for name, meaning in self.meanings.items():
                if before.get(name) != meaning:
                    self.meanings[name] = self.new()
            following = getattr(node, "orelse", None) or getattr(node, "next", None)
            if following is not None:
                yield from self.step(following, type(following).__name__)

    def condition(self, node: Any, kind: str) -> Iterator[tuple[int, str]]:
        if not node.condition:
            return
        truth = truth_of(node.condition, self.means)
        # A loop that ends by BREAK is always true.
        if truth is False or (truth and kind == "If"):
            yield (
                node.lineno,
                f"the condition '{node.condition}' is always {str(truth).lower()}, so that one "
                "side is never run. Ask for something that the app or the recipe decides.",
            )

    def loop(self, node: Any) -> Iterator[tuple[int, str]]:
        values, flavor = list(node.values), (node.flavor or "IN").upper()
        if not values or self.is_nothing(values, flavor):
            yield (
                node.lineno,
                f"this loop goes over nothing ({flavor} {' '.join(values)}), so that its steps are "
                "never run.",
            )
        for variable in node.assign:
            self.renew(variable)

    def is_an_answer(self, values: Any) -> bool:
        """Return whether a loop goes over something that a keyword returned."""
        if len(values) != 1:
            return False
        found = _VARIABLE.fullmatch(values[0])
        return bool(found) and self.meanings.get(_name(values[0]), "").startswith("<value")

    def is_nothing(self, values: list[str], flavor: str) -> bool:
        if flavor == "IN RANGE":
            numbers = [re.sub(r"^\$\{(-?\d+)\}$", r"\1", value) for value in values]
            plain_numbers = all(re.fullmatch(r"-?\d+", number) for number in numbers)
            step_is_zero = len(numbers) == 3 and int(numbers[2]) == 0 if plain_numbers else False
            return plain_numbers and not step_is_zero and not range(*map(int, numbers))
        lists = [value for value in values if not re.match(r"(start|mode|fill)=", value)]
        empty = [value for value in lists if self.is_empty_list(value)]
        return len(empty) == len(lists) or (flavor == "IN ZIP" and bool(empty))

    def is_empty_list(self, value: str) -> bool:
        if re.fullmatch(r"[@&]\{\s*empty\s*\}", value, re.IGNORECASE):
            return True
        found = re.fullmatch(r"[@$&]\{[^{}]+\}", value)
        return bool(found) and self.meanings.get(_name(value)) == _NOTHING

    def call(self, node: Any) -> Iterator[tuple[int, str]]:
        name, args = node.keyword or "", list(node.args)
        yield from self.judged(name, args, node.lineno)
        short = plain(name)
        if len(node.assign) == 1:
            self.meanings[_name(node.assign[0])] = self.result_of(short, args)
        else:
            for variable in node.assign:
                self.renew(variable)
        if short in ("settestvariable", "setlocalvariable") and len(args) == 2:
            self.meanings[_name(args[0])] = self.means(args[1])
        elif not short.startswith(("should", "log")):
            # A list that is handed on may be filled.
            for arg in args:
                if self.meanings.get(_name(arg)) == _NOTHING:
                    self.renew(arg)

    def result_of(self, keyword: str, args: list[str]) -> str:
        if keyword in ("createlist", "createdictionary", "setvariable") and not args:
            return _NOTHING
        if keyword in _PASSES_ON and args:
            return self.means(args[0]) if len(args) == 1 else repr([*map(self.means, args)])
        return self.new()

    def judged(self, name: str, args: list[str], line: int) -> Iterator[tuple[int, str]]:
        short = plain(name)
        if self.asserts(Call(name, tuple(args), line)):
            self.asserted_in.append(self.loops[-1] if self.loops else None)
        plain_args = [arg for arg in args if not re.match(r"(msg|values|message)=", arg)]
        if short in CONDITIONAL and plain_args:
            truth = truth_of(plain_args[0], self.means)
            if truth is not None:
                yield (
                    line,
                    f"the condition '{plain_args[0]}' of '{name}' is always {str(truth).lower()}. "
                    "Ask for something that the app or the recipe decides.",
                )
        if (short in EQUALITIES or _COMPARES.search(short)) and len(plain_args) > 1:
            one, other = plain_args[:2]
            same_text = one == other and short in EQUALITIES
            if not same_text and "{" in one and self.means(one) == self.means(other):
                yield (
                    line,
                    f"'{name}' compares '{one}' with itself: '{other}' stands for the same. "
                    "Compare what the app answered with what it should be.",
                )
        if short == "repeatkeyword" and re.fullmatch(r"(\$\{)?0\}?(\s*(x|times?))?", args[0]):
            yield line, f"'{name} {args[0]}' runs nothing."

    def means(self, text: str) -> str:
        """Return a cell with each variable as what it stands for."""

        def value(found: "re.Match[str]") -> str:
            key = _name(found.group(0))
            base = self.meanings.get(key, "${" + key + "}")
            return base + found.group(3)

        return _VARIABLE.sub(value, re.sub(r"\$([A-Za-z_]\w*)", r"${\1}", text))

    def renew(self, variable: str) -> None:
        self.meanings[_name(variable)] = self.new()

    def new(self) -> str:
        return f"<value {next(self._numbers)}>"


def _name(variable: str) -> str:
    """Return a variable's name as Robot compares it: `${Some_Name}` and `${some name}` are one."""
    found = _VARIABLE.match(variable.strip())
    return re.sub(r"[\s_]", "", found.group(2)).lower() if found else variable
