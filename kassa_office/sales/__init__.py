"""Sales as they were made, and the totals that all overviews are read from."""
