"""The pages themselves, by theme."""
