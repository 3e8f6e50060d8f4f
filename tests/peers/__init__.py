"""Other people's telephones that tests call and are called by."""
