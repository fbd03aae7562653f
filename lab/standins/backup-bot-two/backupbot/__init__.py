"""The lab's backup-bot-two: backs up volumes of Swarm stacks with restic, according to labels.

It supports the interface of Co-op Cloud's bot of the same name (the forms of the labels,
`/usr/bin/backup` and its environment variables), but is stricter: where the original logs an error
and continues, this one fails and keeps no snapshot. A test of the backup would be useless if a
failed dump still gave a snapshot that looks successful.

There are three more differences, also on purpose:

- It follows no link of an app: restic works in a folder of the bot's own (`carry.py`).
- The Swarm secrets of an app are **not** in its snapshots. The original copies them. Here, the
  credentials of a test run would then be in a repository that is kept after the run. A restored app
  gets its secrets when it is deployed.
- The command line of a hook is never printed, since a recipe may put secret values into it.
"""
