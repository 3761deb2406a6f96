"""What ``kassa`` can do from a shell: one module per family of commands, imported when it is called."""
