"""Connections over sockets: how they wait, what they take and give, and that they keep nothing alive."""

import array
import gc
import os
import signal
import socket
import threading
import time
import unittest
import weakref
from contextlib import suppress
from typing import Any

from gossl import ssl
from support import contexts


class SocketCase(unittest.TestCase):
    """A client and a server over a socket pair, their handshake done."""

    def setUp(self) -> None:
        client, server = contexts()
        a, b = socket.socketpair()
        self.server = server.wrap_socket(b, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=self.server.do_handshake)
        thread.start()
        self.client = client.wrap_socket(a, server_hostname="localhost")
        thread.join()
        self.addCleanup(self.close)

    def close(self) -> None:
        for sock in (self.client, self.server):
            if sock is not None:
                sock.close()


class TestWaiting(SocketCase):
    def test_a_timeout_is_for_the_whole_operation(self) -> None:
        self.server.write(b"the tickets go first")
        self.client.read()
        self.client.settimeout(0.2)
        start = time.monotonic()
        with self.assertRaisesRegex(TimeoutError, "The read operation timed out"):
            self.client.recv(1)
        waited = time.monotonic() - start
        self.assertTrue(0.19 < waited < 5, waited)  # how long a busy machine takes to wake up is not ours
        with self.assertRaisesRegex(TimeoutError, "The write operation timed out"):
            self.client.sendall(bytes(10_000_000))

    def test_a_slow_handshake_times_out(self) -> None:
        a, b = socket.socketpair()
        with a, b:
            a.settimeout(0.1)
            client, _ = contexts()
            with self.assertRaisesRegex(TimeoutError, "The handshake operation timed out"):
                client.wrap_socket(a, server_hostname="localhost")

    def test_without_blocking_it_says_what_it_wants(self) -> None:
        self.client.setblocking(False)
        with self.assertRaises(ssl.SSLWantReadError) as caught:
            while True:
                self.client.recv(1)
        self.assertEqual(caught.exception.args[0], ssl.SSL_ERROR_WANT_READ)
        self.assertIsNone(caught.exception.library)
        with self.assertRaises(ssl.SSLWantWriteError):
            while True:
                self.client.send(bytes(100_000))
        # What is owed is the writer's to send. If both peers' readers waited for that, nobody would read.
        with self.assertRaises(ssl.SSLWantReadError):
            self.client.recv(1)

    def test_a_write_that_could_not_end_is_not_sent_twice(self) -> None:
        self.client.setblocking(False)
        data, sent = os.urandom(3_000_000), 0
        received = bytearray()

        def drain() -> None:
            while len(received) < len(data):
                received.extend(self.server.recv(65536))

        thread: threading.Thread | None = None
        while sent < len(data):
            try:
                sent += self.client.send(data[sent:])
            except ssl.SSLWantWriteError:
                if thread is None:
                    thread = threading.Thread(target=drain)
                    thread.start()
                time.sleep(0.001)
        assert thread is not None
        thread.join()
        self.assertEqual(received, data)

    def test_handlers_of_signals_run_while_it_waits(self) -> None:
        hits: list[int] = []
        before = signal.signal(signal.SIGALRM, lambda *_: hits.append(1))
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        self.client.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            self.client.recv(1)
        self.assertGreater(len(hits), 5)

        def interrupt(*_: Any) -> None:
            raise InterruptedError

        signal.signal(signal.SIGALRM, interrupt)
        self.client.settimeout(None)
        with self.assertRaises(InterruptedError):
            self.client.recv(1)

    def test_one_thread_reads_while_another_writes(self) -> None:
        got: list[bytes] = []
        thread = threading.Thread(target=lambda: got.append(self.client.recv(100)))
        thread.start()
        time.sleep(0.05)
        self.client.sendall(b"question")
        self.assertEqual(self.server.recv(100), b"question")
        self.server.sendall(b"answer")
        thread.join()
        self.assertEqual(got, [b"answer"])


class TestBuffers(SocketCase):
    def test_everything_that_has_bytes_can_be_sent(self) -> None:
        large = os.urandom(200_000)
        for data in (b"bytes", bytearray(b"array"), memoryview(b"view"), array.array("I", [1, 2]), large):
            for sent in (data, memoryview(data), memoryview(bytearray(data))):
                wanted, received = bytes(memoryview(data).cast("B")), bytearray()
                thread = threading.Thread(target=self.client.sendall, args=(sent,))
                thread.start()
                while len(received) < len(wanted):
                    received.extend(self.server.recv(65536))
                thread.join()
                self.assertEqual(received, wanted)
        self.assertEqual(self.client.send(b""), 0)

    def test_a_buffer_that_a_failed_read_was_to_fill_is_free(self) -> None:
        import gc

        gc.disable()
        self.addCleanup(gc.enable)
        buffer = bytearray(10)
        self.client.setblocking(False)
        try:
            self.client.recv_into(buffer)
        except ssl.SSLWantReadError:
            buffer.extend(b"more")  # while the exception is there
        self.client.setblocking(True)
        self.server.close()  # without a farewell: ssl answers with the end
        self.assertEqual(self.client.recv_into(buffer), 0)
        buffer.extend(b"more")
        self.assertEqual(len(buffer), 18)

    def test_nothing_else_can(self) -> None:
        for bad in ("text", None, 1):
            with self.assertRaisesRegex(TypeError, "a bytes-like object is required, not '"):
                self.client._sslobj.write(bad)
        with self.assertRaisesRegex(BufferError, "not C-contiguous"):
            self.client._sslobj.write(memoryview(b"abcdef")[::2])

    def test_a_read_fills_the_callers_buffer_and_no_more(self) -> None:
        self.server.send(b"0123456789abcdef")
        numbers = array.array("I", [0] * 5)
        self.assertEqual(self.client.read(8, numbers), 8)
        self.assertEqual(numbers.tobytes(), b"01234567" + bytes(12))
        buffer = bytearray(b"........")
        self.assertEqual(self.client.recv_into(memoryview(buffer)[2:5]), 3)
        self.assertEqual(buffer, b"..89a...")
        self.assertEqual(self.client.pending(), 5)
        self.assertEqual(self.client.read(-1, buffer), 5)
        buffer.append(0)  # nothing holds it
        for bad in (b"constant", memoryview(b"constant"), "text", None):
            with self.assertRaisesRegex(TypeError, "read-write bytes-like object"):
                self.client._sslobj.read(4, bad)
        with self.assertRaisesRegex(ValueError, "size should not be negative"):
            self.client._sslobj.read(-1)
        self.assertEqual(self.client._sslobj.read(0), b"")


class TestLifetime(SocketCase):
    def test_a_connection_keeps_no_socket_alive(self) -> None:
        connection, reference = self.client._sslobj, weakref.ref(self.client)
        self.assertIs(connection.owner, self.client)
        gc.disable()
        self.addCleanup(gc.enable)
        self.client.close()
        self.client = None
        self.assertIsNone(reference())
        self.assertIsNone(connection.owner)
        for call in (
            connection.do_handshake,
            lambda: connection.read(1),
            lambda: connection.write(b""),
            connection.shutdown,
        ):
            with self.assertRaisesRegex(ssl.SSLError, "Underlying socket connection gone"):
                call()

    def test_a_context_and_its_callback_are_collected(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = lambda *_, context=context: None
        context.set_psk_server_callback(lambda _, context=context: b"")
        context._msg_callback = lambda *_, context=context: None
        reference = weakref.ref(context)
        del context
        gc.collect()
        self.assertIsNone(reference())

    def test_a_closed_descriptor_is_not_used(self) -> None:
        connection = self.client._sslobj
        socket.socket.close(self.client)
        with self.assertRaises(OSError) as caught:
            connection.do_handshake()
        self.assertEqual(caught.exception.errno, 9)

    def test_unwrap_gives_the_plain_socket_with_nothing_lost(self) -> None:
        def other() -> None:
            raw = self.server.unwrap()
            raw.send(b"plain")

        thread = threading.Thread(target=other)
        thread.start()
        raw = self.client.unwrap()
        thread.join()
        self.assertEqual(raw.recv(100), b"plain")

    def test_ends_with_and_without_a_farewell(self) -> None:
        self.server.sendall(b"last")
        self.server.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            self.server.unwrap()
        self.assertEqual(self.client.recv(100), b"last")
        self.assertEqual(self.client._sslobj.read(100), b"")
        self.assertEqual(self.client.send(b"still open this way"), 19)
        self.client.unwrap()
        with self.assertRaises(ssl.SSLZeroReturnError):
            self.server._sslobj.read(100) and self.server._sslobj.read(100)

    def test_a_transport_that_ends_is_an_error(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        connection = self.client._sslobj
        with self.assertRaises(ssl.SSLEOFError) as caught:
            connection.read(100)
        self.assertEqual(caught.exception.reason, "UNEXPECTED_EOF_WHILE_READING")
        with self.assertRaises(ssl.SSLEOFError) as caught:
            connection.read(100)
        self.assertIsNone(caught.exception.reason)


if __name__ == "__main__":
    unittest.main()
