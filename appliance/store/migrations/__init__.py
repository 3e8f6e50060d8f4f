"""The numbered changes of the database, oldest first; run by `appliance/store/opening.py`, never imported."""
