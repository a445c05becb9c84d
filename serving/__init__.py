"""The scoring service: schemas, scoring core, errors and the BentoML service."""
