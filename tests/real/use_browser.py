"""Headless browsers as clients of a server on gossl; REAL_OPTION says which. They take their trust from NSS.

How it went is read from what the server notes, since a browser does not tell in one way what it saw.
"""

import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import support
from support import CA, CERTS, HOST, KINDS, PATIENCE, describe, main, require, server_context, url

BROWSER = os.environ["REAL_OPTION"]
require(BROWSER, "certutil", "pk12util")
# So that it takes the client's certificate without asking, and does nothing of its own.
PREFERENCES = """user_pref("security.default_personal_cert", "Select Automatically");
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.proxy.type", 0);
"""


class Handler(support._Handler):
    def do_GET(self):
        if self.path == "/":
            note(self.server.server_port, f"{describe(self.connection)} {self.headers['User-Agent']}")
        super().do_GET()


class Server(support._Server):
    def handle_error(self, *_):
        error = sys.exception() if hasattr(sys, "exception") else sys.exc_info()[1]
        if isinstance(error, ssl.SSLError) and "alert" in str(error):
            note(self.server_port, f"refused: {error}")


def notes(port):
    return CERTS / f"browser-{port}"


def note(port, line):
    with notes(port).open("a") as file:
        file.write(f"{line}\n")


def serve(ready):
    ports = {}
    # Without a policy in /etc Chromium asks for the certificate to use, and there is nobody to answer.
    for kind in KINDS if "firefox" in BROWSER else ("good", "bad"):
        server = Server((HOST, 0), Handler)
        server.context = server_context(kind)
        ports[kind] = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ready(ports)
    threading.Event().wait()


def fetch(port, certificate):
    home = Path(tempfile.mkdtemp(prefix="browser"))
    try:
        database = make_database(home, certificate)
        if "firefox" in BROWSER:
            (database / "user.js").write_text(PREFERENCES)
            options = ["--headless", "--no-remote", "--profile", str(database)]
        else:
            options = [
                "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                "--disable-dev-shm-usage", f"--user-data-dir={home / 'profile'}",
            ]  # fmt: skip
        browser = subprocess.Popen(
            [BROWSER, *options, url(port)],
            env={**os.environ, "HOME": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return wait_for_note(port)
        finally:
            browser.terminate()
            browser.wait()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def make_database(home, certificate):
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    store = ["-d", f"sql:{database}"]
    subprocess.run(["certutil", "-N", *store, "--empty-password"], check=True)
    subprocess.run(["certutil", "-A", *store, "-n", "authority", "-t", "C,,", "-i", CA], check=True)
    if certificate:
        bundle = str(home / "client.p12")
        cert, key = certificate
        command = ["openssl", "pkcs12", "-export", "-in", cert, "-inkey", key, "-name", "client", "-out", bundle]
        subprocess.run([*command, "-passout", "pass:x"], check=True)
        command = ["pk12util", *store, "-i", bundle, "-W", "x", "-K", ""]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return database


def wait_for_note(port):
    deadline = time.monotonic() + 1.75 * PATIENCE  # less than the process of support.py has
    while time.monotonic() < deadline:
        time.sleep(0.1)
        said = notes(port).read_text() if notes(port).exists() else ""
        if not said.endswith("\n"):
            continue
        notes(port).unlink()
        if "refused" in said:
            raise ConnectionError(said)
        return said
    raise TimeoutError("the server has heard nothing")


main(serve, fetch, strangers=False)
