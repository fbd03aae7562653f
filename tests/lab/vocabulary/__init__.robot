*** Settings ***
Documentation       The words that authors know from elsewhere, each seen to pass and seen to fail.

Resource            lifecycle.resource

Suite Setup         Start Run
Suite Teardown      End Run
