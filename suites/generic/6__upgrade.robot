*** Settings ***
Documentation       The head takes over from the last release, with all its data.

Resource            lifecycle.resource
Resource            backup.resource

Suite Setup         Deploy The Previous Release

Test Tags           upgrade    generic


*** Test Cases ***
The Previous Release Holds The Seed
    Deployed Version Should Be The Previous Release
    Seed
    Should Have Survived

The Head Takes Over From The Previous Release
    Upgrade To The Head
    Deployed Version Should Be The Head
    Every Service Should Run Its Image

The Seed Survives The Upgrade
    Should Have Survived

The App Still Works After The Upgrade
    The App Should Still Work
