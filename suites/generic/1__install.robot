*** Settings ***
Documentation       The head under test is deployed fresh, and runs as its recipe says.

Resource            lifecycle.resource

Suite Setup         Use The Head Deployment

Test Tags           install    generic


*** Test Cases ***
The App Answers Over Trusted HTTPS
    The App Should Be Healthy

Every Service Runs The Image Its Compose File Names
    Every Service Should Run Its Image

No Task Was Restarted
    No Task Should Have Restarted

The Deployed Version Is The Head
    Deployed Version Should Be The Head

No Secret Is A Text In The Recipe
    Secrets Should Be Made For This App
