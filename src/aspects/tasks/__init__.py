"""One module a namespace of commands: parameters and help, one call, the console."""
