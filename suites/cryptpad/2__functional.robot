*** Settings ***
Documentation       What CryptPad's server tells browsers before they show a document.

Resource            cryptpad/cryptpad.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Server Should Name Both Origins

The Server Is Set As The Recipe Promises
    [Documentation]    The settings have other values than CryptPad's own, by recipe.toml.
    [Template]    The Server Should Say
    inactiveTime    45
    maxUploadSize    31457280

The Server Has The Administrator Of The Setting
    The Server Should Name The Administrator

Nobody Is Asked To Sign In At A Provider
    [Documentation]    Where a recipe offers it, NOTES.md is to be changed and sign-in to be tested.
    The Server Should Say    sso    false

The Server Runs The Version In The Recipe's Label
    CryptPad Should Be The Version In The Label
