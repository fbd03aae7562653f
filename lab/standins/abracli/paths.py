"""The tree below ABRA_DIR."""

import os
from pathlib import Path


def abra_dir() -> Path:
    """Return $ABRA_DIR, by default ~/.abra."""
    named = os.environ.get("ABRA_DIR")
    return Path(named).absolute() if named else Path.home() / ".abra"


def servers_dir() -> Path:
    """Return the folder with one folder per server; it or its children may be symlinks."""
    return abra_dir() / "servers"


def recipes_dir() -> Path:
    """Return the folder with one git repository per recipe."""
    return abra_dir() / "recipes"


def catalogue_file() -> Path:
    """Return the catalogue of recipes, which need not exist."""
    return abra_dir() / "catalogue" / "recipes.json"
