*** Settings ***
Documentation       What the app holds is in its backup, and comes back onto an empty deployment.

Resource            lifecycle.resource
Resource            backup.resource

Suite Setup         Use The Head Deployment

Test Tags           backup    generic


*** Test Cases ***
The Seed Is There Before The Backup
    Seed
    Should Have Survived

The Snapshot Holds What The Backup Labels Promise
    Snapshot
    Snapshot Should Hold What Was Promised
    Backup Hooks Should Tell Of Errors

A Fresh Deployment Has None Of The Seed
    Wipe
    Should Be Gone

The Restore Brings The Seed Back
    Restore
    Should Have Survived

The App Still Works After The Restore
    The App Should Still Work

The Restored App Comes Back From A Restart
    [Documentation]    What a restore wrote below a program that runs may be read at its next start only.
    Restart Every Service
    Should Have Survived
