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

A User Signs In To A Client By Authorization Code
    [Documentation]    With PKCE. Only the user's own token opens a protected address.
    ${tokens}=    Sign In To A Client And Call    anna
    The Access Token Should Say    ${tokens}    anna    editor
    The ID Token Should Say    ${tokens}    anna

A Client Calls The Account API For A User
    Sign In To A Client And Call The Account API    bruno
