*** Settings ***
Documentation       n8n runs workflows: build one, start it from outside, read what it did.

Resource            n8n/n8n.resource

Suite Setup         Prepare The Owner

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

Who Comes First Is The Owner
    The Owner Should Be    Ada Example    ada@example.org
    Nobody Else Should Become The Owner

Sign In Is Refused
    [Template]    Sign In Should Be Refused
    # who                   with whose password
    ada@example.org         nobody
    mallory@example.org     the owner

Strangers See Nothing
    Strangers Should Be Refused    workflows    credentials    executions    users

A Sign-In Is For HTTPS Alone
    The Sign-In Should Be For HTTPS Alone

A Workflow Computes Its Answer
    [Documentation]    Made through the API, started by its webhook; the answer is computed, not echoed.
    ${workflow}=    Start A Workflow    Adds two numbers
    The Workflow Should Be Shown    ${workflow}
    ${sum}=    The Workflow Should Add    ${workflow}
    The Execution Should Be Recorded    ${workflow}    ${sum}

A Workflow Is Started By Hand
    [Documentation]    As from the editor: made through the API, started, and the answer is in the record.
    ${numbers}    ${record}=    Run By Hand    Adds at once
    The Record Should Be Of A Run By Hand    ${record}    ${numbers.sum}

A Workflow Is Started By The Clock
    ${workflow}    ${sum}=    Set The Clock    Adds all the time
    The Clock Should Start    ${workflow}    ${sum}

A Workflow That Fails Says So
    ${workflow}=    Start A Workflow    Looks into nothing    ${FAILS}
    The Failure Should Be Recorded    ${workflow}

A Workflow Listens When It Is Told To
    ${workflow}=    Build A Workflow    Waits for its owner
    The Workflow Should Be Deaf    ${workflow}
    ${owner}=    The Owner
    ${active}=    Activate Workflow    ${owner}    ${workflow}
    The Workflow Should Add    ${active}

A Credential Opens One Webhook Alone
    ${workflow}=    Start A Workflow    The till
    Keep A Key    The safe
    The Workflow Should Refuse The Key    ${workflow}    The safe
    The Workflow Should Add    ${workflow}

A Credential Is Stored Encrypted
    [Documentation]    The database does not show what n8n decrypts to know the key by.
    ${workflow}=    Start A Workflow    The vault
    The Database Should Not Show The Key    The vault
    The Workflow Should Add    ${workflow}

Addresses Are Public
    Every Address Should Be Public

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label
