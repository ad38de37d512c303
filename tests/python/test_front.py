"""The methods of SSLSocket that move data: builtins, or functions by ctypes, that leave all but the usual to ssl.py.

What they do is asked of the interpreter's own ssl module too, where it has one: it must be the same.
"""

import array
import contextlib
import functools
import gc
import importlib
import inspect
import mmap
import os
import socket
import subprocess
import sys
import threading
import unittest
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from gossl import _front, _lib, ssl
from support import AUTHORITY, LEAF

try:
    stock: Any = importlib.import_module("ssl")
except ImportError:
    stock = None
if stock is ssl:
    stock = None

MARK = _front.MARK
METHODS = ("recv", "recv_into", "send", "sendall", "read", "write")
Body = Callable[[Any, Any, Any], Any]


@contextlib.contextmanager
def joined(module: Any, cls: Any = None, **options: Any) -> Iterator[tuple[Any, Any]]:
    """A client, which is of the class, and a server over a socket pair, their handshake done."""
    client = module.create_default_context(cafile=str(AUTHORITY.cert))
    if cls is not None:
        client.sslsocket_class = cls
    server = module.SSLContext(module.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(LEAF.cert, LEAF.key)
    a, b = socket.socketpair()
    peer = server.wrap_socket(b, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=peer.do_handshake)
    thread.start()
    sock = client.wrap_socket(a, server_hostname="localhost", **options)
    thread.join()
    peer.write(b"tickets go first")
    sock.read()
    sock.settimeout(30), peer.settimeout(30)
    with sock, peer:
        yield sock, peer


class Raised(NamedTuple):
    kind: str
    text: str
    numbers: Any
    context: Any


def said(call: Callable[[], Any]) -> Any:
    """What a call gives or raises."""
    try:
        return call()
    except Exception as e:
        context = type(e.__context__).__name__, type(e.__cause__).__name__, e.__suppress_context__
        return Raised(type(e).__name__, str(e), e.args, context)


def kinds(found: Any) -> Any:
    """The same with no more of exceptions than what they are: the texts are of the module below ssl.py."""
    if isinstance(found, Raised):
        return found.kind
    return [kinds(part) for part in found] if type(found) in (list, tuple) else found


def rest(sock: Any, peer: Any) -> bytes:
    """What has come at last."""
    got = b""
    peer.sendall(b"end")
    while not got.endswith(b"end"):
        got += sock.recv(1000)
    return got


class Case(unittest.TestCase):
    def both(
        self, body: Body, cls: Callable[[Any], Any] = lambda module: None, ours: bool = False, **options: Any
    ) -> Any:
        """What a body gives, which must be what it gives with the methods of ssl.py, and on the interpreter's own ssl,
        unless it is about what is different there.
        """

        def found(module: Any) -> Any:
            with joined(module, cls(module), **options) as (sock, peer):
                return body(module, sock, peer)

        first = found(ssl)
        _front.put_back()
        with mock.patch.object(_front, "change"):
            self.assertEqual(first, found(ssl))
        if stock is not None and not ours:
            self.assertEqual(kinds(first), kinds(found(stock)))
        return first


def hides_ends() -> bool:
    """Whether the interpreter's own ssl does not tell of a ragged end.

    Up to Python 3.11.3 its contexts have the option for that, and over OpenSSL 3.6 it raises BrokenPipeError.
    """
    if stock is None:
        return False
    options = stock.SSLContext(stock.PROTOCOL_TLS_CLIENT).options
    return stock.OPENSSL_VERSION_INFO >= (3, 6) or bool(options & stock.OP_IGNORE_UNEXPECTED_EOF)


class TestUsual(Case):
    def test_data_by_every_method(self) -> None:
        def body(_module: Any, sock: Any, peer: Any) -> Any:
            got: list[Any] = [
                sock.send(b"one"),
                peer.recv(100),
                sock.sendall(b"two"),
                peer.recv(),
                sock.write(b"three"),
            ]
            room, into = bytearray(10), memoryview(bytearray(10))
            got += [peer.read(100), peer.write(b"four"), sock.read(), peer.sendall(b"five"), sock.read(2), sock.recv(2)]
            peer.sendall(b"0123456789abcdefghijklmnopqrstuv")
            got += [sock.recv_into(room), room, sock.recv_into(into, 4), bytes(into), sock.recv_into(into[:3], 9)]
            got += [bytes(into), sock.read(5, room), room, sock.read(2, None), sock.recv(100)]
            return got

        got = self.both(body)
        self.assertEqual(got[:6], [3, b"one", None, b"two", 5, b"three"])

    def test_much_data_in_both_directions(self) -> None:
        def body(_module: Any, sock: Any, peer: Any) -> Any:
            data = bytes(range(256)) * 8192
            thread = threading.Thread(target=peer.sendall, args=(memoryview(data),))
            thread.start()
            got = bytearray()
            while len(got) < len(data):
                got += sock.recv(1 << 20)
            thread.join()
            return got == data

        self.assertTrue(self.both(body))

    def test_what_a_buffer_may_be(self) -> None:
        numbers = array.array("I", [1, 2, 3])
        matrix = memoryview(bytes(12)).cast("B", (3, 4))
        with mmap.mmap(-1, 4096) as pages:
            for data in (
                b"", b"x", bytearray(b"xy"), bytearray(), memoryview(b"xyz"), memoryview(b""), numbers,
                memoryview(numbers), matrix, memoryview(b"abcdef")[::2], memoryview(b"abcdef").cast("c"),
                memoryview(numbers).cast("B"), pages, "text", None, 1, [b"x"],
            ):  # fmt: skip

                def body(_module: Any, sock: Any, peer: Any, data: Any = data) -> Any:
                    got = []
                    for send in (sock.send, sock.sendall, sock.write):
                        got.append(said(lambda send=send: send(data)))  # type: ignore[misc]
                        sock.sendall(b"end")
                        while not (got[-1] == b"end" or (type(got[-1]) is bytes and got[-1].endswith(b"end"))):
                            got.append(peer.recv(100_000))
                    return got

                with self.subTest(data=data):
                    self.both(body)

    def test_a_released_view_is_refused(self) -> None:
        def body(_module: Any, sock: Any, peer: Any) -> Any:
            view = memoryview(bytearray(4))
            view.release()
            return [
                said(functools.partial(call, view)) for call in (sock.send, sock.sendall, sock.write, sock.recv_into)
            ]

        self.assertEqual({found.kind for found in self.both(body)}, {"ValueError"})

    def test_where_to_read_to(self) -> None:
        def makers() -> Iterator[Callable[[], Any]]:
            yield lambda: bytearray(8)
            yield lambda: bytearray()
            yield lambda: memoryview(bytearray(8))
            yield lambda: memoryview(bytearray(8))[2:5]
            yield lambda: memoryview(bytearray(8))[::2]
            yield lambda: memoryview(bytearray(8)).cast("B", (2, 4))
            yield lambda: memoryview(bytearray(8)).cast("H")
            yield lambda: memoryview(b"constant")
            yield lambda: array.array("I", [0, 0])
            yield lambda: array.array("B", bytes(5))
            yield lambda: b"constant"
            yield lambda: None
            yield lambda: 5

        for make in makers():
            for amount in ((), (None,), (0,), (3,), (100,), (-1,), ("3",), (2.0,), (True,)):

                def body(_module: Any, sock: Any, peer: Any, make: Any = make, amount: Any = amount) -> Any:
                    peer.sendall(b"0123456789")
                    room = make()
                    got = [said(lambda: sock.recv_into(room, *amount))]
                    got.append(bytes(room) if isinstance(room, (bytearray, memoryview, array.array)) else None)
                    return [*got, rest(sock, peer)]

                with self.subTest(room=make(), amount=amount):
                    room = make()
                    strided = isinstance(room, memoryview) and not room.c_contiguous
                    self.both(body, ours=strided)  # a BufferError

    def test_how_much_to_read(self) -> None:
        class Number:
            def __index__(self) -> int:
                return 3

        for amount in (0, 1, -1, -(1 << 70), True, None, "3", 2.0, b"", Number()):

            def body(_module: Any, sock: Any, peer: Any, amount: Any = amount) -> Any:
                peer.sendall(b"0123456789")
                found = [said(lambda: sock.recv(amount)), said(lambda: sock.read(amount))]
                return [*found, said(lambda: sock.read(amount, bytearray(2)))]

            with self.subTest(amount=amount):
                self.both(body, ours=amount == -(1 << 70))

    def test_nothing_is_leaked(self) -> None:
        with joined(ssl) as (sock, peer):
            room, view = bytearray(100), memoryview(bytearray(100))
            peer.setblocking(False)

            def once() -> None:
                sock.sendall(room)
                peer.recv_into(view)
                sock.send(flags=0, data=b"x")
                peer.recv(buflen=10)
                for call in (lambda: peer.recv(10), lambda: peer.recv_into(room), lambda: peer.read(10, view)):
                    with contextlib.suppress(ssl.SSLWantReadError):
                        call()
                for wrong in (lambda: sock.sendall("x"), lambda: sock.recv(1, 2, 3, 4, 5, 6, 7, 8)):
                    with contextlib.suppress(TypeError):
                        wrong()

            grown = []
            for _ in range(3):  # the first time, other things settle
                gc.collect()
                before = sys.getallocatedblocks()
                for _ in range(1000):
                    once()
                gc.collect()
                grown.append(sys.getallocatedblocks() - before)
            self.assertLess(min(grown), 100)
            room.append(1)


class TestUnusual(Case):
    def test_flags_and_keywords(self) -> None:
        def body(_module: Any, sock: Any, peer: Any) -> Any:
            got = []
            for call in (
                lambda: sock.send(b"x", 0),
                lambda: sock.send(b"x", flags=0),
                lambda: sock.send(data=b"x"),
                lambda: sock.send(b"x", 1),
                lambda: sock.sendall(b"x", 0),
                lambda: sock.sendall(data=b"x"),
                lambda: sock.sendall(b"x", flags=socket.MSG_DONTWAIT),
                lambda: sock.write(data=bytes(99)),
                lambda: peer.recv(1, 0),
                lambda: peer.recv(buflen=1),
                lambda: peer.recv(flags=0, buflen=1),
                lambda: peer.recv(1, socket.MSG_PEEK),
                lambda: peer.recv_into(bytearray(1), flags=0),
                lambda: peer.recv_into(bytearray(1), 1, 0),
                lambda: peer.recv_into(buffer=bytearray(1), nbytes=1),
                lambda: peer.recv_into(bytearray(1), 1, socket.MSG_PEEK),
                lambda: peer.read(len=1),
                lambda: peer.read(buffer=bytearray(1)),
                lambda: peer.read(1, buffer=None),
                lambda: sock.send(),
                lambda: sock.send(b"x", 0, 0),
                lambda: sock.send(b"x", wrong=0),
                lambda: sock.send(b"x", data=b"x"),
                lambda: sock.sendall(),
                lambda: sock.write(),
                lambda: sock.write(b"x", 0),
                lambda: peer.read(1, None, 1),
                lambda: peer.recv(1, 0, 0),
                lambda: peer.recv(*range(20)),
                lambda: peer.recv(**dict.fromkeys("abcdefghijklmn", 0)),
                lambda: peer.recv_into(),
            ):
                got.append(said(call))
            return got

        self.both(body)

    def test_a_closed_a_shut_and_an_unwrapped_socket(self) -> None:
        def uses(sock: Any) -> Any:
            calls: tuple[Callable[[], Any], ...] = (
                lambda: sock.recv(10), lambda: sock.recv_into(bytearray(10)), lambda: sock.send(b"x"),
                lambda: sock.sendall(b"x"), lambda: sock.sendall(b""), lambda: sock.read(10),
                lambda: sock.read(10, bytearray(10)), lambda: sock.write(b"x"),
            )  # fmt: skip
            return [said(call) for call in calls]

        def closed(_module: Any, sock: Any, _peer: Any) -> Any:
            sock.close()
            return uses(sock)

        def shut(_module: Any, sock: Any, _peer: Any) -> Any:
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(0.05)
            return uses(sock)

        def unwrapped(_module: Any, sock: Any, peer: Any) -> Any:
            thread = threading.Thread(target=peer.unwrap)
            thread.start()
            plain = sock.unwrap()
            thread.join()
            plain.settimeout(0.05)
            return [*uses(plain), *uses(sock), said(lambda: peer.recv(1)), said(lambda: peer.recv(100))]

        def detached(_module: Any, sock: Any, _peer: Any) -> Any:
            os.close(sock.detach())
            return uses(sock)

        for body in (closed, shut, unwrapped, detached):
            with self.subTest(body.__name__):
                self.both(body, ours=body is detached)

    def test_a_socket_that_never_was_connected(self) -> None:
        def body(module: Any, _sock: Any, _peer: Any) -> Any:
            with module.create_default_context().wrap_socket(socket.socket(), server_hostname="localhost") as sock:
                calls = lambda: sock.recv(1), lambda: sock.send(b"x"), lambda: sock.sendall(b"x"), lambda: sock.read(1)
                return [said(call) for call in calls]

        self.both(body)

    def test_a_ragged_end(self) -> None:
        for suppress in (True, False):

            def body(_module: Any, sock: Any, peer: Any, suppress: bool = suppress) -> Any:
                os.close(peer.detach())
                calls = lambda: sock.recv(10), lambda: sock.recv_into(bytearray(10)), lambda: sock.read(1, bytearray(1))
                found = [said(call) for call in (*calls, lambda: sock.read())]
                sock.suppress_ragged_eofs = not suppress
                return [*found, *map(said, calls)]

            with self.subTest(suppress=suppress):
                found = self.both(body, ours=hides_ends(), suppress_ragged_eofs=suppress)
                self.assertEqual(found[0], b"") if suppress else self.assertEqual(found[0].kind, "SSLEOFError")

    def test_a_clean_end(self) -> None:
        def body(_module: Any, sock: Any, peer: Any) -> Any:
            thread = threading.Thread(target=lambda: said(peer.unwrap))
            thread.start()
            found = [sock.recv(10), sock.recv_into(bytearray(10)), sock.read(1, bytearray(1)), sock.read()]
            sock.unwrap()
            thread.join()
            return found

        self.assertEqual(self.both(body), [b"", 0, 0, b""])

    def test_timeouts_and_no_blocking(self) -> None:
        for timeout in (0.02, 0):

            def body(_module: Any, sock: Any, _peer: Any, timeout: float = timeout) -> Any:
                sock.settimeout(timeout)
                reads = [
                    said(lambda: sock.recv(1)),
                    said(lambda: sock.recv_into(bytearray(1))),
                    said(lambda: sock.read()),
                ]
                return [*reads, said(lambda: sock.sendall(bytes(20_000_000)))]

            with self.subTest(timeout=timeout):
                self.both(body)

    def test_a_partial_write_goes_on(self) -> None:
        def body(module: Any, sock: Any, peer: Any) -> Any:
            """Each time that sendall() would block it raises; send() says how much went."""
            sock.setblocking(False)
            data, sent, got = bytes(range(256)) * 40_000, 0, bytearray()
            while sent < len(data):
                with contextlib.suppress(module.SSLWantWriteError):
                    sent += sock.send(memoryview(data)[sent:])
                    continue
                got += peer.recv(1 << 20)
            while len(got) < len(data):
                got += peer.recv(1 << 20)
            return got == data, sock.sendall(b"end"), peer.recv(10)

        self.assertEqual(self.both(body), (True, None, b"end"))

    def test_no_error_stays_in_a_cycle(self) -> None:
        with joined(ssl, suppress_ragged_eofs=False) as (sock, peer):
            os.close(peer.detach())
            gc.collect()
            gc.disable()
            self.addCleanup(gc.enable)
            try:
                sock.recv(10)
            except ssl.SSLEOFError as e:
                self.assertIsNone(e.__context__)
                reference = weakref.ref(e)
            self.assertIsNone(reference())

    def test_a_connection_of_another_kind(self) -> None:
        class Fake:
            def read(self, *arguments: Any) -> Any:
                return "read", arguments

            def write(self, *arguments: Any) -> Any:
                return "write", bytes(*arguments)

        def body(_module: Any, sock: Any, _peer: Any) -> Any:
            real, sock._sslobj = sock._sslobj, Fake()
            found = [sock.recv(3), sock.recv_into(bytearray(3)), sock.send(b"x"), sock.read(1), sock.write(b"y")]
            del sock._sslobj
            found += [said(lambda: sock.recv(3)), said(lambda: sock.sendall(b"x"))]
            sock._sslobj = real
            return found

        self.both(body)


class TestOverrides(Case):
    """ssl.py calls methods of the object: whoever has put others there must be called."""

    def use(self, sock: Any, peer: Any) -> Any:
        peer.sendall(b"0123456789")
        found = [sock.recv(2), sock.recv_into(bytearray(2)), sock.recv_into(memoryview(bytearray(2))), sock.read(1)]
        found += [sock.sendall(b"ab"), sock.sendall(bytearray(b"cd")), sock.send(b"ef"), sock.write(b"gh")]
        sock.setblocking(True)
        return [*map(repr, found), peer.recv(100)]

    def test_on_a_class(self) -> None:
        calls: list[Any] = []

        def noted(name: str) -> Callable[[Any], Any]:
            def derive(module: Any) -> Any:
                base = module.SSLContext.sslsocket_class

                def method(self: Any, *arguments: Any) -> Any:
                    calls.append(name)
                    return getattr(super(cls, self), name)(*arguments)

                cls = type("Derived", (base,), {name: method})
                return cls

            return derive

        def body(_module: Any, sock: Any, peer: Any) -> Any:
            calls.clear()
            return self.use(sock, peer), calls.copy()

        for name in (*METHODS, "_checkClosed"):
            with self.subTest(name):
                _, called = self.both(body, noted(name))
                self.assertTrue(called)

    def test_that_finds_its_attributes_in_a_way_of_its_own(self) -> None:
        def derive(module: Any) -> Any:
            class Derived(module.SSLContext.sslsocket_class):  # type: ignore[misc]
                def __getattribute__(self, name: str) -> Any:
                    if name == "read" and vars(type(self)).get("strict"):
                        return lambda *arguments: ("read", len(arguments))
                    return super().__getattribute__(name)

            return Derived

        def body(_module: Any, sock: Any, peer: Any) -> Any:
            type(sock).strict = True
            return self.use(sock, peer)

        self.assertEqual(self.both(body, derive)[0], "('read', 1)")

    def test_on_an_instance(self) -> None:
        for name in (*METHODS, "_checkClosed"):

            def body(_module: Any, sock: Any, peer: Any, name: str = name) -> Any:
                calls: list[Any] = []
                before = getattr(sock, name)

                def method(*arguments: Any, **keywords: Any) -> Any:
                    calls.append(arguments)
                    return before(*arguments, **keywords)

                setattr(sock, name, method)
                found = self.use(sock, peer)
                delattr(sock, name)
                return found, len(calls), self.use(sock, peer)

            with self.subTest(name):
                self.assertTrue(self.both(body)[1])

    def test_on_an_instance_by_another_one_s_method(self) -> None:
        def body(module: Any, sock: Any, peer: Any) -> Any:
            with joined(module) as (other, far):
                sock.read, sock.send = other.read, other.send
                far.sendall(b"from afar")
                peer.sendall(b"from here")
                sock.sendall(b"there")
                return [sock.recv(100), far.recv(100)]

        self.assertEqual(self.both(body), [b"from afar", b"there"])

    def test_by_a_mock(self) -> None:
        for name in (*METHODS, "_checkClosed"):

            def body(module: Any, sock: Any, peer: Any, name: str = name) -> Any:
                peer.sendall(b"0123456789")
                with mock.patch.object(module.SSLSocket, name) as method:
                    method.return_value = 2
                    found = [
                        sock.recv(2),
                        sock.recv_into(bytearray(2)),
                        sock.read(1),
                        sock.sendall(b"ab"),
                        sock.send(b"c"),
                    ]
                    return found, sock.write(b"d"), method.call_count

            with self.subTest(name):
                self.both(body)
                self.both(lambda _module, sock, peer: self.use(sock, peer))

    def test_a_mock_that_was_there_before_the_first_connection(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", f"""
import socket
from unittest import mock
from gossl import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
before = dict(vars(ssl.SSLSocket))
with mock.patch.object(ssl.SSLSocket, "read", return_value=b"mocked") as read:
    sock = context.wrap_socket(socket.socketpair()[0], do_handshake_on_connect=False)
    assert sock.recv(7) == b"mocked" and read.call_args_list == [mock.call(7)], read.call_args_list
assert ssl.SSLSocket.read is before["read"]
other = context.wrap_socket(socket.socketpair()[0], do_handshake_on_connect=False)
if {MARK!r} in vars(ssl.SSLSocket):
    assert vars(ssl.SSLSocket)[{MARK!r}][0]["read"] is before["read"]
"""], capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        self.assertEqual(done.stderr, "")


class TestMethods(Case):
    def setUp(self) -> None:
        with joined(ssl):
            pass
        self.changed = MARK in vars(ssl.SSLSocket)

    def test_they_are_changed(self) -> None:
        if _lib.library().builtins:
            self.assertTrue(self.changed)
            for name in METHODS:
                self.assertEqual(type(vars(ssl.SSLSocket)[name]), type(bytes.join), name)

    def test_they_look_as_before(self) -> None:
        if not self.changed:
            self.skipTest("ssl.py's own methods")
        for name, original in vars(ssl.SSLSocket)[MARK][0].items():
            method = getattr(ssl.SSLSocket, name)
            for fact in ("__name__", "__qualname__"):
                self.assertEqual(getattr(method, fact), getattr(original, fact))
            self.assertEqual(*(inspect.cleandoc(found.__doc__ or "") for found in (method, original)))
            signature = inspect.signature(original)
            self.assertEqual(str(inspect.signature(method)).replace("self, /", "self"), str(signature))
            bound = signature.replace(parameters=list(signature.parameters.values())[1:])
            self.assertEqual(inspect.signature(getattr(ssl.SSLSocket.__new__(ssl.SSLSocket), name)), bound)

    def test_a_mock_of_the_class(self) -> None:
        def body(module: Any, _sock: Any, _peer: Any) -> Any:
            fake = mock.create_autospec(module.SSLSocket, instance=True)
            fake.recv.return_value = b"x"
            fake.sendall.return_value = fake.send.return_value = 5
            return [fake.recv(10), fake.recv(), fake.recv(buflen=3), fake.sendall(b"x"), fake.send(b"x", flags=0)]

        self.assertEqual(self.both(body), [b"x", b"x", b"x", 5, 5])

    def test_wrong_objects_are_refused(self) -> None:
        for name in METHODS:
            with self.assertRaises((TypeError, AttributeError)):
                getattr(ssl.SSLSocket, name)(socket.socket.__new__(socket.socket), b"x")
        bare = ssl.SSLSocket.__new__(ssl.SSLSocket)
        for name in METHODS:
            with self.assertRaises((OSError, ValueError, AttributeError)):
                getattr(bare, name)(*([1] if name in ("recv", "read") else [bytearray(1)]))

    def test_they_outlive_being_put_back(self) -> None:
        with joined(ssl) as (sock, peer):
            recv, sendall = sock.recv, peer.sendall
            _front.put_back()
            self.assertNotIn(MARK, vars(ssl.SSLSocket))
            sendall(b"data", flags=0)
            sendall(b"more")
            self.assertEqual([recv(4), recv(buflen=100)], [b"data", b"more"])
            sock.recv = recv
            peer.sendall(b"and more")
            self.assertEqual(sock.recv(100), b"and more")
        with joined(ssl) as (sock, peer):
            peer.sendall(b"again")
            self.assertEqual(sock.recv(100), b"again")
            self.assertEqual(MARK in vars(ssl.SSLSocket), self.changed)


class TestManyClasses(unittest.TestCase):
    def test_a_class_that_is_gone_leaves_its_place_to_others(self) -> None:
        """More than there are places, each by executing ssl.py anew."""
        done = subprocess.run(
            [sys.executable, "-c", f"""
import gc, socket, sys, weakref
from gossl import _install, _lib, ssl
def use(module):
    context = module.SSLContext(module.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.wrap_socket(socket.socketpair()[0], do_handshake_on_connect=False).close()
    assert {MARK!r} in vars(module.SSLSocket)
    return weakref.ref(module.SSLSocket)
use(ssl)
if _lib.library().builtins and 't' not in sys.abiflags:
    references = [use(_install._make()) for _ in range(150) if gc.collect() >= 0]
    assert sum(reference() is not None for reference in references) <= 2
"""], capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        self.assertEqual(done.stderr, "")


LATE = f"""
import socket, ssl, threading
from unittest import mock
import gossl
before = dict(vars(ssl.SSLSocket))
def joined():
    client = ssl.create_default_context(cafile={str(AUTHORITY.cert)!r})
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain({str(LEAF.cert)!r}, {str(LEAF.key)!r})
    a, b = socket.socketpair()
    peer = server.wrap_socket(b, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=peer.do_handshake)
    thread.start()
    sock = client.wrap_socket(a, server_hostname="localhost")
    thread.join()
    return client, sock, peer
def use(pair):
    _, sock, peer = pair
    sock.sendall(b"data")
    assert peer.recv(100) == b"data"
    room = bytearray(10)
    peer.send(b"back")
    assert sock.recv_into(room) == 4 and room[:4] == b"back"
def is_changed():
    now = dict(vars(ssl.SSLSocket))
    assert (now == before) == all(now[name] is before[name] for name in {METHODS!r})
    return now != before
old = joined()
gossl.install()
"""


@unittest.skipUnless(stock, "no ssl module of the interpreter's own")
class TestLate(unittest.TestCase):
    def run_code(self, code: str) -> None:
        done = subprocess.run(
            [sys.executable, "-c", LATE + code], capture_output=True, text=True, timeout=60, check=False, env=os.environ
        )
        self.assertEqual(done.stderr, "")

    def test_the_interpreter_s_own_class_is_changed_and_put_back(self) -> None:
        self.run_code("""
assert not is_changed()
new = joined()
changed = is_changed()
assert changed or not gossl.status().binding == "builtins"
use(old), use(new)
gossl.uninstall()
assert not is_changed()
use(old), use(new)
context = new[0]
again = context.wrap_socket(socket.socket(), server_hostname="localhost")
assert not is_changed()
use(joined())
assert not is_changed()
gossl.install()
use(joined()), use(old), use(new)
assert is_changed() == changed
gossl.uninstall()
assert not is_changed()
""")

    def test_a_mock_meanwhile(self) -> None:
        self.run_code("""
new = joined()
with mock.patch.object(ssl.SSLSocket, "read", return_value=b"mocked"):
    assert new[1].recv(10) == b"mocked"
    gossl.uninstall()
    assert new[1].recv(10) == b"mocked"
    for name in ("recv", "send", "sendall"):
        assert vars(ssl.SSLSocket)[name] is before[name]
use(old), use(new)
new[2].send(b"data")
assert new[1].read(10) == b"data"
""")


@unittest.skipIf(os.environ.get("GOSSL_BINDING") == "ctypes", "this is it")
class TestByCtypes(unittest.TestCase):
    def test_all_of_this_by_plain_ctypes(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "unittest", Path(__file__).stem],
            cwd=Path(__file__).parent, env={**os.environ, "GOSSL_BINDING": "ctypes"},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
