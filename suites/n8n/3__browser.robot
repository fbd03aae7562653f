*** Settings ***
Documentation       The owner of n8n sees their workflows in the editor.

Resource            n8n/n8n.resource
Resource            n8n/n8n-editor.resource
Resource            browser.resource

Suite Setup         Prepare The Owner
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
The Owner Signs In And Sees A Workflow
    ${workflow}=    Start A Webhook    Adds on the canvas
    Sign In On The Page
    Open The Workflow    ${workflow}
    The Canvas Should Show    ${workflow}
    Show In The Log

A Wrong Password Is Refused On The Page
    ${eve}=    Stranger    eve@example.org
    Fill In The Sign-In Page    ${eve}
    The Page Should Refuse
    Show In The Log
