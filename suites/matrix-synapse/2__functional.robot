*** Settings ***
Documentation       Users of matrix-synapse share messages and files in rooms that nobody else can read.

Resource            matrix-synapse/matrix-synapse.resource

Suite Setup         Prepare Users    anna    bruno    mallory

Test Tags           functional


*** Test Cases ***
The Health Page Says OK
    The Health Page Should Say OK

Members Read Each Other's Messages
    [Documentation]    They find a message by its event id, and all messages in the room's timeline in the order sent.
    ${room}=    Create Room    anna    bruno    The garden
    ${event}=    Send Message    anna    ${room}    The beans are ripe
    The Message Should Be    bruno    ${room}    ${event}    anna    The beans are ripe
    Send Message    bruno    ${room}    I am on my way
    The Timeline Should Be    anna    ${room}    The beans are ripe    I am on my way

Non-Members Cannot Read A Room
    ${room}=    Create Room    anna    bruno    The shed
    Send Message    anna    ${room}    The key is under the pot
    The Room Should Be Closed To    mallory    ${room}

An Uploaded File Downloads Byte For Byte
    ${media}=    Upload Media    anna    beans.bin
    The Media Should Be    bruno    ${media}    beans.bin
    The Media Should Be Closed To Strangers    ${media}

Clients Are Told The Upload Limit And May Use It
    Large Files Should Be Welcome    anna    ${MOST}    ${LARGE}

A Wrong Password Is Rejected
    Only The Right Password Should Work    anna

Registration Without The Secret Is Rejected
    Registration Should Be Rejected
    Guests Should Be Rejected

Sign-In Redirects To The Provider And Back
    [Documentation]    Clients are offered the provider. Redirects go to the address that it names, and back to the app.
    Sign-In Should Redirect To The Provider

Other Homeservers Discover The Server
    The Server Should Be Discovered On Port 443

Clients Discover The Public Address
    Clients Should Be Told The Public Address

The Server Has The Version That The Recipe Names
    The Version Should Be That Of The Label

Nobody Guesses Passwords For Ever
    Guessing Should Be Slowed Down    mallory
