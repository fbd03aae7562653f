*** Settings ***
Documentation       The head under test is deployed fresh, and runs as its recipe says.

Resource            lifecycle.resource

Suite Setup         Use The Head Deployment

Test Tags           install    generic


*** Test Cases ***
The App Answers Over TLS
    [Documentation]    Its page, over HTTPS through Traefik, with a certificate that the client trusts. An app without
    ...    pages completes a handshake at its port.
    The App Should Be Healthy

Every Service Runs The Image Its Compose File Names
    Every Service Should Run Its Image

No Task Was Restarted
    No Task Should Have Restarted

The Deployed Version Is The Head
    Deployed Version Should Be The Head

No Secret Is A Text In The Recipe
    Secrets Should Be Made For This App

Abra Finds No Error In The Recipe
    Abra Should Accept The Recipe

Every Script Can Be Read
    Scripts Should Be Readable

Every Route Is The App's Own
    Routes Should Be Named For The App

Every Health Check Can Fail
    Every Health Check Should Be Able To Fail

The Databases Ask For A Password
    Databases Should Ask For A Password

The Databases Keep What Is Written
    Databases Should Keep What Is Written
