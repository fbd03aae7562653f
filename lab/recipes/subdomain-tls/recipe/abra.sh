#!/bin/bash
export CADDYFILE_VERSION=v1
