"""The node's budget: how many apps may be live at once, and which runs wait."""
