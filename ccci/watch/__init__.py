"""What a run watches all the time: the app's tasks, its page, and its neighbours' pages."""
