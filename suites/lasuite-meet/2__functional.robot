*** Settings ***
Documentation       People make rooms with Meet, meet in them, and let others in or keep them out.

Resource            lasuite-meet/lasuite-meet.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    [Documentation]    Also: who enters a new room is as .env.sample has it, and LiveKit has the recipe's address.
    Meet Should Be Ready

No Analytics And No Foreign Styles Are Set
    Pages Should Tell Nobody Else

Pages Are Asked For Anew
    [Documentation]    After an upgrade nobody gets a page whose scripts are gone.
    Pages Should Not Be Kept

The Administration Asks Who Comes
    The Administration Should Ask Who Comes
    The Administration Should Have Its Styles

Nobody Guesses The Administrator
    Common Passwords Should Open No Administration

Single Sign-On Redirects To The Provider
    [Documentation]    To the address that the provider names; the way back is to the app's public address.
    Single Sign-On Should Lead To The Provider

A Room Is Made And Read Back
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}
    The Room Should Be    ${room}    ${mona}    public

A Deleted Room Is Gone
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}
    Delete The Room    ${room}    ${mona}

Tokens Are For One Room And One Person
    [Documentation]    The owner's lets its holder administer the room; LiveKit accepts it.
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${room}=    Make A Room    ${mona}
    ${entry}=    Enter    ${room}    ${mona}
    The Token Should Be For    ${entry}    ${room}    mona    ${True}
    ${other}=    Enter    ${room}    ${nina}
    The Token Should Be For    ${other}    ${room}    nina    ${False}

LiveKit Lets In Who Has Meet's Token Alone
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}
    ${entry}=    Enter    ${room}    ${mona}
    LiveKit Should Accept    ${entry}
    ${forged}=    Token Signed By Somebody Else    ${entry.token}
    LiveKit Should Refuse    ${entry.url}    ${forged}

Two People Meet And Hear Each Other
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${room}=    Make A Room    ${mona}
    Two People Should Meet    ${room}    ${mona}    ${nina}

Only Who Is Signed In Enters A Trusted Room
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${room}=    Make A Room    ${mona}    trusted
    Nobody Should Get In    ${room}
    ${entry}=    Enter    ${room}    ${nina}
    LiveKit Should Accept    ${entry}
    Others Should Not Change The Room    ${room}    ${nina}

A Restricted Room Is Closed To Others
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}    restricted
    Strangers Should Stay Outside    ${room}

Whoever Knocks Is Let In By The Owner
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}    restricted
    Knocking Should Be Answered    ${room}    ${mona}

Whoever Is Sent Away Gets No Token
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}    restricted
    Whoever Is Sent Away Should Stay Outside    ${room}    ${mona}

The Owner Sends Somebody Out Of The Meeting
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${room}=    Make A Room    ${mona}
    ${guest}=    Join    ${room}    ${nina}
    Send Out    ${room}    nina    ${mona}
    Meeting Should End For    ${guest}    PARTICIPANT_REMOVED

Three People Meet
    [Documentation]    By LiveKit's usual ports.
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${pia}=    A Person    pia
    ${room}=    Make A Room    ${mona}
    Three People Should Meet    ${room}    ${mona}    ${nina}    ${pia}

A Member Shows No Camera Where None Is Allowed
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${room}=    Make A Room    ${mona}    restricted
    Let Nobody Show A Camera    ${room}    ${mona}
    Give A Role    ${room}    ${nina}    member    by=${mona}
    Members Should Show No Camera    ${room}    ${nina}

New Rooms Are As Their Owner Prefers
    ${nina}=    A Person    nina
    Rooms Should Be As Preferred    ${nina}

LiveKit Tells Strangers Nothing
    ${config}=    What The App Tells Its Pages
    LiveKit Should Tell Strangers Nothing    ${config.livekit.url}

Nobody Guesses The Key Of LiveKit
    ${config}=    What The App Tells Its Pages
    Nobody Should Guess The Key Of LiveKit    ${config.livekit.url}

LiveKit Tells Meet That A Meeting Is Over
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}    restricted
    LiveKit Should Tell Meet Of The End    ${room}    ${mona}

A Forged Message Of LiveKit Is Refused
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}
    A Webhook Should Be Taken From LiveKit Alone    ${room}

Nobody Opens A Room That Nobody Made
    [Documentation]    As .env.sample has it; neither does who is signed in.
    Unknown Rooms Should Be Refused

An Invitation Comes By Mail
    ${mona}=    A Person    mona
    ${room}=    Make A Room    ${mona}
    An Invitation Should Come By Mail    ${room}    ${mona}

A Program Makes A Room With A Token Of The Provider
    A Program Should Make A Room    mona

A Program Without The Right Token Is Refused
    Programs Without The Right Token Should Be Refused    mona

Strangers And People Without The Claim Are Not Let In
    Strangers Should Be Told Of Nobody
    A Person Should Stay Outside    olga

Whoever Gives Up At The Provider Comes Back
    Giving Up At The Provider Should Lead Back

Nobody Learns Who Else Is There
    [Documentation]    As .env.sample has it, Meet lists its people for nobody.
    ${mona}=    A Person    mona
    People Should Not Be Listed    ${mona}

A Session Is Sent Over HTTPS Only
    ${mona}=    A Person    mona
    The Cookies Should Be For HTTPS Only    ${mona.session}

A Session Lasts For Half A Day
    Sessions Should Be For Half A Day

Whoever Signs Out Is Out
    [Documentation]    At Meet and at the provider.
    ${mona}=    A Person    mona
    The Provider Should Let Them In Again    ${mona}
    Sign Out    ${mona}
    The Provider Should Ask Again    ${mona}

Pages Of Other Sites Read Nothing
    ${mona}=    A Person    mona
    A Page Of Another Site Should Read Nothing    ${mona}
