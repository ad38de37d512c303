"""The standard library: http.server and urllib."""

from support import main

main(None, None)
