#!/bin/bash
export PG_BACKUP_VERSION=v1
export PGPASS_VERSION=v1
