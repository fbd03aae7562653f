"""Paths in ABRA_DIR."""

import os
from pathlib import Path


def abra_dir() -> Path:
    """Return $ABRA_DIR, by default ~/.abra."""
    named = os.environ.get("ABRA_DIR")
    return Path(named).absolute() if named else Path.home() / ".abra"


def servers_dir() -> Path:
    """Return the folder with a folder for each server; any of them may be a symbolic link."""
    return abra_dir() / "servers"


def recipes_dir() -> Path:
    """Return the folder with a git repository for each recipe."""
    return abra_dir() / "recipes"


def catalogue_file() -> Path:
    """Return the path of the catalogue of recipes; the file need not exist."""
    return abra_dir() / "catalogue" / "recipes.json"
