*** Settings ***
Documentation       Drone builds what people push to their forge, and tells the forge how it went.

Resource            drone/drone.resource

Suite Setup         Use The Head Deployment With People    ada    bert

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label

Sign-In Leads To The Forge As The Client Of This Run
    [Documentation]    The redirect of Drone itself, not followed: the forge would lead on to its own sign-in page.
    Sign-In Should Lead To The Forge

A Session Is For HTTPS Only
    ${ada}=    The Session Of    ada
    The Cookies Should Be For HTTPS Only    ${ada}

Nobody Comes In Without The Forge
    Coming Back With A Made-Up Code Should Be Refused

The Way Back From The Forge Is For The Browser That Asked
    Nobody Else Should Come In With The Permission Of    bert

A Push Is Built And The Forge Shows The Result
    [Documentation]    The forge calls Drone, a runner does the work, and the commit is marked at the forge.
    ${commit}=    Make A Project    ada    bread    bake    it smells good
    ${ada}=    The Session Of    ada
    The Build Should Be Of    ${ada}    ada/bread    1    ${commit}
    The Log Should Show    ${ada}    ada/bread    1    bake    IT SMELLS GOOD
    The Forge Should Show    ada/bread    ${commit}    success    1

The Forge Calls Drone At Its Public Address
    Make A Project    ada    calls    say    hello
    The Forge Should Call Drone    ada/calls

A Build That Fails Is Reported As A Failure
    ${clone}=    Start A Project    ada    cake
    ${commit}=    Push A Step    ${clone}    bake    test -e flour
    ${ada}=    The Session Of    ada
    The Build Should End As    ${ada}    ada/cake    1    failure
    The Forge Should Show    ada/cake    ${commit}    failure    1

A Build Works On What Was Pushed
    [Documentation]    Of a private repository, which the runner clones with what Drone gives it.
    ${clone}=    Start A Project    ada    diary    private=${True}
    ${page}=    Random File    page.bin    size=30000
    Commit File    ${clone}    ${page.name}    ${page.content}    A page
    Push A Step    ${clone}    count    sha256sum page.bin
    ${ada}=    The Session Of    ada
    The Log Should Show    ${ada}    ada/diary    1    count    ${page.sha256}

A Secret Reaches The Build And Nobody Else
    ${secret}=    Make A Project With A Secret    ada    vault
    ${ada}=    The Session Of    ada
    The Secret Should Be Hidden    ${ada}    ada/vault    ${secret}

A Pull Request Is Built Without The Secret
    ${secret}=    Make A Project With A Secret    ada    gate
    ${ada}=    The Session Of    ada
    ${commit}=    Propose A Change    ada/gate
    ${build}=    A Build Should Come For    ${ada}    ada/gate    pull_request
    Should Be Equal    ${build.after}    ${commit}
    The Secret Should Be Kept From    ${ada}    ada/gate    ${build.number}    ${secret}

A Tag Is Built
    ${commit}=    Make A Project    ada    beads    say    hello
    Tag The Project    ada/beads    v1
    ${ada}=    The Session Of    ada
    ${build}=    A Build Should Come For    ${ada}    ada/beads    tag
    Should Be Equal    ${build.after}    ${commit}
    The Build Should End As    ${ada}    ada/beads    ${build.number}    success

A Private Project Is Hidden From Others
    Make A Project    ada    letters    write    dear diary    private=${True}
    ${ada}=    The Session Of    ada
    The Build Should End As    ${ada}    ada/letters    1    success
    ${bert}=    The Session Of    bert
    The Project Should Be Hidden    ${bert}    ada/letters    404
    The Project Should Be Hidden    ${None}    ada/letters    401

A Public Project Can Be Read By Everybody And Built By Its Owner Only
    Make A Project    ada    news    print    extra
    ${ada}=    The Session Of    ada
    The Build Should End As    ${ada}    ada/news    1    success
    ${bert}=    The Session Of    bert
    The Project Should Be Readable    ${bert}    ada/news    404
    The Project Should Be Readable    ${None}    ada/news    401

Only The Forge Can Tell Of A Push
    ${commit}=    Make A Project    ada    trust    say    hello
    ${ada}=    The Session Of    ada
    The Build Should End As    ${ada}    ada/trust    1    success
    A Forged Push Should Build Nothing    ${ada}    ada/trust    ${commit}

A Cron Job Builds The Project
    Make A Project    ada    clock    strike    twelve
    ${ada}=    The Session Of    ada
    The Build Should End As    ${ada}    ada/clock    1    success
    Plan A Build    ${ada}    ada/clock    noon
    ${build}=    Run The Cron Job    ${ada}    ada/clock    noon
    Should Be Equal    ${build.event}    cron
    Should Be Equal    ${build.cron}    noon

A Cron Job That Is Due Builds By Itself
    Make A Project    ada    dawn    crow    good morning
    ${ada}=    The Session Of    ada
    The Build Should End As    ${ada}    ada/dawn    1    success
    Plan A Build    ${ada}    ada/dawn    soon    times=@every 1s
    The Cron Job Should Come To Build By Itself    ${ada}    ada/dawn    soon

A Token Works Until It Is Renewed
    ${program}=    The Program Of    bert
    The Session Should Be Of    ${program}    bert
    ${new}=    Renew The Token    bert
    Access Should Be Refused    ${program}
    The Session Should Be Of    ${new}    bert

Who Is Not Named May Not Sign In
    Sign-In Should Be Refused To    mallory

Strangers Are Refused
    Access Should Be Refused    ${None}
    ${token}=    Generate Password    token of nobody
    ${stranger}=    Bearer    ${token}
    Access Should Be Refused    ${stranger}

Only The Administrator Manages Users
    The Administrator Should Manage Users    bert

Only The Administrator Trusts A Project
    Start A Project    ada    safe
    ${ada}=    The Session Of    ada
    Bring In The Administrator
    ${admin}=    The Session Of    caretaker
    Only The Administrator Should Be Able To Trust    ${ada}    ${admin}    ada/safe

Only Runners With The Secret Of The Deployment Are Heard
    Only Runners With The Secret Should Be Heard
