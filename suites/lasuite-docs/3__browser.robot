*** Settings ***
Documentation       What people see of Docs in their browsers.

Resource            lasuite-docs/lasuite-docs.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Person Signs In And Is Known
    Sign In On The Page    mona
    The Page Should Know    mona
    Show In The Log

What Is Typed Is There After Reloading
    Sign In On The Page    mona
    ${document}=    Make A Document On The Page    Typed by mona    Soup at noon
    Reload
    The Page Should Show    Soup at noon
    Show In The Log
    The First Page Should List    ${document}

What Is Typed Is Read By The API
    Sign In On The Page    mona
    ${document}=    Make A Document On The Page    Typed and read    Bread and cheese
    Leave The Document
    The API Should Read What Was Typed    ${document}    mona    Bread and cheese

Two Browsers Write In One Document
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    For two browsers    Hello
    Share    ${document}    ${nina}    editor    by=${mona}
    Two Browsers Should Write Together    ${document}    mona    nina
    Show In The Log

A Reader Writes Nothing On The Page
    ${document}=    A Document For Readers    mona    nina    Read me
    Open As    ${document}    nina
    The Page Should Show    Read me
    Nothing Should Be Typed
    Show In The Log

Whom The Provider Shuts Out Is Turned Away
    A Disabled Person Should Be Turned Away    ruth
