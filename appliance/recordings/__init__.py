"""Recordings as files: where they are, how long they stay, who can read them."""
