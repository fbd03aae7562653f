"""Each review finds what it is for, and leaves alone what is honest."""

import pytest

from ccci.recipe.release import parse_release
from ccci.review.config_names import Config, changed_in_place, configs_of
from ccci.review.files import CommitFiles
from ccci.review.hooks import hooks_that_never_fail
from ccci.review.new_settings import untold
from ccci.review.release_notes import unseen_notes
from ccci.review.replaced_defaults import changed_defaults
from ccci.review.routes import shared_names, without_certificate
from ccci.review.scripts import unreadable
from ccci.review.still_read import forgotten, unread
from ccci.review.variables import lost_variables
from ccci.review.weaker import weaker

COMPOSE = """
services:
  app:
    image: shop
    environment:
      - ZONE=${ZONE:-UTC}
      - CLOSED=${CLOSED}
    deploy:
      labels:
        - "certresolver=${LETS_ENCRYPT_ENV}"
configs:
  ini:
    name: ${STACK_NAME}_ini_${INI_VERSION}
    file: app.ini.tmpl
"""
INI = 'CLOSED = {{ env "CLOSED" }}\n'
RELEASE = {
    ".env.sample": "LETS_ENCRYPT_ENV=production\nZONE=UTC\n#CLOSED=true\nOLD=1\n",
    "compose.yml": COMPOSE,
    "app.ini.tmpl": INI,
    "abra.sh": "export INI_VERSION=v1\n",
    "README.md": "ZONE, CLOSED and OLD are settings.",
}
NAMES = ["LETS_ENCRYPT_ENV", "ZONE", "CLOSED", "OLD"]


def _unread(**changes: str) -> list[str]:
    head = {**RELEASE, **{name.replace("__", "."): text for name, text in changes.items()}}
    return [name for name, _ in unread(NAMES, head, RELEASE)]


def test_what_the_head_offers_must_be_read() -> None:
    assert _unread() == []
    assert _unread(compose__yml=COMPOSE.replace("${ZONE:-UTC}", "UTC").replace("ZONE=", "TZ=")) == [
        "ZONE"
    ]
    assert _unread(compose__yml=COMPOSE.replace("${LETS_ENCRYPT_ENV}", "x")) == ["LETS_ENCRYPT_ENV"]
    commented = COMPOSE.replace("      - ZONE", "      # - ZONE")
    assert _unread(compose__yml=commented) == ["ZONE"]


def test_a_setting_that_the_compose_file_fixes_is_read_by_nobody() -> None:
    fixed = COMPOSE.replace("ZONE=${ZONE:-UTC}", "ZONE=UTC")
    assert _unread(compose__yml=fixed) == ["ZONE"]
    # The template reads the variable, and always finds the same text.
    fixed = COMPOSE.replace("CLOSED=${CLOSED}", "CLOSED=false")
    ((name, sentence),) = unread(NAMES, {**RELEASE, "compose.yml": fixed}, RELEASE)
    assert name == "CLOSED"
    assert sentence == (
        "'CLOSED' is still offered, and compose.yml gives the variable a text of its own: what an "
        "app has set is ignored."
    )
    for handed_on in ("- CLOSED\n", '- "CLOSED"\n', "- OTHER=$CLOSED\n"):
        assert _unread(compose__yml=COMPOSE.replace("- CLOSED=${CLOSED}\n", handed_on)) == []


def test_a_variable_that_a_service_had_is_not_lost_unseen() -> None:
    release = CommitFiles.of(RELEASE)
    head = CommitFiles.of(
        {**RELEASE, "compose.yml": COMPOSE.replace("      - ZONE=${ZONE:-UTC}\n", "")}
    )
    ((name, sentence),) = lost_variables(release, head, "")
    assert name == "app: variable ZONE"
    assert sentence.startswith("'app: variable ZONE': a compose file of the release set it")
    assert list(lost_variables(release, head, "ZONE is UTC for all.")) == []
    assert list(lost_variables(release, release, "")) == []


def _telling(text: str, sample: str = "") -> CommitFiles:
    compose = COMPOSE.replace("ZONE=${ZONE:-UTC}", text)
    return CommitFiles.of({"compose.yml": compose, ".env.sample": sample})


OFF = [_telling("TELL=false"), _telling("TELL=${TELL:-false}"), _telling("TELL", "TELL=false")]
ON = [_telling("TELL=True"), _telling("TELL=${TELL:-true}"), _telling("TELL=$TELL", "TELL=true")]


@pytest.mark.parametrize("off", OFF)
@pytest.mark.parametrize("on", ON)
def test_a_switch_is_not_turned_unseen_where_nobody_chose(
    off: CommitFiles, on: CommitFiles
) -> None:
    ((name, sentence),) = lost_variables(off, on, "")
    assert (name, sentence) == (
        "app: variable TELL",
        "'app: variable TELL': it was false where nobody chose, and is true.",
    )
    assert list(lost_variables(off, on, "TELL is on: see the privacy notice.")) == []
    # No opposite, or the same by another way.
    for before, now in ((off, OFF[0]), (ON[0], on), (off, _telling("TELL=soon"))):
        assert list(lost_variables(before, now, "")) == []


def test_a_setting_that_a_template_read_must_be_read_by_one() -> None:
    head = {**RELEASE, "app.ini.tmpl": "CLOSED = false\n".replace("CLOSED", "SHUT")}
    ((name, sentence),) = unread(NAMES, head, RELEASE)
    assert name == "CLOSED"
    assert sentence == (
        "'CLOSED' is still offered, and only compose.yml names it: in the release "
        "app.ini.tmpl made something of it."
    )
    moved = {**RELEASE, "app.ini.tmpl": "", "entrypoint.sh": 'echo "$CLOSED"'}
    assert list(unread(NAMES, moved, RELEASE)) == []


def _untold(note: str = "", settings: dict[str, str] | None = None, **texts: str) -> list[str]:
    """Return what an upgraded app lacks of CLOSED and EMPTY; `compose` has one service's lines."""
    service = "services:\n  app:\n    environment:\n" + texts.pop("compose", "      - A=1")
    sample = {".env.sample": "CLOSED=true\nEMPTY=\n", "compose.yml": service}
    files = {name.replace("_", "."): text for name, text in texts.items()}
    return untold(CommitFiles.of({**sample, **files}), ["compose.yml"], settings or {}, note)


@pytest.mark.parametrize(
    ("compose", "note", "missing"),
    [
        ("      - X=${CLOSED}", "", ["CLOSED"]),
        ("      - X=$CLOSED", "", ["CLOSED"]),
        ("      - CLOSED", "", ["CLOSED"]),
        ("      - CLOSED # as it is", "", ["CLOSED"]),
        ('      - "CLOSED"', "", ["CLOSED"]),
        ("      CLOSED:", "", ["CLOSED"]),
        ("      - X=${CLOSED:-true}", "", []),
        ("      # - X=${CLOSED}\n      - A=1", "", []),
        ("      - X=$${CLOSED}", "", []),
        ("      - X=${CLOSED_TOO}", "", []),
        ("      - X=${CLOSED}", "Set CLOSED=true.", []),
        ("      - X=${CLOSED}", "Set CLOSED_TOO.", ["CLOSED"]),
    ],
)
def test_an_upgraded_app_lacks_new_settings(compose: str, note: str, missing: list[str]) -> None:
    assert _untold(note, compose=compose) == missing
    assert _untold(note, {"CLOSED": ""}, compose=compose) == []


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        ('SHUT = {{ env "CLOSED" }}', ["CLOSED"]),
        ('exec server --closed="$CLOSED"', ["CLOSED"]),
        ("closed: process.env.CLOSED,", ["CLOSED"]),
        ('closed = os.environ["CLOSED"]', ["CLOSED"]),
        ('SHUT = {{ env "CLOSED" | default "true" }}', []),
        ('SHUT = {{ or (env "CLOSED") "true" }}', []),
        ('{{ if env "CLOSED" }}\nSHUT = {{ env "CLOSED" }}\n{{ end }}', []),
        ('exec server --closed="${CLOSED:-true}"', []),
        ('if [ -n "$CLOSED" ]; then close; fi', []),
        ("CLOSED = true", []),
        ('# {{ env "CLOSED" }}', []),
        ('X = {{ env "CLOSED_TOO" }}', []),
    ],
)
def test_what_a_template_or_a_script_reads_is_lacking_too(
    template: str, missing: list[str]
) -> None:
    assert _untold(app_ini=template) == missing
    assert _untold(README_md=template) == []
    # A template that has no value does the same as with this one.
    assert _untold(app_ini=template, _env_sample="CLOSED=false\n") == []
    # Nor where a compose file gives it a value.
    for given in ("- CLOSED=${CLOSED:-true}", 'CLOSED: "${CLOSED-x}"'):
        assert _untold(app_ini=template, compose=f"      {given}") == []
    for other in ("- OTHER=${CLOSED:-true}", "- CLOSED=${OTHER:-x}", "- NOT_CLOSED=${CLOSED:-x}"):
        assert _untold(app_ini=template, compose=f"      {other}") == missing


def _configs(**changes: str) -> list[Config]:
    files = CommitFiles.of({**RELEASE, **{k.replace("__", "."): v for k, v in changes.items()}})
    return list(configs_of(files.compose, files.texts, files.exports))


def test_a_config_keeps_its_content_while_it_keeps_its_name() -> None:
    before = {"1.0.0+1": _configs()}
    assert list(changed_in_place(_configs(), before)) == []
    changed = {"app.ini.tmpl": "CLOSED = true\n"}
    ((key, sentence),) = changed_in_place(_configs(**changed), before)
    assert key == "ini"
    assert sentence.startswith("config 'ini' is 'ini_v1' with another content in release 1.0.0+1:")
    raised = {**changed, "abra.sh": "export INI_VERSION=v2\n"}
    assert list(changed_in_place(_configs(**raised), before)) == []
    driver = COMPOSE.replace("file: app", "template_driver: golang\n    file: app")
    assert list(changed_in_place(_configs(compose__yml=driver), before))
    # A release changed it: the head, which leaves it so, is no worse.
    since = {**before, "1.1.0+1": _configs(**changed)}
    assert list(changed_in_place(_configs(**changed), since)) == []
    assert list(changed_in_place(_configs(), since))


def test_scripts_are_read_and_not_run() -> None:
    good = {"abra.sh": "export A=1\n", "entrypoint.sh": "#!/bin/sh\nset -eu\nexec app\n"}
    assert list(unreadable(good)) == []
    assert list(unreadable({"x.tmpl": "#!/bin/sh\nif {{ x }\n", "notes.txt": "if ("})) == []
    (sentence,) = unreadable({"abra.sh": 'a() {\n  echo "x\n}\n'})
    assert sentence.startswith("abra.sh: bash cannot read it: line ")
    assert list(unreadable({"run": "#!/usr/bin/env bash\nif true; then\n"}))
    assert list(unreadable({"run": "#!/bin/sh\nfor do\n"}))


def test_names_in_traefik_are_the_apps() -> None:
    own = {"traefik.http.routers.shop_lab_test.rule": "x", "traefik.enable": "true"}
    assert list(shared_names({"app": own}, "shop_lab_test")) == []
    more = {"app": {**own, "traefik.http.middlewares.SHOP_LAB_TEST-secure.headers.x": "1"}}
    assert list(shared_names(more, "shop_lab_test")) == []
    for kind in ("http.routers", "tcp.services", "udp.routers", "http.middlewares"):
        labels = {"app": {f"traefik.{kind}.shop.x": "1"}}
        (sentence,) = shared_names(labels, "shop_lab_test")
        assert "calls one of Traefik's" in sentence


@pytest.mark.parametrize("end", ["|| true", "||true", "; true", "|| :", "; exit 0", "|| true'"])
def test_a_hook_must_be_able_to_fail(end: str) -> None:
    labels = {"db": {"backupbot.restore.post-hook": f"/load {end}"}}
    (sentence,) = hooks_that_never_fail(labels)
    assert sentence.startswith("backupbot.restore.post-hook of service 'db' ends with")
    good = {"db": {"backupbot.restore.post-hook": "/load && true", "other": "|| true"}}
    assert list(hooks_that_never_fail(good)) == []


def test_certificates_and_secrets_get_no_weaker() -> None:
    before = ("SECRET_KEY_VERSION=v1 # length=32\n", {"LETS_ENCRYPT_ENV": "production"})
    assert list(weaker(before, before)) == []
    longer = ("#SECRET_KEY_VERSION=v1 # charset=x length=64\n", before[1])
    assert list(weaker(longer, before)) == []
    shorter = ("SECRET_KEY_VERSION=v1 # length=6\n", {"LETS_ENCRYPT_ENV": "staging"})
    assert [name for name, _ in weaker(shorter, before)] == ["LETS_ENCRYPT_ENV", "key"]


def test_a_file_outside_of_the_commit_is_not_written() -> None:
    files = CommitFiles.of({"../x": "1", "compose.yml": "services: [", "abra.sh": ""})
    assert files.compose == {}
    assert files.sample == {}


def _forgotten(note: str = "", **changes: str) -> list[str]:
    head = {**RELEASE, **{name.replace("__", "."): text for name, text in changes.items()}}
    return [name for name, _ in forgotten(NAMES, head, RELEASE, note)]


def test_a_setting_that_got_another_name_is_forgotten_unless_somebody_is_told() -> None:
    renamed = {
        "_env__sample": RELEASE[".env.sample"].replace("ZONE", "TIME_ZONE"),
        "compose__yml": COMPOSE.replace("${ZONE", "${TIME_ZONE").replace("- ZONE", "- TZ"),
    }
    renamed = {name.replace("_env", ".env"): text for name, text in renamed.items()}
    assert _forgotten() == []
    assert _forgotten(**renamed) == ["ZONE"]
    assert _forgotten("ZONE is now TIME_ZONE.", **renamed) == []
    # Nothing read it before, so nobody misses it.
    assert "OLD" not in _forgotten(compose__yml="services: {app: {image: shop}}\n")


def _changed(sample: str, compose: str, note: str = "") -> list[str]:
    head, release = (
        CommitFiles.of({".env.sample": one, "compose.yml": two})
        for one, two in ((sample, compose), (RELEASE[".env.sample"], COMPOSE))
    )
    return [name for name, _ in changed_defaults(["ZONE", "NEW"], head, release, note)]


def test_a_default_that_runs_replace_must_not_change_unseen() -> None:
    sample = RELEASE[".env.sample"]
    assert _changed(sample, COMPOSE) == []
    assert _changed(sample, COMPOSE.replace("ZONE:-UTC", "ZONE:-CET")) == ["ZONE"]
    assert _changed(sample.replace("ZONE=UTC", "ZONE=CET"), COMPOSE) == ["ZONE"]
    assert _changed(sample.replace("ZONE=UTC", "ZONE=CET"), COMPOSE, "ZONE is CET now.") == []
    # No app had it; but what was offered without a default is as good as unset.
    assert _changed(f"{sample}NEW=1\n", COMPOSE) == []
    head, release = (
        CommitFiles.of({".env.sample": text, "compose.yml": COMPOSE})
        for text in (f"{sample}NEW=admin\n", f"{sample}#NEW=admin\n")
    )
    ((name, sentence),) = changed_defaults(["NEW"], head, release, "")
    assert (name, "is 'admin' by default and was nothing" in sentence) == ("NEW", True)
    assert list(changed_defaults(["NEW"], release, release, "")) == []
    compose = f"{COMPOSE}x-new: ${{NEW:-}}\n"
    empty = CommitFiles.of({".env.sample": f"{sample}NEW=\n", "compose.yml": compose})
    assert list(changed_defaults(["NEW"], empty, release, "")) == []


def test_a_default_under_the_value_of_env_sample_must_not_change_unseen() -> None:
    compose = "services: {app: {image: 'shop', labels: {keep: '${KEEP:-%s}'}}}\n"
    head, release = (
        CommitFiles.of({".env.sample": "KEEP=true\n", "compose.yml": compose % default})
        for default in ("false", "true")
    )
    ((name, sentence),) = changed_defaults([], head, release, "")
    assert name == "KEEP"
    assert sentence.startswith("'KEEP' is 'false' where an app has no value for it, and was 'true'")
    assert list(changed_defaults([], head, release, "KEEP must be set.")) == []
    assert list(changed_defaults([], release, release, "")) == []


ROUTERS = {
    "traefik.http.routers.shop.rule": "Host(`shop.lab.test`)",
    "traefik.http.routers.shop.entrypoints": "web-secure",
    "traefik.http.routers.shop.tls.certresolver": "",
    "traefik.http.routers.shop-plain.rule": "Host(`shop.lab.test`)",
    "traefik.http.routers.shop-plain.entryPoints": "web",
}


def test_every_router_for_https_has_a_certificate() -> None:
    assert list(without_certificate({"app": ROUTERS})) == []
    resolver = "traefik.http.routers.shop.tls.certresolver"
    renamed = {name: value for name, value in ROUTERS.items() if name != resolver}
    assert list(without_certificate({"app": renamed})) == []
    renamed["traefik.http.routers.shop-app.tls.certresolver"] = ""
    (sentence,) = without_certificate({"app": renamed})
    assert sentence.startswith("router 'shop' has a rule and no tls.certresolver")


@pytest.mark.parametrize(
    ("rule", "tls", "is_covered"),
    [
        ("Host(`shop.lab.test`) && PathPrefix(`/live`)", "true", True),
        ("Host(`shop.lab.test`) && PathPrefix(`/live`)", "", False),
        ("Host(`shop.lab.test`) || Host(`live.lab.test`)", "true", False),
        ("PathPrefix(`/live`)", "true", False),
    ],
)
def test_a_router_may_have_the_certificate_of_another_one(
    rule: str, tls: str, is_covered: bool
) -> None:
    live = {"traefik.http.routers.live.rule": rule, "traefik.http.routers.live.tls": tls}
    labels = {**ROUTERS, **{name: value for name, value in live.items() if value}}
    assert (list(without_certificate({"app": labels})) == []) == is_covered


@pytest.mark.parametrize(
    ("name", "is_seen"),
    [("release/1.2.0+2.41.1", True), ("release/next", True), ("release/1.2.0", False),
     ("release/1.3.0+2.42.0", True), ("release/1.1.5+2.41.0", False), ("release/README", False),
     ("release/old", True), ("notes/1.2.0", True)],
)  # fmt: skip
def test_a_release_note_is_called_as_its_version(name: str, is_seen: bool) -> None:
    releases = [parse_release("1.1.0+2.40.7"), parse_release("1.2.0+2.41.0")]
    found = dict(unseen_notes({name: "x"}, {"release/old": "x"}, "1.2.0+2.41.1", releases))
    assert list(found) == ([] if is_seen else [name])
