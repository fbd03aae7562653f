"""Companions: apps that a recipe's tests need beside it, and that are no recipes of Co-op Cloud.

A mail server that keeps what it is sent is one. Its folder is `resources/companions/<name>/` of
this project: `recipe.toml`, and `recipe/`, a small Co-op Cloud recipe that names an official image.
A run makes a repository of that, and deploys it as it deploys a dependency.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from ccci.errors import Misuse
from ccci.recipe.config import PathOnApp, RecipeConfig, read_table
from ccci.recipe.limits import Amounts, RaisedLimit, Size, bytes_of
from ccci.recipe.tables import Table

# What a companion without a weight may reserve of a core: next to nothing.
_MILLICORES = 50


class OwnShare(Table):
    """`[share]`: what a companion without a weight may use of the place of the app under test.

    Attributes:
        memory: of all its services together, as in `"128 MiB"`.
        pids: processes and threads.
        log: bytes that it may log.
        disk: what it may write.
    """

    memory: Size
    pids: int = Field(ge=16, le=2048)
    log: Size
    disk: Size

    @property
    def amounts(self) -> Amounts:
        """The same, in bytes and numbers."""
        return Amounts(
            memory=bytes_of(self.memory), pids=self.pids, log=bytes_of(self.log),
            disk=bytes_of(self.disk), millicores=_MILLICORES,
        )  # fmt: skip


class CompanionConfig(Table):
    """The content of a `resources/companions/<name>/recipe.toml`.

    Attributes:
        weight: the places of the node's budget that it takes; 0 for one that is so small that it
            lives within those of the app under test.
        share: what it may use; with weight 0 only, and then required.
        health_path: the page that answers when it is ready.
        health_status: the HTTP status it then answers with.
        timeout_seconds: how long its deployment may take to converge.
        limit: the services that may use more than an even part.
    """

    weight: int = Field(default=1, ge=0, le=64)
    share: OwnShare | None = None
    health_path: PathOnApp = "/"
    health_status: int = Field(default=200, ge=100, le=599)
    timeout_seconds: int = Field(default=300, ge=5, le=3600)
    limit: list[RaisedLimit] = Field(default_factory=list)

    @model_validator(mode="after")
    def _share_without_weight(self) -> Self:
        if (self.weight == 0) != (self.share is not None):
            raise ValueError("[share] goes with weight = 0: exactly then it must be there")
        return self

    @property
    def as_recipe(self) -> RecipeConfig:
        """The settings of a recipe that is deployed like this; its weight is not this one's."""
        return RecipeConfig(
            health_path=self.health_path, health_status=self.health_status,
            timeout_seconds=self.timeout_seconds, limit=self.limit,
        )  # fmt: skip


def companion_folder(project: Path, name: str) -> Path:
    """Return the folder of a companion; it need not be there."""
    return project / "resources" / "companions" / name


def companions_of(project: Path) -> tuple[str, ...]:
    """Return the names of all companions that a project has."""
    found = companion_folder(project, "").glob("*/recipe.toml")
    return tuple(sorted(path.parent.name for path in found))


def load_companion(project: Path, name: str) -> CompanionConfig:
    """Read the settings of a companion.

    Raises:
        Misuse: there is no such companion, or its recipe.toml has an error.

    Example: ``load_companion(PROJECT, "mail").weight``
    """
    path = companion_folder(project, name) / "recipe.toml"
    if not path.exists():
        raise Misuse(
            f"There is no companion '{name}': no resources/companions/{name}/recipe.toml. There "
            f"are: {', '.join(companions_of(project)) or 'none'}."
        )
    return read_table(path, CompanionConfig)
