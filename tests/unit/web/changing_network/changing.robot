*** Settings ***
Documentation       A browser beside starting containers; run by tests/unit/web/test_network_changes.py.

Library             Browser    enable_playwright_debug=disabled
Library             Collections
Library             Interfaces.py

Suite Teardown      Stop The App
Test Teardown       Close Browser    ALL


*** Test Cases ***
No Request Is Lost
    ${settings}=    Settings Of A Run
    ${lost}=    Load Pages While Interfaces Change    ${settings}
    Should Be Empty    ${lost}

Chromium By Itself Loses Requests
    [Documentation]    Shows that the test above can fail.
    ${settings}=    Settings Without Our Program
    ${lost}=    Load Pages While Interfaces Change    ${settings}
    List Should Contain Value    ${lost}    Failed to fetch


*** Keywords ***
Load Pages While Interfaces Change
    [Documentation]    Returns the message of each request that failed.
    [Arguments]    ${settings}
    New Browser
    ...    chromium
    ...    executablePath=${settings.executable}
    ...    args=${settings.arguments}
    ...    env=${settings.environment}
    ...    downloadsPath=${settings.downloads}
    ...    chromiumSandbox=${settings.sandbox}
    ${address}=    App Address
    New Page    ${address}
    Let Interfaces Come And Go
    ${lost}=    Evaluate JavaScript    ${NONE}
    ...    async () => { const lost = [];
    ...    for (let number = 0; number < 500; number++) await fetch('/form').catch(error => lost.push(error.message));
    ...    return lost }
    Interfaces Should Have Come And Gone
    RETURN    ${lost}
