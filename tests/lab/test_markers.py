"""What an app makes of a planted file, in a container of a real Docker: the sentence says it."""

from collections.abc import Iterator

import pytest

from ccci.backup.markers import MARKER_NAME, check_markers, check_markers_gone, plant_markers
from ccci.errors import RecipeFailure
from tests.lab.database.database_site import NONE, Site, deployed

pytestmark = pytest.mark.lab

REPLACED = {
    "it is a link": "ln -s /etc/passwd",
    "it has 300 MiB": "truncate -s 300M",
    "it is a folder": "mkdir",
    "it is a named pipe": "mkfifo",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An app with a volume at /data."""
    with deployed(NONE, "", tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.mark.parametrize("how", REPLACED)
def test_what_was_replaced_is_told(site: Site, how: str) -> None:
    markers = plant_markers(site.swarm, site.stack)
    check_markers(site.swarm, site.stack, markers)
    place = f"/data/{MARKER_NAME}"
    site.inside("sh", "-c", f"rm {place}; {REPLACED[how]} {place}")
    try:
        for look in (check_markers, check_markers_gone):
            with pytest.raises(RecipeFailure, match=f"{site.stack}_data .*was replaced. .*{how}"):
                look(site.swarm, site.stack, markers)
    finally:
        site.inside("rm", "-r", place)
