#!/bin/bash

# Print one line for each snapshot of every app: abra app cmd <domain> app snapshots
snapshots() {
    /usr/bin/backup snapshots
}
