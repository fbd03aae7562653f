*** Settings ***
Documentation       The owner of n8n sees their workflows in the editor.

Resource            n8n/n8n.resource
Resource            browser.resource

Suite Setup         Prepare The Owner
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
The Owner Signs In And Sees A Workflow
    ${workflow}=    Start A Workflow    Adds on the canvas
    Sign In On The Page
    Open The Workflow    ${workflow}
    The Canvas Should Show    ${workflow}
    Show In The Log

A Wrong Password Is Refused On The Page
    [Documentation]    Of an address of its own: n8n hears each one five times a minute only.
    ${password}=    Generate Password    nobody
    Fill In The Sign-In Page    eve@example.org    ${password}
    The Page Should Refuse
    Show In The Log
