#!/bin/bash
export CONFIG_JS_VERSION=v1

# abra app cmd <domain> app remove_archived
remove_archived() {
  node scripts/evict-archived.js
}
