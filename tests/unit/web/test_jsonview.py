"""JSON of an app is read up to a depth that no parser minds."""

import json

import pytest

from ccci.web.jsonview import read_json


def _nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def test_what_is_nested_too_deeply_is_not_read() -> None:
    assert read_json(_nested(200))
    for text in (_nested(201), "[" * 1_000_000, '{"a":' * 201 + "1" + "}" * 201):
        with pytest.raises(ValueError, match="more than 200 levels"):
            read_json(text)


def test_brackets_in_texts_and_side_by_side_are_no_levels() -> None:
    content = {"texts": ["[" * 500, '\\"[{' * 300], "lists": [[] for _ in range(300)]}
    assert read_json(json.dumps(content)) == content


@pytest.mark.parametrize("text", ['["' + "[" * 500, "]" * 500, '{"a": \\"' + "[" * 100])
def test_what_is_no_json_is_refused_as_before(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)expecting|unterminated"):
        read_json(text)
