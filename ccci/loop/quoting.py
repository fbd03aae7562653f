"""Text from outside, made harmless for a comment: it can say anything, and do nothing.

A comment is Markdown with HTML in it. What is quoted here must not mention anybody, link anywhere,
load an image, begin a command, or break the table or the list that it stands in. So each sign that
Markdown, HTML or the forge may act on stands as a character reference, a hexadecimal one since a
decimal one holds what looks like the number of an issue. Where the forge acts on a text once more
after that, which is anywhere but in <code>, the sign is parted from what follows.
"""

import re
import unicodedata
from urllib.parse import quote

# Seen on Gitea: mentions, references (#7, !7) and addresses are looked for in the finished page,
# but not within <code>.
_ACTED_ON_LATER = frozenset("@#!:")
_HARMLESS = frozenset(" ,.()='\"/;?+%-")
_PARTING = "&#x200b;"  # A space without width.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")
_ADDRESS = re.compile(r"https?://[^\s<>\"'`|\\()\[\]]+")
_SAFE_IN_ADDRESS = ":/?#@!$&*+,;=%~-._"


class Ready(str):
    """A piece of a comment that we made: it stands as it is."""


def plain(text: object, longest: int = 200) -> Ready:
    """Return a text from outside as one line for anywhere in a comment.

    Example:
        >>> plain("@all see http://x.test")
        '&#x40;&#x200b;all see http&#x3a;&#x200b;//x.test'
    """
    return Ready("".join(_sign(sign, part=True) for sign in _shown(text, longest)))


def code(text: object, longest: int = 200) -> Ready:
    """Return a text from outside as one line of code, or nothing where there is none.

    Example:
        >>> code("a|b")
        '<code>a&#x7c;b</code>'
    """
    signs = "".join(_sign(sign, part=False) for sign in _shown(text, longest))
    return Ready(f"<code>{signs}</code>" if signs else "")


def link(words: str, address: str) -> Ready:
    """Return a link; the words alone where the address is none of the web.

    Example:
        >>> link("log.html", "https://forge.test/1")
        '[log.html](https://forge.test/1)'
    """
    address = quote(address, safe=_SAFE_IN_ADDRESS, errors="replace")
    if not _ADDRESS.fullmatch(address) or len(address) > 300:
        return plain(words, 40)
    return Ready(f"[{plain(words, 40)}]({address})")


def one_line(text: object, longest: int) -> str:
    """Return a text as one line without hidden signs, cut to a length; its signs are as they were.

    Example:
        >>> one_line("a long story", 7)
        'a long…'
    """
    words = " ".join(str(text).split())
    shown = "".join(sign for sign in words if unicodedata.category(sign) not in _HIDDEN)
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def _shown(text: object, longest: int) -> str:
    line = one_line(text, longest)
    # The only address that is one without any sign of the set.
    return re.sub(r"(?i)www\.", lambda found: found.group()[:3] + "\0", line)


def _sign(sign: str, part: bool) -> str:
    if sign == "\0":
        return "&#x2e;" + (_PARTING if part else "")
    if sign.isalnum() or sign in _HARMLESS or not sign.isascii():
        return sign
    return f"&#x{ord(sign):x};" + (_PARTING if part and sign in _ACTED_ON_LATER else "")
