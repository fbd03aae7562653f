"""progress.json shows the current stage, and is never incomplete."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ccci.errors import NodeFailure
from ccci.results.progress import PROGRESS_FILE, read_progress, write_progress


def test_progress_is_written_and_read(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    write_progress(tmp_path, "start", {}, 0)
    written = write_progress(tmp_path, "functional", {"install": 21.3987}, 1)
    seen = read_progress(tmp_path)
    assert seen == written
    assert seen.stage == "functional"
    assert seen.ended == {"install": 21.4}
    assert seen.failed == 1
    assert before <= seen.begun <= datetime.now(UTC)
    assert [path.name for path in tmp_path.iterdir()] == [PROGRESS_FILE]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"stage": 1}', '{"stage": "install"}'])
def test_a_missing_or_invalid_file_is_no_progress(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / PROGRESS_FILE).write_text(text)
    assert read_progress(tmp_path) is None


def test_a_missing_folder_is_a_failure_of_the_node(tmp_path: Path) -> None:
    with pytest.raises(NodeFailure, match="Cannot write"):
        write_progress(tmp_path / "gone", "install", {}, 0)
