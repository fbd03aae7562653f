"""Base images: a minimal Debian from debootstrap that trusts the authorities of this machine."""

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
from lab.inventory import LABEL, Inventory
from lab.reporting import Step
from lab.running import stream
from lab.settings import Settings

CONTENT_LABEL = f"{LABEL}.content"
HOST_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
IN_IMAGE = "/etc/ssl/certs/ca-certificates.crt"
# Without its variable, each of these tools ignores the system's bundle.
TRUST_VARIABLES = (
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "GIT_SSL_CAINFO",
)
# Increase this when the way of building base images changes: all images are then rebuilt.
GENERATION = "2"
# As in the official images: package files and apt's caches do not belong in a layer.
APT_SETTINGS = """\
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };
Acquire::Languages "none";
"""
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

SCRATCH = "scratch-debian-"


def reference(release: str) -> str:
    """Return the name of the base image of a Debian release."""
    return f"ccci-lab/debian:{release}"


def base_hash(release: str) -> str:
    """Return a hash of everything that the base image depends on."""
    bundle = HOST_BUNDLE.read_bytes() if HOST_BUNDLE.exists() else b""
    return hashlib.sha256(f"{GENERATION}{release}".encode() + bundle).hexdigest()[:16]


def ensure(
    client: docker.DockerClient, settings: Settings, inventory: Inventory, step: Step, release: str
) -> str:
    """Build the base image of a Debian release if it is missing or out of date.

    Returns: its reference.

    Raises:
        LabError: debootstrap could not be installed, or failed; the message names the log.
    """
    ref, content_hash = reference(release), base_hash(release)
    try:
        if client.images.get(ref).labels.get(CONTENT_LABEL) == content_hash:
            return ref
    except ImageNotFound:
        pass
    log = settings.logs / f"debian-{release}.log"
    log.write_bytes(b"")
    _ensure_debootstrap(log, step)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=settings.lab) as scratch:
        root = Path(scratch) / "root"
        # debootstrap mounts /proc in the new root. In a mount namespace of its own, this mount is
        # gone as soon as debootstrap ends, even if it is killed.
        command = ["unshare", "--mount", "debootstrap", "--variant=minbase"]
        command += ["--include=ca-certificates", release]
        command += [str(root), *mirror()]
        stream(command, log=log, step=step, what=f"the base image of Debian {release}")
        _add_host_authorities(root)
        _slim(root)
        archive = Path(scratch) / "root.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(root, arcname=".")
        inventory.record("image", ref)
        changes = [f"ENV {name}={IN_IMAGE}" for name in TRUST_VARIABLES]
        changes += [f"LABEL {LABEL}=1", f"LABEL {CONTENT_LABEL}={content_hash}", 'CMD ["bash"]']
        repository, tag = ref.split(":")
        client.api.import_image(str(archive), repository=repository, tag=tag, changes=changes)
    return ref


def mirror() -> list[str]:
    """Return the Debian mirror of this machine's apt, as an argument for debootstrap.

    An empty list means that debootstrap uses its default.
    """
    form = "$(SITE)|$(ORIGIN)|$(CODENAME)|$(COMPONENT)"
    command = ["apt-get", "indextargets", "--format", form, "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return mirror_in(listed.stdout)


def mirror_in(listing: str) -> list[str]:
    """Return the main Debian archive from apt's index targets.

    Example:
        >>> mirror_in("https://mirror.example/debian|Debian|bookworm|main")
        ['https://mirror.example/debian']
    """
    for line in listing.splitlines():
        site, origin, codename, component = (line.split("|") + [""] * 4)[:4]
        # A codename with a hyphen is an archive of updates, which has no complete release.
        if origin == "Debian" and component == "main" and codename and "-" not in codename:
            return [site]
    return []


def _ensure_debootstrap(log: Path, step: Step) -> None:
    if shutil.which("debootstrap"):
        return
    step.progress("installing debootstrap")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "--no-install-recommends", "debootstrap"]
    with log.open("ab") as out:
        subprocess.run(["apt-get", "update"], stdout=out, stderr=out, env=quiet, check=False)
        done = subprocess.run(install, stdout=out, stderr=out, env=quiet, check=False)
    if done.returncode != 0:
        raise LabError(f"apt-get could not install debootstrap: see {log}")


def _slim(root: Path) -> None:
    for pattern in ("var/cache/apt/*.bin", "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*"):
        for path in root.glob(pattern):
            if path.is_file():
                path.unlink()
    (root / "etc/apt/apt.conf.d/90lab").write_text(APT_SETTINGS)


def _add_host_authorities(root: Path) -> None:
    """Add the authorities that this machine trusts in addition to Debian's own."""
    if not HOST_BUNDLE.exists():
        return
    bundle = root / IN_IMAGE.lstrip("/")
    known = set(PEM.findall(bundle.read_text()))
    extra = [one for one in PEM.findall(HOST_BUNDLE.read_text()) if one not in known]
    local = root / "usr/local/share/ca-certificates"
    local.mkdir(parents=True, exist_ok=True)
    # One file per certificate, so that a later update-ca-certificates keeps them.
    for number, certificate in enumerate(extra):
        (local / f"host-{number}.crt").write_text(certificate + "\n")
    with bundle.open("a") as out:
        out.writelines(certificate + "\n" for certificate in extra)
