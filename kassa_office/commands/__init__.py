"""What each word of ``kassa-office`` does."""
