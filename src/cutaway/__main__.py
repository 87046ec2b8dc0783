"""`python -m cutaway` is the same as `cutaway`."""

from cutaway.cli import main

if __name__ == "__main__":
    main()
