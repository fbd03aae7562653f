*** Settings ***
Documentation       A restart of all services takes nothing from who is in the middle of something.

Resource            lasuite-drive/lasuite-drive.resource

Suite Setup         Use The Head Deployment

Test Tags           restart


*** Test Cases ***
People Stay Signed In
    ${mona}=    A Person    mona
    Restart Every Service
    The Person Should Still Be Signed In    ${mona}
