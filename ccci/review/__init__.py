"""What a reviewer sees in a recipe's files, without deploying anything.

Some defects show in no run: a setting that nothing reads any more, a script that no shell can read,
a config with another content under its old name. Each module knows one of them.
"""
