"""Tables as users have them: files read into columns of numbers."""
