"""Files for others: the journal, and what auditors ask for."""
