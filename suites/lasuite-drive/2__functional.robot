*** Settings ***
Documentation       What Drive is for, by its API, by the store of its files, and as office servers call it.

Resource            lasuite-drive/lasuite-drive.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy
    Drive Should Be Ready

No Analytics And No Foreign Styles Are Set
    Pages Should Tell Nobody Else

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

A File Is Kept Byte For Byte
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    With a file
    ${content}=    Random File    data.bin    size=9000000
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    The File Should Be    ${file}    ${mona}
    Drive Should Know The File    ${file}    ${mona}    application/octet-stream
    The Folder Should List    ${folder}    ${file}    ${mona}

A File May Have Any Name
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Names
    ${content}=    Text File    Süße Grüße & 100% + more.txt    Hello
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    The File Should Be    ${file}    ${mona}
    Drive Should Know The File    ${file}    ${mona}    text/plain

An Empty File Is A File
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Nothing in it
    ${content}=    Text File    empty.txt    ${EMPTY}
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    The File Should Be    ${file}    ${mona}
    The Folder Should List    ${folder}    ${file}    ${mona}
    The Store Should Have The File    ${file}

A Picture Is Shown In The Page
    [Documentation]    Drive gives pictures also to be shown, and not only to be saved.
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Pictures
    A Picture Should Be Shown    ${folder}    ${mona}

The File Is In The Bucket
    [Documentation]    The store itself gives it to its own user, and to nobody else.
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    In the bucket
    ${content}=    Random File    private.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    The Store Should Have The File    ${file}
    The Bucket Should Be Private    ${file}

A Program File Is Refused
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    No programs
    A Program File Should Be Refused    ${folder}    ${mona}    program.exe

A File Is Found By Its Name
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    Searched
    ${content}=    Text File    rhubarb compote.txt    Sweet
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    A Search Should Find    ${file}    ${folder}    ${mona}    rhubarb
    A Search Should Find Nothing    ${nina}    rhubarb

A File Moves To Another Folder
    ${mona}=    A Person    mona
    ${one}=    Make A Folder    ${mona}    From here
    ${other}=    Make A Folder    ${mona}    To there
    ${content}=    Random File    moved.bin
    ${file}=    Upload    ${one}    ${mona}    ${content}
    Move    ${file}    ${other}    ${mona}
    A File Should Have Moved    ${file}    ${one}    ${other}    ${mona}

A Copy Is Made By The Worker
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    With a copy
    ${content}=    Random File    original.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    ${copy}=    Duplicate    ${file}    ${mona}
    The File Should Be    ${copy}    ${mona}

A File Gets Another Name
    [Documentation]    At Drive at once, and in the store by the worker.
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    With a new name
    ${content}=    Random File    old-name.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    A File Should Have Another Name    ${file}    ${mona}    New name

People Star A File For Themselves
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    With a star
    Share    ${folder}    ${nina}    reader    by=${mona}
    Star    ${folder}    ${nina}
    The File Should Be Starred    ${folder}    ${nina}    ${mona}

A Folder Is Downloaded As One File
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Packed
    ${below}=    Make A Folder Below    ${folder}    ${mona}    Below
    ${content}=    Random File    packed.bin
    ${file}=    Upload    ${below}    ${mona}    ${content}
    A Folder Should Be Packed    ${folder}    ${mona}    Below/packed.bin    ${file}

A Folder Comes Back From The Trash
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Thrown away
    ${content}=    Random File    kept.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    A Folder Should Come Back    ${folder}    ${file}    ${mona}

What Is Deleted For Good Is Given To Nobody
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    For good
    ${content}=    Random File    secret.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    Throw Away    ${file}    ${mona}
    Delete For Good    ${file}    ${mona}

Strangers Have Nothing
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    Secret of mona
    ${content}=    Random File    closed.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    Strangers Should Have Nothing    ${folder}    ${nina}
    The File Should Be Closed To Others    ${file}    ${mona}    ${nina}

A Reader Only Reads
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    For readers
    ${content}=    Random File    read.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    Share    ${folder}    ${nina}    reader    by=${mona}
    Readers Should Only Read    ${folder}    ${file}    ${nina}

An Editor Adds A File
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    For two
    Share    ${folder}    ${nina}    editor    by=${mona}
    ${content}=    Random File    of-nina.bin
    ${file}=    Upload    ${folder}    ${nina}    ${content}
    An Editor Should Have Added    ${folder}    ${file}    ${mona}    ${nina}

A Role That Is Withdrawn Opens Nothing
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    For a while
    ${role}=    Share    ${folder}    ${nina}    reader    by=${mona}
    The Title Should Be    ${folder}    ${nina}    For a while
    Withdraw    ${folder}    ${role}    by=${mona}
    Strangers Should Have Nothing    ${folder}    ${nina}

Everybody Reads A Public Folder
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    For everybody
    ${content}=    Random File    public.bin
    ${file}=    Upload    ${folder}    ${mona}    ${content}
    Let Everybody Read    ${folder}    ${mona}
    Everybody Should Read    ${folder}    ${file}

Whoever Gets A Folder Is Told By Mail
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    Mailed
    Share    ${folder}    ${nina}    reader    by=${mona}
    A Mail Should Lead To    ${nina.email}    ${folder}

Somebody Unknown Is Invited By Mail
    [Documentation]    At the first sign-in by the provider, the person with the mail address gets the folder.
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    For somebody new
    ${known}=    User At Provider    kurt
    Invite    ${folder}    ${known.email}    editor    by=${mona}
    ${kurt}=    A Person    kurt
    Make A Folder Below    ${folder}    ${kurt}    Thank you

People Find Each Other
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    People Should Be Found By Mail Address    ${mona}    ${nina}

An Office Server Reads And Writes
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Letters
    ${document}=    Make A Text Document    ${folder}    ${mona}    Letter
    The Office Should Work On    ${document}    ${mona}

Drive Asks The Office Server Which Files It Opens
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Letters and tables
    ${document}=    Make A Text Document    ${folder}    ${mona}    Letter
    ${content}=    Text File    table.csv    one,two
    ${other}=    Upload    ${folder}    ${mona}    ${content}
    Drive Should Know The Office Server    ${document}    ${other}    ${mona}

Only Who Holds The Lock Writes
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Locked
    ${document}=    Make A Text Document    ${folder}    ${mona}    Locked letter
    Only The Lock's Holder Should Write    ${document}    ${mona}

A Reader Writes Nothing In The Office
    ${mona}=    A Person    mona
    ${nina}=    A Person    nina
    ${folder}=    Make A Folder    ${mona}    Letters to be read
    ${document}=    Make A Text Document    ${folder}    ${mona}    Letter to be read
    Share    ${folder}    ${nina}    reader    by=${mona}
    A Reader's Office Should Only Read    ${document}    ${nina}

Other Tokens Open No Document
    ${mona}=    A Person    mona
    ${folder}=    Make A Folder    ${mona}    Two letters
    ${document}=    Make A Text Document    ${folder}    ${mona}    One letter
    ${other}=    Make A Text Document    ${folder}    ${mona}    Another letter
    Other Tokens Should Open Nothing    ${document}    ${other}    ${mona}

A Program Makes A Folder With A Token Of The Provider
    A Program Should Make A Folder    mona

A Program Without A Token For Drive Is Refused
    Programs Without A Token Should Be Refused    mona
    A Program For Another App Should Be Refused    mona

Strangers Are Told Of Nobody
    Strangers Should Be Told Of Nobody

Whom The Provider Shuts Out Stays Outside
    [Documentation]    Drive lets in whom the provider signs in, and asks the provider about each token.
    The Token Of A Disabled Person Should Be Refused    olga

A Session Is Sent Over HTTPS Only
    ${mona}=    A Person    mona
    The Cookies Should Be For HTTPS Only    ${mona.session}

A Session Lasts For Half A Day
    Sessions Should Be For Half A Day

Whoever Signs Out Is Out
    [Documentation]    At Drive and at the provider.
    ${mona}=    A Person    mona
    The Provider Should Let Them In Again    ${mona}
    Sign Out    ${mona}
    The Provider Should Ask Again    ${mona}

Pages Of Other Sites Read Nothing
    ${mona}=    A Person    mona
    A Page Of Another Site Should Read Nothing    ${mona}
