"""The authors' tools: `check` (all as agreed?), `new` (folders), `pages` (documentation)."""
