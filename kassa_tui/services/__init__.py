"""What the till does, as functions that screens and scripts call alike."""
