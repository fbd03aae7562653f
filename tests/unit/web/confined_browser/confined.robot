*** Settings ***
Documentation       The browser has a user of its own and its sandbox; run by tests/unit/web/test_browser_user.py.

Resource            browser.resource
Library             OperatingSystem
Library             Processes.py    ${SERVER}

Suite Setup         Start The Browser
Suite Teardown      Stop The Browser


*** Test Cases ***
A Page Of The Server Is Shown
    New Page    ${URL}/form
    Get Text    body    ==    a form
    The Browser Should Be Confined

A File Is Downloaded
    New Page    ${URL}/form
    ${file}=    Download    ${URL}/form
    File Should Not Be Empty    ${file.saveAs}

What A Page Shows Late Is Waited For
    New Page    data:text/html,<title>Loading</title><script>setTimeout(() => document.title = "Ready", 4000)</script>
    Get Title    ==    Ready

A Screenshot Is Taken
    New Page    ${URL}/form
    Take Screenshot    EMBED

A Page Cannot Take All Memory
    New Page    ${URL}/form
    Run Keyword And Expect Error    *    Evaluate JavaScript    ${NONE}
    ...    () => { const all = []; while (all.length < 40) all.push(new Uint8Array(100 << 20).fill(1)); return all.length }


*** Keywords ***
Start The Browser
    ${browser}=    Processes.Browser Settings
    New Browser
    ...    chromium
    ...    executablePath=${browser.executable}
    ...    args=${browser.arguments}
    ...    env=${browser.environment}
    ...    downloadsPath=${browser.downloads}
    ...    chromiumSandbox=${browser.sandbox}
    New Context    acceptDownloads=True

Stop The Browser
    Close Browser    ALL
    Remove The Home
