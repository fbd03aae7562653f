*** Settings ***
Documentation       What users of CryptPad see in their browsers.

Resource            cryptpad/cryptpad.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A User Finds Documents In The Drive
    [Documentation]    Also after signing out, and in again in another browser.
    ${vera}=    Sign Up    vera
    Begin A Document Of One's Own    pad    Garden    Sow leeks in March.
    The Drive Should Come To Have    Garden
    Sign Out
    Sign In    ${vera}
    The Drive Should Have    Garden
    Show In The Log

A Document Is Shown In A Frame Of Another Origin
    Begin A Document    code    Leeks
    Documents Should Be In A Frame Of Another Origin
    Show In The Log

Two People Write Into One Document
    Begin A Document    code    Leeks,
    ${link}=    The Link For    Edit
    Two Browsers Should See Each Other's Text    ${link}    Leeks,    onions
    Show In The Log
