"""What a recipe offers: its compose files, settings, secrets, services, volumes and ports.

Read from the files of a checkout; nothing of the recipe is run.
"""

import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ccci.errors import Misuse, UnreadableRecipe
from ccci.recipe.compose import labels_of, read_compose, services_of
from ccci.recipe.envfile import compose_files, read_env, read_exports
from ccci.recipe.yaml_file import MOST_BYTES, kind_of

SAMPLE = ".env.sample"
Kind = Literal["service", "setting", "secret", "volume", "port"]
# A setting of .env.sample; one that is commented out counts too.
_SETTING = re.compile(r"^[ \t#]*(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_COMPOSE_NAME = re.compile(r"[\w./-]+\.ya?ml")
_VARIABLE = re.compile(r"(?<!\$)\$\{?([A-Z][A-Z0-9_]*)")
# Settings that every recipe has, and the versions of secrets.
_OF_ABRA = re.compile(r"TYPE|DOMAIN|STACK_NAME|COMPOSE_FILE|LETS_ENCRYPT_ENV|SECRET_\w+_VERSION")
_LEADS_TO = re.compile(r"traefik\..*\.loadbalancer\.server\.port")


@dataclass(frozen=True)
class Secret:
    """A secret of a recipe.

    Attributes:
        name: in the compose files.
        version_key: the setting that says its version.
        version: of .env.sample, also where that line is commented out.
        generated: abra makes a value for it by itself.
    """

    name: str
    version_key: str
    version: str
    generated: bool


@dataclass(frozen=True)
class Offered:
    """What a checkout offered when it was read.

    Attributes:
        usual: the compose files that `COMPOSE_FILE` of .env.sample names, by default compose.yml.
        contents: name to content of these, and of the other compose files that can be read.
        unreadable: other compose files, which cannot be read.
        settings: of .env.sample, commented or not, and the variables of all compose files, but
            for those that abra.sh exports: these win over any setting.
        secrets: of all compose files, by name.
    """

    usual: tuple[str, ...]
    contents: Mapping[str, Mapping[str, Any]]
    unreadable: tuple[str, ...]
    settings: tuple[str, ...]
    secrets: Mapping[str, Secret]

    @property
    def files(self) -> list[str]:
        """All compose files that can be read."""
        return list(self.contents)

    @property
    def overlays(self) -> list[str]:
        """The compose files that are not usual."""
        return [name for name in self.contents if name not in self.usual]

    def named(self, kind: Kind, more: Iterable[str] = ()) -> list[str]:
        """Return the names of one kind in the usual compose files, and in more of them.

        Settings are those of the whole recipe, without those that every recipe has.
        """
        deployed = [self.contents[name] for name in dict.fromkeys((*self.usual, *more))]
        if kind == "setting":
            return [key for key in self.settings if not _OF_ABRA.fullmatch(key)]
        if kind == "service":
            return list(services_of(deployed))
        if kind == "port":
            return _ports(deployed)
        tables = [_table(content.get(f"{kind}s")) for content in deployed]
        return list(dict.fromkeys(str(name) for table in tables for name in table))


def read_offered(folder: Path) -> Offered:
    """Read what a checkout offers.

    Raises:
        UnreadableRecipe: .env.sample or a compose file that it names cannot be read.
    """
    sample = folder / SAMPLE
    try:
        env = read_env(sample) if sample.is_file() else {}
    except Misuse as error:
        raise UnreadableRecipe(str(error)) from None
    text = sample.read_text(encoding="utf-8") if sample.is_file() else ""
    usual = [path.relative_to(folder).as_posix() for path in compose_files(env, folder)]
    contents = {name: read_compose(folder / name) for name in usual}
    unreadable = []
    for name in offered_files(folder):
        inside = (folder / name).resolve().is_relative_to(folder.resolve())
        if name not in usual and inside:
            try:
                contents[name] = read_compose(folder / name)
            except UnreadableRecipe:
                # Nothing deploys it yet, so it may be in any state.
                unreadable.append(name)
    settings = [key for key, _ in _SETTING.findall(text)]
    for name, content in contents.items():
        settings += _VARIABLE.findall((folder / name).read_text(encoding="utf-8"))
        settings += passed_on(content)
    exported = read_exports(folder / "abra.sh")
    secrets = {
        str(name): _secret(str(name), entry, text)
        for content in contents.values()
        for name, entry in _table(content.get("secrets")).items()
    }
    return Offered(
        tuple(usual),
        contents,
        tuple(unreadable),
        tuple(key for key in dict.fromkeys(settings) if key not in exported),
        secrets,
    )


def settings_in(sample: str) -> list[str]:
    """Return the settings that the text of a .env.sample has, commented or not.

    Example:
        >>> settings_in("A=1\\n#B=2\\n")
        ['A', 'B']
    """
    return list(values_in(sample))


def values_in(sample: str) -> dict[str, str]:
    """Return the settings of a .env.sample with their values, commented or not.

    Example:
        >>> values_in("A=1\\n#B='2 3'\\n")
        {'A': '1', 'B': '2 3'}
    """
    found = {}
    for key, value in _SETTING.findall(sample):
        text = value.strip()
        is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        found[key] = text[1:-1] if is_quoted else text
    return found


def offered_files(folder: Path) -> list[str]:
    """Return the compose files that an app of a recipe can be deployed with.

    They are those that are called so, in folders too, and those that a line of .env.sample names,
    commented out or not. What is judged before it may be deployed is no less than this.
    """
    paths = [path for path in folder.rglob("compose*.y*ml") if path.suffix in (".yml", ".yaml")]
    named = {path.relative_to(folder).as_posix() for path in paths}
    sample = folder / SAMPLE
    text = sample.read_text(encoding="utf-8", errors="replace") if sample.is_file() else ""
    # A longer one is refused by whoever reads all of it.
    for key, value in _SETTING.findall(text[:MOST_BYTES]):
        if key == "COMPOSE_FILE":
            named.update(_COMPOSE_NAME.findall(value))
    return [
        name
        for name in sorted(named)
        if not {"/", "..", ".git"} & set(Path(name).parts)
        and kind_of(folder / name) in (stat.S_IFREG, stat.S_IFLNK)
    ]


def passed_on(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the variables that services are given as the app's settings have them."""
    for service in (content.get("services") or {}).values():
        entries = (service or {}).get("environment") or {}
        if isinstance(entries, Mapping):
            yield from (str(key) for key, value in entries.items() if value is None)
        else:
            yield from (str(entry) for entry in entries if "=" not in str(entry))


def _table(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _secret(name: str, entry: object, sample: str) -> Secret:
    named = str(entry.get("name", "")) if isinstance(entry, Mapping) else ""
    found = re.search(r"SECRET_\w+_VERSION", named)
    key = found.group(0) if found else f"SECRET_{name.upper().replace('-', '_')}_VERSION"
    line = re.search(rf"^([ \t#]*){key}=[\"']?([\w.-]*)[\"']?(.*)$", sample, re.MULTILINE)
    commented, version, remark = line.groups() if line else ("#", "", "")
    by_itself = "#" not in commented and not re.search(r"generate\s*=\s*false", remark)
    return Secret(name, key, version or "v1", by_itself)


def _ports(contents: list[Mapping[str, Any]]) -> list[str]:
    """Return the ports that are published, or that Traefik leads to, as containers see them."""
    parts = [part for parts in services_of(contents).values() for part in parts]
    found = [_target(port) for part in parts for port in part.get("ports") or []]
    for labels in labels_of(contents).values():
        found += [value for key, value in labels.items() if _LEADS_TO.fullmatch(key)]
    return list(dict.fromkeys(port for port in found if port.isdecimal()))


def _target(port: object) -> str:
    if isinstance(port, Mapping):
        return str(port.get("target", ""))
    return str(port).rpartition(":")[2].partition("/")[0]
