"""A recipe: its settings here, its checkout, its releases and what it needs."""
