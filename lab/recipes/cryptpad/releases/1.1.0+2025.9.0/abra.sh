#!/bin/bash
export CONFIG_JS_VERSION=v1

# abra app cmd <domain> app diagnose
diagnose() {
  node scripts/diagnose-block.js
}
