"""A day of the centre on a fake clock: the box's own queues and rules, with made-up or past callers."""
