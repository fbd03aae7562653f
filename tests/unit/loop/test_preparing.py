"""What the commit of a request is checked with: also the settings of the previous release."""

from pathlib import Path

import pytest

import ccci.loop.preparing
from ccci.loop.fetching import Refused
from ccci.loop.preparing import prepare
from ccci.loop.store import RecipeCommit, Request, Store
from ccci.loop.vetting import violations_in_commit
from tests.unit.loop.forge_in_memory import ForgeInMemory
from tests.unit.loop.test_vetting import PLAIN, Checkout

VOLUME = PLAIN + "    volumes:\n      - ${DATA:-data}:/x\n"


def request_for(commit: str, folder: Path) -> Request:
    store = Store(folder)
    store.queue(1, "demo", 1, commit, "anna", [RecipeCommit("demo", commit)])
    request = store.request(1)
    store.close()
    return request


@pytest.mark.parametrize("before", ["/srv/x", "data"])
def test_a_commit_is_checked_with_the_settings_of_the_previous_release(
    before: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each release alone is allowed: setting and volume come together in the upgrade only."""
    checkout = Checkout(tmp_path / "checkout")
    (checkout.folder / ".env.sample").write_text(f"DATA={before}\n")
    checkout.commit(PLAIN, "1.0.0+1.26.3")
    (checkout.folder / ".env.sample").write_text("DATA=data\n")
    commit = checkout.commit(VOLUME)
    (tmp_path / "suites" / "generic").mkdir(parents=True)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", tmp_path)
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout.folder)
    request = request_for(commit, tmp_path)
    found = violations_in_commit(checkout.folder, frozenset())
    if before == "data":
        assert found == []
        assert prepare(forge.forge(), request, tmp_path / "request").note == ""
        return
    assert [one.split(": ")[0] for one in found] == ["compose.yml:5"]
    with pytest.raises(Refused, match=r"^compose\.yml:5: .* mounts /srv/x of the node"):
        prepare(forge.forge(), request, tmp_path / "request")
