"""smtplib and aiosmtpd, client and server: SMTP over TLS, and STARTTLS."""

import smtplib
import threading

from support import HOST, KINDS, NAME, PATIENCE, client_context, expect, main, server_context, two_free_ports


def serve(ready):
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink

    ports = {}
    for kind in KINDS:
        # Beside each the same by STARTTLS, one port above.
        context, ports[kind] = server_context(kind), two_free_ports()
        Controller(Sink(), hostname="127.0.0.1", port=ports[kind], ssl_context=context).start()
        Controller(
            Sink(), hostname="127.0.0.1", port=ports[kind] + 1, tls_context=context, require_starttls=True
        ).start()
    ready(ports)
    threading.Event().wait()


def fetch(port, certificate):
    message = "Subject: x\r\n\r\n" + "line\r\n" * 10000
    with smtplib.SMTP_SSL(HOST, port, context=client_context(certificate), timeout=PATIENCE) as client:
        version = client.sock.version()
        client.sendmail("a@localhost", ["b@localhost"], message)
    with smtplib.SMTP(HOST, port + 1, timeout=PATIENCE) as client:
        client.starttls(context=client_context(certificate))
        expect(client.sock.version(), version)
        client.sendmail("a@localhost", ["b@localhost"], message)
    return f"{version} {NAME if certificate else '-'}"


main(serve, fetch)
