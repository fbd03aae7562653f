"""Zip files that an app packs."""

import io
import zipfile

from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.errors import RecipeFailure


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Zips:
    """Reads zip files. Source: APPNOTE.TXT of PKWARE, by way of Python's zipfile."""

    @project_keyword("assertion")
    def zip_should_have(self, packed: bytes, name: str, content: bytes) -> None:
        """Fails unless a zip file has a file of this name, byte for byte, and all of it is whole.

        Example:
        | ${packed}=    Download File    /folders/7/export    by=${mona}
        | Zip Should Have    ${packed.body}    Notes/soup.txt    ${file.content}
        """
        try:
            with zipfile.ZipFile(io.BytesIO(packed)) as archive:
                if damaged := archive.testzip():
                    raise RecipeFailure(f"{damaged!r} is damaged in the zip file.")
                names = archive.namelist()
                if name not in names:
                    raise RecipeFailure(f"Expected {name!r} in the zip file; it has {names[:50]}.")
                if (seen := archive.read(name)) != content:
                    raise RecipeFailure(
                        f"{name!r} in the zip file has {len(seen)} bytes, and not the "
                        f"{len(content)} that were expected, or others."
                    )
        except zipfile.BadZipFile as error:
            raise RecipeFailure(
                f"Expected a zip file, got {len(packed)} bytes that begin {packed[:40]!r}: {error}."
            ) from None
