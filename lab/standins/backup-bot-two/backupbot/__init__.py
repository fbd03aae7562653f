"""The lab's backup-bot-two: backs up the volumes of Swarm stacks with restic, as their labels say.

It keeps the contract of Co-op Cloud's bot of the same name (the label forms, `/usr/bin/backup`
and its environment), and is stricter in one respect on purpose: where the original logs an error
and goes on, this one fails and leaves no snapshot. A suite that asks "does the backup work?" is
worth nothing when a failed dump still gives a snapshot that looks successful.

Two more things are different, and deliberate:

- An app's Swarm secrets are **not** put into its snapshots. The original copies them in. Here they
  would place the credentials of a test run into a repository that outlives the run; a restored app
  gets its secrets from whoever deploys it.
- A hook's command line is never printed, since a recipe may interpolate values into it.
"""
