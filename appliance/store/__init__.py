"""Events in, rows and figures out; the database library is used in this folder only."""
