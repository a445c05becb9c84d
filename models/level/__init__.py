"""How active customers will be as a whole: the process, the step and how far it may go."""
