"""The rules for a service's environment: nothing of that of whoever deploys gets into an app.

References such as `${NAME}` are checked in `policy`, for the whole file.
"""

import re

import yaml

from ccci.loop.compose_file import ComposeFile
from ccci.loop.yamltree import entries, is_null, items, values
from ccci.recipe.yaml_file import Unreadable, read_text

_ANY_REFERENCE = re.compile(r"\$\{[^}]*\}|\$\w+", re.ASCII)
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)", re.ASCII)


def check_environment(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the names without a value: their values come from somewhere else."""
    if isinstance(node, yaml.MappingNode):
        for entry in entries(node):
            if is_null(entry.value):
                compose.check_bare_name(entry.key_node, entry.key)
        return
    for item in items(node):
        if "=" not in _ANY_REFERENCE.sub("", str(item.value)):
            for text in compose.readings(item, f"a variable of {where}"):
                if text and "=" not in text:
                    compose.check_bare_name(item, text)


def check_env_files(compose: ComposeFile, where: str, node: yaml.Node) -> None:
    """Check the files of `env_file`, and each line in them.

    Docker fills in a name without a value from its own environment, never from the app's settings.
    """
    for item in items(node):
        paths = values(item, "path") if isinstance(item, yaml.MappingNode) else [item]
        for path in paths:
            for file in compose.require_recipe_file(path, f"an env_file of {where}"):
                try:
                    text = read_text(file)
                except Unreadable as error:
                    what = f"{file.name}:{error.line}, an env_file of {where}, {error.what}"
                    compose.refuse(path, what, "Write plain lines of NAME=value")
                else:
                    _check_lines(compose, f"{file.name}, an env_file of {where},", path, text)


def _check_lines(compose: ComposeFile, where: str, place: yaml.Node, text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals:
            what = f"{where} takes {name[:80]!r} from the machine that deploys (line {number})"
            remedy = f"Write {name[:80]}=value, or name it under 'environment'"
            compose.require_approval(place, f"variable:{name[:80]}", what, remedy)
        for reference in _REFERENCE.findall(value):
            what = f"{where} refers to the variable {reference} (line {number})"
            remedy = "Write the value there, or the variable in 'environment'"
            compose.require_approval(place, f"variable:{reference}", what, remedy)
