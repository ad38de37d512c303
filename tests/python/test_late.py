"""gossl.install() in a program that has imported ssl already."""

import os
import subprocess
import sys
import unittest

from support import AUTHORITY, CLIENT, LEAF

BEGIN = f"""
import gc, socket, ssl, sys, threading, warnings
from ssl import SSLContext, create_default_context
CA, CERT, KEY = {str(AUTHORITY.cert)!r}, {str(LEAF.cert)!r}, {str(LEAF.key)!r}
CLIENT = {str(CLIENT.cert)!r}, {str(CLIENT.key)!r}

class Derived(SSLContext):
    loaded = 0
    def load_cert_chain(self, *arguments):
        Derived.loaded += 1
        super().load_cert_chain(*arguments)

old = ssl.create_default_context(cafile=CA)
before = dict(vars(ssl.SSLContext)), ssl.OPENSSL_VERSION

import gossl
from gossl._socket import _SSLSocket as Ours

def server(cls=ssl.SSLContext):
    context = cls(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERT, KEY)
    return context

def handshake(client, server, name="localhost", **more):
    '''Over the MemoryBIOs of the ssl module, as asyncio.'''
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    pair = client.wrap_bio(a, b, server_hostname=name, **more), server.wrap_bio(b, a, server_side=True)
    for _ in range(10):
        for side in pair:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
    pair[0].write(b"x" * 100000)
    got = b""
    while len(got) < 100000:
        got += pair[1].read(100000)
    return pair

def ours(thing):
    return type(thing._sslobj) is Ours

def refused(client, server, name="localhost", how=ssl.SSLCertVerificationError):
    try:
        handshake(client, server, name)
    except how as e:
        return e
    raise AssertionError("not refused")
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", BEGIN + code],
        capture_output=True, text=True, timeout=60, check=False, env=os.environ,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout.strip()


class TestLate(unittest.TestCase):
    def test_what_is_made_from_then_on_is_ours_and_what_exists_stays(self) -> None:
        code = """
gossl.install()
new = create_default_context(cafile=CA)
derived = server(Derived)
assert Derived.loaded == 1
for client in (new, old):
    assert isinstance(client, SSLContext) and type(client) is ssl.SSLContext
    for side in (server(), derived):
        pair = handshake(client, side)
        assert ours(pair[0]) == (client is new), client
        assert ours(pair[1]) and pair[0].version() == "TLSv1.3" and pair[0].getpeercert()["subject"]
        assert pair[1].context is side and pair[0].context is client
assert "gossl" in ssl.OPENSSL_VERSION
status = gossl.status()
assert status.mode == "late" and "class ssl.SSLContext" in status.switched, status
assert "context __main__.old" in status.openssl and not any("new" in s for s in status.openssl), status
"""
        run(code)

    def test_uninstall_puts_everything_back_and_what_was_made_goes_on(self) -> None:
        code = """
for _ in range(2):
    gossl.install()
    gossl.install()
    made = ssl.create_default_context(cafile=CA), server()
    gossl.uninstall()
    assert vars(SSLContext)["__new__"] is before[0]["__new__"] and ssl.OPENSSL_VERSION == before[1]
    pair = handshake(*made)
    assert ours(pair[0]) and ours(pair[1])
    pair = handshake(ssl.create_default_context(cafile=CA), server())
    assert not ours(pair[0]) and not ours(pair[1])
    del made, pair
    gc.collect()
    assert dict(vars(SSLContext)) == before[0], set(vars(SSLContext)) ^ set(before[0])
assert not gossl.status().installed and not gossl.status().switched
"""
        run(code)

    def test_settings_are_honoured_whichever_way_they_are_made(self) -> None:
        code = """
gossl.install()
base = ssl._ssl._SSLContext
client = ssl.create_default_context(cafile=CA)
refused(client, server(), "other")
client.check_hostname = False
handshake(client, server(), "other")
client.check_hostname = True
# As truststore and gevent: past ssl.SSLContext.
base.maximum_version.__set__(client, ssl.TLSVersion.TLSv1_2)
assert handshake(client, server())[0].version() == "TLSv1.2"
base.options.__set__(client, client.options | ssl.OP_NO_TLSv1_2)
base.minimum_version.__set__(client, ssl.TLSVersion.TLSv1_2)
refused(client, server(), how=ssl.SSLError)
stranger = ssl.create_default_context(cafile=CLIENT[0])
refused(stranger, server())
base.check_hostname.__set__(stranger, False)
base.verify_mode.__set__(stranger, ssl.CERT_NONE)
handshake(stranger, server())
wary = server()
wary.verify_mode = ssl.CERT_REQUIRED
wary.load_verify_locations(CA)
client = ssl.create_default_context(cafile=CA)
refused(client, wary, how=ssl.SSLError)
client.load_cert_chain(*CLIENT)
assert handshake(client, wary)[1].getpeercert()["subject"] == ((("commonName", "client"),),)
client.set_alpn_protocols(["a", "b"]); wary.set_alpn_protocols(["b"])
assert handshake(client, wary)[1].selected_alpn_protocol() == "b"
assert [c["name"] for c in client.get_ciphers()] and len(client.get_ca_certs()) == 1
client.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
assert "CRL" in str(refused(client, wary)), refused(client, wary)
"""
        run(code)

    def test_callbacks_sessions_and_other_contexts(self) -> None:
        code = """
gossl.install()
side, other, seen = server(), server(), []
def choose(connection, name, context):
    seen.append((name, context is side))
    connection.context = other
    assert connection.context is other
side.set_servername_callback(choose)
client = ssl.create_default_context(cafile=CA)
client.maximum_version = ssl.TLSVersion.TLSv1_2
first = handshake(client, side)
assert seen == [("localhost", True)] and first[1].context is other
assert handshake(client, server(), session=None)[0].session is not None
side.set_servername_callback(None)
first = handshake(client, side)
assert handshake(client, side, session=first[0].session)[0].session_reused
events = []
client._msg_callback = lambda *a: events.append(a[1])
handshake(client, side)
assert {"read", "write"} <= set(events)
def switch(connection, name, context):
    connection.context = old
side.sni_callback = switch
noted = []
sys.unraisablehook = noted.append
refused(ssl.create_default_context(cafile=CA), side, how=ssl.SSLError)
assert isinstance(noted[0].exc_value, TypeError), noted
"""
        run(code)

    def test_another_class_of_that_name_makes_no_recursion(self) -> None:
        code = """
gossl.install()
mine = ssl.create_default_context(cafile=CA)
class Injected(ssl.SSLContext):
    @property
    def options(self):
        return super().options
    @options.setter
    def options(self, value):
        super(SSLContext, SSLContext).options.__set__(self, value)
ssl.SSLContext = Injected
for context in (mine, old, ssl.create_default_context(cafile=CA)):
    context.options |= ssl.OP_NO_TICKET
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    assert context.options & ssl.OP_NO_TICKET
ssl.SSLContext = SSLContext
"""
        run(code)

    def test_another_class_of_that_name_makes_no_recursion_after_uninstall(self) -> None:
        """Nor may it matter whether a context of ours has been collected yet."""
        code = """
class Injected(ssl.SSLContext):
    pass
def set_all(context):
    context.options |= ssl.OP_NO_TICKET
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    assert context.options & ssl.OP_NO_TICKET and context.minimum_version == ssl.TLSVersion.TLSv1_2
for _ in range(2):  # as truststore, before and after install()
    gossl.install()
    ssl.SSLContext = Injected
    mine = create_default_context(cafile=CA)
    gossl.uninstall()
    for context in (mine, old, SSLContext(ssl.PROTOCOL_TLS_CLIENT)):
        set_all(context)
    del mine, context
    gc.collect()
    for context in (old, SSLContext(ssl.PROTOCOL_TLS_CLIENT)):
        set_all(context)
        assert not ours(context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost"))
gossl.install()
pair = handshake(create_default_context(cafile=CA), server(SSLContext))
assert ours(pair[0]) and ours(pair[1])
ssl.SSLContext = SSLContext
gossl.uninstall()
del pair
gc.collect()
assert dict(vars(SSLContext)) == before[0], set(vars(SSLContext)) ^ set(before[0])
"""
        run(code)

    def test_warnings_point_at_the_caller(self) -> None:
        code = """
def warned(*arguments):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        ssl.SSLContext(*arguments)
    return [(w.filename, str(w.message)) for w in found]
stock = [warned(), warned(ssl.PROTOCOL_TLSv1_2)]
gossl.install()
assert [warned(), warned(ssl.PROTOCOL_TLSv1_2)] == stock and stock[0][0][0] == "<string>", stock
"""
        run(code)

    def test_asyncio(self) -> None:
        code = """
import asyncio
gossl.install()
async def main():
    async def serve(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
    beside = gossl.ssl.create_default_context(cafile=CA), gossl.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    beside[1].load_cert_chain(CERT, KEY)
    for client, side in ((create_default_context(cafile=CA), server()), beside):
        listener = await asyncio.start_server(serve, "localhost", 0, ssl=side)
        port = listener.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("localhost", port, ssl=client)
        found = writer.get_extra_info("ssl_object")
        assert ours(found) and isinstance(found, ssl.SSLObject), found
        writer.write(b"hello\\n")
        assert await reader.read() == b"hello\\n"
        writer.close()
        await writer.wait_closed()
        try:
            await asyncio.open_connection("localhost", port, ssl=client, server_hostname="x")
        except ssl.SSLCertVerificationError as e:
            assert "Hostname mismatch" in str(e)
        else:
            raise AssertionError("not refused")
        # STARTTLS, which asks isinstance(context, ssl.SSLContext).
        reader, writer = await asyncio.open_connection("localhost", port)
        if sys.version_info >= (3, 11):
            await writer.start_tls(client, server_hostname="localhost")
            writer.write(b"hello\\n")
            assert await reader.read() == b"hello\\n"
        writer.close()
        listener.close()
asyncio.run(main())
"""
        run(code)

    def test_records_are_left_in_the_bio_until_they_are_read(self) -> None:
        """uvloop stops reading when nothing is pending in either."""
        code = """
def records(client, side, a, b):
    client.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # which contexts have up to Python 3.11.3
    pair = client.wrap_bio(a, b, server_hostname="localhost"), side.wrap_bio(b, a, server_side=True)
    for _ in range(10):
        for one in pair:
            try:
                one.do_handshake()
            except ssl.SSLWantReadError:
                pass
    try:
        pair[0].read()
    except ssl.SSLWantReadError:  # the tickets
        pass
    for data in (b"one", b"two", b"three"):
        pair[1].write(data)
    whole, got = a.read(), []
    for i in range(len(whole)):
        a.write(whole[i : i + 1])
        while a.pending:
            try:
                got.append(pair[0].read(2) + pair[0].read(pair[0].pending()))
            except ssl.SSLWantReadError:
                break
    assert got == [b"one", b"two", b"three"], got
    for data in (b"one", b"two"):
        pair[1].write(data)
    left = [a.pending]
    for data in (b"one", b"two"):
        assert pair[0].read() == data
        left.append(a.pending)
    assert left[0] > left[1] > left[2] == 0, left
    pair[1].write(b"x")
    a.write_eof()
    assert pair[0].read() == b"x"
    try:
        pair[0].read()
    except ssl.SSLEOFError:
        return
    raise AssertionError("no end")
gossl.install()
records(create_default_context(cafile=CA), server(), ssl.MemoryBIO(), ssl.MemoryBIO())
beside = gossl.ssl.create_default_context(cafile=CA), gossl.ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
beside[1].load_cert_chain(CERT, KEY)
for make in (gossl.ssl.MemoryBIO, ssl.MemoryBIO):
    records(*beside, make(), make())
"""
        run(code)

    def test_connections_by_sockets(self) -> None:
        code = """
gossl.install()
def connect(client, side):
    listener = socket.create_server(("localhost", 0))
    def serve():
        with listener, listener.accept()[0] as plain, side.wrap_socket(plain, server_side=True) as s:
            s.sendall(s.recv(100))
    thread = threading.Thread(target=serve)
    thread.start()
    with socket.create_connection(listener.getsockname()) as plain:
        with client.wrap_socket(plain, server_hostname="localhost") as s:
            s.sendall(b"hello")
            assert s.recv(100) == b"hello" and s.recv(100) == b""
            result = ours(s), isinstance(s, ssl.SSLSocket), s.context is client
    thread.join()
    return result
assert connect(ssl.create_default_context(cafile=CA), server()) == (True, True, True)
assert connect(old, server()) == (False, True, True)
beside = gossl.ssl.create_default_context(cafile=CA)
assert isinstance(beside, ssl.SSLContext) and isinstance(beside, gossl.ssl.SSLContext)
assert connect(beside, server()) == (True, True, True)
import http.client, urllib.request
urllib.request.HTTPSHandler(context=beside)
http.client.HTTPSConnection("localhost", context=beside)
"""
        run(code)


if __name__ == "__main__":
    unittest.main()
