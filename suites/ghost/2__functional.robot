*** Settings ***
Documentation       Ghost publishes: people write, anybody reads, and programs do both.

Resource            ghost/ghost.resource

Suite Setup         Use The Head Deployment With An Owner

Test Tags           functional


*** Test Cases ***
The App Answers With Its Health Page
    The App Should Be Healthy

The Server Is The Version That The Recipe Names
    The Server Should Be What The Label Says

A Site That Sends No Mail Comes Up
    [Documentation]    As .env.sample makes it: without the overlay for mail, which this suite adds.
    ${plain}=    Fresh App
    Deploy And Wait    ${plain}
    Take Down    ${plain}

The First Visitor Becomes The Owner And Nobody After
    The Staff Should Be    ${OWNER}    Owner
    Nobody Else Should Become The Owner

A Post Of The Owner Is Read By Anybody
    [Documentation]    Written through the Admin API with the cookie of a sign-in.
    ${bert}=    Take On    Bert    Administrator
    ${session}=    Sign In For The First Time    ${bert}
    ${post}=    Publish A Post    Tulips    <p>All about <strong>tulips</strong>.</p>    by=${session}
    The Post Should Be On The Site    ${post}

A Program Posts With Its Key And Another Reads
    [Documentation]    Written with a token that the integration signs, read through the Content API.
    Make An Integration    the seed shop
    ${program}=    The Integration    the seed shop
    ${post}=    Publish A Post    Daisies    <p>A program wrote of daisies.</p>    by=${program}
    The Content API Should Have    ${post}    the seed shop
    The Post Should Be On The Site    ${post}

A Draft Is Not Public
    Make An Integration    the reading room
    ${draft}=    Write A Draft    Orchids    <p>Nobody should read of orchids yet.</p>
    The Post Should Not Be On The Site    ${draft}
    The Content API Should Not Have    ${draft}    the reading room
    Publish The Draft    ${draft}
    The Post Should Be On The Site    ${draft}
    The Content API Should Have    ${draft}    the reading room

A Picture Is Kept Whole And Shown In Smaller Forms
    ${picture}=    A New Picture    garden.png
    ${address}=    Upload The Picture    ${picture}
    ${post}=    Publish A Post    The Garden    <p>Look at it.</p>    feature_image=${address}
    The Picture Should Be Whole    ${address}    ${picture}
    The Page Should Offer Smaller Forms    ${post}    ${picture}

A File Is Downloaded As It Was Uploaded
    ${file}=    Random File    plan.pdf    size=50000
    ${address}=    Upload A File    ${file}
    ${seen}=    Download File    ${address}
    Bytes Should Be    ${seen.body}    ${file.content}

A Reader Becomes A Member By The Link In A Mail
    ${clara}=    New Address    clara
    ${link}=    Ask For A Link    ${clara}    signup    Clara
    There Should Be No Member    ${clara}
    ${session}=    Follow The Link    ${clara}    ${link}
    The Member Should Be    ${session}    ${clara}    Clara
    The Owner Should See The Member    ${clara}

A Member Comes Back By Another Link
    ${address}=    New Address    elsa
    Sign Up A Member    ${address}    Elsa
    ${first}=    The Mail To    ${address}
    ${link}=    Ask For A Link    ${address}    signin    after=${first}
    ${session}=    Follow The Link    ${address}    ${link}
    The Member Should Be    ${session}    ${address}    Elsa
    The Cookies Should Be For HTTPS Only    ${session}

A Link That Ghost Did Not Send Signs Nobody In
    ${dora}=    New Address    dora
    ${link}=    Ask For A Link    ${dora}    signup    Dora
    A Link Like It Should Be Refused    ${link}
    There Should Be No Member    ${dora}

Only Members Read What Is For Members
    ${address}=    New Address    emil
    ${emil}=    Sign Up A Member    ${address}    Emil
    ${post}=    Publish A Post    For Friends    <p>The secret of the roses.</p>    visibility=members
    The Text Should Be Shown    ${post}    ${emil}
    Make An Integration    the bouquet shop
    The Text Should Be Hidden    ${post}    the bouquet shop

A Member Comments On A Post
    Change The Settings    comments_enabled=all
    ${address}=    New Address    flora
    ${flora}=    Sign Up A Member    ${address}    Flora
    ${post}=    Publish A Post    Violets    <p>What do you think of violets?</p>
    Comment On    ${post}    ${flora}    <p>They are small.</p>
    The Comments Should Be    ${post}    <p>They are small.</p>

Another Browser Needs The Code In A Mail
    ${gustav}=    Take On    Gustav    Author
    Sign In For The First Time    ${gustav}
    ${session}=    Sign In From Another Browser    ${gustav}
    The Session Should Be Refused Without The Code    ${session}
    ${code}=    The Code In The Mail    ${gustav}
    Type The Code    ${session}    ${code}
    The Session Should Be Of    ${session}    ${gustav.name}

An Invitation Is Good Once
    ${address}=    New Address    hanna
    ${token}=    Invite    ${address}    Contributor
    ${hanna}=    New Account    ${address}
    Accept The Invitation    ${hanna}    Hanna    ${token}
    The Staff Should Be    ${address}    Contributor
    Accept The Invitation    ${hanna}    Hanna    ${token}    expect=404

An Author Writes And Rules Nothing
    ${karl}=    Take On    Karl    Author
    ${session}=    Sign In For The First Time    ${karl}
    ${post}=    Publish As An Author    ${session}    Poppies    <p>Karl likes poppies.</p>
    The Post Should Be On The Site    ${post}
    Members And Settings Should Be Closed To    ${session}

Wrong Passwords And Strangers Are Refused
    ${ada}=    Account Made Before    ada@example.org
    ${impostor}=    With A Wrong Password    ${ada}
    Sign In Should Be Refused    ${impostor}    422    Your password is incorrect.
    ${stranger}=    Stranger    mallory@example.org
    Sign In Should Be Refused    ${stranger}    404    There is no user with that email address.
    The Admin API Should Refuse    ${None}    403

A Program With A Wrong Key Or An Old Token Is Refused
    Make An Integration    the old shop
    ${late}=    The Integration With An Old Token    the old shop
    The Admin API Should Refuse    ${late}    401
    ${forger}=    The Integration    the old shop    key=false
    The Admin API Should Refuse    ${forger}    401

The Sign-In Cookie Goes Over HTTPS Only
    ${lotte}=    Take On    Lotte    Author
    ${session}=    Sign In For The First Time    ${lotte}
    The Cookies Should Be For HTTPS Only    ${session}

An Old Address Leads To The New One
    Send An Old Address To    /tulips-of-old/    /tulips/
    The Old Address Should Lead To    /tulips-of-old/    /tulips/

Mail Comes From The Site
    ${martha}=    New Address    martha
    Ask For A Link    ${martha}    signup    Martha
    The Mail Should Be From The Site    ${martha}
