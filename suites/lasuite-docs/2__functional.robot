*** Settings ***
Documentation       What Docs is for, by its API and by the connection over which several people write at once.

Resource            lasuite-docs/lasuite-docs.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy
    Docs Should Be Ready

No AI And No Analytics Are Set
    Pages Should Tell Nobody Else

The First Page Is Asked For Anew
    The First Page Should Not Be Kept

The Administration Asks Who Comes
    The Administration Should Ask Who Comes
    The Administration Should Have Its Styles

Nobody Guesses The Administrator
    Common Passwords Should Open No Administration

Single Sign-On Redirects To The Provider
    [Documentation]    To the address that the provider names; the way back is to the app's public address.
    Single Sign-On Should Lead To The Provider

People Are Known By Their Names
    ${mona}=    A Person    mona
    Should Start With    ${mona.name}    Mona

A Document Is Written And Read Back
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    Shopping    Bread
    Write    ${document}    ${mona}    Soup    Cheese
    The Text Should Have    ${document}    ${mona}    Soup    Cheese
    The Text Should Not Have    ${document}    ${mona}    Bread
    The Document Should Be Listed    ${document}    ${mona}

Other Programs Get The Text As Markdown And HTML
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    Shopping    Bread and cheese
    The Text Should Be Converted    ${document}    ${mona}    Bread and cheese

What Was Written Before Is Kept
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    Versions
    Write Over    ${document}    ${mona}    The first text    The second text

A Document Lies Below Another
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    Above
    ${below}=    Make A Document Below    ${document}    ${mona}    Below
    The Document Should Lie Below    ${below}    ${document}    ${mona}

A Document Comes Back From The Trash
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    Thrown away    Not for good
    Throw Away    ${document}    ${mona}
    Take Back    ${document}    ${mona}
    The Text Should Have    ${document}    ${mona}    Not for good

A File Is Kept Byte For Byte
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    With a file
    ${file}=    Random File    data.bin    size=9000000
    ${address}=    Attach    ${document}    ${mona}    ${file}
    The File Should Be    ${address}    ${mona}    ${file.content}
    The File Should Be Closed To Others    ${address}    ${nina}

A Picture Is Kept
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    With a picture
    A Picture Should Be Kept    ${document}    ${mona}

Strangers Read Nothing
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    Secret of mona    For nobody
    Strangers Should Read Nothing    ${document}    ${nina}

A Reader Only Reads
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    For readers    To be read
    Share    ${document}    ${nina}    reader    by=${mona}
    Readers Should Only Read    ${document}    ${nina}    To be read

An Editor Writes
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    For two    Of mona
    Share    ${document}    ${nina}    editor    by=${mona}
    Write    ${document}    ${nina}    Of nina
    The Text Should Have    ${document}    ${mona}    Of nina
    The Roles Should Be    ${document}    ${mona}    ${nina}

A Role That Is Withdrawn Opens Nothing
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    For a while    To be read
    ${role}=    Share    ${document}    ${nina}    reader    by=${mona}
    Withdraw    ${document}    ${role}    by=${mona}
    Strangers Should Read Nothing    ${document}    ${nina}

Everybody Reads A Public Document
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    For everybody    Hello, world
    Let Everybody Read    ${document}    ${mona}
    Everybody Should Read    ${document}    Hello, world

Comments Are Read By Others
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    To be discussed
    Share    ${document}    ${nina}    commenter    by=${mona}
    Start A Thread    ${document}    ${nina}    Too long
    The Comment Should Be    ${document}    ${mona}    Too long    by=${nina}

Whoever Gets A Document Is Told By Mail
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    Mailed
    Share    ${document}    ${nina}    reader    by=${mona}
    A Mail Should Lead To    ${nina.email}    ${document}    about=mailed

Somebody Unknown Is Invited By Mail
    [Documentation]    At the first sign-in by the provider, the person with the mail address gets the document.
    ${mona}=    A Person    mona
    ${document}=    Make A Document    ${mona}    For somebody new    Welcome
    ${known}=    User At Provider    kurt
    Invite    ${document}    ${known.email}    editor    by=${mona}
    ${kurt}=    A Person    kurt
    Write    ${document}    ${kurt}    Thank you
    The Text Should Have    ${document}    ${mona}    Thank you

Whoever Asks For Access Is Let In By The Owner
    [Documentation]    The mail is sent by the worker, after the answer.
    ${mona}=    A Person    mona
    ${lena}=    A Person    lena
    ${document}=    Make A Document    ${mona}    Asked for    Come in
    Ask For Access    ${document}    ${lena}    ${mona}
    The Text Should Have    ${document}    ${lena}    Come in

Two People Write At Once
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    Live
    Share    ${document}    ${nina}    editor    by=${mona}
    Two People Should Write At Once    ${document}    ${mona}    ${nina}

A Reader Sees What Is Written But Writes Nothing
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    Live for readers
    Share    ${document}    ${nina}    reader    by=${mona}
    A Reader Should Only Watch    ${document}    ${mona}    ${nina}

Strangers And Other Sites See Nothing Live
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    Live for mona
    Nobody Else Should Watch    ${document}    ${mona}    ${nina}

Whose Role Is Withdrawn Sees Nothing More
    [Documentation]    Docs tells the server for live documents, which ends the connection.
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${document}=    Make A Document    ${mona}    Live for a while
    ${role}=    Share    ${document}    ${nina}    editor    by=${mona}
    Whoever Lost The Role Should Be Sent Away    ${document}    ${role}    ${mona}    ${nina}

Another Server Makes A Document For A Person
    ${nina}=    A Person    nina
    ${document}=    Make A Document For    nina    Minutes    \# Topics\n\n* Bread
    The Text Should Have    ${document}    ${nina}    Topics    Bread
    A Mail Should Lead To    ${nina.email}    ${document}    about=on your behalf

Another Server Without The Token Is Refused
    Servers Without The Token Should Be Refused    nina

A Program Makes A Document With A Token Of The Provider
    A Program Should Make A Document    mona

A Program Without A Token For Docs Is Refused
    Programs Without A Token Should Be Refused    mona
    A Program For Another App Should Be Refused    mona

Strangers Are Told Of Nobody
    Strangers Should Be Told Of Nobody

Whom The Provider Shuts Out Stays Outside
    [Documentation]    Docs lets in whom the provider signs in, and asks the provider about each token.
    The Token Of A Disabled Person Should Be Refused    olga

A Session Is Sent Over HTTPS Only
    ${mona}=    A Person    mona
    The Cookies Should Be For HTTPS Only    ${mona.session}

A Session Lasts For Half A Day
    Sessions Should Be For Half A Day

Whoever Signs Out Is Out
    [Documentation]    At Docs and at the provider.
    ${mona}=    A Person    mona
    The Provider Should Let Them In Again    ${mona}
    Sign Out    ${mona}
    The Provider Should Ask Again    ${mona}

Pages Of Other Sites Read Nothing
    ${mona}=    A Person    mona
    A Page Of Another Site Should Read Nothing    ${mona}
