"""Escapes text from outside for a comment: it is shown, but has no effect.

A comment is Markdown with HTML in it. What is quoted in it must not mention anybody, link anywhere,
load an image, start a command, or break the table or the list that it is in. So every character
that Markdown, HTML or the forge may act on is written as a character reference. References are
hexadecimal, because a decimal one contains what looks like the number of an issue. Outside of
<code> the forge acts on the text once more after that, so there such a character is also separated
from what follows.
"""

import re
import unicodedata
from urllib.parse import quote

# Seen on Gitea: mentions, references (#7, !7) and URLs are looked for in the finished page, but
# not within <code>.
_ACTED_ON_LATER = frozenset("@#!:")
_HARMLESS = frozenset(" ,.()='\"/;?+%-")
_SEPARATOR = "&#x200b;"  # A space without width.
_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")
_URL = re.compile(r"https?://[^\s<>\"'`|\\()\[\]]+")
_SAFE_IN_URL = ":/?#@!$&*+,;=%~-._"


class Markup(str):
    """Markdown that this project wrote itself: it is not escaped again."""


def plain(text: object, longest: int = 200) -> Markup:
    """Return a text from outside as one line for anywhere in a comment.

    Example:
        >>> plain("@all see http://x.test")
        '&#x40;&#x200b;all see http&#x3a;&#x200b;//x.test'
    """
    return Markup("".join(_escape(char, separate=True) for char in _shown(text, longest)))


def code(text: object, longest: int = 200) -> Markup:
    """Return a text from outside as one line of code, or "" for an empty text.

    Example:
        >>> code("a|b")
        '<code>a&#x7c;b</code>'
    """
    escaped = "".join(_escape(char, separate=False) for char in _shown(text, longest))
    return Markup(f"<code>{escaped}</code>" if escaped else "")


def link(text: str, url: str) -> Markup:
    """Return a link, or the text alone if the URL is not http or https.

    Example:
        >>> link("log.html", "https://forge.test/1")
        '[log.html](https://forge.test/1)'
    """
    url = quote(url, safe=_SAFE_IN_URL, errors="replace")
    if not _URL.fullmatch(url) or len(url) > 300:
        return plain(text, 40)
    return Markup(f"[{plain(text, 40)}]({url})")


def one_line(text: object, longest: int) -> str:
    """Return a text as one line without hidden characters, cut at a word; nothing is escaped.

    Example:
        >>> one_line("a long story", 9)
        'a long…'
    """
    joined = " ".join(str(text).split())
    shown = "".join(char for char in joined if unicodedata.category(char) not in _HIDDEN)
    if len(shown) <= longest:
        return shown
    # A text without spaces is cut where it must be.
    last_space = shown.rfind(" ", longest // 2, longest)
    return shown[: last_space if last_space > 0 else longest - 1] + "…"


def _shown(text: object, longest: int) -> str:
    line = one_line(text, longest)
    # The only URL that is recognised without any of the characters that are escaped.
    return re.sub(r"(?i)www\.", lambda found: found.group()[:3] + "\0", line)


def _escape(char: str, separate: bool) -> str:
    if char == "\0":
        return "&#x2e;" + (_SEPARATOR if separate else "")
    if char.isalnum() or char in _HARMLESS or not char.isascii():
        return char
    return f"&#x{ord(char):x};" + (_SEPARATOR if separate and char in _ACTED_ON_LATER else "")
