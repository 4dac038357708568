"""Entry point of `python -m nervcodec`, which is the same as `nervc`."""

from nervcodec.cli.main import main

if __name__ == "__main__":
    main()
