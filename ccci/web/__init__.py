"""Clients of an app: HTTP, git, and the settings of a browser."""
