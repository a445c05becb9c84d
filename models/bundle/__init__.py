"""The bundle on the disk: written whole, examined before it is believed."""
