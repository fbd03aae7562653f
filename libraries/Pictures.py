"""Pictures that can be known again in a smaller form."""

import io
import secrets

from PIL import Image, ImageChops, ImageStat, UnidentifiedImageError
from robot.api.deco import library

from ccci.bridge.failures import project_keyword
from ccci.errors import RecipeFailure

# A picture is a pattern of squares of random colours; a smaller form of it has the same pattern.
_COLUMNS, _ROWS = 12, 8
_SIDE = 60
_WIDTH, _HEIGHT = _COLUMNS * _SIDE, _ROWS * _SIDE
# As in a photograph no two pixels are quite the same: else a smaller form would take more bytes.
_NOISE = 31
# How much a colour may differ, of 255: where squares meet, scaling mixes them.
_DIFFERENCE = 12


@library(scope="GLOBAL", version="0.1.0", auto_keywords=False)
class Pictures:
    """Makes PNG pictures, and compares what an app made of them."""

    @project_keyword()
    def random_picture(self) -> bytes:
        """Returns a PNG picture of 720 by 480 pixels in random colours. Never fails.

        Example:
        | ${content}=    Random Picture
        | ${picture}=    File With Bytes    garden.png    ${content}
        """
        squares = _random_pixels(_COLUMNS, _ROWS).resize(
            (_WIDTH, _HEIGHT), Image.Resampling.NEAREST
        )
        noise = _random_pixels(_WIDTH, _HEIGHT).point(lambda value: value & _NOISE)
        picture = ImageChops.add(squares, noise)
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()

    @project_keyword("assertion")
    def picture_should_be_a_smaller_form(self, seen: bytes, picture: bytes, width: int) -> None:
        """Fails unless ``seen`` shows the same as ``picture``, is this wide, and not distorted.

        Example:
        | ${seen}=    Download File    ${address}
        | Picture Should Be A Smaller Form    ${seen.body}    ${picture.content}    width=600
        """
        small, large = _opened(seen), _opened(picture)
        height = round(large.height * width / large.width)
        if (small.width, small.height) != (width, height):
            raise RecipeFailure(
                f"Expected a picture of {width} by {height} pixels, got one of {small.width} by "
                f"{small.height}."
            )
        difference = ImageChops.difference(_pattern(small), _pattern(large))
        most = max(ImageStat.Stat(difference).mean)
        if most > _DIFFERENCE:
            raise RecipeFailure(
                f"Expected the same picture, got another: a colour differs by {most:.0f} of 255."
            )


def _random_pixels(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), secrets.token_bytes(width * height * 3))


def _opened(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content)).convert("RGB")
    except UnidentifiedImageError:
        raise RecipeFailure(
            f"Expected a picture, got {len(content)} bytes that begin with {content[:40]!r}."
        ) from None


def _pattern(picture: Image.Image) -> Image.Image:
    """The colour of each square, whatever the picture's size."""
    return picture.resize((_COLUMNS, _ROWS), Image.Resampling.BOX)
