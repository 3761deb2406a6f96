"""The webshops of the company: who talks to which, their channels, and how they stand."""
