"""Purchase logs to features: the data contract, the declarations and the engine that executes them."""
