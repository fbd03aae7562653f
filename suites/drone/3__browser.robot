*** Settings ***
Documentation       What people see of drone in their browser.

Resource            drone/drone.resource
Resource            drone/drone-pages.resource

Suite Setup         Use The Head Deployment With People    vera
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Person Signs In Through The Forge And Finds Their Repository
    Have A Repository At The Forge    wanda    attic
    Ask For The Sign-In    wanda
    Permit The App On The Page Of Gitea
    Drone's Page Should Be Open
    Open The Page    /
    The Page Should Name    attic
    Show In The Log

Whoever Does Not Permit It Is Not Let In
    Have A Repository At The Forge    wilma    cellar
    Ask For The Sign-In    wilma
    Refuse The App On The Page Of Gitea
    The Sign-In Should Have Failed
    Show In The Log

A Person Sees What Was Built And Reads The Log
    Make A Project    vera    roof    thatch    straw and reed
    ${vera}=    The Session Of    vera
    The Build Should End As    ${vera}    vera/roof    1    success
    Ask For The Sign-In    vera
    Drone's Page Should Be Open
    The Build Page Should Show    vera/roof    How it is built    thatch    STRAW AND REED
    Show In The Log

A Person Watches A Build While It Runs And Stops It
    ${clone}=    Start A Project    vera    barn
    Push A Step    ${clone}    rake    echo hay | tr a-z A-Z; sleep 300
    ${vera}=    The Session Of    vera
    The Build Should Be Running    ${vera}    vera/barn    1
    Watch A Step    vera    vera/barn    HAY
    Stop The Build    ${vera}    vera/barn    1
