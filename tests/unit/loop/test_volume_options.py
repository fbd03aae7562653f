"""No options of a volume mount anything of the node, however they are written."""

import pytest
from pydantic import TypeAdapter

from ccci.recipe.config import Approval
from tests.unit.loop.recipe_folder import Recipe

# Options of a volume, and the approvals that they need.
OPTIONS = [
    ("{type: tmpfs, o: bind, device: /}", ["volume-option:bind", "host-mount:/"]),
    ("{type: TmpFS, o: bind, device: /}",
     ["volume-option:type=TmpFS", "volume-option:bind", "host-mount:/"]),
    ("{type: tmpfs, o: rbind, device: /var/run/docker.sock}",
     ["volume-option:rbind", "docker-socket"]),
    ("{type: tmpfs, o: 'size=1m,bind', device: tmpfs}", ["volume-option:bind"]),
    ("{type: tmpfs, o: 'size=1m, bind', device: tmpfs}", ["volume-option: bind"]),
    ("{type: tmpfs, o: 'size=1m,BIND'}", ["volume-option:BIND"]),
    ("{type: tmpfs, o: 'size=1m', device: /srv/x}", ["host-mount:/srv/x"]),
    ("{type: none, o: bind, device: /srv/x}",
     ["volume-option:type=none", "volume-option:bind", "host-mount:/srv/x"]),
    ("{o: bind, device: /var/run/docker.sock}", ["volume-option:bind", "docker-socket"]),
    ("{type: proc, device: none}", ["volume-option:type=proc"]),
    ("{type: devtmpfs, device: none, o: size=1m}", ["volume-option:type=devtmpfs"]),
    ("{type: overlay, device: none, o: 'lowerdir=/,upperdir=/tmp'}",
     ["volume-option:type=overlay", "volume-option:lowerdir=/", "volume-option:upperdir=/tmp"]),
    ("{type: nfs, o: addr=10.0.0.2, device: ':/export'}",
     ["volume-option:type=nfs", "volume-option:addr=10.0.0.2", "network-mount::/export"]),
    ("{type: cifs, device: //host/share}",
     ["volume-option:type=cifs", "network-mount://host/share"]),
    ("{device: etc}", ["network-mount:etc"]),
    ("{Type: tmpfs, mountpoint: /}", ["volume-option:Type=tmpfs", "volume-option:mountpoint=/"]),
    ("{type: '${T:-none}', o: '${O:-bind}', device: '${D:-/}'}",
     ["volume-option:type=none", "volume-option:bind", "host-mount:/"]),
    ("{type: tmpfs, o: size=1000g}", ["limit:size=1000g"]),
    ("{type: tmpfs, o: 'size=1m,size=1000g'}", ["limit:size=1000g"]),
    ("{type: tmpfs, o: size=90%}", ["limit:size=90%"]),
    ("{type: tmpfs, o: size=0}", ["limit:size=0"]),
    ("{type: tmpfs, o: 'nr_inodes=0,size=1m'}", ["volume-option:nr_inodes=0"]),
    ("{type: tmpfs, o: 'size=1m,mode=x'}", [""]),
    # Without a size, a tmpfs may take half of the memory.
    ("{type: tmpfs}", ["limit:size=none"]),
    ("{type: tmpfs, device: tmpfs, o: nosuid}", ["limit:size=none"]),
    ("{o: ''}", ["limit:size=none"]),
    ("{o: }", ["limit:size=none"]),
]  # fmt: skip


@pytest.mark.parametrize("driver", ["", "driver: local\n    "])
@pytest.mark.parametrize(("options", "approvals"), OPTIONS)
def test_options_that_are_not_those_of_a_small_tmpfs(
    options: str, approvals: list[str], driver: str, recipe: Recipe
) -> None:
    recipe.top(f"volumes:\n  data:\n    {driver}driver_opts: {options}")
    assert recipe.approvals() == approvals
    needed = [one for one in approvals if one and " " not in one]
    for one in needed:
        TypeAdapter(Approval).validate_python(one)
    if needed == approvals:
        assert recipe.violations(*needed) == []


def test_the_same_holds_for_every_driver(recipe: Recipe) -> None:
    recipe.top("volumes:\n  data:\n    driver: rexray\n    driver_opts: {o: bind, device: /, x: y}")
    assert recipe.approvals() == [
        "volume-driver:rexray", "volume-option:bind", "host-mount:/", "volume-option:x=y",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        "{type: tmpfs, device: tmpfs, o: 'size=64m,mode=1777,uid=0,gid=0,nosuid,nodev,noexec'}",
        "{type: tmpfs, o: size=1g}",
        "{type: tmpfs, device: none, o: size=1073741824}",
        "{type: tmpfs, o: '${O:-size=1m}'}",
    ],
)
def test_a_small_tmpfs_is_allowed(options: str, recipe: Recipe) -> None:
    recipe.top(f"volumes:\n  data:\n    driver_opts: {options}")
    assert recipe.violations() == []


@pytest.mark.parametrize(
    ("base", "more"),
    [
        ("{type: tmpfs, o: size=1m}", "{device: /}"),
        ("{type: tmpfs, o: size=1m}", "{o: bind}"),
        ("{type: tmpfs, o: size=1m, device: tmpfs}", "{type: none}"),
    ],
)
def test_files_that_only_together_mount_the_node_are_refused(
    base: str, more: str, recipe: Recipe
) -> None:
    recipe.top(f"volumes:\n  data:\n    driver_opts: {base}")
    assert recipe.violations() == []
    recipe.write("compose.more.yml", f"services: {{}}\nvolumes:\n  data: {{driver_opts: {more}}}\n")
    assert [one.file for one in recipe.violations()] == ["compose.more.yml"]


def test_options_are_found_in_settings_exports_and_merges(recipe: Recipe) -> None:
    recipe.top("volumes:\n  data:\n    driver_opts: {type: tmpfs, o: $O, device: $D}")
    recipe.write(".env.sample", "D=/\n").write("abra.sh", "export O=bind\n")
    assert recipe.approvals() == ["volume-option:bind", "host-mount:/"]
    recipe.top(
        "x-o: &o {o: bind, device: /}\n"
        "volumes:\n  data:\n    driver_opts: {<<: *o, type: tmpfs, o: size=1m, device: tmpfs}"
    )
    assert recipe.approvals() == ["volume-option:bind", "host-mount:/"]


# Keys of a service, and the approvals that they need.
MOUNTS = [
    ("volumes: ['data:/x:rshared']", ["volume-option:rshared"]),
    ("volumes: ['/srv/x:/x:ro,rshared']", ["host-mount:/srv/x", "volume-option:rshared"]),
    ("volumes: [{type: volume, source: d, target: /x, volume: {subpath: ../y}}]", [""]),
    ("volumes: [{type: volume, source: d, target: /x, volume: {what: y}}]", ["option:what"]),
    ("volumes: [{type: volume, source: d, target: /x, what: y}]", ["option:what"]),
    ("volumes: [{type: bind, source: /srv/x, target: /x, bind: {propagation: rshared}}]",
     ["volume-option:propagation=rshared", "host-mount:/srv/x"]),
    ("volumes: [{type: tmpfs, target: /x, tmpfs: {size: 1000g}}]", ["limit:size=1000g"]),
    ("volumes: [{type: tmpfs, target: /x, tmpfs: {size: 999999999999}}]",
     ["limit:size=999999999999"]),
    ("tmpfs: /run:size=1000g", ["limit:size=1000g"]),
    ("tmpfs: ['/run:size=1m', '/x:mode=755,bind']", ["volume-option:bind"]),
    ("tmpfs: ['/x:size=${S:-1000g}']", ["limit:size=1000g"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "approvals"), MOUNTS)
def test_options_of_the_mounts_of_a_service(
    text: str, approvals: list[str], recipe: Recipe
) -> None:
    recipe.service(text)
    assert recipe.approvals() == approvals


@pytest.mark.parametrize(
    "text",
    [
        "volumes: ['data:/x:ro', 'data:/y:rw,nocopy']",
        "volumes: [{type: volume, source: d, target: /x, read_only: true, volume: {nocopy: true}}]",
        "volumes: [{type: volume, source: d, target: /x, volume: {subpath: a/b}}]",
        "volumes: [{type: tmpfs, target: /x, tmpfs: {size: 64m, mode: 0755}}]",
        "tmpfs: /run",
        "tmpfs: ['/run:size=64m,mode=755,uid=0,noexec', /tmp]",
    ],
)
def test_mounts_that_stay_within_the_app_are_allowed(text: str, recipe: Recipe) -> None:
    assert recipe.service(text).violations() == []
