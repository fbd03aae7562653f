"""Makes Robot's log and report safe to open: no text of an app is HTML in them.

Robot shows a message as HTML if it says so (`html=True`, or `*HTML*` at its start), makes links of
addresses, formats documentation, and writes tags into attributes. What an app says gets there
through many keywords, Robot's own among them. So it is mended in one place: in output.xml, of which
the pages are made.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from robot.api import ExecutionResult, ResultVisitor
from robot.result import Keyword, Result

HTML = "*HTML*"
# What the Browser library writes for a screenshot; nothing in it can run or lead elsewhere.
_PICTURE = re.compile(
    r'</td></tr><tr><td colspan="3">('
    r'<img alt="screenshot" class="robot-seleniumlibrary-screenshot" '
    r'style="max-width:900px;max-height:900px;" src="data:image/png;base64,[A-Za-z0-9+/=\s]*"/>|'
    r'<a href="(?P<file>[\w./-]+\.(?:png|jpe?g))" target="_blank">'
    r'<img src="(?P=file)" style="max-width:800px;max-height:800px;"/></a>)'
)
_SCRIPT = re.compile(r"\b(javascript|vbscript)(?=\s*:)", re.IGNORECASE)
_LINK = re.compile(r"\[([^\[\]\n]+?)\|([^\[\]\n]*?)\]")
_HARMLESS = re.compile(r"\s*(https?://|#)[^\s\"'<>]*\s*")
_NOT_IN_TAGS = re.compile(r"[^\w .:/@+=-]")
# Beside what `PlainLog` does: a page loads nothing from elsewhere and sends nothing anywhere.
_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src 'self' data: file:; media-src 'self' file:; base-uri 'none'; form-action 'none'\">\n"
)
_HEAD = "<head>\n"


class PlainLog(ResultVisitor):  # type: ignore[misc]
    """Turns HTML into text in the results of Robot; `changes` counts what was changed.

    Example:
        ``result.visit(plain := PlainLog())``
    """

    def __init__(self) -> None:
        self.changes = 0

    def start_suite(self, suite: Any) -> None:
        """Mend a suite's own texts."""
        self._mend(suite, doc=_plain_doc)
        for name, value in list(suite.metadata.items()):
            if (plain := _plain_doc(value)) != value:
                suite.metadata[name] = plain
                self.changes += 1

    def start_test(self, test: Any) -> None:
        """Mend a test's own texts."""
        self._mend(test, doc=_plain_doc)
        self._mend_all(test, tags=_plain_tag)

    def start_body_item(self, item: Any) -> None:
        """Mend the texts of a keyword, or of a control structure, which has a message only."""
        self._mend(item)
        if isinstance(item, Keyword):
            self._mend(item, doc=_plain_doc)
            self._mend_all(item, args=_without_scripts, tags=_plain_tag)

    def visit_message(self, msg: Any) -> None:
        """Mend a message of the log."""
        plain = _without_scripts(msg.message)
        if msg.html and not _PICTURE.fullmatch(msg.message):
            msg.html = False
            self.changes += 1
        if not msg.html and plain != msg.message:
            msg.message = plain
            self.changes += 1

    def _mend(self, item: Any, **more: Callable[[str], str]) -> None:
        for name, mend in {"message": _plain_message, **more}.items():
            text = getattr(item, name, None)
            if text and (plain := mend(text)) != text:
                setattr(item, name, plain)
                self.changes += 1

    def _mend_all(self, item: Any, **fields: Callable[[Any], str]) -> None:
        for name, mend in fields.items():
            texts = tuple(getattr(item, name))
            if (plain := tuple(map(mend, texts))) != texts:
                setattr(item, name, plain)
                self.changes += 1


def mend_output(output: Path) -> tuple[Result, bool]:
    """Make all texts in an output.xml plain; return its results, and whether it was changed.

    Example:
        ``result, changed = mend_output(folder / "output.xml")``
    """
    result = ExecutionResult(str(output))
    plain = PlainLog()
    result.visit(plain)
    if plain.changes:
        result.save(str(output))
    return result, plain.changes > 0


def restrict_pages(folder: Path) -> None:
    """Write into log.html and report.html that they load and send nothing.

    Example:
        ``restrict_pages(results)``
    """
    for name in ("log.html", "report.html"):
        path = folder / name
        if path.is_file() and not path.is_symlink():
            page = path.read_text(encoding="utf-8", errors="surrogateescape")
            if _POLICY not in page:
                page = page.replace(_HEAD, _HEAD + _POLICY, 1)
                path.write_text(page, encoding="utf-8", errors="surrogateescape")


def _plain_message(text: str) -> str:
    # Robot takes a text for HTML only if it begins so, without a space before it.
    return _without_scripts(text.replace(HTML, "HTML:", 1) if text.startswith(HTML) else text)


def _plain_doc(text: str) -> str:
    """Leave Robot's format for documentation, but no link to anything but a web page."""
    return _without_scripts(
        _LINK.sub(lambda link: link[0] if _HARMLESS.fullmatch(link[1]) else f"({link[1]})", text)
    )


def _without_scripts(text: Any) -> str:
    """Break addresses that are scripts, for Robot would make links of them."""
    return _SCRIPT.sub(lambda scheme: f"{scheme[1]} ", str(text))


def _plain_tag(text: Any) -> str:
    return _NOT_IN_TAGS.sub("_", str(text))
