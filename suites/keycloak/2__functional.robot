*** Settings ***
Documentation       Keycloak signs users in for its clients: valid tokens are accepted, and no others.

Resource            keycloak/keycloak.resource

Suite Setup         Prepare The Staff Realm

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

A New Realm And Its Client Are In The Admin API And In Discovery
    The Realm And The Client Should Be There    ${STAFF}    ${WIKI}

The Discovery Document Names Public Addresses Only
    The Discovery Document Should Name Public Addresses Only

A User Signs In With A Password
    ${tokens}=    Sign In    anna
    The Access Token Should Say    ${tokens}    anna    editor
    The ID Token Should Say    ${tokens}    anna

A Client Signs In With Its Secret
    ${tokens}=    Sign In As The Client    ${WIKI}
    The Client's Token Should Say    ${tokens}    ${WIKI}

Sign-In Is Refused
    [Template]    Sign-In Should Be Refused
    # user        with the password of
    anna          nobody
    anna          bruno
    stranger      anna
    carla         carla

A Client Is Refused With Another Client's Secret
    The Client Should Be Refused    ${WIKI}    secret_of=shop

A Forged Token Is Refused
    [Documentation]    By Keycloak itself, and by a client that verifies it with the published keys.
    [Template]    The Changed Token Should Be Refused
    # change                            flaw
    Token With Altered Signature        signature
    Token Without Signature             algorithm
    The Administrator's Name In It      signature

An Expired Token Is Refused
    Create Client    ${STAFF}    kiosk    token_seconds=15
    ${tokens}=    Sign In    anna    client_id=kiosk
    The Token Should Expire    ${tokens}

A Token Is For One Client Of One Realm
    ${tokens}=    Sign In    anna
    The Token Should Be For One Client    ${tokens}    ${WIKI}    other=shop
    The Token Should Be Of One Realm    ${tokens}

A Session Is Refreshed Until The User Signs Out
    ${tokens}=    Sign In    bruno
    The Session Should Be Refreshed And Ended    ${tokens}

A User Lists The Others Only With The Role To Do So
    The User List Should Answer    bruno    403
    Allow To Administer    ${STAFF}    bruno    view-users
    The User List Should Answer    bruno    200

The Database Keeps No Password
    [Documentation]    Keycloak stores hashes only. The search did find the users: it was the right database.
    The Database Should Keep No Password Of    anna

The Sign-In Page Keeps To HTTPS
    The Sign-In Page Should Be Safe

Health And Metrics Are Not Public
    Health And Metrics Should Be Hidden

The Server Is The Version That The Recipe Names
    The Server Should Be The Version In The Recipe
