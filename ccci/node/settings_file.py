"""Reads a TOML file that an operator writes; each mistake is reported in one sentence."""

import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ccci.errors import Misuse

M = TypeVar("M", bound=BaseModel)


def read_settings_file(path: Path, model: type[M], kind: str) -> M:
    """Read a file into its model.

    Args:
        path: the file.
        model: its keys and their types.
        kind: what the file is, for the error when it is missing.

    Raises:
        Misuse: it is missing, is not TOML, or has an error; the sentence names file and key.

    Example:
        >>> read_settings_file(Path("/etc/ccci/server.toml"), Server, "server")  # doctest: +SKIP
    """
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise Misuse(f"{path}: there is no such {kind} file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misuse(f"{path}: not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Misuse(f"{path}: key '{key}': {first['msg']}.") from None
