*** Settings ***
Documentation       Opens pages of Robot in a real browser; run by tests/unit/bridge/test_plain_log.py.

Library             Browser    enable_playwright_debug=disabled
Library             Collections
Library             OperatingSystem
Library             ${CURDIR}/../../dashboard/dashboard_pages/DashboardPages.py    ${PAGES}    ${OUTPUT DIR}


*** Test Cases ***
Look At The Pages
    ${browser}=    Browser Settings
    New Browser
    ...    chromium
    ...    executablePath=${browser.executable}
    ...    args=${browser.arguments}
    ...    env=${browser.environment}
    ${look}=    Get File    ${CURDIR}/look.js
    FOR    ${page}    IN    log.html    report.html
        ${file}=    Page Url    ${page}
        New Page    ${{ $SITE + "/" + $page if $SITE else $file }}
        ${seen}=    Evaluate JavaScript    ${NONE}    ${look}
        ${text}=    Evaluate    json.dumps($seen)    modules=json
        Create File    ${OUTPUT DIR}/${page}.json    ${text}
    END
    Close Browser
