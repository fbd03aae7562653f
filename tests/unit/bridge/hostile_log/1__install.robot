*** Settings ***
Documentation       What an app says goes through as many keywords as possible; run by tests/unit/bridge/test_plain_log.py.

Library             Hostile.py

Suite Setup         Begin    ${HERE}    ${OUTPUT DIR}    ${PUBLISHING}


*** Test Cases ***
An Error Message
    ${text}=    Said By App    error
    Should Be Equal    1    2    *HTML* ${text}

A Compared Text
    ${text}=    Said By App    compared
    Should Be Equal    *HTML*${text}    2

Messages
    ${text}=    Said By App    log
    Log    ${text}    html=True
    ${text}=    Said By App    level
    Log    ${text}    HTML
    ${text}=    Said By App    print
    Print It    *HTML* ${text}
    ${text}=    Said By App    warn
    Log As Html    ${text}    WARN
    ${text}=    Said By App    console
    Log    *HTML*${text}    WARN    html=True
    Log    </td></tr><tr><td colspan="3"><img alt="screenshot" class="robot-seleniumlibrary-screenshot" style="max-width:900px;max-height:900px;" src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="/>    html=True
    ${text}=    Said By App    picture
    Log    </td></tr><tr><td colspan="3"><img alt="screenshot" class="robot-seleniumlibrary-screenshot" style="max-width:900px;max-height:900px;" src="data:image/png;base64,"/>${text}    html=True

Messages Of Tests
    ${text}=    Said By App    message
    Set Test Message    *HTML* ${text}

Messages That Are Added
    ${text}=    Said By App    added
    Set Test Message    first
    Set Test Message    *HTML* ${text}    append=True

Several Failures
    [Teardown]    Raise It    *HTML* ${text}
    ${text}=    Said By App    teardown
    Raise It    the first

A Failure In A Loop
    ${text}=    Said By App    loop
    FOR    ${one}    IN    1
        TRY
            Raise It    *HTML* ${text}
        EXCEPT    nothing
            No Operation
        END
    END

Skipped
    ${text}=    Said By App    skip
    Skip    *HTML* ${text}

Documentation And Metadata
    ${text}=    Address By App    doc
    Set Test Documentation    [${text}|click] and ${text} and [ javascript:alert(1)|x] http://tracker.example/x.png
    Set Suite Metadata    Said    [${text}|click] ${text}
    Set Suite Documentation    [JaVaScRiPt:alert(1)|click]

Addresses
    ${text}=    Address By App    link
    Log    see ${text} now
    Should Be Equal    ${text}    2

Tags
    VAR    ${text}    x' onmouseover="(window.ran=window.ran||[]).push('tag')" y='
    Set Tags    ${text}    "><img src=x onerror="(window.ran=window.ran||[]).push('tag2')">    a');(window.ran=window.ran||[]).push('tag3');('
