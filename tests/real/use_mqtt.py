"""paho-mqtt with mosquitto: a message that comes back."""

import os
import tempfile
import threading

from support import CA, FILES, HOST, KINDS, NAME, PATIENCE, expect, free_port, main, require, run_servers

require("mosquitto")


def serve(ready):
    ports = {kind: free_port() for kind in KINDS}
    lines = ["per_listener_settings true", f"user {os.environ.get('USER', 'root')}"]
    for kind in KINDS:
        files = FILES[kind]
        lines += [f"listener {ports[kind]} 127.0.0.1", "allow_anonymous true"]
        lines += [f"certfile {files.cert}", f"keyfile {files.key}"]
        if files.clients:
            lines += [f"cafile {files.clients}", "require_certificate true"]
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
        config.write("\n".join(lines) + "\n")
        config.flush()
        run_servers({"all": ["mosquitto", "-c", config.name]}, ports, ready)


def fetch(port, certificate):
    import paho.mqtt.client as mqtt

    came, subscribed, messages = threading.Event(), threading.Event(), []
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.tls_set(CA, *(certificate or ()))
    client.on_subscribe = lambda *_: subscribed.set()

    def take(_client, _data, message):
        messages.append(message.payload)
        came.set()

    client.on_message = take
    client.connect(HOST, port)
    client.loop_start()
    client.subscribe("topic", qos=1)
    expect(str(subscribed.wait(PATIENCE)), "True")
    client.publish("topic", NAME.encode() * 1000, qos=1)
    expect(str(came.wait(PATIENCE)), "True")
    version = client.socket().version()
    client.disconnect()
    client.loop_stop()
    expect(str(messages == [NAME.encode() * 1000]), "True")
    return f"{version} {NAME if certificate else '-'}"


main(serve, fetch)
