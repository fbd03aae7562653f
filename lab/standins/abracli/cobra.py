"""Parses command lines like the real abra's parser (cobra), with click.

Flags may be anywhere before `--`. Unknown flags, unknown subcommands and surplus arguments are
refused with the messages of that parser and exit code 1.
"""

import re
from collections.abc import Callable
from typing import Any

import click

from lab.standins.abracli.logs import Log
from lab.standins.abracli.session import Session


class UsageError(Exception):
    """The command line is not valid; the message has the reason."""


class Command(click.Command):
    """A command whose function takes (session, arguments, **flags).

    Attributes:
        minimum: the minimum number of arguments.
        maximum: the maximum number of arguments; None for any number.
        usage: the arguments, for the help.
    """

    minimum = 0
    maximum: int | None = 0
    usage = ""


def command(
    group: click.Group,
    names: str,
    minimum: int,
    maximum: int | None,
    usage: str,
    *flags: click.Option,
) -> Callable[[Callable[..., int | None]], Command]:
    """Add a function to a group, as a command.

    Args:
        group: the group.
        names: the name and the aliases of the command, separated by blanks.
        minimum: the minimum number of arguments.
        maximum: the maximum number of arguments; None for any number.
        usage: the arguments, for the help.
        flags: the flags of the command, in addition to those of all commands.
    """

    def add(function: Callable[..., int | None]) -> Command:
        common = [flag(*names_and_help) for names_and_help in _COMMON_FLAGS]
        new = Command(
            names.split()[0],
            params=[*flags, *common, click.Argument(["arguments"], nargs=-1)],
            callback=function,
            help=function.__doc__,
            add_help_option=False,
        )
        new.minimum, new.maximum, new.usage = minimum, maximum, usage
        for name in names.split():
            group.add_command(new, name)
        return new

    return add


def flag(*names: str) -> click.Option:
    """Return a flag without a value; the last name may be the help text."""
    help_text = [name for name in names if not name.startswith("-")]
    dashed = [name for name in names if name.startswith("-")]
    return click.Option(dashed, is_flag=True, help=" ".join(help_text))


def option(*names: str, many: bool = False) -> click.Option:
    """Return a flag with a value; with `many` it may be given more than once."""
    help_text = [name for name in names if not name.startswith("-")]
    dashed = [name for name in names if name.startswith("-")]
    return click.Option(dashed, multiple=many, default=() if many else "", help=" ".join(help_text))


_COMMON_FLAGS = [
    ("--debug", "-d", "show debug messages"),
    ("--no-input", "-n", "toggle non-interactive mode"),
    ("--offline", "-o", "prefer offline and filesystem access"),
    ("--help", "-h", "help for this command"),
]


def run_line(root: click.Group, line: list[str]) -> int:
    """Run one command line and return its exit code.

    Raises:
        UsageError: it is not valid.
    """
    node, path, rest = _descend(root, line)
    if isinstance(node, click.Group):
        _refuse_flags(rest)
        print(_help(node, path))
        return 0
    assert isinstance(node, Command)
    values = _parse(node, path, rest)
    session = Session(values.pop("debug"), values.pop("no_input"), values.pop("offline"))
    Log.show_debug = session.debug
    if values.pop("help"):
        print(_help(node, path))
        return 0
    arguments = values.pop("arguments")
    _count(node, len(arguments))
    assert node.callback
    return int(node.callback(session, list(arguments), **values) or 0)


def _descend(root: click.Group, line: list[str]) -> tuple[click.Command, str, list[str]]:
    node: click.Command = root
    path, rest = "abra", []
    at = 0
    while at < len(line) and isinstance(node, click.Group):
        word = line[at]
        if word == "--":
            break
        at += 1
        if word.startswith("-"):
            rest.append(word)
            continue
        below = node.commands.get(word)
        if below is None:
            raise UsageError(f'unknown command "{word}" for "{path}"')
        node, path = below, f"{path} {word}"
    return node, path, rest + line[at:]


def _parse(node: Command, path: str, rest: list[str]) -> dict[str, Any]:
    try:
        # Everything after `--` is an argument, even if it looks like a flag.
        context = node.make_context(path, _short_values(node, rest))
    except click.NoSuchOption as error:
        raise UsageError(_unknown(error.option_name, rest)) from None
    except click.BadOptionUsage as error:
        name = error.option_name
        if "does not take a value" in error.message:
            raise UsageError(f'invalid argument for "{name}" flag: it takes no value') from None
        raise UsageError(f"flag needs an argument: {name}") from None
    except click.UsageError as error:
        raise UsageError(error.format_message()) from None
    return dict(context.params)


def _short_values(node: Command, rest: list[str]) -> list[str]:
    # With `-s=x` the value is "x" here, but click's would be "=x".
    letters = {
        name
        for one in node.params
        if isinstance(one, click.Option) and not one.is_flag
        for name in one.opts
        if len(name) == 2
    }
    arguments = rest[: rest.index("--")] if "--" in rest else rest
    plain = [w[:2] + w[3:] if w[:2] in letters and w[2:3] == "=" else w for w in arguments]
    return plain + rest[len(arguments) :]


def _unknown(name: str, rest: list[str]) -> str:
    if name.startswith("--"):
        return f"unknown flag: {name}"
    letter = name.lstrip("-")
    given = next((w for w in rest if re.match(r"-[^-]", w) and letter in w), name)
    return f"unknown shorthand flag: '{letter}' in {given}"


def _refuse_flags(rest: list[str]) -> None:
    known = {name for names in _COMMON_FLAGS for name in names[:2]}
    for word in rest:
        if word not in known:
            name = word.partition("=")[0] if word.startswith("--") else f"-{word[1:2]}"
            raise UsageError(_unknown(name, [word]))


def _count(node: Command, number: int) -> None:
    minimum, maximum = node.minimum, node.maximum
    if number < minimum and maximum is None:
        raise UsageError(f"requires at least {minimum} arg(s), only received {number}")
    if maximum is None or minimum <= number <= maximum:
        return
    if minimum == maximum:
        raise UsageError(f"accepts {maximum} arg(s), received {number}")
    raise UsageError(f"accepts between {minimum} and {maximum} arg(s), received {number}")


def _help(node: click.Command, path: str) -> str:
    lines = [str(node.help or "").strip(), "", "Usage:"]
    if isinstance(node, click.Group):
        lines += [f"  {path} [command]", "", "Available Commands:"]
        for name, below in sorted(node.commands.items()):
            first = str(below.help or "").strip().split("\n")[0]
            lines.append(f"  {name:<12} {first}")
        flags: list[click.Parameter] = [flag(*names) for names in _COMMON_FLAGS]
    else:
        lines.append(f"  {path} {getattr(node, 'usage', '')} [flags]".replace("  [", " ["))
        flags = list(node.params)
    lines += ["", "Flags:"]
    for one in flags:
        if isinstance(one, click.Option):
            lines.append(f"  {', '.join(sorted(one.opts, key=len)):<28} {one.help or ''}")
    return "\n".join(lines)
