"""`python -m unstill`."""

from unstill.wiring import main

if __name__ == "__main__":
    main()
