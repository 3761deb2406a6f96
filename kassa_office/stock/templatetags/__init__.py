"""What templates of the stock need."""
