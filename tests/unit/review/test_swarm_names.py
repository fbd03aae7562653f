"""A name in the Swarm that is not the app's own would be another app's, too."""

import pytest

from ccci.review.files import CommitFiles
from ccci.review.swarm_names import names_of_no_app


def _files(kind: str, entry: str) -> CommitFiles:
    compose = f"services: {{app: {{image: shop}}}}\n{kind}: {{inner: {entry}}}\n"
    return CommitFiles.of({"compose.yml": compose, "abra.sh": "export INNER_VERSION=v2\n"})


NONE = _files("networks", "{}")


@pytest.mark.parametrize("kind", ["networks", "volumes", "configs"])
@pytest.mark.parametrize(
    ("entry", "is_shared"),
    [
        ("{name: inner}", True), ("{name: 'inner_${INNER_VERSION}'}", True),
        ("{name: '${STACK_NAME}_inner_${INNER_VERSION}'}", False),
        ("{name: '${DOMAIN}-inner'}", False), ("{name: inner, external: true}", False),
        ("{driver: overlay}", False), ("null", False),
    ],
)  # fmt: skip
def test_a_name_without_the_stack_is_everybodys(kind: str, entry: str, is_shared: bool) -> None:
    head = _files(kind, entry)
    found = [f"{kind[:-1]} inner"] if is_shared else []
    assert [name for name, _ in names_of_no_app(NONE, head)] == found
    # Where the release had it already, apps live with it.
    assert list(names_of_no_app(head, head)) == []
