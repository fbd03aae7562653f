#!/bin/bash
export DISCOVERY_VERSION=v1
