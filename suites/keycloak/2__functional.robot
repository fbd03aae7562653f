*** Settings ***
Documentation       Keycloak signs users in for apps: what it tells of them holds, and nothing else does.

Resource            keycloak/keycloak.resource

Suite Setup         Prepare The Staff Realm

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

What The Administrator Makes Is There For Apps
    [Documentation]    Made through the admin API, found through the discovery document.
    The Realm And Its App Should Be There    ${STAFF}    ${WIKI}

Apps Are Told Public Addresses Only
    Every Address Should Be Public

A User Signs In With A Password
    ${tokens}=    Sign In    anna
    The Access Token Should Say    ${tokens}    anna    editor
    The Identity Token Should Say    ${tokens}    anna

An App Signs In With Its Own Credentials
    ${tokens}=    Sign In As The App    ${WIKI}
    The App's Own Token Should Say    ${tokens}    ${WIKI}

Nobody Else Signs In
    [Template]    Sign In Should Be Refused
    # who         with whose password
    anna          nobody
    anna          bruno
    stranger      anna
    carla         carla

No App Signs In As Another
    The App Should Be Refused With    ${WIKI}    whose=shop

A Spoilt Token Is Refused
    [Documentation]    By Keycloak itself, and by whoever verifies it against the published keys.
    [Template]    A Token Should Be Refused With
    # spoilt by                         what is then wrong
    Token With Altered Signature        signature
    Token Without Signature             algorithm
    The Name Of The Administrator       signature

A Token Is Refused When Its Time Is Over
    Register    ${STAFF}    kiosk    token_seconds=3
    ${tokens}=    Sign In    anna    client_id=kiosk
    The Token Should Expire    ${tokens}

A Token Is For One App Of One Realm
    ${tokens}=    Sign In    anna
    The Token Should Be For One App Alone    ${tokens}    ${WIKI}    other=shop
    The Token Should Be Of One Realm Alone    ${tokens}

A Session Is Renewed Until The User Signs Out
    ${tokens}=    Sign In    bruno
    The Session Should Be Renewed And Ended    ${tokens}

Rights Are Given And Take Effect
    A User May See The Others    bruno

Health And Metrics Are Not Public
    The Inner Pages Should Not Be Public

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label
