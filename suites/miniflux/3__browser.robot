*** Settings ***
Documentation       A person reads an entry in a browser.

Resource            miniflux/miniflux.resource
Resource            browser.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
A Reader Signs In And Reads An Entry
    ${jana}=    Make A Reader    jana
    Subscribe To A New Feed    ${jana}    Forecasts    weather    sunshine
    Sign In On The Page    ${jana}
    Open The Unread Entry    sunshine
    The Entry Should Be Shown    sunshine
    Show In The Log

The Session Cookie Goes Over HTTPS Only
    ${karl}=    Make A Reader    karl
    Sign In On The Page    ${karl}
    The Unread List Should Be Empty
    The Cookies Should Go Over HTTPS Only

A Wrong Password Is Refused On The Page
    ${lotte}=    Make A Reader    lotte
    ${impostor}=    With A Wrong Password    ${lotte}
    Sign In On The Page    ${impostor}
    The Page Should Refuse
    Show In The Log

The Administrator Sees How Miniflux Is Set
    Open The List Of Settings
    ${app}=    The App
    The Setting Should Be    BASE_URL    ${app.url}/
    The Setting Should Be    HTTPS    1
    The Setting Should Be    POLLING_FREQUENCY    1
    Entries Should Be Kept As Long As Miniflux Promises
    Show In The Log

No Header Of A Request Signs Anybody In
    Open The List Of Settings
    Only The Page And The Keys Should Let People In
    Show In The Log
