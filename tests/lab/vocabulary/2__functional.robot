*** Settings ***
Documentation       Run by tests/lab/test_author_loop.py with RECIPE:custom-html.

Resource            custom-html/custom-html.resource

Suite Setup         Use The Head Deployment


*** Test Cases ***
Retry HTTP Get Waits For A Status
    ${answer}=    Retry HTTP Get    /    status=200    within=5 seconds
    Should Contain    ${answer.text}    html
    Run Keyword And Expect Error    *Expected status 418 from*last seen: status 200*
    ...    Retry HTTP Get    /    status=418    within=1 second

Wait For HTTP Waits Until It Holds
    Wait For HTTP    /    within=10 seconds    holding=1 second
    Run Keyword And Expect Error    *status 404*
    ...    Wait For HTTP    /nowhere.html    within=1 second    holding=200 ms

Assert Converges Wants A State That Lasts
    Publish    calm.html    calm
    Assert Converges    The Page Should Read    calm.html    calm    within=10 seconds    holding=1 second
    Run Keyword And Expect Error    *The Page Should Read: calm != storm*
    ...    Assert Converges    The Page Should Read    calm.html    storm    within=1 second

Abra Runs Any Subcommand
    ${app}=    The App
    ${done}=    Abra    app    ps    ${app.domain}    -m
    Should Contain    ${done.stdout}    nginx
    ${listed}=    Abra    app    volume    ls    ${app.domain}
    Should Contain    ${listed.stdout}    content
    Run Keyword And Expect Error    Incomplete: *'abra app ps nowhere.lab.test' ended with exit code 1.*
    ...    Abra    app    ps    nowhere.lab.test
    Run Keyword And Expect Error    Incomplete: 'abra app ps*' ended with exit code 0 instead of 1.*
    ...    Abra    app    ps    ${app.domain}    -m    expect=1

Abra At Work In The Recipe Fails As The Recipe
    ${app}=    The App
    Run Keyword And Expect Error    *'abra app run ${app.domain} app false' ended with exit code 1*
    ...    Abra    app    run    ${app.domain}    app    false

Load Credentials Gives Secrets
    ${credentials}=    Load Credentials    ${CREDENTIALS FILE}
    Should Be Equal As Strings    ${credentials}[smtp.password]    <secret>
    Log    ${credentials}[smtp.password]
    ${same}=    Credential    smtp.password
    Should Be Equal As Strings    ${same}    <secret>
    Run Keyword And Expect Error    *no credential 'smtp.pass'*    Credential    smtp.pass

Fresh App Is Another App
    ${first}=    The App
    ${second}=    Fresh App    TIMEOUT=120
    Should Not Be Equal    ${first.domain}    ${second.domain}
    Deploy And Wait    ${second}
    Wait For HTTP    ${second.url}/
