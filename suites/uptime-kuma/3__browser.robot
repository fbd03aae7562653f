*** Settings ***
Documentation       The owner watches services in a browser, and anybody sees the status page.

Resource            uptime-kuma/uptime-kuma.resource
Resource            uptime-kuma/uptime-kuma-pages.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
The Owner Adds A Monitor And Sees Its Chart
    The Owner Signs In On The Page
    ${app}=    The App
    Add A Monitor On The Page    Harbour    ${app.url}/api/entry-page
    The Monitor Should Be Shown As    Harbour    Up
    The Chart Should Be Drawn
    Show In The Log

A Service That Is Down Is Shown As Down
    ${monitor}=    Watch A Closed Port    Lighthouse
    The Newest Beat Should Be    ${monitor}    down
    The Owner Signs In On The Page
    Open The Monitor    ${monitor}
    The Monitor Should Be Shown As    Lighthouse    Down
    Show In The Log

A Wrong Password Is Refused On The Page
    ${ada}=    Account Made Before    ${OWNER NAME}
    ${impostor}=    With A Wrong Password    ${ada}
    Sign In On The Page    ${impostor}
    The Page Should Refuse
    Show In The Log

Anybody Sees The Status Page
    ${monitor}=    A Monitor That Is Up    Bakery
    Publish A Status Page    Our bakery    bakery    ${monitor}
    Open The Page    /status/bakery
    The Page Should Show That All Is Up    Our bakery    Bakery
    Show In The Log
