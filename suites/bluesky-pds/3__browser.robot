*** Settings ***
Documentation       What people see of their PDS in a browser: where they sign in, for an app or for their account.

Resource            bluesky-pds/bluesky-pds.resource
Resource            bluesky-pds/sign-in-pages.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Person Signs In And Finds Their Account
    ${astrid}=    Make An Account    astrid
    Open The Page    /account
    Sign In On The Page    ${astrid.account}
    The Page Should Name    ${astrid.account.name}
    Show In The Log

A Wrong Password Is Refused On The Page
    ${birk}=    Make An Account    birk
    ${impostor}=    With A Wrong Password    ${birk.account}
    Open The Page    /account
    Sign In On The Page    ${impostor}
    The Page Should Refuse
    Show In The Log

An App Sends A Person To The Server, Who Asks Whether To Let It In
    ${carla}=    Make An Account    carla
    ${page}=    Announce A Sign-In
    Open The Page    ${page}
    Choose To Sign In
    Sign In On The Page    ${carla.account}
    The Page Should Ask Whether To Let The App In    ${carla}
    Show In The Log
