*** Settings ***
Documentation       People write to each other on Mattermost's pages.

Resource            mattermost-lts/mattermost-lts.resource
Resource            mattermost-lts/mattermost-pages.resource

Suite Setup         Use The Head Deployment With A Team
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Member Logs In And Writes
    ${anna}=    Recall    anna
    ${dora}=    Make A Member    dora    ${anna.team}
    Log In On The Page    ${dora}
    Write On The Page    Hello from the page.
    ${square}=    The Town Square    ${anna}
    The Message Should Come    ${square}    Hello from the page.    by=${anna}
    Show In The Log

A Message Of Another Member Arrives
    [Documentation]    It is shown on the open page when it is written.
    ${anna}=    Recall    anna
    ${emil}=    Make A Member    emil    ${anna.team}
    Log In On The Page    ${emil}
    ${square}=    The Town Square    ${anna}
    Messages Should Arrive On The Page    ${square}    by=${anna}
    Show In The Log

A Private Channel Is Not Listed For Others
    ${anna}=    Recall    anna
    ${fred}=    Make A Member    fred    ${anna.team}
    Make A Private Channel    Fred's Birthday    by=${anna}
    Log In On The Page    ${fred}
    The Page Should Not List    Fred's Birthday
    Show In The Log

A Wrong Password Is Refused On The Page
    ${anna}=    Recall    anna
    ${impostor}=    With A Wrong Password    ${anna.account}
    The Page Should Refuse    ${impostor}
    Show In The Log

A Member Logs Out
    ${anna}=    Recall    anna
    ${gabi}=    Make A Member    gabi    ${anna.team}
    Log In On The Page    ${gabi}
    Log Out On The Page
    Show In The Log
