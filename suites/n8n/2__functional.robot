*** Settings ***
Documentation       n8n runs workflows: create one, start it from outside, read what it did.

Resource            n8n/n8n.resource

Suite Setup         Prepare The Owner

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

The First User Becomes The Owner
    The Owner Should Be    Ada Example <ada@example.org>
    Nobody Else Should Become The Owner

Sign In Is Refused
    Sign In Should Be Refused    ada@example.org
    Sign In Should Be Refused    mallory@example.org

Strangers See Nothing
    Strangers Should Be Refused    workflows    credentials    executions    users

The Sign-In Cookie Goes Over HTTPS Only
    The Cookie Should Go Over HTTPS Only

A Workflow Computes Its Answer
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
    The Webhook Should Answer    ${created}    404
    ${workflow}=    Open The Webhook    ${created}
    The Webhook Should Add    ${workflow}

A Credential Opens One Webhook Alone
    ${workflow}=    Start A Webhook    The till
    Create A Credential    The safe
    The Webhook Should Answer    ${workflow}    403    The safe
    The Webhook Should Add    ${workflow}

A Credential Is Stored Encrypted
    [Documentation]    With the deployment's key, as n8n's settings say; the database has no plain text.
    ${workflow}=    Start A Webhook    The vault
    The Deployment's Key Should Be In Use
    The Database Should Not Show The Key    The vault
    The Webhook Should Add    ${workflow}

Addresses Are Public
    ${app}=    The App
    N8n Should Be Set    urlBaseEditor    ${app.url}
    N8n Should Be Set    urlBaseWebhook    ${app.url}/
    N8n Should Be Set    urlBaseWebhookTest    ${app.url}/

N8n Is Set As The Recipe Promises
    [Template]    N8n Should Be Set
    # what               to
    timezone             Europe/Lisbon
    pruning.maxAge       100
    executionTimeout     -1
    telemetry.enabled    false
    templates.enabled    false

The Server Is The Version That The Recipe Names
    ${told}=    Settings For The Owner
    The Server Should Be The Version In The Label    ${told.versionCli}
