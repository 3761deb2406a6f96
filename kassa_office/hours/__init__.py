"""Hours worked: what was clocked at the tills, corrected by managers, told to people and to other programs."""
