"""`python -m pipelines` is `holdfast`."""

from pipelines.cli import main

if __name__ == "__main__":
    main()
