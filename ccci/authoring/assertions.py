"""P7: no test without an assertion, and no assertion that cannot fail.

What counts as an assertion, in this order:

1. a keyword made of keywords asserts when one of the keywords that it calls does: its name alone
   proves nothing, and a name with Should or Must over a body that asserts nothing is a finding;
2. a keyword of this project's libraries asserts when it is tagged `assertion`, or has Should,
   Must or Assert in its name;
3. any other keyword asserts when Should or Must is in its name (BuiltIn, Collections,
   RequestsLibrary), when it is Fail, Run Keyword And Expect Error with a pattern that names an
   error, a Browser `Get ...` with an assertion operator, Wait For Elements State or Wait For
   Condition, or when it is given `expected_status=` other than any or anything.

An assertion that cannot fail (two equal literals, `Should Be True  ${True}`, a pattern that
matches everything, an empty text to contain) does not count, and is a finding itself.
"""

import re
from collections.abc import Iterator

from ccci.authoring.model import Call, Definition, Finding, RobotFile, plain
from ccci.authoring.project import Project
from ccci.authoring.vocabulary import Vocabulary, inner_calls, with_inner

OPERATORS = frozenset(
    {
        *("==", "!=", "<", ">", "<=", ">=", "*=", "^=", "$=", "$", "~="),
        *("matches", "contains", "not contains", "validate", "then", "equal", "equals", "inequal"),
        *("should be", "should not be", "less than", "greater than", "starts", "ends"),
        *("should start with", "should end with"),
    }
)
ALWAYS_TRUE = frozenset(
    {"${true}", "true", "${1}", "1", "1 == 1", "1==1", "not false", "${{true}}"}
)
EMPTY = frozenset({"", "${empty}", "''", '""'})
MATCHES_ALL = {
    "shouldmatch": frozenset({"*"}),
    "shouldmatchregexp": frozenset({".*", "^.*$", "^.*", ".*$", ".?", "(?s).*"}),
    "runkeywordandexpecterror": frozenset({"*", "GLOB:*", "GLOB: *", "REGEXP:.*", "REGEXP: .*"}),
}
EQUALITIES = frozenset(
    {
        *("shouldbeequal", "shouldbeequalasstrings", "shouldbeequalasintegers"),
        *("shouldbeequalasnumbers", "listsshouldbeequal", "dictionariesshouldbeequal"),
        *("shouldcontain", "shouldcontainanyof", "shouldstartwith", "shouldendwith"),
        "shouldmatch",
    }
)


def check_assertions(project: Project, vocabulary: Vocabulary) -> Iterator[Finding]:
    """Yield tests without assertion, hollow keywords and assertions that cannot fail."""
    for file in (*project.suites, *project.resources):
        for made in with_inner(file.calls):
            if reason := cannot_fail(made):
                yield project.finding(
                    file.path,
                    made.line,
                    f"P7: expected an assertion that can fail, saw '{made.name}' where "
                    f"{reason}. Compare what the app answered with what it should be.",
                )
        for test in file.tests:
            if not test.to_write and not asserts(test, file, vocabulary):
                yield project.finding(
                    file.path,
                    test.line,
                    f"P7: test '{test.name}' holds no assertion, not even through the keywords "
                    "that it calls. End it with a keyword that says what should be so.",
                )
        for keyword in file.keywords:
            promises = re.search(r"\b(should|must)\b", keyword.name, re.IGNORECASE)
            if promises and not keyword.to_write and not asserts(keyword, file, vocabulary):
                yield project.finding(
                    file.path,
                    keyword.line,
                    f"P7: keyword '{keyword.name}' is named as an assertion and holds none. "
                    "Call an assertion in it, or name it for what it does.",
                )


def asserts(
    definition: Definition,
    file: RobotFile | None,
    vocabulary: Vocabulary,
    seen: frozenset[str] = frozenset(),
) -> bool:
    """Whether a test or keyword holds an assertion, itself or through what it calls."""
    key = f"{definition.path}:{definition.line}"
    if key in seen:
        return False
    return any(call_asserts(call, file, vocabulary, seen | {key}) for call in definition.calls)


def call_asserts(
    call: Call,
    file: RobotFile | None,
    vocabulary: Vocabulary,
    seen: frozenset[str] = frozenset(),
) -> bool:
    """Whether one call asserts, by the rule at the top of this module."""
    if cannot_fail(call):
        return False
    if any(call_asserts(inner, file, vocabulary, seen) for inner in inner_calls(call)):
        return True
    keywords = vocabulary.user_keywords(call, file)
    if keywords:
        # A name that several recipes define asserts only if it does so in every one of them.
        return all(
            keyword.to_write
            or asserts(keyword, vocabulary.file_of(keyword) or file, vocabulary, seen)
            for keyword in keywords
        )
    if own := vocabulary.library_keyword(call):
        return "assertion" in own.tags or _promises(own.name) or "assert" in own.name.lower()
    return _outside_asserts(call)


def cannot_fail(call: Call) -> str:
    """Return why an assertion cannot fail, or an empty text where it can."""
    name = plain(call.name)
    args = [arg for arg in call.args if not re.match(r"(msg|values|message)=", arg)]
    if name in ("shouldbetrue", "shouldnotbefalse") and args and args[0].lower() in ALWAYS_TRUE:
        return f"'{args[0]}' is always true"
    if name in EQUALITIES and len(args) > 1 and args[0] == args[1]:
        return f"'{args[0]}' is compared with itself"
    if name in ("shouldcontain", "shouldstartwith", "shouldendwith") and len(args) > 1:
        return "every text contains the empty one" if args[1].lower() in EMPTY else ""
    if name in ("shouldnotbeempty", "variableshouldexist") and args and "{" not in args[0]:
        return f"'{args[0]}' is written in the test itself" if name == "shouldnotbeempty" else ""
    if name in MATCHES_ALL:
        pattern = args[0] if name == "runkeywordandexpecterror" and args else "".join(args[1:2])
        return f"'{pattern}' matches everything" if pattern in MATCHES_ALL[name] else ""
    if name.startswith("get") and len(args) > 1:
        return _hollow_operator(args)
    return ""


def _hollow_operator(args: list[str]) -> str:
    operator, expected = args[-2].lower(), args[-1].lower()
    if operator in ("*=", "contains", "^=", "$=") and expected in EMPTY:
        return "every text contains the empty one"
    if operator in (">=", "greater than or equal") and expected in ("0", "${0}"):
        return "no count is below 0"
    if operator in ("validate", "then") and expected in ALWAYS_TRUE:
        return f"'{args[-1]}' is always true"
    return ""


def _promises(name: str) -> bool:
    return re.search(r"should|must", plain(name)) is not None


def _outside_asserts(call: Call) -> bool:
    name = plain(call.name)
    if _promises(call.name) or name in ("fail", "fatalerror", "runkeywordandexpecterror"):
        return True
    if name in ("waitforelementsstate", "waitforcondition", "waitforfunction"):
        return True
    if name.startswith("get") and any(arg.lower() in OPERATORS for arg in call.args[:-1]):
        return True
    statuses = [arg for arg in call.args if arg.startswith("expected_status=")]
    return any(arg.partition("=")[2].lower() not in ("any", "anything", "") for arg in statuses)
