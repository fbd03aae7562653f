"""verified.toml: what a recipe's last green run ran on. Only `make record` writes it.

It is kept in the repository, so that a reader sees what was verified without results of runs. Its
last key is a hash of the others: a change by hand is seen, unless somebody means to deceive.
"""

import hashlib
import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Self

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as validator

from ccci.errors import Misuse
from ccci.recipe.toml_lines import line_of
from ccci.results.levels import HIGHEST
from ccci.results.store import ImageOrigin
from ccci.results.suite_fingerprint import VERIFIED_FILE

_HEADER = "# `make record` wrote this from a run that passed. Do not edit it: record another run.\n"
Line = Annotated[str, StringConstraints(min_length=1, pattern=r"^[^\n]+$")]


class _Table(BaseModel):
    """Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Image(_Table):
    """One `[[image]]` that the app ran; see `ccci.results.store.UsedImage`."""

    name: Line
    id: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    origin: ImageOrigin
    versions: list[Line] = Field(min_length=1)


class SleptThrough(_Table):
    """A defect that the suite did not notice, and the first line of what its run said."""

    defect: Line
    said: Line


class Audited(_Table):
    """`[audit]`: how many defects the suite caught of those that were tried."""

    date: date
    caught: int = Field(ge=0)
    defects: int = Field(ge=1)
    slept_through: list[SleptThrough] = []

    @validator(mode="after")
    def _adds_up(self) -> Self:
        if self.caught + len(self.slept_through) != self.defects:
            raise ValueError(
                f"{self.caught} caught and {len(self.slept_through)} slept through are not "
                f"{self.defects} defects"
            )
        return self


class Verified(_Table):
    """The content of a `recipes/<recipe>/verified.toml`.

    Attributes:
        recipe: the recipe.
        run: the id of the run.
        date: when it started.
        head: the full hash of the commit that was tested.
        release: the release that this commit is, or "".
        version: the version in the labels of the deployed head, `<recipe version>+<app version>`.
        app_version: the app's own part of it.
        upgraded_from: the release that the upgrade started from; "" without an upgrade.
        abra: the output of `abra --version`.
        level: how much was verified, see `ccci.results.levels`.
        seconds: how long the run took, without its wait for places.
        peak_memory_bytes: of all its apps together; None if it was not measured.
        suite: which tests it had, see `ccci.results.suite_fingerprint`.
        tests: the tests that passed, as `tests.txt` names them.
        image: the images that the app ran.
        audit: the newest audit of this commit, if it was complete.
        seal: a hash of all others.
    """

    recipe: Line
    run: Line
    date: date
    head: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40,64}$")]
    release: str
    version: Annotated[str, StringConstraints(pattern=r"^[^+\s]+\+\S+$")]
    app_version: Line
    upgraded_from: str
    abra: Line
    level: int = Field(ge=1, le=HIGHEST)
    seconds: float = Field(gt=0)
    peak_memory_bytes: int | None = Field(default=None, gt=0)
    suite: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    tests: list[Line] = Field(min_length=1)
    image: list[Image] = Field(min_length=1)
    audit: Audited | None = None
    seal: str = ""

    @property
    def origins(self) -> str:
        """Where the images came from, in words.

        Example: "3 built by the lab, 1 was there"; just "pulled" where all came from one place.
        """
        origins = [image.origin for image in self.image]
        counts = [f"{origins.count(one)} {one}" for one in sorted(set(origins))]
        return origins[0] if len(counts) == 1 else ", ".join(counts)


def verified_path(project: Path, recipe: str) -> Path:
    """Return the path of a recipe's verified.toml, which need not exist."""
    return project / "recipes" / recipe / VERIFIED_FILE


def write_verified(path: Path, verified: Verified) -> None:
    """Write a verified.toml, with its seal, in one step."""
    content = _content(verified) | {"seal": _seal(verified)}
    # First what is short: a table takes all keys that follow it.
    tables = {key: content.pop(key) for key in ("image", "audit") if key in content}
    draft = path.with_name(f".{path.name}")
    draft.write_text(_HEADER + tomli_w.dumps(content | tables), encoding="utf-8")
    draft.replace(path)


def load_verified(path: Path) -> Verified:
    """Read a verified.toml.

    Args:
        path: the file, in the folder of its recipe.

    Raises:
        Misuse: it is not what `make record` wrote for this recipe. The sentence names file, line
            and key.

    Example:
        >>> load_verified(Path("recipes/custom-html/verified.toml")).level  # doctest: +SKIP
        6
    """
    try:
        text = path.read_text(encoding="utf-8")
        verified = Verified.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as error:
        raise _misuse(path, 1, f"not UTF-8 text ({error.reason})") from None
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        raise _misuse(path, int(at.group(1)) if at else 1, f"not valid TOML: {error}") from None
    except ValidationError as error:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        named = ".".join(map(str, first["loc"]))
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            said = "no such key"
        raise _misuse(path, line_of(text, first["loc"]), f"'{named}': {said}") from None
    if verified.recipe != path.parent.name:
        line = line_of(text, ["recipe"])
        raise _misuse(path, line, f"it is that of the recipe '{verified.recipe}'")
    if verified.seal != _seal(verified):
        line = line_of(text, ["seal"])
        raise _misuse(path, line, "it was changed by hand: its seal is not that of its content")
    return verified


def _misuse(path: Path, line: int, problem: str) -> Misuse:
    remedy = f"'make record RECIPE={path.parent.name}' writes it from a run that passed."
    return Misuse(f"{path}:{line}: {problem}. {remedy}")


def _content(verified: Verified) -> dict[str, object]:
    return verified.model_dump(exclude={"seal"}, exclude_none=True)


def _seal(verified: Verified) -> str:
    plain = json.dumps(_content(verified), sort_keys=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()[:16]
