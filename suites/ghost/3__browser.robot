*** Settings ***
Documentation       People write and read in a browser.

Resource            ghost/ghost.resource
Resource            ghost/ghost-editor.resource

Suite Setup         Use The Head Deployment With An Owner
Test Setup          Open The Browser
Test Teardown       Leave The Page

Test Tags           browser


*** Test Cases ***
A Writer Publishes In The Editor And A Stranger Reads
    ${nora}=    Take On    Nora    Administrator
    Sign In On The Page    ${nora}
    Write In The Editor    Lavender In The Evening    It smells best after the sun has gone.
    ${address}=    Publish In The Editor    Lavender In The Evening
    Become A Stranger
    The Address Should Show    ${address}    Lavender In The Evening    It smells best after the sun has gone.
    Show In The Log

Another Browser Is Asked For The Code In A Mail
    ${otto}=    Take On    Otto    Author
    Sign In For The First Time    ${otto}
    Fill In The Sign-In Page    ${otto}
    Type In The Code    ${otto}
    The Page Should Know    ${otto.name}
    Show In The Log

A Wrong Password Is Refused On The Page
    ${paul}=    Take On    Paul    Author
    ${impostor}=    With A Wrong Password    ${paul}
    Fill In The Sign-In Page    ${impostor}
    The Page Should Refuse
    Show In The Log

A Picture Is Seen On The Page
    ${picture}=    A New Picture    hedge.png
    ${address}=    Upload The Picture    ${picture}
    ${post}=    Publish A Post    The Hedge    <p>It is green.</p>    feature_image=${address}
    The Picture Should Be Drawn    /${post.slug}/    The Hedge
    Show In The Log
