"""What data and handshakes cost in system calls: none more than there have to be."""

from __future__ import annotations

import os
import unittest

import calls
from support import AUTHORITY, LEAF

SETUP = f"""
import select, socket, threading
from gossl import ssl
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain({str(LEAF.cert)!r}, {str(LEAF.key)!r})
client_context = ssl.create_default_context(cafile={str(AUTHORITY.cert)!r})
listener, b = socket.create_server(("127.0.0.1", 0)), socket.socket()
b.connect(listener.getsockname())
a, _ = listener.accept()
for raw in (a, b):
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    raw.setblocking(False)
client = client_context.wrap_socket(b, server_hostname="localhost", do_handshake_on_connect=False)
server = server_context.wrap_socket(a, server_side=True, do_handshake_on_connect=False)
def shake(side):
    try:
        side._sslobj.do_handshake()
    except ssl.SSLWantReadError:
        pass
def arrive(side, count=1):
    select.select([side], [], [])
    while len(socket.socket.recv(side, count, socket.MSG_PEEK)) < count:
        pass
small, large, room = bytes(100), bytes(65536), bytearray(1 << 17)
"""

SHAKEN = """
while client.version() is None or server.version() is None:
    shake(client), shake(server)
client.send(small), arrive(server), server.recv(1000)
server.send(small), arrive(client), client.recv(1000) # and the tickets
"""

SMALL = ["recvfrom"] * 2  # the header, and what it says
NOTHING_THERE = ["recvfrom"]


@unittest.skipUnless(calls.NUMBERS, "the numbers of system calls are not known here")
class Calls(unittest.TestCase):
    def require(self, program: str, *expected: list[str]) -> None:
        for binding in ("", "ctypes"):
            with self.subTest(binding=binding):
                try:
                    found = calls.of(SETUP + program, {**os.environ, "GOSSL_BINDING": binding})
                except calls.Refused as e:
                    self.skipTest(str(e))
                self.assertEqual(list(expected), found)

    def test_the_watch_itself(self) -> None:
        program = """
begin()
with counted(): os.fstat(0), os.read(os.open(os.devnull, 0), 1)
with counted(): pass
"""
        self.require(program, ["fstat", "read"], [])

    def test_a_small_message_is_a_send_and_two_recvs(self) -> None:
        program = """
begin()
for timeout in (None, 60, 0):
    client.settimeout(timeout), server.settimeout(timeout)
    with counted(): client.sendall(small)
    arrive(server)
    with counted(): server.recv(1000)
    with counted(): client.sendall(small)
    arrive(server)
    with counted(): server.recv_into(room)
with counted(): server.pending(), server.version(), server.cipher(), server.getpeercert()
"""
        self.require(SHAKEN + program, *[["sendto"], SMALL] * 6, [])

    def test_four_records_leave_in_one_send_and_come_in_one_recv_each(self) -> None:
        program = """
client.settimeout(60), server.settimeout(60)
begin()
with counted(): client.sendall(large)
arrive(server, 4 * (16384 + 22))
with counted():
    got = server.recv_into(room)
assert got == len(large), got
"""
        # Of the first record the header comes by itself; those of the others come with what is before them.
        self.require(SHAKEN + program, ["sendto"], ["recvfrom"] * 5)

    def test_it_is_tried_before_it_is_waited_for(self) -> None:
        program = """
server.settimeout(60)
threading.Timer(0.5, lambda: client.send(small)).start()
begin()
with counted(): server.recv(1000)
"""
        self.require(SHAKEN + program, [*NOTHING_THERE, "poll", *SMALL])

    def test_who_does_not_wait_tries_once(self) -> None:
        program = """
begin()
with counted():
    try:
        server.recv(1000)
    except ssl.SSLWantReadError:
        pass
"""
        self.require(SHAKEN + program, NOTHING_THERE)

    def test_each_flight_of_a_handshake_leaves_in_one_send(self) -> None:
        program = """
begin()
for step, side in enumerate((client, server, client, server)):
    if step:
        arrive(side)
    with counted(): shake(side)
assert client.version() == server.version() == "TLSv1.3"
"""
        # What has come is looked at before anything is sent, for that may grow by it. Of the server's flight the hello
        # is one record and the rest two, the long one of which brings the header of the other.
        hello = finished = SMALL
        self.require(
            program,
            [*NOTHING_THERE, "sendto"],
            [*hello, *NOTHING_THERE, "sendto"],
            [*hello, *["recvfrom"] * 3, "sendto"],
            [*SMALL, *finished, "sendto"],
        )

    def test_in_memory_there_are_none(self) -> None:
        program = """
to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
client = client_context.wrap_bio(to_client, to_server, server_hostname="localhost")
server = server_context.wrap_bio(to_server, to_client, server_side=True)
shake(client), shake(server), shake(client), shake(server)
begin()
with counted():
    client.write(large), server.read(65536), to_server.write(b""), to_client.read()
"""
        self.require(program, [])

    def test_the_end_is_one_send(self) -> None:
        program = """
begin()
with counted():
    try:
        client.unwrap()
    except ssl.SSLWantReadError:
        pass
arrive(server)
with counted():
    assert server.recv(1000) == b""
with counted(): server.unwrap()
arrive(client)
with counted(): client.unwrap()
"""
        self.require(SHAKEN + program, [*NOTHING_THERE, "sendto"], SMALL, ["sendto"], SMALL)


if __name__ == "__main__":
    unittest.main()
