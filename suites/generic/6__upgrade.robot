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

The Head Keeps What The Release Had
    The Head Should Keep What The Release Had

The Databases Are Upgraded Too
    Databases Should Be Upgraded

The Upgraded App Comes Back From A Restart
    Restart Every Service
    Should Have Survived

The Upgraded App Can Be Backed Up
    The Backup Should Still Work

No Secret Is In A Log After The Upgrade
    No Log Should Hold A Secret

The Head Uses What It Offers
    The Head Should Read What It Offers

Everybody Is Told What An Upgrade Needs
    New Settings Should Have A Default Or A Note
    Changed Configs Should Have New Names

Certificates And Secrets Are As Good As Before
    Certificates And Secrets Should Be No Weaker
