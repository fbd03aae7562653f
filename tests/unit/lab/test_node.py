"""What a node can do, and how that is written down."""

import tomllib
from pathlib import Path

import pytest

from lab import node
from lab.errors import LabError


def test_a_kernel_that_shows_ipvs_keeps_swarms_own_ways(tmp_path: Path) -> None:
    shown = tmp_path / "ip_vs"
    shown.touch()
    assert node.detect(shown, load=lambda: False) == node.Traits("vip", "ingress")


def test_a_kernel_that_can_load_ipvs_does_too(tmp_path: Path) -> None:
    assert node.detect(tmp_path / "ip_vs", load=lambda: True) == node.Traits("vip", "ingress")


def test_a_kernel_without_ipvs_gets_names_and_host_ports(tmp_path: Path) -> None:
    assert node.detect(tmp_path / "ip_vs", load=lambda: False) == node.Traits("dnsrr", "host")


def test_what_is_written_reads_back() -> None:
    content: dict[str, node.Value] = {
        "domain": "lab.test",
        "abra_dir": 'a "quoted" \\ path/ü',
        "https_port": 8443,
        "names": {"*.lab.test": "127.0.0.1"},
        "swarm": {"endpoint_mode": "dnsrr"},
    }
    assert tomllib.loads(node.toml(content)) == content


def test_control_characters_are_refused() -> None:
    with pytest.raises(LabError, match="control character"):
        node.toml({"domain": "a\nb"})


def test_a_file_is_only_written_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    assert node.write_if_changed(path, "a")
    inode = path.stat().st_ino
    assert not node.write_if_changed(path, "a")
    assert path.stat().st_ino == inode
