#!/bin/bash
export ENTRYPOINT_VERSION=v1

# abra app cmd <domain> app list_accounts
list_accounts() {
  node --print "
    const accounts = require('better-sqlite3')('/pds/account.sqlite', { readonly: true });
    accounts.prepare('SELECT did, handle FROM actor').all().map((one) => one.did + ' ' + one.handle).join('\n')"
}
