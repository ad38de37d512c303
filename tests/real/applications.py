"""What the web servers of this directory serve: applications for WSGI, ASGI and Flask that say "served"."""


def wsgi(_environment, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"served"]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        for answer in ("lifespan.startup.complete", "lifespan.shutdown.complete"):
            await receive()
            await send({"type": answer})
        return
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"6")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"served"})


def flask_application():
    from flask import Flask

    application = Flask(__name__)
    application.add_url_rule("/", view_func=lambda: "served")
    return application
