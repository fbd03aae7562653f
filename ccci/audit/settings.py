"""Defects of settings: one is missing, or the same for everybody."""

from collections.abc import Iterator

from ccci.audit.draft import Draft
from ccci.audit.trial import INSTALL, WORKS, Broken

_OTHER_ADDRESS = "another.example.org"


def setting_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each setting of .env.sample dropped."""
    for key in recipe.settings:
        draft = recipe.copy()
        draft.drop_setting(key)
        yield Broken(f"setting {key} is dropped", draft, WORKS)


def address_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each variable with the public address, set to another address."""
    for service in recipe.services:
        for key, value in recipe.environment(service).items():
            if key == "DOMAIN" and value is None:
                changed = _OTHER_ADDRESS
            elif value and ("${DOMAIN}" in value or "$DOMAIN" in value):
                changed = value.replace("${DOMAIN}", _OTHER_ADDRESS)
                changed = changed.replace("$DOMAIN", _OTHER_ADDRESS)
            else:
                continue
            draft = recipe.copy()
            draft.set_variable(service, key, changed)
            yield Broken(f"{service}: {key} names another address", draft, WORKS)


def secret_defects(recipe: Draft) -> Iterator[Broken]:
    """Yield each secret replaced by a text that the recipe holds, the same for every app."""
    for file, content in recipe.files.items():
        for name in content.get("secrets") or {}:
            draft = recipe.copy()
            draft.files[file]["secrets"][name] = {
                "name": f"${{STACK_NAME}}_{name}_fixed",
                "file": f"./fixed-{name}.txt",
            }
            draft.added[f"fixed-{name}.txt"] = "the-same-for-everybody-0123456789abcdef"
            yield Broken(f"secret {name} is a text in the recipe", draft, INSTALL)
