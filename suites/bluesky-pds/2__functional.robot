*** Settings ***
Documentation       A PDS is a home for accounts: it lets people in who were invited, and makes their handles found.

Resource            bluesky-pds/bluesky-pds.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

The Server Is The Version That The Recipe Names
    The Server Should Be Of The Version In The Label

The Server Says Whom It Takes
    The Server Should Describe Itself

An Account Made With An Invite By The Command Line Is Found By Its Handle
    ${ada}=    Make An Account By The Command Line    ada
    The Session Should Be Of    ${ada}
    The Handle Should Lead To    ${ada}
    The Account Should Live Here    ${ada}

A Name That Nobody Has Leads Nowhere
    ${nobody}=    New Name    nobody
    The Handle Should Lead Nowhere    ${nobody.name}

Nobody Joins Without An Invite
    Joining Should Be Refused    berta    InvalidInviteCode

An Invite Lets One Account In
    ${invite}=    Make An Invite
    Join With    clara    ${invite}
    Joining Should Be Refused    dora    InvalidInviteCode    inviteCode=${invite}

A Handle Is Taken Once
    ${emil}=    Make An Account    emil
    ${invite}=    Make An Invite
    ${account}=    With A Wrong Password    ${emil.account}
    Taking The Handle Should Be Refused    ${account}    ${invite}
    The Handle Should Lead To    ${emil}

People Take Another Handle
    ${flora}=    Make An Account    flora
    ${renamed}=    Take Another Handle    ${flora}    flora-berg
    The Handle Should Lead To    ${renamed}
    The Handle Should Lead Nowhere    ${flora.account.name}

Strangers And Wrong Passwords Are Refused
    ${gustav}=    Make An Account    gustav
    ${impostor}=    With A Wrong Password    ${gustav.account}
    ${stranger}=    New Name    stranger
    Signing In Should Be Refused    ${impostor}
    Signing In Should Be Refused    ${stranger}

Nobody Tries Passwords For Ever
    ${stranger}=    New Name    stranger
    Signing In Should Be Limited    ${stranger}

A Session Can Be Renewed Until It Is Ended
    ${hanna}=    Make An Account    hanna
    Renew The Session    ${hanna}
    End The Session    ${hanna}
    The Session Should Be Over    ${hanna}

The Password Of An App Opens Less And Can Be Withdrawn
    ${ida}=    Make An Account    ida
    ${phone}=    Make An App Password    ${ida}    phone
    The App Password Should Open Less    ${phone}    ${ida}
    Revoke The App Password    ${ida}    phone
    Signing In Should Be Refused    ${phone}
    The Session Should Be Of    ${ida}

An App Finds Its Settings Again
    ${jakob}=    Make An Account    jakob
    Set Preferences    ${jakob}    gardening
    The Preferences Should Be    ${jakob}    gardening

Only The Administrator's Password Opens The Administration
    ${jana}=    Make An Account    jana
    ${admin}=    The Administrator
    ${impostor}=    With A Wrong Password    ${admin}
    Administration Should Be Refused    ${impostor}    ${jana}
    Administration Should Be Refused    ${jana.caller}    ${jana}
    Administration Should Be Refused    ${None}    ${jana}

A Deactivated Account Is Not Served Until It Comes Back
    ${karl}=    Make An Account    karl
    ${post}=    Post    ${karl}    I will be back
    Deactivate    ${karl}
    The Repository Should Not Be Served    ${karl}    RepoDeactivated
    Writing Should Be Refused    ${karl.caller}    ${karl}    ${post}
    Activate    ${karl}
    The Export Should Have    ${karl}    ${post}

An Account Is Deleted By Its Owner And Gone
    ${lena}=    Make An Account    lena
    Post A Picture    ${lena}    lena.png
    The Picture Should Be Served    ${lena}    lena.png
    Delete Their Own Account    ${lena}
    The Account Should Be Gone    ${lena}
    The Picture Should Not Be Served    ${lena}    lena.png

An Account Is Deleted By The Administrator And Gone
    ${mona}=    Make An Account    mona
    ${nele}=    Make An Account    nele
    Delete The Account    ${mona}
    The Account Should Be Gone    ${mona}
    The Session Should Be Of    ${nele}

Who Forgot Their Password Takes A New One
    ${olga}=    Make An Account    olga
    ${account}=    Take A New Password    ${olga}
    Sign In    ${account}
    Signing In Should Be Refused    ${olga.account}
