"""Opening times: pure arithmetic of days and clocks."""
