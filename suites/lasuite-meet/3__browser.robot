*** Settings ***
Documentation       What people see of Meet in their browsers, which have a camera and a microphone.

Resource            lasuite-meet/lasuite-meet.resource

Suite Setup         Use The Head Deployment
Test Setup          Open A Browser With A Camera
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Person Signs In And Is Known
    Sign In On The Page    mona
    The First Page Should Know    Mona
    Show In The Log

A Person Without The Claim Is Turned Away
    [Documentation]    The provider signs her in; Meet lets nobody in of whom the provider does not tell the claim.
    Sign In On The Page    olga
    The First Page Should Know Nobody
    Show In The Log

A Meeting Is Made On The Page
    Sign In On The Page    mona
    ${slug}=    Make A Meeting On The Page
    The Meeting Should Be Of    ${slug}    mona
    Show In The Log

Two Browsers See And Hear Each Other
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}
    Two Browsers Should Meet    ${room}    Anna    Bert
    Show In The Log

Whoever Is Signed In Joins A Trusted Room
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}    trusted
    Sign In On The Page    nina
    Join Who Is Signed In    ${room}
    The Page Should Be In The Meeting
    Show In The Log

Whoever Knocks In A Browser Is Let In
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}    restricted
    Join On The Page    ${room}    Clara
    The Page Should Wait At The Door
    Let In By Name    ${room}    Clara    ${mona}
    The Page Should Be In The Meeting
    Show In The Log
