#!/bin/bash
export KUMA_VERSION=v1
