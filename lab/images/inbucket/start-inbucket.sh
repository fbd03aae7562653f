#!/bin/sh
# The greeting of the start page is put where the operator can change it, once.
set -e
[ -e /config/greeting.html ] || cp /opt/inbucket/defaults/greeting.html /config/greeting.html
exec /opt/inbucket/bin/inbucket "$@"
