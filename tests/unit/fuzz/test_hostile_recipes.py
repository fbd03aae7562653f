"""Recipes that were made to keep the judge busy: each is judged within 2 s and 200 MiB."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ccci.loop.judging import judged
from ccci.loop.policy import violations
from tests.unit.fuzz.bounds import bounded

PLAIN = "services:\n  app:\n    image: nginx:1.26.3\n"
NOTHING: frozenset[str] = frozenset()


def labels(number: int, text: str) -> str:
    texts = (text.replace("{number}", str(one)) for one in range(number))
    lines = "".join(f"        - {text}\n" for text in texts)
    return f"{PLAIN}    deploy:\n      labels:\n{lines}"


def values_times_labels() -> dict[str, str]:
    """60 values of 1,900 characters, and 2,000 labels with each of them."""
    values = "".join(f"X={one:03}{'x' * 1900}\n" for one in range(60))
    return {".env.sample": values, "compose.yml": labels(2000, "forge.{number}=$X")}


def values_times_allowed_labels() -> dict[str, str]:
    values = "".join(f"X=false{one:03}{'x' * 1900}\n" for one in range(60))
    text = "coop-cloud.${STACK_NAME}.timeout=$X"
    return {".env.sample": values, "compose.yml": labels(2000, text)}


def values_times_foreign_labels() -> dict[str, str]:
    values = "".join(f"X=traefik.http.{one:03}{'x' * 1900}\n" for one in range(60))
    return {".env.sample": values, "compose.yml": labels(2000, "$X.{number}=y")}


def long_labels() -> dict[str, str]:
    return {
        "compose.yml": labels(60, "backupbot.backup.volumes.v{number}=${A:-" + "x" * 1900 + "}")
    }


def sixty_files() -> dict[str, str]:
    return {
        "compose.yml": PLAIN,
        **{f"compose.{one}.yml": labels(800, f"l{one}.{{number}}=$X") for one in range(60)},
    }


def large_files() -> dict[str, str]:
    """As much as may be judged at all."""
    text = labels(2000, "coop-cloud.${STACK_NAME}.timeout={number}")
    return {f"compose.{one}.yml": text for one in range((256 << 10) // len(text))}


def numbers_of_hashes() -> dict[str, str]:
    return {".env.sample": ("A" + "=" + "#" * 4000 + "\n") * 30, "compose.yml": PLAIN}


def doubled_values() -> dict[str, str]:
    lines = ["A0=" + "x" * 1000]
    lines += [f"A{one}=$A{one - 1}$A{one - 1}" for one in range(1, 60)]
    return {".env.sample": "\n".join(lines) + "\n", "compose.yml": PLAIN}


def doubled_aliases() -> dict[str, str]:
    lines = ["x-0: &x0 [a, a]"]
    lines += [f"x-{one}: &x{one} [*x{one - 1}, *x{one - 1}]" for one in range(1, 40)]
    return {"compose.yml": PLAIN + "\n".join(lines) + "\n"}


def merged_mappings() -> dict[str, str]:
    lines = ["x-0: &x0 {a0: b}"]
    lines += [
        f"x-{one}: &x{one} {{<<: [*x{one - 1}, *x{one - 1}], a{one}: b}}" for one in range(40)
    ]
    return {"compose.yml": PLAIN + "\n".join(lines[:1] + lines[2:]) + "\n"}


def deep_lists() -> dict[str, str]:
    return {"compose.yml": "x: " + "[" * 60_000}


def many_exports() -> dict[str, str]:
    return {"compose.yml": PLAIN, "abra.sh": 'export A="' * 12_000 + "\n" + "export B='" * 100}


def open_quotes() -> dict[str, str]:
    return {"compose.yml": PLAIN, "abra.sh": "export A='x\n" * 10_000}


def a_name_of_names() -> dict[str, str]:
    name = "SECRET_" * 15_000
    return {"compose.yml": PLAIN + f"secrets: {{a: {{external: true, name: {name}}}}}\n"}


def a_rule_of_rules() -> dict[str, str]:
    rule = "(" * 4000 + "Host(`x`)" + "||Host(`x`)" * 8000
    label = "traefik.http.routers.${STACK_NAME}.rule"
    return {"compose.yml": PLAIN + f'    deploy: {{labels: {{{label}: "{rule}"}}}}\n'}


def references_of_references() -> dict[str, str]:
    text = "${A:-x}" * 15_000
    return {".env.sample": "A=1\nA=2\n", "compose.yml": PLAIN + f"    user: {text}\n"}


def many_problems() -> dict[str, str]:
    return {".env.sample": "no setting\n" * 11_000, "compose.yml": PLAIN}


def many_compose_names() -> dict[str, str]:
    names = ":".join(f"compose.{one}.yml" for one in range(200))
    return {".env.sample": f"#COMPOSE_FILE={names}\n" * 40 + f"COMPOSE_FILE={names}\n" * 40}


HOSTILE = [
    values_times_labels,
    values_times_allowed_labels,
    values_times_foreign_labels,
    long_labels,
    sixty_files,
    large_files,
    numbers_of_hashes,
    doubled_values,
    doubled_aliases,
    merged_mappings,
    deep_lists,
    many_exports,
    open_quotes,
    a_name_of_names,
    a_rule_of_rules,
    references_of_references,
    many_problems,
    many_compose_names,
]


def test_what_is_too_much_is_told_in_one_sentence(tmp_path: Path) -> None:
    (found,) = judged(write(sixty_files(), tmp_path), None, NOTHING, {})
    assert found.startswith("compose.yml:1: there are 61 compose files with ")
    assert "at most 40 with 262144 bytes can be checked" in found


def write(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("make", HOSTILE)
def test_a_recipe_is_judged_in_bounds(make: Callable[[], dict[str, str]], tmp_path: Path) -> None:
    folder = write(make(), tmp_path)
    found = bounded(lambda: violations(folder, NOTHING))
    assert found is not None and len(found) < 1000
    assert all(str(one).isprintable() and len(str(one)) < 2000 for one in found)
