"""People: staff of the shops with their PINs, and users of the office with their roles."""
