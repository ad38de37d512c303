"""What mypy --strict must make of a program: see run.py. It is never executed.

A line with `# refused: CODE` is one in which mypy must find that error.
"""

import io
import socket
import ssl as stock

import gossl
from gossl import ssl

context: ssl.SSLContext = ssl.create_default_context()
same: stock.SSLContext = context
version: ssl.TLSVersion = context.minimum_version
context.minimum_version = ssl.TLSVersion.TLSv1_3
context.load_cert_chain((b"certificate", io.BytesIO(b"key")), password=lambda: "secret")
context.load_cert_chain(certfile="path", keyfile=b"path")
context.set_groups("X25519:P-256")
groups: list[str] = context.get_groups()
connection: ssl.SSLSocket = context.wrap_socket(socket.socket(), server_hostname="localhost")
name: str | None = connection.version()
error: stock.SSLError = ssl.SSLCertVerificationError()
status: gossl.Status = gossl.status()
old: list[str] = status.openssl
text: str = gossl.version()

context.set_groups(3)  # refused: arg-type
context.load_cert_chain(3)  # refused: arg-type
context.no_such_name()  # refused: attr-defined
ssl.no_such_name()  # refused: attr-defined
gossl.no_such_name()  # refused: attr-defined
