"""How the lab's own apps are adapted to a node."""

from pathlib import Path

import pytest
import yaml

from lab import stacks, which_abra
from lab.apps import App, overlay_of, with_values
from lab.errors import LabError
from lab.node import WITH_IPVS, WITHOUT_IPVS


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "compose.yml").write_text("services: {app: {image: a}, db: {image: b}}\n")
    return tmp_path


def test_with_ipvs_services_are_only_labelled(checkout: Path) -> None:
    overlay = yaml.safe_load(overlay_of(App("demo", "demo.lab.test"), WITH_IPVS, checkout))
    labelled = {"deploy": {"labels": {"ccci.lab": "1"}}}
    assert overlay["services"] == {"app": labelled, "db": labelled}


def test_without_ipvs_every_service_is_resolved_to_its_tasks(checkout: Path) -> None:
    overlay = yaml.safe_load(overlay_of(App("demo", "demo.lab.test"), WITHOUT_IPVS, checkout))
    modes = {name: one["deploy"]["endpoint_mode"] for name, one in overlay["services"].items()}
    assert modes == {"app": "dnsrr", "db": "dnsrr"}


def test_other_ports_are_published_in_host_mode(checkout: Path) -> None:
    app = App("demo", "demo.lab.test", ports={8443: 443})
    overlay = yaml.safe_load(overlay_of(app, WITH_IPVS, checkout))
    assert overlay["services"]["app"]["ports"] == [
        {"target": 443, "published": 8443, "mode": "host"}
    ]


def test_settings_are_replaced_in_place_and_new_ones_are_added() -> None:
    before = "# head\nTYPE=demo\n#COMPOSE_FILE=x\nDOMAIN=old # why\n"
    after = with_values(before, {"DOMAIN": "new.test", "NOTE": "two words"})
    assert after == '# head\nTYPE=demo\n#COMPOSE_FILE=x\nDOMAIN=new.test\nNOTE="two words"\n'
    assert with_values(after, {"DOMAIN": "new.test", "NOTE": "two words"}) == after


def test_the_stack_name_of_a_domain() -> None:
    assert stacks.stack_name("a-b.lab.test") == "a-b_lab_test"


def test_abra_is_that_of_the_variable_then_the_one_on_path_then_the_labs(tmp_path: Path) -> None:
    program = tmp_path / "abra"
    program.write_text("#!/bin/sh\necho abra version 9\n")
    program.chmod(0o755)
    named = which_abra.choose({"ABRA": str(program), "PATH": "/nowhere"})
    assert (named.path, named.is_lab_abra) == (program, False)
    assert named.version() == "abra version 9"
    assert which_abra.choose({"PATH": str(tmp_path)}).path == program
    assert which_abra.choose({"PATH": "/nowhere"}).is_lab_abra
    with pytest.raises(LabError, match="ABRA=/no/such is not a program"):
        which_abra.choose({"ABRA": "/no/such", "PATH": "/nowhere"})
