"""The SIP edge as the brain sees it: Kamailio told what to do, its news and its registrations."""
