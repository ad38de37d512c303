"""pymongo. Neither Debian nor PyPI has a MongoDB: the peer is a stand-in that answers hello and ping (OP_MSG)."""

import struct
import threading

from support import CA, HOST, KINDS, NAME, PATIENCE, free_port, main, server_context


def serve(ready):
    import socketserver

    import bson

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            context = self.server.context
            try:
                with context.wrap_socket(self.request, server_side=True) as connection:
                    while answer(connection):
                        pass
            except OSError:
                pass

    def answer(connection):
        # https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
        stream = connection.makefile("rb")
        head = stream.read(16)
        if len(head) < 16:
            return False
        length, request, _, opcode = struct.unpack("<iiii", head)
        body = stream.read(length - 16)
        hello = {
            "ok": 1.0, "isWritablePrimary": True, "helloOk": True, "minWireVersion": 0, "maxWireVersion": 21,
            "maxBsonObjectSize": 1 << 24, "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 100000,
        }  # fmt: skip
        if opcode == 2004:  # OP_QUERY, of the first hello
            reply = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(hello)
            code = 1
        else:
            wanted = bson.decode(body[5:])
            reply = struct.pack("<iB", 0, 0) + bson.encode({"ok": 1.0} if "ping" in wanted else hello)
            code = 2013
        connection.sendall(struct.pack("<iiii", 16 + len(reply), 1, request, code) + reply)
        return True

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    ports = {}
    for kind in KINDS:
        ports[kind] = free_port()
        server = Server(("127.0.0.1", ports[kind]), Handler)
        server.context = server_context(kind)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ready(ports)
    threading.Event().wait()


def fetch(port, certificate):
    import pymongo

    options = {}
    if certificate:
        with open("both.pem", "w") as both:
            for part in certificate:
                with open(part) as file:
                    both.write(file.read())
        options["tlsCertificateKeyFile"] = "both.pem"
    patience = int(PATIENCE * 1000 / 10)
    with pymongo.MongoClient(
        HOST, port, tls=True, tlsCAFile=CA, serverSelectionTimeoutMS=patience, directConnection=True, **options
    ) as client:
        if client.admin.command("ping")["ok"] != 1.0:
            raise AssertionError("no pong")
    return f"TLSv1 {NAME if certificate else '-'}"


main(serve, fetch)
