*** Settings ***
Documentation       What people see of HedgeDoc in their browsers.

Resource            hedgedoc/hedgedoc.resource

Suite Setup         Use The Head Deployment With Anna
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Writer Signs In And Writes A Note
    [Documentation]    What she types is shown as it is read, and is there when the page is opened again.
    ${account}=    The Account Of    anna
    Sign In On The Page    ${account}
    The First Page Should Name    ${account.name}
    Write In A New Note    Sow leeks in March.
    The Page Should Come Over HTTPS
    Show In The Log

A Wrong Password Is Refused On The Page
    ${anna}=    The Account Of    anna
    ${impostor}=    With A Wrong Password    ${anna}
    Sign In On The Page    ${impostor}
    The First Page Should Refuse
    Show In The Log

Two Browsers See Each Other's Text
    ${anna}=    Recall    session of anna
    ${note}=    Write A Note    \# Shopping    by=${anna}
    Let Everybody Write    ${anna}    ${note}    Leeks
    Two People Should See Each Other's Text    ${note}    Leeks    Onions
    The Note Should Come To Read    ${note}    \# Shopping\nLeeks\nOnions
    Show In The Log

A Private Note Is Refused To Others
    [Documentation]    To guests, and to another writer who is signed in.
    ${anna}=    Recall    session of anna
    ${note}=    Write A Private Note    ${anna}    \# Diary
    The Note Should Be Refused To Guests    ${note}
    Sign In At The Provider    mona
    The Note Should Be Refused In The Browser    ${note}
    Show In The Log

Single Sign-On Creates A Writer
    [Documentation]    A second sign-in, in another browser, reaches the same writer.
    Sign In At The Provider    mona
    The First Page Should Name    Mona Example
    A Second Sign-In Should Reach The Same Writer    mona
    Show In The Log

A Person Without The Role Is Turned Away
    [Documentation]    The provider signs her in; HedgeDoc refuses her, because she lacks the role.
    Sign-In Should Be Prohibited    olga
    Show In The Log

A Published Note Is Drawn For Guests
    ${anna}=    Recall    session of anna
    ${note}=    Write A Note With A Picture    ${anna}    Onions    An onion
    The Published Page Should Be Drawn    ${note}    Onions    An onion
    Show In The Log
