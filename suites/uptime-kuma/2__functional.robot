*** Settings ***
Documentation       Uptime Kuma watches services, and tells people and the world how they are.

Resource            uptime-kuma/uptime-kuma.resource
Resource            uptime-kuma/uptime-kuma-pages.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

The First Visitor Makes The Account In A Browser
    [Documentation]    Uptime Kuma has one account, and this is the first test that needs it.
    [Setup]    Open The Browser
    Make The Account On The Page
    The Dashboard Should Be Shown
    Show In The Log
    The Owner Signs In
    [Teardown]    Close Browser

Nobody After The First Visitor Makes An Account
    Nobody Else Should Make An Account

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label

Strangers And Wrong Passwords Are Refused
    ${ada}=    Account Made Before    ${OWNER NAME}
    ${impostor}=    With A Wrong Password    ${ada}
    ${stranger}=    Stranger
    Sign-In Should Be Refused    ${impostor}
    Sign-In Should Be Refused    ${stranger}

Who Is Not Signed In Is Told Nothing
    ${visitor}=    Visit Uptime Kuma
    Nothing Should Be Told To    ${visitor}    getMonitorList    getSettings    getMaintenanceList    getAPIKeyList
    Call API    GET    /metrics    expect=401

A Page Of Another Site Cannot Call The Server
    Page Of Another Site Should Be Refused    elsewhere.example.org

A One-Time Code Guards The Account Until It Is Switched Off
    ${key}=    Ask For One Time Codes
    A Code Should Be Asked For
    A Wrong Code Should Be Refused
    The Owner Signs In With A Code    ${key}
    Ask For One Time Codes No Longer
    The Owner Signs In
    [Teardown]    Ask For One Time Codes No Longer

A Service That Answers Is Up
    ${monitor}=    Watch The App Itself    Front door
    The Newest Beat Should Be    ${monitor}    up    200 - OK

A Port At Which Nothing Listens Is Down
    ${monitor}=    Watch A Closed Port    Back door
    The Newest Beat Should Be    ${monitor}    down    Connection failed

A Host That Answers An Echo Request Is Up
    ${monitor}=    Watch By Ping    Echo
    The Newest Beat Should Be    ${monitor}    up

A Page Without The Word Is Down
    ${with}=    Watch For A Word    Robots    User-agent
    ${without}=    Watch For A Word    People    Welcome
    The Newest Beat Should Be    ${with}    up    keyword is found
    The Newest Beat Should Be    ${without}    down    keyword is not in

A Value In JSON Is Compared
    ${right}=    Watch A Value    Right    type    entryPage
    ${wrong}=    Watch A Value    Wrong    type    statusPage
    The Newest Beat Should Be    ${right}    up    JSON query passes
    The Newest Beat Should Be    ${wrong}    down    JSON query does not pass

A Program Reports By Itself How It Is
    ${monitor}=    Let A Program Report    Nightly job
    Report    ${monitor}    up    done
    The Newest Beat Should Be    ${monitor}    up    done
    Report    ${monitor}    down    out of paper
    The Newest Beat Should Be    ${monitor}    down    out of paper

A Mail Tells That A Service Is Down
    ${notification}=    Tell By Mail    The night watch    watch@example.org
    VAR    &{told}=    ${notification}=${True}
    ${monitor}=    Watch A Closed Port    Vault    notificationIDList=${told}
    The Newest Beat Should Be    ${monitor}    down
    ${mail}=    The Mail To    watch@example.org    about=Vault
    Should Contain    ${mail.subject}    Down

A Service In Maintenance Is Not Asked
    ${monitor}=    A Monitor That Is Up    Lift
    Plan A Maintenance    New ropes    ${monitor}
    The Newest Beat Should Be    ${monitor}    maintenance

A Status Page Shows Anybody What Its Owner Chose
    ${shown}=    A Monitor That Is Up    Shop
    ${hidden}=    A Monitor That Is Up    Office
    Publish A Status Page    Our services    services    ${shown}
    The Status Page Should Show    services    Shop
    The Badge Should Say    ${shown}    Up
    The Badge Should Say    ${hidden}    N/A

Nobody Finds A Page That Is Not There
    There Should Be No Status Page    nowhere

An Incident And A Maintenance Are Announced On The Page
    ${monitor}=    Watch The App Itself    Ferry
    Publish A Status Page    Ferries    ferries    ${monitor}
    Report An Incident    ferries    Fog    The ferry waits.
    ${maintenance}=    Plan A Maintenance    New paint    ${monitor}
    Announce The Maintenance    ${maintenance}    ferries
    The Incident Should Be Shown    ferries    Fog    The ferry waits.
    The Maintenance Should Be Shown    ferries    New paint

A Program Reads The Metrics With A Key Until It Is Withdrawn
    A Monitor That Is Up    Meter
    ${program}=    Make A Key    the metrics
    The Key Should Open The Metrics    ${program}    Meter
    Withdraw The Key    the metrics
    The Key Should Open Nothing    ${program}
