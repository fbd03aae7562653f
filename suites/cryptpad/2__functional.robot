*** Settings ***
Documentation       What CryptPad's server tells browsers before they show a document.

Resource            cryptpad/cryptpad.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Server Should Name Both Origins

The Server Is Set As The Recipe Promises
    [Documentation]    As .env.sample has it.
    [Template]    The Server Should Say
    inactiveTime    90
    maxUploadSize    20971520
    adminKeys    []

The Server Runs The Version In The Recipe's Label
    CryptPad Should Be The Version In The Label
