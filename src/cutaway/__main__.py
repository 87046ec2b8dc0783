"""`python -m cutaway` is the same as `cutaway`."""

from cutaway.cli import run

if __name__ == "__main__":
    run()
