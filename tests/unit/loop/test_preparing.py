"""What a request's commit is judged with: also the settings of the release that comes before it."""

from pathlib import Path

import pytest

import ccci.loop.preparing
from ccci.loop.fetching import Refused
from ccci.loop.preparing import prepare
from ccci.loop.store import Request, Store, Wanted
from ccci.loop.vetting import vetted
from tests.unit.loop.forge_in_memory import ForgeInMemory
from tests.unit.loop.test_vetting import PLAIN, Checkout

VOLUME = PLAIN + "    volumes:\n      - ${DATA:-data}:/x\n"


def request_for(head: str, folder: Path) -> Request:
    store = Store(folder)
    store.ask(1, "demo", 1, head, "anna", [Wanted("demo", head)])
    request = store.request(1)
    store.close()
    return request


@pytest.mark.parametrize("before", ["/srv/x", "data"])
def test_the_head_is_judged_with_the_settings_of_the_release_before(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each side alone is without fault: the setting meets the volume only in the upgrade."""
    checkout = Checkout(tmp_path / "checkout")
    (checkout.folder / ".env.sample").write_text(f"DATA={before}\n")
    checkout.commit(PLAIN, "1.0.0+1.26.3")
    (checkout.folder / ".env.sample").write_text("DATA=data\n")
    head = checkout.commit(VOLUME)
    (tmp_path / "suites" / "generic").mkdir(parents=True)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", tmp_path)
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout.folder)
    request = request_for(head, tmp_path)
    found = vetted(checkout.folder, frozenset())
    if before == "data":
        assert found == []
        assert prepare(forge.forge(), request, tmp_path / "request").note == ""
        return
    assert [one.split(": ")[0] for one in found] == ["compose.yml:5"]
    with pytest.raises(Refused, match=r"^compose\.yml:5: .* mounts /srv/x of the node"):
        prepare(forge.forge(), request, tmp_path / "request")
