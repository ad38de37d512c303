"""cheroot with its adapter for ssl."""

import ssl
import threading

from support import FILES, HOST, fetch_served, main


def serve(ready):
    from applications import wsgi
    from cheroot.ssl.builtin import BuiltinSSLAdapter
    from cheroot.wsgi import Server

    ports = {}
    for kind in ("good", "mutual"):
        files, server = FILES[kind], Server((HOST, 0), wsgi)
        server.ssl_adapter = BuiltinSSLAdapter(files.cert, files.key, certificate_chain=files.clients)
        if files.clients:
            server.ssl_adapter.context.load_verify_locations(files.clients)
            server.ssl_adapter.context.verify_mode = ssl.CERT_REQUIRED
        server.prepare()
        ports[kind] = server.bind_addr[1]
        threading.Thread(target=server.serve, daemon=True).start()
    ready(ports)
    threading.Event().wait()


main(serve, fetch_served)
