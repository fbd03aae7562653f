*** Settings ***
Documentation       A full run of one recipe: it installs, works, restarts, comes back from a backup,
...                 upgrades without losing data, and leaves nothing behind.

Resource            lifecycle.resource

Suite Setup         Start Run
Suite Teardown      End Run
