"""How the node's features are detected, and how server.toml is written."""

import tomllib
from pathlib import Path

import pytest

from lab import node
from lab.errors import LabError


def test_a_kernel_with_ipvs_gets_virtual_ips_and_the_routing_mesh(tmp_path: Path) -> None:
    ipvs = tmp_path / "ip_vs"
    ipvs.touch()
    assert node.detect(ipvs, load=lambda: False) == node.Traits("vip", "ingress")


def test_a_kernel_that_can_load_ipvs_gets_the_same(tmp_path: Path) -> None:
    assert node.detect(tmp_path / "ip_vs", load=lambda: True) == node.Traits("vip", "ingress")


def test_a_kernel_without_ipvs_gets_dns_round_robin_and_host_ports(tmp_path: Path) -> None:
    assert node.detect(tmp_path / "ip_vs", load=lambda: False) == node.Traits("dnsrr", "host")


def test_a_toml_file_is_read_back_unchanged() -> None:
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


def test_a_file_is_written_only_if_its_content_changes(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    assert node.write_if_changed(path, "a")
    inode = path.stat().st_ino
    assert not node.write_if_changed(path, "a")
    assert path.stat().st_ino == inode
