*** Settings ***
Documentation       What people see of gitea in their browser.

Resource            gitea/gitea.resource

Suite Setup         Use The Head Deployment With Users    vera
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
A Signed-In User Sees Their Repository
    ${file}=    Text File    soup.txt    Leeks and potatoes
    Push To A New Repository    vera    recipes    ${file}    A soup for everybody
    Sign In With A Password    vera
    The Repository Page Should Show    vera/recipes    soup.txt    A soup for everybody
    Show In The Log

Single Sign-On Creates A User
    [Documentation]    The first sign-in creates the user. A second, in another browser, reaches the same user.
    Sign In At The Provider    mona
    The Dashboard Should Name    Mona Example
    The User Should Be Linked To The Provider    mona
    A Second Sign-In Should Reach The Same User    mona
    Show In The Log

A User Without The Required Role Is Turned Away
    [Documentation]    The provider signs her in; Gitea refuses her, because she lacks the role.
    Sign In At The Provider    olga
    Sign-In Should Be Prohibited    olga
    Show In The Log
