*** Settings ***
Documentation       Run by tests/lab/test_author_loop.py with RECIPE:custom-html.

Resource            custom-html/custom-html.resource

Suite Setup         Use The Head Deployment


*** Test Cases ***
Wait Until API Answers Waits For A Status That Lasts
    ${answer}=    Wait Until API Answers    GET    /    within=10 seconds    holding=1 second
    Should Contain    ${answer.text}    html
    Run Keyword And Expect Error    anonymous: GET / was last answered 200 after *, expected 418: *
    ...    Wait Until API Answers    GET    /    expect=418    within=1 second
    Run Keyword And Expect Error    *answered 404*expected 200, for 0.2 s*
    ...    Wait Until API Answers    GET    /nowhere.html    within=1 second    holding=200 ms

Eventually Wants A State That Lasts
    Publish A Page    calm.html    calm
    Eventually    The Page Should Read    calm.html    calm    within=10 seconds    holding=1 second
    Run Keyword And Expect Error    *The Page Should Read: calm != storm*
    ...    Eventually    The Page Should Read    calm.html    storm    within=1 second

Requests Library Has A Session For The App
    Publish A Page    plain.html    plain
    ${answer}=    GET On Session    app    /plain.html    expected_status=200
    Should Be Equal    ${answer.text}    plain
    Run Keyword And Expect Error    HTTPError: 404*    GET On Session    app    /nowhere.html

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
    Wait Until API Answers    GET    ${second.url}/    within=5 minutes    holding=1 second
