"""recipe.toml: what this project needs to know about a recipe beyond the recipe itself."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import Field, PrivateAttr, StringConstraints, ValidationError

from ccci.errors import Misuse
from ccci.recipe.limits import RaisedLimit
from ccci.recipe.tables import (
    Called,
    ComposeNames,
    Database,
    EnvKey,
    FilledOfApp,
    Meaning,
    Names,
    OwnName,
    Reason,
    SignIn,
    Table,
    TableOfService,
)
from ccci.recipe.toml_lines import line_of

_MOST_BYTES = 16 << 10
TableKind = TypeVar("TableKind", bound=Table)
Stage = Literal["install", "functional", "browser", "restart", "backup", "upgrade"]
RecipeName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,38}$", strip_whitespace=False)
]
PathOnApp = Annotated[str, StringConstraints(pattern=r"^/[^\s#]*$")]
ScriptPath = Annotated[str, StringConstraints(pattern=r"^(\w[\w-]*/)*\w[\w-]*(\.\w+)?$")]


# What reaches beyond a recipe's own containers, by the short names that loop.policy objects with.
Approval = Annotated[
    str,
    StringConstraints(
        pattern=r"^(docker-socket|privileged|backup-bot|host-(network|pid|ipc|userns|uts|cgroup)"
        r"|host-port:(any|[1-9][0-9]*(-[1-9][0-9]*)?)(/(udp|sctp))?|host-mount:/[^\s]*"
        r"|(addresses|capability|certresolver|device|dns|entrypoint|external-(config|secret|volume)"
        r"|extra-host|group|hostname|label|limit|log-driver|log-option|middleware|mount-type"
        r"|network|network-alias|network-driver|network-mount|option|registry|route|security-opt"
        r"|sysctl|template-driver|variable|volume-driver|volume-option):[^\s]+)$"
    ),
]


# A setting, a secret, a config, or what a check of the upgrade calls a loss: `app: root`.
LetGo = Annotated[str, StringConstraints(pattern=r"^[\w./-][\w./: -]{0,79}$")]


class Sso(Table):
    """`[sso]`: which recipe signs users in, and the script that wires the two."""

    provider: Literal["keycloak", "authentik"]
    setup_script: ScriptPath | None = None


class Downtime(Table):
    """`[downtime]`: how long the app may be away, and what shows that it is back.

    Attributes:
        restart_seconds: the longest downtime of a restart of all services; None for no bound.
        upgrade_seconds: the longest downtime of an upgrade; None for no bound.
        settle_seconds: for how long all services must run, and the health page answer, without a
            break until the app counts as back.
    """

    restart_seconds: float | None = Field(default=None, ge=0, le=3600)
    upgrade_seconds: float | None = Field(default=None, ge=0, le=3600)
    settle_seconds: float = Field(default=3, ge=0, le=120)


class Browser(Table):
    """`[browser]`: why an app has no browser tests."""

    none: Reason


class Approved(Table):
    """`[approved]`: what the node lets this recipe do, decided on this project's main branch.

    Attributes:
        node: what its compose files may do to the node, by short names.
        tests: whether test code in the recipe's own `cc-ci/` folder is run.
    """

    node: list[Approval] = Field(default_factory=list)
    tests: bool = False


class RecipeConfig(Table):
    """The content of a `recipes/<recipe>/recipe.toml`.

    Attributes:
        weight: share of the node budget that one live app of this recipe takes.
        requires: recipes that must run beside it, always.
        test_requires: recipes that only its tests need.
        companions: what its tests need and is no recipe; see `ccci.recipe.companions`.
        health_path: the page that answers when the app is ready.
        health_status: the HTTP status it then answers with.
        health_tls_port: of an app without pages: the TCP port at which it then completes a TLS
            handshake; None for an app that is asked for its page.
        timeout_seconds: how long a deployment may take to converge, image pulls not counted.
        longest_run_minutes: how long a run may take, from its share of the node on; None for what
            `ccci.run.longest` computes.
        env: settings written into the app's environment before its first deployment; `{domain}` and
            `{url}` in them are the app's.
        overlays: compose files to deploy with, beside those that .env.sample names; each one name,
            or several of which the first that the recipe has is taken.
        names: the recipe's own names that the suite uses.
        database: where the app keeps its data, as far as the images do not tell.
        sign_in: how sign-in is configured in the recipe.
        holds: what people entrust to the app, a line each.
        meant_to_end: service to reason, for one that does something once and ends.
        no_replica: service to reason, for one to which something else gives its replicas.
        not_in_backup: volume to reason, for one that a restore need not bring back.
        empty_after_restore: table to reason, for one that the app itself empties when it starts.
        not_secret: secret or variable to reason, for one whose text the recipe may hold.
        let_go: what the head gave up or changed on purpose, by the word of the failure, to reason.
        downtime: how long a restart and an upgrade may take the app away.
        sso: the provider of single sign-on, if the app has any.
        browser: the reason why there are no browser tests, for an app without pages.
        opt_out: stage to reason, for a generic part that is left out.
        approved: what a pull request's recipe may do beyond its own containers.
        limit: the services that may use more than an even part of the app's share of the node.
    """

    weight: int = Field(default=1, ge=1, le=64)
    requires: list[RecipeName] = Field(default_factory=list)
    test_requires: list[RecipeName] = Field(default_factory=list)
    companions: list[RecipeName] = Field(default_factory=list)
    health_path: PathOnApp = "/"
    health_status: int = Field(default=200, ge=100, le=599)
    health_tls_port: int | None = Field(default=None, ge=1, le=65535)
    timeout_seconds: int = Field(default=300, ge=5, le=3600)
    longest_run_minutes: int | None = Field(default=None, ge=1, le=1440)
    env: dict[EnvKey, FilledOfApp] = Field(default_factory=dict)
    overlays: list[ComposeNames] = Field(default_factory=list)
    names: Names = Names()
    database: Database = Database()
    sign_in: SignIn = SignIn()
    holds: dict[Called, Meaning] = Field(default_factory=dict)
    meant_to_end: dict[OwnName, Reason] = Field(default_factory=dict)
    no_replica: dict[OwnName, Reason] = Field(default_factory=dict)
    not_in_backup: dict[OwnName, Reason] = Field(default_factory=dict)
    empty_after_restore: dict[TableOfService, Reason] = Field(default_factory=dict)
    not_secret: dict[OwnName, Reason] = Field(default_factory=dict)
    let_go: dict[LetGo, Reason] = Field(default_factory=dict)
    downtime: Downtime = Downtime()
    sso: Sso | None = None
    browser: Browser | None = None
    opt_out: dict[Stage, Reason] = Field(default_factory=dict)
    approved: Approved = Approved()
    limit: list[RaisedLimit] = Field(default_factory=list)
    _is_written: bool = PrivateAttr(default=True)

    @property
    def is_written(self) -> bool:
        """Whether the recipe has a recipe.toml, in which it can say something of its services."""
        return self._is_written

    @property
    def replaced(self) -> frozenset[str]:
        """The settings to which this file gives a value of its own: no run shows their defaults."""
        wired = {name for way in self.sign_in.wiring for name in way.settings}
        return frozenset({*self.env, *wired})


def check_recipe_name(name: str) -> str:
    """Return `name` when it can be a recipe's name; raise Misuse when it cannot."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,38}", name):
        raise Misuse(
            f"{name!r} cannot be a recipe's name: lower-case letters, digits and hyphens, "
            "at most 39 of them, as in 'custom-html'."
        )
    return name


def load_recipe_config(path: Path) -> RecipeConfig:
    """Read a recipe.toml.

    Args:
        path: the file. A file that is not there means a recipe without a folder: all defaults.

    Raises:
        Misuse: see `read_table`.
    """
    if not path.exists():
        unwritten = RecipeConfig()
        unwritten._is_written = False
        return unwritten
    return read_table(path, RecipeConfig)


def read_table(path: Path, model: type[TableKind]) -> TableKind:
    """Read a TOML file as the table that it holds.

    Args:
        path: the file.
        model: the keys that it may have.

    Raises:
        Misuse: the file is no TOML, or a key is unknown or has a value that it cannot have.
            The sentence names file, line, key and what is allowed.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise Misuse(f"{path}: the file is larger than {_MOST_BYTES} bytes.")
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise Misuse(f"{path}: not UTF-8 text ({error.reason}).") from None
    except ValueError as error:
        # Also for a number of thousands of digits.
        raise Misuse(f"{path}: not valid TOML: {error}.") from None
    except RecursionError:
        raise Misuse(f"{path}: not valid TOML: it is nested too deep.") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise Misuse(_first_complaint(path, text, model, error)) from None


def config_path(project: Path, recipe: str) -> Path:
    """Return where a recipe's settings lie; the file need not be there."""
    return project / "recipes" / recipe / "recipe.toml"


def _first_complaint(path: Path, text: str, model: type[Table], error: ValidationError) -> str:
    first = error.errors()[0]
    place = [part for part in first["loc"] if part != "[key]"]
    key = ".".join(map(str, place))
    if first["type"] == "extra_forbidden":
        what = f"unknown key '{key}'; known keys: {', '.join(_keys_beside(model, place))}"
    else:
        seen = (
            f" (it is {repr(first['input'])[:80]})" if not isinstance(first["input"], dict) else ""
        )
        which = f"key '{key}': " if key else ""
        what = f"{which}{first['msg'].removeprefix('Value error, ')}{seen}"
    return f"{path}:{line_of(text, place)}: {what}."


def _keys_beside(model: type[Table], place: list[str | int]) -> list[str]:
    """Return the keys that are known where an unknown one stands."""
    for part in place[:-1]:
        if isinstance(part, str):
            model = _tables_in(model.model_fields[part].annotation)[0]
    return list(model.model_fields)


def _tables_in(annotation: Any) -> list[type[Table]]:
    """Return the tables that a field holds: itself, or in a list or a union."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return [annotation]
    return [table for inner in get_args(annotation) for table in _tables_in(inner)]
