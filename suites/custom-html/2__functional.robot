*** Settings ***
Documentation       custom-html serves the files of its volume, unchanged.

Resource            custom-html/custom-html.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Front Page Should Be Served

A Published File Is Fetched Back Byte For Byte
    [Documentation]    The server sends the media type that fits the file's name.
    [Template]    A Published File Should Come Back Unchanged
    # name            media type
    page.html         text/html
    style.css         text/css
    picture.png       image/png
    download.bin      application/octet-stream
    script.js         (application|text)/javascript

A Missing Page Is The Server's Own 404
    A Page That Was Never Published Should Be Missing

A Folder Shows Its Index Page And Never What Is In It
    Publish A Page In Folder    blog    index.html    <p>my blog</p>
    The Page Should Read    blog/    <p>my blog</p>
    The Folder Should Be Found Without A Slash    blog
    Publish A Page In Folder    private    notes.html    <p>for few</p>
    The Folder Should Not Be Listed    private

Changed Content Is Served Without A Redeploy
    Publish A Page    notice.html    <p>first</p>
    The Page Should Read    notice.html    <p>first</p>
    Publish A Page    notice.html    <p>second</p>
    The Page Should Read    notice.html    <p>second</p>

Browsers Ask Before They Show A Page Again
    Publish A Page    often.html    <p>changes often</p>
    The Page Should Be Asked For Each Time    often.html

An Alias Of The Domain Shows The Same Site
    ${alias}=    Deploy The Site With An Alias
    The Front Page Should Be Served At    ${alias}

Removed Content Is Missing At Once
    Publish A Page    passing.html    <p>soon gone</p>
    The Page Should Read    passing.html    <p>soon gone</p>
    Remove A File    passing.html
    The Page Should Be Missing    passing.html

A Large File Is Served In Ranges
    [Documentation]    An interrupted download continues where it stopped.
    ${file}=    Publish A Large File    film.bin
    The Range Should Be Served    ${file}    first=0    last=1023
    The Range Should Be Served    ${file}    first=5000000    last=5999999
    Two Ranges Should Make The Whole File    ${file}

The Server Runs The Version In The Recipe's Label
    Nginx Should Be The Version In The Label
