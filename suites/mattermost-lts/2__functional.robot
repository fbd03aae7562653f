*** Settings ***
Documentation       People write to each other with Mattermost: in channels, in threads, and alone.

Resource            mattermost-lts/mattermost-lts.resource

Suite Setup         Use The Head Deployment With A Team

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The Server Should Be Ready

A Message Is Read By Another Member
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${square}=    The Town Square    ${anna}
    ${message}=    Write    ${square}    Soup is ready: *leeks*, für alle.    by=${anna}
    The Channel Should Have    ${square}    ${message}    Soup is ready: *leeks*, für alle.    by=${bert}

A Thread Has The Replies
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${square}=    The Town Square    ${anna}
    ${message}=    Write    ${square}    Who cooks tomorrow?    by=${anna}
    ${reply}=    Write    ${square}    I do.    by=${bert}    reply_to=${message}
    ${thanks}=    Write    ${square}    Thank you.    by=${anna}    reply_to=${message}
    The Thread Should Be    ${bert}    ${message}    ${reply}    ${thanks}

A Member Edits Her Message And Nobody Else Does
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${square}=    The Town Square    ${anna}
    ${message}=    Write    ${square}    Dinner at seven.    by=${anna}
    Edit The Message    ${message}    Dinner at ten.    by=${bert}    expect=403
    Edit The Message    ${message}    Dinner at eight.    by=${anna}
    The Channel Should Have    ${square}    ${message}    Dinner at eight.    by=${bert}

A Member Deletes Her Message And Nobody Else Does
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${square}=    The Town Square    ${anna}
    ${message}=    Write    ${square}    No dinner today.    by=${anna}
    Delete The Message    ${message}    by=${bert}    expect=403
    Delete The Message    ${message}    by=${anna}
    The Message Should Be Gone    ${message}    by=${bert}

A Reaction Is Seen
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${square}=    The Town Square    ${anna}
    ${message}=    Write    ${square}    There is cake.    by=${anna}
    React    ${message}    cake    by=${bert}
    The Reaction Should Be There    ${message}    cake    by=${bert}

A Direct Message Is Not Seen By A Third
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${clara}=    Recall    clara
    ${between}=    The Direct Channel Of    ${anna}    ${bert}
    ${message}=    Write    ${between}    A surprise for Clara.    by=${anna}
    The Channel Should Have    ${between}    ${message}    A surprise for Clara.    by=${bert}
    The Channel Should Be Refused    ${between}    by=${clara}

A Private Channel Is Closed Until Somebody Is Added
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${channel}=    Make A Private Channel    Accounts    by=${anna}
    ${message}=    Write    ${channel}    We have forty euros.    by=${anna}
    The Channel Should Be Refused    ${channel}    by=${bert}
    Add To The Channel    ${channel}    ${bert}    by=${anna}
    The Channel Should Have    ${channel}    ${message}    We have forty euros.    by=${bert}

A File Is Downloaded Byte For Byte
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${clara}=    Recall    clara
    ${between}=    The Direct Channel Of    ${anna}    ${bert}
    ${file}=    Write With A File    ${between}    menu.bin    by=${anna}
    The File Should Be    ${file}    menu.bin    by=${bert}
    The File Should Be Refused    ${file}    by=${clara}

Mattermost Takes Files As Large As Promised
    [Documentation]    As .env.sample has it: 100 MiB. Mattermost says so before any byte is sent.
    ${anna}=    Recall    anna
    ${square}=    The Town Square    ${anna}
    Files May Be As Large As    ${104857600}    ${104857601}    ${square}    by=${anna}

A Search Finds What One May Read
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${private}=    Write Where Nobody Else Reads    The salsify is in the cellar.    by=${anna}
    ${square}=    The Town Square    ${anna}
    ${public}=    Write    ${square}    Who likes salsify?    by=${anna}
    Search Should Find    salsify    ${anna}    ${private}    ${public}
    Search Should Find    salsify    ${bert}    ${public}

A Message Arrives While Others Listen
    [Documentation]    By WebSocket, as pages and phones listen.
    ${anna}=    Recall    anna
    ${bert}=    Recall    bert
    ${square}=    The Town Square    ${anna}
    ${socket}=    Listen    ${bert}
    Write    ${square}    The soup is hot.    by=${anna}
    The Message Should Be Announced    ${socket}    The soup is hot.

Only Members Of A Channel Are Notified
    ${anna}=    Recall    anna
    ${clara}=    Recall    clara
    ${channel}=    Make A Private Channel    Surprises    by=${anna}
    ${socket}=    Listen    ${clara}
    Write    ${channel}    Clara gets a cake.    by=${anna}
    The Message Should Not Be Announced    ${socket}    Clara gets a cake.    ${anna}

Only Pages Of Mattermost With A Session Are Notified
    ${anna}=    Recall    anna
    Only Pages Of Mattermost With A Session Should Be Told    ${anna}

A Bot Writes Until Its Token Is Revoked
    ${anna}=    Recall    anna
    ${square}=    The Town Square    ${anna}
    ${bot}=    Make A Bot    oven    ${anna.team}
    ${message}=    Write    ${square}    The bread is done.    by=${bot}
    The Channel Should Have    ${square}    ${message}    The bread is done.    by=${anna}
    Revoke The Token    ${bot}
    The Bot Should Be Refused    ${bot}

A Webhook Writes Until It Is Deleted
    ${anna}=    Recall    anna
    ${square}=    The Town Square    ${anna}
    ${webhook}=    Make An Incoming Webhook    ${square}
    The Webhook Should Write    ${webhook}    ${square}    ${anna}
    The Webhook Should Be Refused    ${webhook}x
    Delete The Webhook    ${webhook}
    The Webhook Should Be Refused    ${webhook}

Strangers And Wrong Passwords Are Refused
    ${anna}=    Recall    anna
    ${impostor}=    With A Wrong Password    ${anna.account}
    Sign-In Should Be Refused    ${impostor}
    ${stranger}=    Stranger    eve
    Sign-In Should Be Refused    ${stranger}

A Team Is Closed To Others
    ${anna}=    Recall    anna
    ${team}=    Make A Team    Neighbours
    ${olga}=    Make A Member    olga    ${team}
    The Team Should Be Closed To    ${olga}    ${anna}

Visitors Are Refused
    ${anna}=    Recall    anna
    ${square}=    The Town Square    ${anna}
    Visitors Should Be Refused
    Visitors Should Neither Read Nor Write    ${square}    ${anna.team}

Visitors Make No Accounts
    [Documentation]    As .env.sample has it.
    Visitors Should Not Make Accounts

A Session Ends When Somebody Signs Out
    ${anna}=    Recall    anna
    Only The Session That Signs Out Should End    ${anna}

A Session Is Sent Over HTTPS Only
    ${anna}=    Recall    anna
    The Cookies Should Be For HTTPS Only    ${anna.session}

The Server Knows Its Public Address
    Mattermost Should Know Its Public Address

The Server Runs The Version In The Recipe's Label
    Mattermost Should Be The Version In The Label
