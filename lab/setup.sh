#!/bin/bash
# Creates .venv with everything that the suites, the lab and the checks need. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD

# A minimal Debian has no Python, and the module venv is in a package of its own.
packages=()
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3 python3-venv)
command -v chromium-headless-shell >/dev/null || packages+=(chromium-headless-shell)
command -v certutil >/dev/null || packages+=(libnss3-tools)
[ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
if [ ${#packages[@]} -gt 0 ]; then
    echo "setup  installing ${packages[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

# The browser does not run as root: pages of pull requests run in it.
if [ "$(id -u)" = 0 ] && ! id ccci-browser >/dev/null 2>&1; then
    echo "setup  making the user ccci-browser"
    # A second setup at the same time may have made it.
    useradd --system --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin ccci-browser || id ccci-browser >/dev/null
fi

[ -x .venv/bin/python ] || python3 -m venv .venv
echo "setup  installing the Python packages"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt

# With this, robot and editors find libraries, resources and the keywords of recipes without PYTHONPATH.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s\n' "$here" "$here/libraries" "$here/resources" "$here/recipes" > "$site/ccci.pth"

# In the activated environment, `robot` is the launcher that gives each run its own output folder.
line="PATH=\"$here/ccci/bin:\$PATH\""
grep -qxF "$line" .venv/bin/activate || printf '%s\n' "$line" >> .venv/bin/activate
touch .venv/.ready
