"""curl and wget as clients of a server on gossl; REAL_OPTION says which."""

import os
import subprocess

from support import CA, PATIENCE, main, require, url

PROGRAM = os.environ["REAL_OPTION"]
require(PROGRAM)


def fetch(port, certificate):
    if PROGRAM == "curl":
        command = ["curl", "-sS", "--cacert", CA]
        names = ("--cert", "--key")
    else:
        command = ["wget", "-q", "-O", "-", "--tries=1", f"--ca-certificate={CA}"]
        names = ("--certificate", "--private-key")
    for name, file in zip(names, certificate or (), strict=False):
        command += [f"{name}={file}"] if PROGRAM == "wget" else [name, file]
    done = subprocess.run([*command, url(port)], check=True, stdout=subprocess.PIPE, timeout=PATIENCE, text=True)
    return done.stdout


main(None, fetch, strangers=False)
