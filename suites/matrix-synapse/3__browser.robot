*** Settings ***
Documentation       What people see of matrix-synapse when they sign in: its own pages, and the provider's.

Resource            matrix-synapse/matrix-synapse.resource
Resource            browser.resource

Suite Setup         Prepare The Administrator
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
Who Signs In At The Provider Has An Account
    [Documentation]    Made by Synapse at the first sign-in; the client's token opens a session of it, once.
    Sign In At The Provider    mona
    The Homeserver Should Ask    mona
    Show In The Log
    Continue To The Client    mona
    The Session Should Be Of    mona
    The Account Should Be Linked    mona    Mona Example

Who Signs In Again Has The Same Account
    [Documentation]    In another browser, with what was said from the first one, and no second account.
    Sign In At The Provider    mona
    The Homeserver Should Ask    mona
    Continue To The Client    mona
    The Person Should Come Back As Themselves    mona    guest=warden
    The Account Should Be Linked    mona    Mona Example

A Wrong Password Is Refused At The Provider
    [Documentation]    She may come in, and has not proven who she is.
    Sign In With A Wrong Password    nadia    other=mona
    The Provider Should Refuse    nadia
    Show In The Log

Whom The Provider Gives No Role Is Turned Away
    [Documentation]    The provider knows her and lets her in; Synapse does not, for want of the role.
    Sign In At The Provider    olga
    The Homeserver Should Turn Away    olga
    Show In The Log
