"""`python -m nervcodec` is `nervc`."""

from nervcodec.cli.main import main

if __name__ == "__main__":
    main()
