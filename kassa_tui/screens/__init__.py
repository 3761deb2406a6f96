"""What the cashier sees: Textual lives here and in app.py only."""
