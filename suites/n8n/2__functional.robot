*** Settings ***
Documentation       n8n runs workflows: create one, start it from outside, read what it did.

Resource            n8n/n8n.resource

Suite Setup         Prepare The Owner's Session

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

The First User Becomes The Owner
    The Owner Should Be    Ada Example <ada@example.org>
    Nobody Else Should Become The Owner

Sign In Is Refused
    A Wrong Password Should Be Refused
    An Unknown Address Should Be Refused

Strangers See Nothing
    Strangers Should Be Refused    workflows    credentials    executions    users

The Sign-In Cookie Goes Over HTTPS Only
    The Cookie Should Go Over HTTPS Only

A Workflow Computes Its Answer
    [Documentation]    It is created through the API and started by its webhook. The answer is computed, not echoed.
    ${workflow}=    Start A Webhook    Adds two numbers
    The Workflow Should Be Shown    ${workflow}
    ${sum}=    The Webhook Should Add    ${workflow}
    The Execution Should Be Recorded    ${workflow}    webhook    ${sum}

A Workflow Is Started By Hand
    ${workflow}=    Create A Workflow    Adds at once    ${BY HAND}    {sum: 20 + 22}
    Start By Hand    ${workflow}
    The Execution Should Be Recorded    ${workflow}    manual    42

A Workflow Is Started On Schedule
    ${created}=    Create A Workflow    Adds all the time    ${EVERY THREE SECONDS}    {sum: 20 + 22}
    ${workflow}=    Activate The Workflow    ${created}
    The Schedule Should Go On    ${workflow}    42

A Failure Is Reported And Recorded
    ${workflow}=    Start A Webhook    Looks into nothing    {sum: sent.a.of.nothing.at.all}
    The Failure Should Be Recorded    ${workflow}

A Webhook Opens When Its Workflow Is Activated
    ${created}=    Create A Webhook    Waits for its owner
    The Webhook Should Not Be Active    ${created}
    ${workflow}=    Open The Webhook    ${created}
    The Webhook Should Add    ${workflow}

A Credential Opens One Webhook Alone
    ${workflow}=    Start A Webhook    The till
    Create A Credential    The safe
    The Webhook Should Refuse The Key    ${workflow}    The safe
    The Webhook Should Add    ${workflow}

A Credential Is Stored Encrypted
    [Documentation]    The database has the key nowhere in plain text; n8n decrypts it to check callers.
    ${workflow}=    Start A Webhook    The vault
    The Database Should Not Show The Key    The vault
    The Webhook Should Add    ${workflow}

Addresses Are Public
    Every Address Should Be Public

The Server Is The Version That The Recipe Names
    The Server Should Be The Version Of The Recipe
