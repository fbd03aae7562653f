*** Settings ***
Documentation       People write notes with HedgeDoc, put pictures into them, and show them to others.

Resource            hedgedoc/hedgedoc.resource

Suite Setup         Use The Head Deployment With Anna

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Server Should Be Ready

A Site Without A Provider Comes Up
    [Documentation]    As .env.sample makes it: without the overlay for sign-in, which this suite adds.
    ${plain}=    Fresh App
    Deploy And Wait    ${plain}
    Take Down    ${plain}

A Note Is Read Back Word For Word
    ${anna}=    Recall    session of anna
    ${note}=    Write A Note    \# Soup\n\nLeeks *and* potatoes, für 4.    by=${anna}
    The Note Should Read    ${note}    \# Soup\n\nLeeks *and* potatoes, für 4.
    The Title Should Be    ${note}    Soup

A Note Has A Revision That Stays As It Was
    [Documentation]    HedgeDoc makes the first at once; it still has the first text when the note has changed.
    ${anna}=    Recall    session of anna
    ${note}=    Write A Note    \# Plan    by=${anna}
    ${revision}=    The First Revision Of    ${note}
    Type Into A Note    ${anna}    ${note}    First, sow leeks.
    The Revision Should Read    ${note}    ${revision.time}    \# Plan

Guests Write And Read Notes
    ${note}=    Write A Note    \# From a guest\n\nHello.
    The Note Should Read    ${note}    \# From a guest\n\nHello.

A Note May Be As Long As Promised
    [Documentation]    As .env.sample has it.
    Notes May Be As Long As    ${100000}

A Note Is Published For Guests
    ${anna}=    Recall    session of anna
    ${note}=    Write A Note    \# News\n\nThe leeks are ripe.    by=${anna}
    The Published Page Should Have    ${note}    The leeks are ripe.

A Picture Is Downloaded Byte For Byte
    ${anna}=    Recall    session of anna
    ${path}=    Upload A Picture    leek.png    by=${anna}
    The Picture Should Be Served    ${path}    leek.png

What Is No Picture Is Refused
    ${anna}=    Recall    session of anna
    Uploading Should Be Refused    ${anna}

Strangers And Wrong Passwords Are Refused
    ${anna}=    The Account Of    anna
    ${impostor}=    With A Wrong Password    ${anna}
    The Account Should Not Be Let In    ${impostor}
    ${stranger}=    Stranger    eve@example.org
    The Account Should Not Be Let In    ${stranger}

A Session Is Sent Over HTTPS Only
    ${anna}=    Recall    session of anna
    The Cookies Should Be For HTTPS Only    ${anna}

Pictures Of Writers Come From HedgeDoc Itself
    ${anna}=    Recall    session of anna
    The Picture Of The Writer Should Be HedgeDoc's Own    ${anna}

A Session Lasts For Two Weeks
    ${anna}=    Recall    session of anna
    Sessions Should Last For Days    ${anna}

Browsers Load Everything Over HTTPS
    Browsers Should Stay On HTTPS

Single Sign-On Redirects To The Provider
    [Documentation]    To the address that the provider names; the way back is to the app's public address.
    Sign-In Should Redirect To The Provider

A Note Gets No Address Of The Writer's Choice
    [Documentation]    As .env.sample has it.
    ${anna}=    Recall    session of anna
    Free Addresses Should Be Refused    ${anna}

The Server Runs The Version In The Recipe's Label
    HedgeDoc Should Be The Version In The Label
