#!/usr/local/synapse/bin/python
"""Starts Synapse as the user UID:GID (991:991), with /data/homeserver.yaml or what is named.

The official image's interface, as far as recipes use it: `run` (also without a word), then
arguments of Synapse; SYNAPSE_CONFIG_PATH names another file, SYNAPSE_WORKER another program.
"""

import os
import sys
from pathlib import Path

OWNER = (os.environ.get("UID", "991"), os.environ.get("GID", "991"))


def main(arguments: list[str]) -> None:
    """Become Synapse."""
    if arguments and arguments[0] != "run":
        sys.exit(f"start: {arguments[0]!r} is unknown here: say run, or nothing")
    config = os.environ.get("SYNAPSE_CONFIG_PATH", "/data/homeserver.yaml")
    more = arguments[1:]
    if not any(one.startswith(("-c", "--config-path")) for one in more):
        if not Path(config).exists():
            sys.exit(f"start: there is no {config}: give one as a config of the recipe")
        more += ["--config-path", config]
    program = os.environ.get("SYNAPSE_WORKER", "synapse.app.homeserver")
    command = [sys.executable, "-m", program, *more]
    if os.getuid() == 0:
        command = ["gosu", ":".join(OWNER), *command]
    os.execvp(command[0], command)


main(sys.argv[1:])
