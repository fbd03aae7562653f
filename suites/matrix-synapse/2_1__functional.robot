*** Settings ***
Documentation       matrix-synapse talks to other homeservers: two of them share a room and a file.

Resource            matrix-synapse/matrix-synapse.resource

Suite Setup         Prepare Two Homeservers    clara    dmitri

Test Tags           functional


*** Test Cases ***
People Of Two Homeservers Talk In One Room
    [Documentation]    Invited over the network of servers; each reads at their own what the other said at theirs.
    They Should Be At Different Homeservers    clara    dmitri
    ${room}=    Open A Room    clara    dmitri    The border
    ${event}=    Say    clara    ${room}    Hello over there
    The Message Should Arrive    dmitri    ${room}    ${event}    clara    Hello over there
    ${answer}=    Say    dmitri    ${room}    Hello to you
    The Message Should Arrive    clara    ${room}    ${answer}    dmitri    Hello to you

A File Of The Other Homeserver Is Fetched Byte For Byte
    ${address}=    Share A File    dmitri    map.bin
    The File Should Reach    clara    ${address}    map.bin
