*** Settings ***
Documentation       People sign in on Keycloak's own pages.

Resource            keycloak/keycloak.resource
Resource            browser.resource

Suite Setup         Prepare The Staff Realm
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
A User Signs In And Sees Their Account
    Open The Account Console
    Sign In On The Page    anna
    The Account Should Be Shown    anna
    Show In The Log

The Administrator Signs In And Sees The Realm
    Open The Admin Console
    Sign In On The Page As Administrator
    The Realm Should Be Listed    ${STAFF}
    Show In The Log

A Wrong Password Is Refused On The Page
    Open The Account Console
    ${password}=    Password Of    nobody
    Fill In The Page Of Keycloak    anna    ${password}
    The Page Of Keycloak Should Refuse
    Show In The Log

A User Signs In For An App
    [Documentation]    By authorization code with PKCE; the token opens what is protected, and nothing less does.
    ${tokens}=    Sign In For An App And Call    anna
    The Access Token Should Say    ${tokens}    anna    editor
    The Identity Token Should Say    ${tokens}    anna

An App Calls The Account API For A User
    Sign In For An App And Call The Account API    bruno
