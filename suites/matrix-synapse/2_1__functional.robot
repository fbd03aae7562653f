*** Settings ***
Documentation       matrix-synapse federates: users of two homeservers share a room and a file.

Resource            matrix-synapse/matrix-synapse.resource

Suite Setup         Prepare Two Homeservers    clara    dmitri

Test Tags           functional


*** Test Cases ***
Users Of Two Homeservers Talk In One Room
    [Documentation]    Each user reads on their own homeserver what the other user sent from theirs.
    They Should Be At Different Homeservers    clara    dmitri
    ${room}=    Create Room    clara    dmitri    The border
    ${event}=    Send Message    clara    ${room}    Hello over there
    The Message Should Arrive    dmitri    ${room}    ${event}    clara    Hello over there
    ${answer}=    Send Message    dmitri    ${room}    Hello to you
    The Message Should Arrive    clara    ${room}    ${answer}    dmitri    Hello to you

A File Of Another Homeserver Downloads Byte For Byte
    ${media}=    Upload Media    dmitri    map.bin
    The Media Should Be    clara    ${media}    map.bin

With The Default Settings Users Log In With Passwords Alone
    Passwords Alone Should Be Offered

A Larger Upload Limit That Is Set Holds Everywhere
    Large Files Should Be Welcome    dmitri    ${MOST THERE}    ${LARGE THERE}
