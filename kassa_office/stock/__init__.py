"""One ledger of stock movements over all branches and the web channel, and what to order again."""
