"""The base images: a minimal Debian by debootstrap, which trusts what this machine trusts."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

from lab.errors import LabError
from lab.made import LABEL, Made
from lab.reporting import Step
from lab.running import stream
from lab.settings import Settings

CONTENT_LABEL = f"{LABEL}.content"
HOST_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
IN_IMAGE = "/etc/ssl/certs/ca-certificates.crt"
# Each of these tools has a trust variable of its own and ignores the system's bundle without it.
TRUST_VARIABLES = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
)
# Raise when the way of making a base image changes: every image is then built anew.
GENERATION = "2"
# As the official images do it: neither package files nor apt's own caches belong in a layer.
APT_MANNERS = """\
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
Acquire::Languages "none";
"""
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

SCRATCH = "scratch-debian-"


def reference(release: str) -> str:
    """The name of a release's base image."""
    return f"ccci-lab/debian:{release}"


def base_hash(release: str) -> str:
    """Changes when the base image of `release` would come out different on this machine."""
    bundle = HOST_BUNDLE.read_bytes() if HOST_BUNDLE.exists() else b""
    return hashlib.sha256(f"{GENERATION}{release}".encode() + bundle).hexdigest()[:16]


def ensure(
    client: docker.DockerClient, settings: Settings, made: Made, step: Step, release: str
) -> str:
    """Have the base image of a Debian release; returns its reference.

    Raises:
        LabError: debootstrap could not be had or failed; the sentence names the log.
    """
    ref, wanted = reference(release), base_hash(release)
    try:
        if client.images.get(ref).labels.get(CONTENT_LABEL) == wanted:
            return ref
    except ImageNotFound:
        pass
    log = settings.logs / f"debian-{release}.log"
    log.write_bytes(b"")
    _have_debootstrap(log, step)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=settings.lab) as scratch:
        root = Path(scratch) / "root"
        # debootstrap mounts /proc in the new root: in a mount namespace of its own, that is gone
        # with it, however it ends.
        command = ["unshare", "--mount", "debootstrap", "--variant=minbase"]
        command += ["--include=ca-certificates", release]
        command += [str(root), *mirror()]
        stream(command, log=log, step=step, what=f"the base image of Debian {release}")
        _hand_in_trust(root)
        _slim(root)
        archive = Path(scratch) / "root.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(root, arcname=".")
        made.record("image", ref)
        changes = [f"ENV {name}={IN_IMAGE}" for name in TRUST_VARIABLES]
        changes += [f"LABEL {LABEL}=1", f"LABEL {CONTENT_LABEL}={wanted}", 'CMD ["bash"]']
        repository, tag = ref.split(":")
        client.api.import_image(str(archive), repository=repository, tag=tag, changes=changes)
    return ref


def mirror() -> list[str]:
    """The mirror that this machine's own apt uses for Debian, as debootstrap's argument.

    An empty list leaves the choice to debootstrap.
    """
    form = "$(SITE)|$(ORIGIN)|$(CODENAME)|$(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return mirror_in(listed.stdout)


def mirror_in(listing: str) -> list[str]:
    """Pick the main Debian archive out of apt's index targets.

    Example:
        >>> mirror_in("https://mirror.example/debian|Debian|bookworm|main")
        ['https://mirror.example/debian']
    """
    for line in listing.splitlines():
        site, origin, codename, component = (line.split("|") + [""] * 4)[:4]
        # A codename with a hyphen is an update or security archive: it holds no whole release.
        if origin == "Debian" and component == "main" and codename and "-" not in codename:
            return [site]
    return []


def _have_debootstrap(log: Path, step: Step) -> None:
    if shutil.which("debootstrap"):
        return
    step.progress("installing debootstrap")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "debootstrap"]
    with log.open("ab") as out:
        subprocess.run(["apt-get", "update"], stdout=out, stderr=out, env=quiet, check=False)
        done = subprocess.run(install, stdout=out, stderr=out, env=quiet, check=False)
    if done.returncode != 0:
        raise LabError(f"debootstrap could not be installed by apt-get: see {log}")


def _slim(root: Path) -> None:
    for pattern in ("var/cache/apt/*.bin", "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*"):
        for path in root.glob(pattern):
            if path.is_file():
                path.unlink()
    (root / "etc/apt/apt.conf.d/90lab").write_text(APT_MANNERS)


def _hand_in_trust(root: Path) -> None:
    """Make the image trust what this machine trusts beyond Debian's own authorities."""
    if not HOST_BUNDLE.exists():
        return
    bundle = root / IN_IMAGE.lstrip("/")
    known = set(PEM.findall(bundle.read_text()))
    extra = [one for one in PEM.findall(HOST_BUNDLE.read_text()) if one not in known]
    local = root / "usr/local/share/ca-certificates"
    local.mkdir(parents=True, exist_ok=True)
    # One file each, so that a later update-ca-certificates keeps them.
    for number, certificate in enumerate(extra):
        (local / f"host-{number}.crt").write_text(certificate + "\n")
    with bundle.open("a") as out:
        out.writelines(certificate + "\n" for certificate in extra)
