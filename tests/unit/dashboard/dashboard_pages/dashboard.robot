*** Settings ***
Documentation       The pages of all results in a real browser; run by tests/unit/dashboard/test_dashboard_browser.py.

Library             Browser    enable_playwright_debug=disabled
Library             made_pages.py    ${PAGES}    ${OUTPUT DIR}    AS    MadePages

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

Everything Stands On A Printed Page
    Look At    index.html    1080    light
    Emulate Media    media=print
    The Page Should Fit
    Texts Should Have Contrast
    Take Screenshot    EMBED    fullPage=True
    Take Screenshot    ${OUTPUT DIR}/index-printed    fullPage=True

Keys Alone Lead From The Table To A Recipe And Back
    Look At    index.html    1280    light
    Press Key    Tab
    The Focus Should Be On    To the content
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

A Stage Leads To Its Place In The Log
    Look At    index.html    1280    light
    Click    role=row[name=/^custom-html/] >> role=link[name=/failed/]
    Get Title    matches    ^log\\.html of
    Get Url    matches    /log\\.html#s1-s5$

A Badge Shows And Says What The Run Said
    Look At    keycloak.html    360    dark
    Get Attribute    role=img[name=/^keycloak: passed, level 6 of 6/]    src    ==    badges/keycloak.svg
    ${width}=    Get Property    css=.badge img    naturalWidth
    Should Be True    ${width} > 200

Badges Side By Side
    Look At    badges.html    800    light
    Take Screenshot    EMBED    fullPage=True


*** Keywords ***
Start The Browser
    ${browser}=    The Browser
    New Browser
    ...    chromium
    ...    executablePath=${browser.executable}
    ...    args=${browser.arguments}
    ...    env=${browser.environment}

Look At
    [Documentation]    Opens a page, of that width, for who likes these colours.
    [Arguments]    ${page}    ${width}    ${colours}
    New Context    viewport={'width': ${width}, 'height': 740}    colorScheme=${colours}
    ${address}=    Address Of    ${page}
    New Page    ${address}

The Page Should Be Readable
    [Documentation]    It fits, its texts have contrast; the log has a picture of it.
    [Arguments]    ${page}    ${width}    ${colours}
    Look At    ${page}    ${width}    ${colours}
    The Page Should Fit
    Texts Should Have Contrast
    Take Screenshot    EMBED    fullPage=True
    ${name}=    Picture Name    ${page}    ${width}    ${colours}
    Take Screenshot    ${name}    fullPage=True

The Page Should Fit
    [Documentation]    No part of it lies beside the window, but for what scrolls in a box of its own.
    ${beside}=    Evaluate JavaScript    ${None}    () => document.documentElement.scrollWidth - innerWidth
    Should Be Equal As Integers    ${beside}    0    The page is wider than the window.

Texts Should Have Contrast
    [Documentation]    Every text stands out from what is behind it by 4.5 to 1.
    ${script}=    Script    contrast.js
    ${seen}=    Evaluate JavaScript    ${None}    ${script}
    Should Be True    ${seen}[texts] > 3
    Should Be Empty    ${seen}[faint]

Press Key
    [Documentation]    Presses a key on whatever has the focus.
    [Arguments]    ${key}
    Keyboard Key    press    ${key}

The Focus Should Be On
    [Documentation]    What has the keyboard's focus is seen, and has this text.
    [Arguments]    ${text}
    Get Text    css=:focus-visible    ==    ${text}
