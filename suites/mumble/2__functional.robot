*** Settings ***
Documentation       People talk and write to each other on a Mumble server.

Resource            mumble/mumble.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The Server Completes A Handshake At Its Port
    The App Should Be Healthy

The Server Is The Version That The Recipe Names
    ${ada}=    Come In As    ada
    The Server Should Be Of The Version In The Label    ${ada}

Who Comes In Reads The Welcome Text
    ${ada}=    Come In As    ada
    The Welcome Text Should Be The App's    ${ada}

The Server Says How Many May Come In And Refuses One More
    ${ada}=    Come In As    ada
    So Many May Come In    ${ada}
    Leave Mumble    ${ada}
    Fill The Server
    The Full Server Should Refuse    one-more

A Wrong Password Is Refused
    [Template]    A Wrong Password Should Be Refused
    # who          why
    clara          WrongServerPW
    SuperUser      WrongUserPW

People See Each Other Come And Go
    ${dora}=    Come In As    dora
    ${emil}=    Come In As    emil
    Should See In Channel    ${dora}    emil    Root
    Should See In Channel    ${emil}    dora    Root
    Leave Mumble    ${emil}
    Should See No More    ${dora}    emil

A Message Reaches Whom It Is For
    ${flora}=    Come In As    flora
    ${gustav}=    Come In As    gustav
    ${hanna}=    Come In As    hanna
    Write To    ${flora}    gustav    Only for you
    Write In    ${flora}    Root    For all of you
    Should Have Read    ${gustav}    Only for you    For all of you
    Should Have Read    ${hanna}    For all of you

A Channel Made By One Is Seen And Entered By Another
    ${ida}=    Come In As    ida
    Make A Channel    Library    description=Quiet please
    Should See Channel    ${ida}    Library    description=Quiet please
    ${jan}=    Come In As    jan
    Enter    ${ida}    Library
    Should See In Channel    ${jan}    ida    Library

A Temporary Channel Is Gone When The Last One Leaves It
    ${karl}=    Register    karl
    ${lotte}=    Come In As    lotte
    Make A Temporary Channel    ${karl}    Meeting
    Should See In Channel    ${lotte}    karl    Meeting
    Enter    ${karl}    Root
    Should See No Channel    ${lotte}    Meeting

A Registered Name Is Kept For Its Owner
    ${mona}=    Register    mona
    Leave Mumble    ${mona}
    The Name Should Be Kept For Its Owner    mona

The Superuser Sends Somebody Away And Others May Not
    ${nora}=    Come In As    nora
    Come In As    otto
    The Rights Of A Superuser Should Be Denied    ${nora}    otto
    ${superuser}=    Come In As Superuser
    Ask To Remove    ${superuser}    nora    Too loud
    Should Have Been Removed    ${nora}    Too loud

Only Who May Enter A Channel Gets In
    ${paula}=    Register    paula
    ${quirin}=    Come In As    quirin
    Make A Channel    Cellar
    ${superuser}=    Come In As Superuser
    Let Only Enter    ${superuser}    Cellar    ${paula}
    Entering Should Be Denied    ${quirin}    Cellar
    Enter    ${paula}    Cellar

A Voice Is Heard In The Channel And Nowhere Else
    ${rosa}=    Come In As    rosa
    ${sven}=    Come In As    sven
    Speak And Be Heard    ${rosa}    ${sven}    tunnel
    Make A Channel    Garden
    ${tilda}=    Come In As    tilda
    Enter    ${tilda}    Garden
    Speak Where Others Do Not Hear    ${rosa}    ${tilda}    Garden

A Voice Goes Encrypted By UDP
    ${ulla}=    Come In Past Traefik As    ulla
    ${viktor}=    Come In Past Traefik As    viktor
    Open Voice By UDP    ${ulla}
    Open Voice By UDP    ${viktor}
    Speak And Be Heard    ${ulla}    ${viktor}    udp
