#!/bin/sh
# The runner takes the secret from its environment only; it hands it to no build.
set -eu

DRONE_RPC_SECRET=$(cat /run/secrets/rpc_secret)
export DRONE_RPC_SECRET

exec tini -- drone-runner-exec daemon
