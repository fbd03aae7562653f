"""defects.toml: how a recipe may break, and the stage of its suite that must notice.

A suite that stays green over a defect is a defect itself. The breaking is data, so that a test and
an audit can both read it: which text of which file becomes which.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic import model_validator as validator

from ccci.errors import Misuse
from ccci.recipe.config import Stage
from ccci.recipe.toml_lines import line_of

FileInRecipe = Annotated[
    str, StringConstraints(pattern=r"^(?!.*(?:^|/)\.\.?(?:/|$))[\w.][\w.-]*(/[\w.][\w.-]*)*$")
]
Text = Annotated[str, StringConstraints(min_length=1)]
PartOfALine = Annotated[str, StringConstraints(pattern=r"^[^\n]+$")]
Sentence = Annotated[str, StringConstraints(min_length=3, pattern=r"^\S.*\S$")]
Order = tuple(get_args(Stage))
EACH = "{each}"


class _Table(BaseModel):
    """Unknown keys are refused: a misspelt key must not be a silently missing one."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, regex_engine="python-re")


class Change(_Table):
    """What is changed in one file. Lines are removed first, then the text is replaced.

    Attributes:
        file: the file, as a path in the recipe; empty means the file of the defect.
        remove_lines: each line that contains one of these texts is removed.
        replace: the text to replace, everywhere in the file.
        with_: what stands there instead; may be empty. Its key in the file is `with`.
    """

    file: FileInRecipe | None = None
    remove_lines: list[PartOfALine] = []
    replace: Text | None = None
    with_: str | None = Field(default=None, alias="with")

    @validator(mode="after")
    def _replace_needs_with(self) -> Self:
        if (self.replace is None) != (self.with_ is None):
            raise ValueError("'replace' and 'with' go together (an empty 'with' removes the text)")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is changed."""
        return self.replace is None and not self.remove_lines


class Defect(Change):
    """One `[[defect]]`: what is broken, and the stage that must turn red and say why.

    Attributes:
        name: what is broken, in words.
        changes: further changes, in their order, where one is not enough.
        stage: the stage that must fail.
        message: part of the failure's message; not of a test's name, which is always printed.
        each: defects that differ in one word: the word, which takes the place of `{each}` in name,
            `replace` and `with`, and its message.
        before: stages that run first and stay green.
        alone: it disturbs other runs on the node, as a route for everybody's names does.
    """

    name: Sentence
    file: FileInRecipe = "compose.yml"
    changes: list[Change] = []
    stage: Stage
    message: str = ""
    each: dict[PartOfALine, Text] = {}
    before: list[Stage] = []
    alone: bool = False

    @validator(mode="after")
    def _is_complete(self) -> Self:
        if (self.is_empty and not self.changes) or any(one.is_empty for one in self.changes):
            raise ValueError("nothing is changed; expected 'replace' and 'with', or 'remove_lines'")
        if bool(self.message) == bool(self.each):
            raise ValueError("expected a 'message', or 'each' with a message for each word")
        if self.each and (EACH not in self.name or EACH not in f"{self.replace}{self.with_}"):
            raise ValueError("with 'each', expected '{each}' in 'name', and in 'replace' or 'with'")
        wanted = [stage for stage in Order[: Order.index(self.stage)] if stage in self.before]
        if list(self.before) != wanted:
            raise ValueError(
                f"'before' names stages that come before '{self.stage}', in their order: "
                f"{', '.join(Order[: Order.index(self.stage)]) or 'none'}"
            )
        return self

    @property
    def variants(self) -> tuple["Defect", ...]:
        """The defects that this one stands for: itself, or one for each word of `each`."""
        return tuple(self._variant(*one) for one in self.each.items()) or (self,)

    def _variant(self, word: str, message: str) -> "Defect":
        texts = {"name": self.name, "replace": self.replace, "with_": self.with_}
        filled = {key: text and text.replace(EACH, word) for key, text in texts.items()}
        return self.model_copy(update={**filled, "message": message, "each": {}})

    @property
    def all_changes(self) -> tuple[tuple[str, Change], ...]:
        """Each change with the file that it is made in."""
        own = () if self.is_empty else (self,)
        return tuple((change.file or self.file, change) for change in (*own, *self.changes))


class Harmless(_Table):
    """One `[[harmless]]`: a defect of `make audit` that nobody could see.

    Attributes:
        name: the defect, as the audit names it.
        reason: why nobody could see it.
    """

    name: Sentence
    reason: Annotated[str, StringConstraints(min_length=20, strip_whitespace=True)]


class Defects(_Table):
    """The content of a defects.toml.

    Attributes:
        defect: what is broken on purpose.
        harmless: what `make audit` does not count.
    """

    defect: list[Defect] = []
    harmless: list[Harmless] = []


@dataclass(frozen=True)
class Complaint:
    """What is wrong with a defects.toml, and on which line."""

    line: int
    sentence: str


def load_defects(path: Path) -> Defects:
    """Read a recipe's defects.toml.

    Args:
        path: the file. Without it a recipe has no defects of its own.

    Raises:
        Misuse: the file is no TOML, a key is unknown or missing, or a value cannot be. The
            sentence names file, line, defect and key.

    Example:
        >>> load_defects(Path("recipes/custom-html/defects.toml")).defect[0].name
        'the volume is not mounted'
    """
    if not path.exists():
        return Defects()
    found = _read(path)
    if isinstance(found, Complaint):
        raise Misuse(f"{path}:{found.line}: {found.sentence}")
    return found.model_copy(update={"defect": [v for one in found.defect for v in one.variants]})


def complaints(path: Path, checkout: Path | None) -> list[Complaint]:
    """Return what is wrong with a defects.toml.

    Args:
        path: the file.
        checkout: the recipe's files. None: whether the texts are there is not looked at.
    """
    found = _read(path)
    if isinstance(found, Complaint):
        return [found]
    result = []
    for number, defect in enumerate(found.defect):
        if checkout is not None:
            try:
                for variant in defect.variants:
                    broken_files(variant, checkout)
            except Misuse as error:
                line = line_of(path.read_text(encoding="utf-8"), ("defect", number))
                result.append(Complaint(line, str(error)))
    return result


def broken_files(defect: Defect, checkout: Path) -> dict[str, str]:
    """Return the files that a defect changes, with their changed text. Nothing is written.

    Args:
        defect: what to break.
        checkout: the recipe's files.

    Raises:
        Misuse: a file is not there, or a text is not in it: the recipe is another than the one
            that the defect was written for.
    """
    texts: dict[str, str] = {}
    for file, change in defect.all_changes:
        path = checkout / file
        if file not in texts and not path.is_file():
            raise Misuse(f"defect '{defect.name}': the recipe has no file {file}.")
        before = texts[file] if file in texts else path.read_text(encoding="utf-8")
        texts[file] = _changed(defect, file, change, before)
    for file, text in texts.items():
        if text == (checkout / file).read_text(encoding="utf-8"):
            raise Misuse(f"defect '{defect.name}': {file} is as it was after the change.")
    return texts


def break_recipe(defect: Defect, checkout: Path) -> None:
    """Change the files of a checkout as a defect says; see `broken_files`."""
    for file, text in broken_files(defect, checkout).items():
        (checkout / file).write_text(text, encoding="utf-8")


def _changed(defect: Defect, file: str, change: Change, text: str) -> str:
    for part in change.remove_lines:
        _must_contain(defect, file, text, part)
    kept = [
        line
        for line in text.splitlines(keepends=True)
        if not any(part in line for part in change.remove_lines)
    ]
    text = "".join(kept)
    if change.replace is None or change.with_ is None:
        return text
    _must_contain(defect, file, text, change.replace)
    return text.replace(change.replace, change.with_)


def _must_contain(defect: Defect, file: str, text: str, part: str) -> None:
    if part not in text:
        raise Misuse(
            f"defect '{defect.name}': {file} does not contain {part!r}. "
            "Write the text as it stands in the recipe now."
        )


def _read(path: Path) -> Defects | Complaint:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return Complaint(1, f"not UTF-8 text ({error.reason}).")
    try:
        found = Defects.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        return Complaint(int(at.group(1)) if at else 1, f"not valid TOML: {error}.")
    except ValidationError as error:
        return _first(text, error)
    names = [defect.name for defect in found.defect]
    for number, name in enumerate(names):
        if name in names[:number]:
            return Complaint(line_of(text, ("defect", number)), f"two defects are called '{name}'.")
    return found


def _first(text: str, error: ValidationError) -> Complaint:
    # A misspelt key is unknown, and the key that was meant is missing: the first says more.
    first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    where = first["loc"]
    line = line_of(text, where)
    in_table = len(where) > 1
    keys = where[2:] if in_table else where
    named = ".".join(str(key) for key in keys)
    if first["type"] == "extra_forbidden":
        model = _model_of(where)
        known = ", ".join(field.alias or name for name, field in model.model_fields.items())
        return Complaint(line, f"unknown key '{named}'; known keys: {known}.")
    which = f"{where[0]} {int(where[1]) + 1}" if in_table else "the file"
    if first["type"] == "missing":
        return Complaint(line, f"{which} has no '{named}'.")
    said = first["msg"].removeprefix("Value error, ")
    return Complaint(line, f"{which}{f', {named!r}' if in_table and named else ''}: {said}.")


def _model_of(where: tuple[int | str, ...]) -> type[BaseModel]:
    if len(where) == 1:
        return Defects
    if where[0] == "harmless":
        return Harmless
    return Change if "changes" in where[2:] else Defect
