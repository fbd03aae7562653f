*** Settings ***
Documentation       What people publish is in their repositories, which anybody can read and verify.

Resource            bluesky-pds/bluesky-pds.resource

Suite Setup         Use The Head Deployment

Test Tags           functional


*** Test Cases ***
Other Servers Are Told Of A Post
    ${noah}=    Make An Account    noah
    Post    ${noah}    News for everybody
    The Stream Should Tell Of    ${noah}    News for everybody
    The Stream Should Go On After    ${noah}

Apps On Other Sites Can Use The Server
    Apps On Other Sites Should Be Welcome

Apps Find Where People Sign In
    The Server Should Guard Its Own Data
    Announce A Sign-In

A Post Is Read Back Under Its Identifier
    ${otto}=    Make An Account    otto
    ${post}=    Post    ${otto}    Good morning
    The Post Should Read    ${post}    Good morning
    The Export Should Have    ${otto}    ${post}

A Picture Comes Back Byte For Byte
    ${paula}=    Make An Account    paula
    ${post}=    Post A Picture    ${paula}    paula.png
    The Picture Should Be Served    ${paula}    paula.png
    The Export Should Have    ${paula}    ${post}

A Large File Is Taken
    ${quirin}=    Make An Account    quirin
    Upload A Large File    ${quirin}

Whom Somebody Follows Is Known Until They Stop
    ${rita}=    Make An Account    rita
    ${sven}=    Make An Account    sven
    ${follow}=    Follow    ${rita}    ${sven}
    The Follows Should Be    ${rita}    ${sven}
    Delete The Record    ${rita}    ${follow}
    The Follows Should Be    ${rita}

The Export Has What Is Published And Nothing That Was Deleted
    [Documentation]    Its hashes, its tree and its signature verify, after each change again.
    ${tina}=    Make An Account    tina
    ${first}=    Post    ${tina}    The first
    ${second}=    Post    ${tina}    The second
    The Export Should Have    ${tina}    ${first}    ${second}
    ${rewritten}=    Rewrite The Post    ${tina}    ${first}    The first, corrected
    Delete The Record    ${tina}    ${second}
    The Export Should Have    ${tina}    ${rewritten}

A Large Repository Verifies
    [Documentation]    Its tree has several layers.
    ${ulla}=    Make An Account    ulla
    Post A Hundred Times    ${ulla}
    The Repository Should Have Records    ${ulla}    100

A Post That Is Taken Down Is Not Served
    ${vera}=    Make An Account    vera
    ${offence}=    Post    ${vera}    An insult
    ${harmless}=    Post    ${vera}    A greeting
    Take Down    ${offence}
    The Record Should Not Be Served    ${offence}
    The Post Should Read    ${harmless}    A greeting

Nobody Writes Into Another's Repository
    ${willi}=    Make An Account    willi
    ${xaver}=    Make An Account    xaver
    ${post}=    Post    ${willi}    Mine
    Writing Should Be Refused    ${xaver.caller}    ${willi}    ${post}
    Writing Should Be Refused    ${None}    ${willi}    ${post}
    The Post Should Read    ${post}    Mine
    The Export Should Have    ${willi}    ${post}
