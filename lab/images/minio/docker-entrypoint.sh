#!/bin/sh
# As the official image does: "minio" need not be said.
if [ "${1-}" != minio ]; then
    set -- minio "$@"
fi
exec "$@"
