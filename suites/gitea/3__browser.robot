*** Settings ***
Documentation       What people see of gitea in their browser.

Resource            gitea/gitea.resource
Resource            browser.resource

Suite Setup         Prepare The People    vera
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
Who Signs In Sees Their Repository
    ${clone}=    Start A Repository    vera    recipes
    ${file}=    Text File    soup.txt    Leeks and potatoes
    Push A File    ${clone}    ${file}    A soup for everybody
    Sign In On The Page    vera
    The Repository Page Should Show    vera/recipes    soup.txt    A soup for everybody
    The Page Should Be Styled
    Show In The Log

Who Signs In At The Provider Has An Account
    [Documentation]    Made by Gitea at the first sign-in, and the same one at the second, in another browser.
    Sign In At The Provider    mona
    The Dashboard Should Be Of    Mona Example
    The Account Should Be Linked    mona
    The Person Should Come Back As Themselves    mona
    Show In The Log

Whom The Provider Gives No Role Is Turned Away
    [Documentation]    The provider knows her and lets her in; Gitea does not, for want of the role.
    Sign In At The Provider    olga
    The Page Should Prohibit    olga
    Show In The Log
