"""What a backup must hold, and the planted files that prove it does."""
