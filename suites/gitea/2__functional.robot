*** Settings ***
Documentation       gitea keeps what git pushes, shows it to people, and lets them talk about it.

Resource            gitea/gitea.resource

Suite Setup         Prepare The People    anna    bruno

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Health Page Should Say That All Passes

What Is Pushed Is Cloned Back Byte For Byte
    [Documentation]    Over HTTPS, as everybody does it, from the address that Gitea shows.
    ${clone}=    Start A Repository    anna    notes
    ${file}=    Random File    notes.bin    size=300000
    ${commit}=    Push A File    ${clone}    ${file}    Notes of the first meeting
    The Clone Address Should Be The App's    anna/notes
    The Repository Should Be Whole    anna/notes    Notes of the first meeting    ${file}    ${commit}

The Pages Hand Out What Was Pushed
    ${clone}=    Start A Repository    anna    pages
    ${file}=    Random File    page.bin    size=70000
    Push A File    ${clone}    ${file}    A page
    The Pages Should Show The File    anna/pages    ${file}

Only The Owner Pushes
    ${clone}=    Start A Repository    anna    mine
    ${file}=    Random File    mine.bin
    Push A File    ${clone}    ${file}    Mine
    Pushing Should Be Refused To Another Person    bruno    anna/mine
    Pushing Should Be Refused With A Wrong Password    anna    anna/mine

An Issue And Its Attachment Are Read Back
    Start A Repository    anna    talk
    ${file}=    Open An Issue With A File    bruno    anna/talk    A page is missing    proof.png
    The Issue Should Be Shown    anna/talk    A page is missing    bruno    ${file}

A Wrong Password Opens Nothing
    ${anna}=    The Account Of    anna
    ${impostor}=    Somebody With The Name Of    ${anna}
    Password Should Be Refused    ${impostor}

Sign-In Leads To The Provider And Back To The App
    [Documentation]    The addresses are those that the provider itself names, and the app's public one.
    Sign-In Should Lead To The Provider And Back

Strangers Do Not Make Accounts
    Registration Should Be Closed

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label
