*** Settings ***
Documentation       People write documents that only those can read who have the link; the server cannot.

Resource            cryptpad/cryptpad.resource

Suite Setup         Use The Head Deployment
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           functional


*** Test Cases ***
A Code Document Is Read In A Second Browser
    Begin A Document    code    Leeks and potatoes
    ${link}=    The Link For    Edit
    A Stranger Should Read    ${link}    code    Leeks and potatoes
    Show In The Log

A Rich Text Is Read In A Second Browser
    Begin A Document    pad    Onions and garlic
    ${link}=    The Link For    Edit
    A Stranger Should Read    ${link}    pad    Onions and garlic

A Link For Viewing Does Not Let People Write
    Begin A Document    pad    Beans and peas
    ${link}=    The Link For    View
    A Stranger Should Not Write    ${link}    Beans and peas
    Show In The Log

A Document With A Password Asks For It
    Sign Up    ida
    ${password}=    Generate Password    password of the recipe
    Begin A Document Of One's Own    code    Recipe    The secret is salt.    password=${password}
    ${link}=    The Link For    Edit
    A Stranger Should Need The Password    ${link}    ${password}    The secret is salt.

The Server Never Sees What People Write
    Begin A Document    code    A sentence that nobody else writes.
    The Server Should Not Know    A sentence that nobody else writes.

A File Comes Back Byte For Byte
    [Documentation]    And the server has not seen it, either.
    Sign Up    emil
    ${file}=    Text File    letter.bin    Dear Anna, these words are yours alone.
    ${link}=    Upload To The Drive    ${file}
    A Stranger Should Download    ${link}    ${file}
    The Server Should Not Know    these words are yours alone

Strangers And Wrong Passwords Are Refused
    ${anna}=    Sign Up    anna
    Become A Stranger
    ${impostor}=    With A Wrong Password    ${anna}
    Sign-In Should Be Refused    ${impostor}
    ${stranger}=    Stranger    eve
    Sign-In Should Be Refused    ${stranger}
