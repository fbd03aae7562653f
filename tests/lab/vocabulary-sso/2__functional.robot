*** Settings ***
Documentation       Run by tests/lab/test_sso_words.py with RECIPE:keycloak; suites/keycloak sees the same words pass.

Resource            keycloak/keycloak.resource

Suite Setup         Prepare The Staff Realm


*** Test Cases ***
Sso Provider Wants A Discovery Document
    ${issuer}=    The Issuer    nowhere
    Run Keyword And Expect Error    Expected *openid-configuration to answer 200; it was 404*
    ...    Sso Provider    ${issuer}

Sign In With Password Wants Tokens
    ${provider}    ${wiki}=    App At Its Provider    ${WIKI}
    ${wrong}=    Password Of    nobody
    Run Keyword And Expect Error    Expected tokens; the provider refused: * invalid_grant*
    ...    Sign In With Password    ${provider}    ${wiki}    anna    ${wrong}

Sign In With Password Should Be Refused Wants A Refusal
    ${provider}    ${wiki}=    App At Its Provider    ${WIKI}
    ${right}=    Password Of    anna
    Run Keyword And Expect Error    Expected the provider to refuse with invalid_grant; it issued tokens.
    ...    Sign In With Password Should Be Refused    ${provider}    ${wiki}    anna    ${right}

Sign In With Password Should Be Refused Wants The Error That Is Named
    ${provider}    ${wiki}=    App At Its Provider    ${WIKI}
    ${wrong}=    Password Of    nobody
    Run Keyword And Expect Error    Expected * to refuse with invalid_client; it answered * invalid_grant*
    ...    Sign In With Password Should Be Refused    ${provider}    ${wiki}    anna    ${wrong}    invalid_client

Sign In As Client Wants Tokens
    ${provider}    ${impostor}=    App At Its Provider    ${WIKI}    secret_of=shop
    Run Keyword And Expect Error    Expected tokens; the provider refused: * unauthorized_client*
    ...    Sign In As Client    ${provider}    ${impostor}

Sign In As Client Should Be Refused Wants A Refusal
    ${provider}    ${wiki}=    App At Its Provider    ${WIKI}
    Run Keyword And Expect Error    Expected the provider to refuse with unauthorized_client; it issued tokens.
    ...    Sign In As Client Should Be Refused    ${provider}    ${wiki}

Sign In As Client Should Be Refused Wants The Error That Is Named
    ${provider}    ${impostor}=    App At Its Provider    ${WIKI}    secret_of=shop
    Run Keyword And Expect Error    Expected * to refuse with invalid_grant; it answered * unauthorized_client*
    ...    Sign In As Client Should Be Refused    ${provider}    ${impostor}    invalid_grant

Refresh Tokens Wants A Session
    ${provider}    ${wiki}=    App At Its Provider    ${WIKI}
    ${tokens}=    Sign In    anna
    Log Out    ${provider}    ${wiki}    ${tokens}
    Run Keyword And Expect Error    Expected tokens; the provider refused: * invalid_grant*
    ...    Refresh Tokens    ${provider}    ${wiki}    ${tokens}

Refresh Should Be Refused Wants No Session
    ${provider}    ${wiki}=    App At Its Provider    ${WIKI}
    ${tokens}=    Sign In    anna
    Run Keyword And Expect Error    Expected the provider to refuse with invalid_grant; it issued tokens.
    ...    Refresh Should Be Refused    ${provider}    ${wiki}    ${tokens}

Refresh Should Be Refused Wants The Session Itself Refused
    [Documentation]    And not the app, which is no word about the session.
    ${provider}    ${impostor}=    App At Its Provider    ${WIKI}    secret_of=shop
    ${tokens}=    Sign In    anna
    Run Keyword And Expect Error    Expected * to refuse with invalid_grant; it answered * unauthorized_client*
    ...    Refresh Should Be Refused    ${provider}    ${impostor}    ${tokens}

Log Out Wants A Session Of This App
    ${provider}    ${shop}=    App At Its Provider    shop
    ${tokens}=    Sign In    anna
    Run Keyword And Expect Error    Expected the session to end; the provider answered 400*
    ...    Log Out    ${provider}    ${shop}    ${tokens}
    Token Should Be Accepted    ${provider}    ${tokens.access}

Token Should Be Valid Wants The Provider's Signature
    ${provider}    ${token}=    Token Of Anna
    ${spoilt}=    Token With Altered Signature    ${token}
    Run Keyword And Expect Error    The token is refused (signature)*
    ...    Token Should Be Valid    ${provider}    ${spoilt}

Token Should Be Valid Wants The Audience
    ${provider}    ${token}=    Token Of Anna
    Run Keyword And Expect Error    The token is refused (audience)*it has*${WIKI}*
    ...    Token Should Be Valid    ${provider}    ${token}    audience=shop

Token Should Be Valid Wants The Authorized Party
    ${provider}    ${token}=    Token Of Anna
    Run Keyword And Expect Error    The token is refused (authorized party): it was issued for ${WIKI}, not shop
    ...    Token Should Be Valid    ${provider}    ${token}    authorized_party=shop

Token Should Be Valid Wants Every Role
    ${provider}    ${token}=    Token Of Anna
    VAR    @{roles}=    editor    owner
    Run Keyword And Expect Error    Expected the token to have the roles *'editor', 'owner'*; it has *'editor'*
    ...    Token Should Be Valid    ${provider}    ${token}    roles=${roles}

Token Should Be Wrong Wants A Flaw
    ${provider}    ${token}=    Token Of Anna
    Run Keyword And Expect Error    Expected the token to be refused (expired); it is valid.
    ...    Token Should Be Wrong    ${provider}    ${token}    expired
    Run Keyword And Expect Error    Expected the token to be refused (audience); it is valid.
    ...    Token Should Be Wrong    ${provider}    ${token}    audience    audience=${WIKI}
    Run Keyword And Expect Error    Expected the token to be refused (authorized party); it is valid.
    ...    Token Should Be Wrong    ${provider}    ${token}    authorized party    authorized_party=${WIKI}

Token Should Be Wrong Wants The Flaw That Is Named
    ${provider}    ${token}=    Token Of Anna
    ${spoilt}=    Token With Altered Signature    ${token}
    Run Keyword And Expect Error    Expected the token's flaw to be: algorithm. Seen: *(signature)*
    ...    Token Should Be Wrong    ${provider}    ${spoilt}    algorithm

Token Should Be Accepted Wants A Token That Holds
    ${provider}    ${token}=    Token Of Anna
    ${spoilt}=    Token With Altered Signature    ${token}
    Run Keyword And Expect Error    Expected *userinfo to answer 200; it was 401*
    ...    Token Should Be Accepted    ${provider}    ${spoilt}

Token Should Not Be Accepted Wants A Token That Does Not Hold
    ${provider}    ${token}=    Token Of Anna
    Run Keyword And Expect Error    Expected *userinfo to refuse the token with 401; it answered 200.
    ...    Token Should Not Be Accepted    ${provider}    ${token}

Call Should Be Answered For Wants An Answer
    ${provider}    ${token}=    Token Of Anna
    ${anna}=    Token Should Be Valid    ${provider}    ${token}
    ${spoilt}=    Token With Altered Signature    ${token}
    Run Keyword And Expect Error    Expected *userinfo to answer 200; it was 401*
    ...    Call Should Be Answered For    ${anna}    ${provider}    ${spoilt}

Call Should Be Answered For Wants This User
    ${provider}    ${token}=    Token Of Anna
    ${tokens}=    Sign In    bruno
    ${bruno}=    Token Should Be Valid    ${provider}    ${tokens.access}
    Run Keyword And Expect Error    Expected *userinfo to answer for bruno (*); it has the sub *
    ...    Call Should Be Answered For    ${bruno}    ${provider}    ${token}

Call Should Be Refused Wants A Closed Address
    ${issuer}=    The Issuer    ${STAFF}
    Run Keyword And Expect Error    Expected ${issuer} to refuse a call with no token (401 or 403)*answered 200.
    ...    Call Should Be Refused    ${issuer}

Call Should Be Refused Wants A Token That Does Not Open
    ${provider}    ${token}=    Token Of Anna
    Run Keyword And Expect Error    Expected *userinfo to refuse a call with this token (401 or 403)*answered 200.
    ...    Call Should Be Refused    ${provider.userinfo_endpoint}    ${token}

Wait Until Expired Wants A Token That Lives No Longer
    ${tokens}=    Sign In    anna
    Run Keyword And Expect Error    Expected a token that expires within 1 s; it expires in * s.
    ...    Wait Until Expired    ${tokens.access}    within=1 second


Database Should Contain Wants A Row With The Text
    Database Should Contain    anna@example.org
    Run Keyword And Expect Error
    ...    Expected 'nobody@example.org' in the MariaDB database of service db; none of its * rows has it.
    ...    Database Should Contain    nobody@example.org

Database Should Not Contain Wants The Text To Be Missing
    [Documentation]    Keycloak keeps a client's secret as it is.
    ${secret}=    Credential    ${STAFF} client ${WIKI}
    Run Keyword And Expect Error
    ...    Expected the secret not to be in the MariaDB database of service db; it is, as it is, in table *CLIENT*
    ...    Database Should Not Contain    ${secret}    beside=anna@example.org

Database Should Not Contain Wants What Is Beside
    ${stranger}=    Stranger
    Run Keyword And Expect Error
    ...    Expected 'nobody@example.org' in the MariaDB database of service db; none of its * rows has it.
    ...    Database Should Not Contain    ${stranger.password}    beside=nobody@example.org
    Run Keyword And Expect Error    Incomplete: A blank text is in every database*
    ...    Database Should Not Contain    ${stranger.password}    beside=${EMPTY}

Query Database Wants A Query That The Database Takes
    ${rows}=    Query Database    SELECT NAME FROM REALM WHERE NAME \= '${STAFF}'
    Should Be Equal    ${rows}[0][NAME]    ${STAFF}
    Run Keyword And Expect Error    Expected the MariaDB database of service db to answer; it said: ERROR*NOWHERE*
    ...    Query Database    SELECT NAME FROM NOWHERE


*** Keywords ***
App At Its Provider
    [Documentation]    Returns the provider and an app that is registered there, with its own secret or another's.
    [Arguments]    ${client_id}    ${secret_of}=${client_id}
    ${provider}=    The Provider    ${STAFF}
    ${client}=    The Client    ${STAFF}    ${client_id}    ${secret_of}
    RETURN    ${provider}    ${client}

Token Of Anna
    [Documentation]    Returns the provider and an access token of its user anna.
    ${provider}=    The Provider    ${STAFF}
    ${tokens}=    Sign In    anna
    RETURN    ${provider}    ${tokens.access}
