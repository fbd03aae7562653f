*** Settings ***
Documentation       Users sign in to matrix-synapse: its own pages, and the provider's.

Resource            matrix-synapse/matrix-synapse.resource
Resource            browser.resource

Suite Setup         Prepare The Administrator
Test Setup          Open The Browser
Test Teardown       Close Browser

Test Tags           browser


*** Test Cases ***
The First Sign-In Creates An Account
    [Documentation]    Synapse creates the account. The client's login token opens a session of it, but only once.
    Sign In At The Provider    mona
    Synapse Should Ask For Confirmation    mona
    Show In The Log
    Continue To The Client    mona
    The Session Should Be That Of    mona
    The New Account Should Be That Of    mona    Mona Example

The Next Sign-In Opens The Same Account
    [Documentation]    From another browser the user reads what they wrote in the first one.
    Sign In At The Provider    mona
    Synapse Should Ask For Confirmation    mona
    Continue To The Client    mona
    The User Should Come Back As Themselves    mona    guest=warden
    The New Account Should Be That Of    mona    Mona Example

An Account Of The Same Name Is Not Taken Over
    [Documentation]    The user of the provider is offered another account than the one that has their name already.
    Take The Name Of    vera
    Sign In At The Provider    vera
    Synapse Should Ask For Confirmation    vera1
    Show In The Log

A Client Of Another Host Gets No Token Without Being Named
    [Documentation]    Not even one whose name begins with that of the client which the recipe trusts.
    A Client That Looks Like The Recipe's Should Need The User's Consent    mona
    Show In The Log

The Provider Rejects A Wrong Password
    [Documentation]    She has the role, but enters a wrong password.
    Sign In At The Provider    nadia    password_of=mona
    The Provider Should Reject    nadia
    Show In The Log

Users Without The Role Cannot Sign In
    [Documentation]    The provider signs her in; Synapse does not, because she lacks the role.
    Sign In At The Provider    olga
    Synapse Should Reject    olga
    Show In The Log
