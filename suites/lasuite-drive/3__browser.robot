*** Settings ***
Documentation       What people see of Drive in their browsers.

Resource            lasuite-drive/lasuite-drive.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Person Signs In And Is Known
    Sign In By The Provider's Page    mona
    The Page Should Know    mona
    Show In The Log

A File Is Uploaded And Seen
    [Documentation]    By somebody who has few files: of many, the page shows only the first.
    Sign In By The Provider's Page    rosa
    Make A Folder On The Page
    ${file}=    A New File
    Upload On The Page    ${file}
    Reload
    The Page Should List    ${file.name}
    Show In The Log

What Was Uploaded Is Read By The API
    Sign In By The Provider's Page    rosa
    Make A Folder On The Page
    ${file}=    A New File
    Upload On The Page    ${file}
    The API Should Have What Was Uploaded    ${file}    rosa

A Shared Folder Is Seen By Another Person
    ${folder}=    A Folder For Readers    mona    nina    shared by mona.txt
    Sign In By The Provider's Page    nina
    Open Folder On The Page    ${folder}
    The Page Should List    shared by mona.txt
    Show In The Log

A Stranger Sees Nothing Of A Folder
    ${folder}=    A Folder For Readers    mona    nina    closed to pia.txt
    Sign In By The Provider's Page    pia
    Open Folder On The Page    ${folder}
    The Page Should Refuse
    The Page Should Not List    closed to pia
    Show In The Log

Whom The Provider Shuts Out Is Turned Away
    A Disabled Person Should Be Turned Away    ruth
