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
    ${file}=    Random File    notes.bin    size=300000
    ${commit}=    Push To A New Repository    anna    notes    ${file}    Notes of the first meeting
    The Repository Should Be Intact    anna/notes    Notes of the first meeting    ${file}    ${commit}

A Pushed File Can Be Downloaded From Its Page
    ${file}=    Random File    page.bin    size=70000
    Push To A New Repository    anna    pages    ${file}    A page
    The File Should Be Downloadable    anna/pages    ${file}

Only The Owner Can Push To A Repository
    ${file}=    Random File    mine.bin
    Push To A New Repository    anna    mine    ${file}    Mine
    ${bruno}=    Account Made Before    bruno
    Pushing Should Be Refused    ${bruno}    anna/mine    pre-receive hook declined
    ${anna}=    Account Made Before    anna
    ${impostor}=    With A Wrong Password    ${anna}
    Pushing Should Be Refused    ${impostor}    anna/mine    Authentication failed

An Issue Is Read Back With Its Attachment
    ${page}=    Random File    page.bin
    Push To A New Repository    anna    talk    ${page}    A page
    ${file}=    Open An Issue With An Attachment    bruno    anna/talk    A page is missing    proof.png
    The Issue Should Be Readable    anna/talk    A page is missing    bruno    ${file}

The API Refuses A Wrong Password
    Only The Right Password Should Open The Account    anna

A Session Is Sent Over HTTPS Only
    ${session}=    Sign In For A Session    anna
    The Cookies Should Be For HTTPS Only    ${session}

Single Sign-On Redirects To The Provider
    [Documentation]    To the address that the provider names; the way back is to the app's public address.
    Sign-In Should Redirect To The Provider

Visitors Cannot Register
    Registration Should Be Disabled

The Server Runs The Version In The Recipe's Label
    Gitea Should Be The Version In The Label
