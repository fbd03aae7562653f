*** Settings ***
Documentation       A visitor sees the published page.

Resource            custom-html/custom-html.resource
Resource            browser.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
The Page Renders The Published Content
    Publish A Page With A Style Sheet    welcome.html    heading=Welcome to the co-op
    Open The Page    /welcome.html
    The Heading Should Be Visible    Welcome to the co-op
    The Style Sheet Should Be Applied
    Show In The Log
