*** Settings ***
Documentation       matrix-synapse lets people talk in rooms, keeps what they say and share, and nobody else's.

Resource            matrix-synapse/matrix-synapse.resource

Suite Setup         Prepare The People    anna    bruno    mallory

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Health Page Should Say OK

What One Says The Other Reads
    [Documentation]    By the number of the event and in the room's timeline, in the order of the talk.
    ${room}=    Open A Room    anna    bruno    The garden
    ${event}=    Say    anna    ${room}    The beans are ripe
    The Message Should Reach    bruno    ${room}    ${event}    anna    The beans are ripe
    Say    bruno    ${room}    I am on my way
    The Talk Should Be    anna    ${room}    The beans are ripe    I am on my way

A Room Is Closed To Who Is Not In It
    ${room}=    Open A Room    anna    bruno    The shed
    Say    anna    ${room}    The key is under the pot
    Strangers Should Not Read    mallory    ${room}

A Shared File Comes Back Byte For Byte
    ${address}=    Share A File    anna    beans.bin
    The File Should Reach    bruno    ${address}    beans.bin

A Wrong Password Opens Nothing
    Only The Right Password Should Open    anna

Nobody Makes An Account Without The Secret
    Registration Should Be Refused    trudy

Sign-In Leads To The Provider And Back To The App
    [Documentation]    Clients are told of it; the addresses are those that the provider names, and the app's own.
    Sign-In Should Lead To The Provider And Back

Other Servers Are Sent To The Right Address
    The Server Should Send Others To Its Own Address

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label
