"""What the commit of a request is checked with: also the settings of the previous release."""

from pathlib import Path

import pytest

import ccci.loop.preparing
from ccci.loop.fetching import Refused
from ccci.loop.preparing import prepare
from ccci.loop.store import RecipeCommit, Request, Store
from ccci.loop.vetting import violations_in_commit
from ccci.recipe.config import RecipeConfig
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
    found = violations_in_commit(checkout.folder, RecipeConfig())
    if before == "data":
        assert found == []
        assert prepare(forge.forge(), request, tmp_path / "request").note == ""
        return
    assert [one.split(": ")[0] for one in found] == ["compose.yml:5"]
    with pytest.raises(Refused, match=r"^compose\.yml:5: .* mounts /srv/x of the node"):
        prepare(forge.forge(), request, tmp_path / "request")


@pytest.mark.parametrize(
    ("compose", "reason"),
    [
        (PLAIN + '    cap_add: ["\\uD800"]\n', "has the character '\\ud800'"),
        (PLAIN + '    "\\uD800": 1\n', "has the character '\\ud800'"),
        (PLAIN + "    deploy: x\n", "'services.app.deploy' must be a mapping"),
        (PLAIN + '    cap_add: ["\\e[2J\\u202E"]\n', "has the character '\\x1b'"),
        (PLAIN + '    cap_add: ["\\u202E"]\n', "adds the capability \\u202e"),
    ],
)
def test_a_refusal_can_be_stored_and_shown(
    compose: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lone surrogate ended the poller in every turn."""
    checkout = Checkout(tmp_path / "checkout")
    request = request_for(checkout.commit(compose), tmp_path)
    (tmp_path / "suites" / "generic").mkdir(parents=True)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", tmp_path)
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout.folder)
    with pytest.raises(Refused) as refused:
        prepare(forge.forge(), request, tmp_path / "request")
    assert reason in str(refused.value) and str(refused.value).isprintable()
    store = Store(tmp_path)
    store.set_state(request.id, "refused", str(refused.value))
    assert store.request(request.id).note == str(refused.value)
    store.close()


def test_a_branch_that_lacks_a_release_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its author chose where it begins, and so what the upgrade starts from."""
    checkout = Checkout(tmp_path / "checkout")
    first = checkout.commit(PLAIN + "# first\n")
    old = checkout.commit(PLAIN, "1.0.0+1.26.3")
    newest = checkout.commit(PLAIN + "# more\n", "1.1.0+1.26.3")
    checkout.git("checkout", "--quiet", "-B", "change", old)
    behind = checkout.commit(PLAIN + "# a change\n")
    (tmp_path / "suites" / "generic").mkdir(parents=True)
    monkeypatch.setattr(ccci.loop.preparing, "PROJECT", tmp_path)
    forge = ForgeInMemory.make(tmp_path)
    forge.origin = str(checkout.folder)
    prepared = prepare(forge.forge(), request_for(behind, tmp_path), tmp_path / "request")
    assert prepared.note == (
        "This branch does not have release 1.1.0+1.26.3, so the upgrade starts from 1.0.0+1.26.3. "
        "Rebase it, and test again."
    )
    for commit, words in ((newest, ""), (first, "so no upgrade to it is tested. Rebase it")):
        folder = tmp_path / commit
        folder.mkdir()
        note = prepare(forge.forge(), request_for(commit, folder), folder / "request").note
        assert words in note and bool(words) == bool(note)
