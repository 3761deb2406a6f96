"""What the tills sent: batches as they came, entries, what was wrong with them, and how entries become figures."""
