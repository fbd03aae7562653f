*** Settings ***
Documentation       The words of sign-in, each seen to fail over a real provider that gives it what it must fail over.

Resource            lifecycle.resource

Suite Setup         Start Run
Suite Teardown      End Run
