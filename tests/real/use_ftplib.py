"""ftplib with pyftpdlib, whose TLS is pyOpenSSL: control and data connections."""

import ftplib
import io
import tempfile
import threading

from support import CA, FILES, HOST, KINDS, NAME, PATIENCE, client_context, expect, main


def serve(ready):
    from OpenSSL import SSL
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import ThreadedFTPServer

    ports = {}
    for kind in KINDS:
        files = FILES[kind]
        authorizer = DummyAuthorizer()
        authorizer.add_user("user", "12345", tempfile.mkdtemp(), perm="elradfmwMT")
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_chain_file(files.cert)
        context.use_privatekey_file(files.key)
        if files.clients:
            context.load_verify_locations(CA)
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        names = {
            "authorizer": authorizer, "ssl_context": context, "certfile": files.cert,
            "tls_control_required": True, "tls_data_required": True,
        }  # fmt: skip
        handler = type("Handler", (TLS_FTPHandler,), names)
        # A loop of its own: the one that they would share is not for several threads.
        server = ThreadedFTPServer(("127.0.0.1", 0), handler, ioloop=IOLoop())
        ports[kind] = server.address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ready(ports)
    threading.Event().wait()


def fetch(port, certificate):
    data = NAME.encode() * 10000
    with ftplib.FTP_TLS(context=client_context(certificate), timeout=PATIENCE) as client:
        client.connect(HOST, port)
        client.login("user", "12345")
        client.prot_p()
        client.storbinary("STOR file", io.BytesIO(data))
        back = bytearray()
        client.retrbinary("RETR file", back.extend)
        expect(str(back == data), "True")
        return f"{client.sock.version()} {NAME if certificate else '-'}"


main(serve, fetch)
