"""What to do: the catalogue of strategies and who gets which, and why not the next one."""
