"""Who hears whom: the engine process and the brain's client of it."""
