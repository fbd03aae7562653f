"""The files of one commit of a recipe, as reviews read them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ccci.errors import Misuse, UnreadableRecipe
from ccci.recipe.compose import read_compose
from ccci.recipe.envfile import read_env, read_exports
from ccci.recipe.offered import SAMPLE, offered_files


@dataclass(frozen=True)
class CommitFiles:
    """What one commit has.

    Attributes:
        texts: path to text.
        sample: the settings of .env.sample.
        exports: what abra.sh exports.
        compose: name to content of the compose files that can be read.
    """

    texts: Mapping[str, str]
    sample: Mapping[str, str]
    exports: Mapping[str, str]
    compose: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Read the files of a commit; what cannot be read is left out.

        An older release cannot be mended any more, and the head's files were read to deploy it.

        Args:
            texts: path to text, as `Checkout.texts` returns it.
        """
        with tempfile.TemporaryDirectory(prefix="ccci-review-") as temporary:
            folder = Path(temporary).resolve()
            for name, text in texts.items():
                path = (folder / name).resolve()
                if path.is_relative_to(folder):
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")
            compose = {}
            for name in offered_files(folder):
                try:
                    compose[name] = read_compose(folder / name)
                except UnreadableRecipe:
                    continue
            return cls(texts, _sample(folder), read_exports(folder / "abra.sh"), compose)


def _sample(folder: Path) -> dict[str, str]:
    try:
        return read_env(folder / SAMPLE) if (folder / SAMPLE).is_file() else {}
    except Misuse:
        return {}
