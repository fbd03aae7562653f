"""What a backup promises, and the files that show whether it kept its word."""
