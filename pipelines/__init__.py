"""Thin stages and the command line `holdfast`."""
