*** Settings ***
Documentation       Every service is restarted once: no data is lost, and no secret is replaced.

Resource            lifecycle.resource
Resource            backup.resource

Suite Setup         Use The Head Deployment

Test Tags           restart    generic


*** Test Cases ***
The Seed Is There Before The Restart
    Seed
    Should Have Survived

The App Comes Back From A Restart
    Restart Every Service
    The App Should Be Healthy

The Seed Survives The Restart
    Should Have Survived

No Secret Was Regenerated
    Secrets Should Be Unchanged

No Secret Is In A Log
    No Log Should Hold A Secret
