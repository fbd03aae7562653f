"""A recipe with the traits of public ones: overlays in folders, labels on many services."""

import shutil
import subprocess
from pathlib import Path

FILES = Path(__file__).with_name("guestbook")
_GIT = ["git", "-c", "user.name=A test", "-c", "user.email=test@lab.test"]


def guestbook(folder: Path) -> Path:
    """Return its repository in `folder`, with two releases; its head is past the newer one."""
    repository = folder / "guestbook"
    shutil.copytree(FILES, repository)
    git("init", "--quiet", "--initial-branch=main", at=repository)
    newer = {name: (repository / name).read_text() for name in ("compose.yml", "abra.sh")}
    for name, text in newer.items():
        older = text.replace("1.1.0+1.26.3", "1.0.0+1.22.1").replace("1.26.3", "1.22.1")
        assert older != text, f"{name} is the same in both releases"
        (repository / name).write_text(older)
    _release("1.0.0+1.22.1", repository)
    for name, text in newer.items():
        (repository / name).write_text(text)
    _release("1.1.0+1.26.3", repository)
    (repository / "README.md").open("a").write("\nA word more.\n")
    git("commit", "--quiet", "--all", "-m", "A word more", at=repository)
    return repository


def _release(tag: str, repository: Path) -> None:
    git("add", "--all", at=repository)
    git("commit", "--quiet", "-m", f"Release {tag}", at=repository)
    git("tag", "-a", tag, "-m", tag, at=repository)


def git(*arguments: str, at: Path) -> None:
    """Run a git command in a repository, as somebody."""
    subprocess.run([*_GIT, *arguments], cwd=at, check=True, capture_output=True, timeout=60)
