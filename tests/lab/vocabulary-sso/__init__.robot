*** Settings ***
Documentation       The keywords of sign-in and of databases, each seen to fail over a real Keycloak when it must.

Resource            lifecycle.resource

Suite Setup         Start Run
Suite Teardown      End Run
