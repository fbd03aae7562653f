*** Settings ***
Documentation       Nothing of the run is left, and nothing else was touched.

Resource            lifecycle.resource

Suite Setup         Enter The Last Stage

Test Tags           teardown    generic


*** Test Cases ***
The Stages Shared Their Deployments
    The Stages Should Have Shared Their Deployments

Nothing Of The Run Is Left
    Nothing Of This Run Should Be Left

Everything Else On The Server Is Untouched
    Everything Else Should Be Untouched
