"""Command line parsing the way of the real abra's parser, on top of click.

Flags may stand anywhere before `--`; unknown flags, unknown subcommands and surplus arguments are
refused with that parser's messages and exit code 1.
"""

import re
from collections.abc import Callable
from typing import Any

import click

from lab.standins.abracli.logs import Log
from lab.standins.abracli.session import Session


class Refused(Exception):
    """The command line makes no sense; the message says why."""


class Command(click.Command):
    """A command whose function takes (session, words, **flags).

    Attributes:
        fewest: how many words it needs.
        most: how many it takes, None: any number.
        shape: the words, for the help.
    """

    fewest = 0
    most: int | None = 0
    shape = ""


def command(
    group: click.Group, names: str, fewest: int, most: int | None, shape: str, *flags: click.Option
) -> Callable[[Callable[..., int | None]], Command]:
    """Make a function a command of `group`.

    Args:
        group: where it belongs.
        names: its name and its aliases, separated by blanks.
        fewest: how many words it needs.
        most: how many it takes, None: any number.
        shape: the words, for the help.
        flags: its own flags, beside those of all commands.
    """

    def make(function: Callable[..., int | None]) -> Command:
        made = Command(
            names.split()[0],
            params=[*flags, *(flag(*f) for f in _EVERYWHERE), click.Argument(["words"], nargs=-1)],
            callback=function,
            help=function.__doc__,
            add_help_option=False,
        )
        made.fewest, made.most, made.shape = fewest, most, shape
        for name in names.split():
            group.add_command(made, name)
        return made

    return make


def flag(*names: str) -> click.Option:
    """Return a flag without a value; the last name may be the help text."""
    said = [name for name in names if not name.startswith("-")]
    dashed = [name for name in names if name.startswith("-")]
    return click.Option(dashed, is_flag=True, help=" ".join(said))


def option(*names: str, many: bool = False) -> click.Option:
    """Return a flag with a value; with `many` it may be given more than once."""
    said = [name for name in names if not name.startswith("-")]
    dashed = [name for name in names if name.startswith("-")]
    return click.Option(dashed, multiple=many, default=() if many else "", help=" ".join(said))


_EVERYWHERE = [
    ("--debug", "-d", "show debug messages"),
    ("--no-input", "-n", "toggle non-interactive mode"),
    ("--offline", "-o", "prefer offline and filesystem access"),
    ("--help", "-h", "help for this command"),
]


def run_line(root: click.Group, line: list[str]) -> int:
    """Run one command line and return its exit code.

    Raises:
        Refused: it makes no sense.
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
    words = values.pop("words")
    _count(node, len(words))
    assert node.callback
    return int(node.callback(session, list(words), **values) or 0)


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
            raise Refused(f'unknown command "{word}" for "{path}"')
        node, path = below, f"{path} {word}"
    return node, path, rest + line[at:]


def _parse(node: Command, path: str, rest: list[str]) -> dict[str, Any]:
    try:
        # After `--` everything is a word, also what looks like a flag.
        context = node.make_context(path, _short_values(node, rest))
    except click.NoSuchOption as error:
        raise Refused(_unknown(error.option_name, rest)) from None
    except click.BadOptionUsage as error:
        name = error.option_name
        if "does not take a value" in error.message:
            raise Refused(f'invalid argument for "{name}" flag: it takes no value') from None
        raise Refused(f"flag needs an argument: {name}") from None
    except click.UsageError as error:
        raise Refused(error.format_message()) from None
    return dict(context.params)


def _short_values(node: Command, rest: list[str]) -> list[str]:
    # `-s=x` means x here; click would take "=x" for the value.
    letters = {
        name
        for one in node.params
        if isinstance(one, click.Option) and not one.is_flag
        for name in one.opts
        if len(name) == 2
    }
    words = rest[: rest.index("--")] if "--" in rest else rest
    plain = [w[:2] + w[3:] if w[:2] in letters and w[2:3] == "=" else w for w in words]
    return plain + rest[len(words) :]


def _unknown(name: str, rest: list[str]) -> str:
    if name.startswith("--"):
        return f"unknown flag: {name}"
    letter = name.lstrip("-")
    given = next((w for w in rest if re.match(r"-[^-]", w) and letter in w), name)
    return f"unknown shorthand flag: '{letter}' in {given}"


def _refuse_flags(rest: list[str]) -> None:
    known = {name for names in _EVERYWHERE for name in names[:2]}
    for word in rest:
        if word not in known:
            name = word.partition("=")[0] if word.startswith("--") else f"-{word[1:2]}"
            raise Refused(_unknown(name, [word]))


def _count(node: Command, number: int) -> None:
    fewest, most = node.fewest, node.most
    if number < fewest and most is None:
        raise Refused(f"requires at least {fewest} arg(s), only received {number}")
    if most is None or fewest <= number <= most:
        return
    if fewest == most:
        raise Refused(f"accepts {most} arg(s), received {number}")
    raise Refused(f"accepts between {fewest} and {most} arg(s), received {number}")


def _help(node: click.Command, path: str) -> str:
    lines = [str(node.help or "").strip(), "", "Usage:"]
    if isinstance(node, click.Group):
        lines += [f"  {path} [command]", "", "Available Commands:"]
        for name, below in sorted(node.commands.items()):
            first = str(below.help or "").strip().split("\n")[0]
            lines.append(f"  {name:<12} {first}")
        flags: list[click.Parameter] = [flag(*names) for names in _EVERYWHERE]
    else:
        lines.append(f"  {path} {getattr(node, 'shape', '')} [flags]".replace("  [", " ["))
        flags = list(node.params)
    lines += ["", "Flags:"]
    for one in flags:
        if isinstance(one, click.Option):
            lines.append(f"  {', '.join(sorted(one.opts, key=len)):<28} {one.help or ''}")
    return "\n".join(lines)
