"""What it brought: hold-out, treatment effects, and who is moved more than others."""
