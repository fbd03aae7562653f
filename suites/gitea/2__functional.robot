*** Settings ***
Documentation       Gitea hosts git repositories, shows them on pages, and tracks issues.

Resource            gitea/gitea.resource

Suite Setup         Use The Head Deployment With Users    anna    bruno

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Health Page Should Report No Problem

A Pushed File Is Cloned Back Byte For Byte
    [Documentation]    Over HTTPS, from the address that Gitea shows.
    ${clone}=    Create And Clone A Repository    anna    notes
    ${file}=    Random File    notes.bin    size=300000
    ${commit}=    Push A File    ${clone}    ${file}    Notes of the first meeting
    The Clone Address Should Be The App's    anna/notes
    The Repository Should Be Intact    anna/notes    Notes of the first meeting    ${file}    ${commit}

A Pushed File Can Be Downloaded From Its Page
    ${clone}=    Create And Clone A Repository    anna    pages
    ${file}=    Random File    page.bin    size=70000
    Push A File    ${clone}    ${file}    A page
    The File Should Be Downloadable    anna/pages    ${file}

Only The Owner Can Push To A Repository
    ${clone}=    Create And Clone A Repository    anna    mine
    ${file}=    Random File    mine.bin
    Push A File    ${clone}    ${file}    Mine
    Another User Should Not Be Able To Push    bruno    anna/mine
    A Wrong Password Should Not Be Able To Push    anna    anna/mine

An Issue Is Read Back With Its Attachment
    Create And Clone A Repository    anna    talk
    ${file}=    Open An Issue With An Attachment    bruno    anna/talk    A page is missing    proof.png
    The Issue Should Be Readable    anna/talk    A page is missing    bruno    ${file}

The API Refuses A Wrong Password
    A Wrong Password Should Be Refused    anna

Single Sign-On Redirects To The Provider
    [Documentation]    To the address that the provider names; the way back is to the app's public address.
    Sign-In Should Redirect To The Provider

Visitors Cannot Register
    Registration Should Be Disabled

The Server Runs The Version In The Recipe's Label
    Gitea Should Be The Version In The Label
