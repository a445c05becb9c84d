"""Settings, texts, strategies and errors: the only room that reads YAML and the environment."""
