"""The `nervc` command; each subcommand has a file of its own, loaded when it is called."""
