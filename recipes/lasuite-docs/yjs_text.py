"""The text of a document of Docs: paragraphs in a Yjs document, as its editor keeps them.

The editor is BlockNote: https://www.blocknotejs.org/docs/foundations/document-structure; the names
of its parts are those that Docs itself stores.
"""

import base64
import uuid
from typing import Any

from pycrdt import Doc, XmlElement, XmlFragment, XmlText

# Docs' name for the part that has the text.
_PART = "document-store"


def content_of(lines: tuple[str, ...]) -> str:
    """Return a new document with a paragraph for each line, as Docs' API takes it: Base64."""
    doc: Doc[Any] = Doc()
    for line in lines:
        write_into(doc, line)
    return base64.b64encode(doc.get_update()).decode()


def document_in(content: str) -> Doc[Any]:
    """Return the document that Docs' API answered.

    Raises:
        ValueError: it is no Yjs document in Base64.
    """
    doc: Doc[Any] = Doc()
    if content:
        doc.apply_update(base64.b64decode(content, validate=True))
    return doc


def write_into(doc: Doc[Any], line: str) -> None:
    """Add a paragraph at the end."""
    paragraph = XmlElement(
        "blockContainer",
        {"id": str(uuid.uuid4())},
        [
            XmlElement(
                "paragraph",
                {"backgroundColor": "default", "textAlignment": "left", "textColor": "default"},
                [XmlText(line)],
            )
        ],
    )
    part = doc.get(_PART, type=XmlFragment)
    with doc.transaction():
        if not len(part.children):
            part.children.append(XmlElement("blockGroup"))
        part.children[0].children.append(paragraph)


def xml_of(doc: Doc[Any]) -> str:
    """Return the text with the marks around it, as XML."""
    return str(doc.get(_PART, type=XmlFragment))
