*** Settings ***
Documentation       The dashboard's pages in a real browser; run by tests/unit/dashboard/test_dashboard_browser.py.

Library             Browser    enable_playwright_debug=disabled
Library             DashboardPages.py    ${PAGES}    ${OUTPUT DIR}

Suite Setup         Start The Browser
Suite Teardown      Close Browser


*** Test Cases ***
The Front Page Is Readable
    [Template]    The Page Should Be Readable
    # page                    width    colours
    index.html                360      light
    index.html                360      dark
    index.html                800      light
    index.html                1280     light
    index.html                1280     dark

A Recipe's Page Is Readable
    [Template]    The Page Should Be Readable
    # page                    width    colours
    keycloak.html             360      light
    keycloak.html             360      dark
    keycloak.html             1280     light
    keycloak.html             1280     dark
    discourse.html            360      light
    immich.html               1280     dark

The Printed Page Is Readable
    Open Page    index.html    1080    light
    Emulate Media    media=print
    The Page Should Fit
    Texts Should Have Contrast
    Take Screenshot    EMBED    fullPage=True
    Take Screenshot    ${OUTPUT DIR}/index-printed    fullPage=True

The Keyboard Alone Is Enough To Reach A Recipe And Go Back
    Open Page    index.html    1280    light
    Press Key    Tab
    The Focus Should Be On    Skip to content
    Press Key    Enter
    Press Key    Tab
    Press Key    Tab
    The Focus Should Be On    custom-html
    Press Key    Enter
    Get Text    h1    ==    custom-html
    Press Key    Tab
    Press Key    Tab
    The Focus Should Be On    Recipe tests
    Press Key    Enter
    Get Text    h1    ==    Recipe tests

A Stage Links To Its Part Of The Log
    Open Page    index.html    1280    light
    Click    role=row[name=/^custom-html/] >> role=link[name=/failed/]
    Get Title    matches    ^log\\.html of
    Get Url    matches    /log\\.html#s1-s5$

The Badge Has A Text For Screen Readers
    Open Page    keycloak.html    360    dark
    Get Attribute    role=img[name=/^keycloak: passed, level 6 of 6/]    src    ==    badges/keycloak.svg
    ${width}=    Get Property    css=.badge img    naturalWidth
    Should Be True    $width > 200

All Badges
    Open Page    badges.html    800    light
    Take Screenshot    EMBED    fullPage=True


*** Keywords ***
Start The Browser
    ${browser}=    Browser Settings
    New Browser
    ...    chromium
    ...    executablePath=${browser.executable}
    ...    args=${browser.arguments}
    ...    env=${browser.environment}

Open Page
    [Documentation]    Opens a page in a window of this width, with light or dark colours.
    [Arguments]    ${page}    ${width}    ${colours}
    New Context    viewport={'width': ${width}, 'height': 740}    colorScheme=${colours}
    ${url}=    Page Url    ${page}
    New Page    ${url}

The Page Should Be Readable
    [Documentation]    The page fits its window, and its texts have contrast. Takes a screenshot of it.
    [Arguments]    ${page}    ${width}    ${colours}
    Open Page    ${page}    ${width}    ${colours}
    The Page Should Fit
    Texts Should Have Contrast
    Take Screenshot    EMBED    fullPage=True
    ${path}=    Screenshot Path    ${page}    ${width}    ${colours}
    Take Screenshot    ${path}    fullPage=True

The Page Should Fit
    [Documentation]    The page does not scroll sideways. A wide table may scroll in its own box.
    ${overflow}=    Evaluate JavaScript    ${None}    () => document.documentElement.scrollWidth - innerWidth
    Should Be Equal As Integers    ${overflow}    0    The page is wider than the window.

Texts Should Have Contrast
    [Documentation]    The contrast between every text and its background is at least 4.5 to 1.
    ${script}=    Script    contrast.js
    ${found}=    Evaluate JavaScript    ${None}    ${script}
    Should Be True    $found["texts"] > 3
    Should Be Empty    ${found}[lowContrast]

Press Key
    [Documentation]    Presses a key on the element with the focus.
    [Arguments]    ${key}
    Keyboard Key    press    ${key}

The Focus Should Be On
    [Documentation]    The element with the keyboard focus is visibly focused, and has this text.
    [Arguments]    ${text}
    Get Text    css=:focus-visible    ==    ${text}
