*** Settings ***
Documentation       Miniflux reads feeds for people, and remembers what each of them has read.

Resource            miniflux/miniflux.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label

A Feed Is Read And Its Entries Are Unread
    ${ada}=    Make A Reader    ada
    ${feed}=    Subscribe To A New Feed    ${ada}    Fruit    orchard    apples    pears
    The Unread Entries Should Be    ${ada}    ${feed}    apples    pears

A New Entry Appears And What Was Read Stays Read
    ${bert}=    Make A Reader    bert
    ${feed}=    Subscribe To A New Feed    ${bert}    Ships    harbour    ferries
    Read And Star    ${bert}    ${feed}    ferries
    Publish A Feed    harbour    tugs    ferries
    Refresh    ${bert}    ${feed}
    The Unread Entries Should Be    ${bert}    ${feed}    tugs
    The Entry Should Be Read And Starred    ${bert}    ferries

A Reader Takes Feeds Along In A List
    [Documentation]    From one account to another, as from one feed reader to another (OPML).
    ${clara}=    Make A Reader    clara
    ${dora}=    Make A Reader    dora
    ${feed}=    Subscribe To A New Feed    ${clara}    Food    bakery    bread
    ${list}=    Export The Feeds    ${clara}
    Import The Feeds    ${dora}    ${list}
    The Feed Should Be    ${dora}    ${feed.feed_url}    Food
    An Entry Should Come By Itself    ${dora}    bread

An API Key Works Until It Is Revoked
    ${emil}=    Make A Reader    emil
    ${key}=    Make An API Key    ${emil}    the phone
    The Key Should Speak For    ${key}    ${emil}
    Revoke The Key    ${emil}    ${key}
    The Key Should Be Refused    ${key}

Readers See Their Own Feeds Only
    ${flora}=    Make A Reader    flora
    ${gustav}=    Make A Reader    gustav
    ${feed}=    Subscribe To A New Feed    ${flora}    Private    diary    confessions
    The Feed Should Be Hidden From    ${gustav}    ${feed}
    The Entry Should Be Out Of Reach Of    ${gustav}    ${flora}    ${feed}    confessions

Only An Administrator Makes Accounts
    ${hanna}=    Make A Reader    hanna
    Making Accounts Should Be Refused    ${hanna}

Strangers And Wrong Passwords Are Refused
    ${ida}=    Make A Reader    ida
    ${impostor}=    With A Wrong Password    ${ida}
    ${stranger}=    Stranger
    Access Should Be Refused    ${impostor}
    Access Should Be Refused    ${stranger}
    Access Should Be Refused    ${None}
