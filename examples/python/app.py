"""A small shop's server whose customers upload pictures: a page that the server
fills in, and the same by a JSON endpoint, for pages that ask for their policy.
The app's secret never leaves this program. Python 3.9 and its library suffice."""

import base64
import hashlib
import hmac
import html
import json
import os
import sys
import time
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template

# Where Stowgate is, and the app that files belong to: stowgate app create shop
STOWGATE = os.environ.get("STOWGATE_URL", "http://127.0.0.1:8080")
KEY = os.environ.get("STOWGATE_KEY")
SECRET = os.environ.get("STOWGATE_SECRET")

HERE = Path(__file__).parent


def sign(policy, secret):
    """Return a policy as clients send it, and its signature."""
    encoded = base64.urlsafe_b64encode(json.dumps(policy).encode())
    signature = hmac.new(secret.encode(), encoded, hashlib.sha256).hexdigest()
    return {"policy": encoded.decode(), "signature": signature}


def credentials():
    """Sign a policy for whoever asks. Here a real server looks who that is, and
    refuses strangers."""
    policy = {
        "expiry": int(time.time()) + 15 * 60,
        "call": ["pick", "store", "read", "convert"],
        "path": "/customers/",
        "maxSize": 20 * 1024 * 1024,
    }
    return {"base": STOWGATE, "apikey": KEY, **sign(policy, SECRET)}


class Shop(SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=str(HERE))

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/":
            page = Template((HERE / "page.html").read_text())
            self.answer("text/html; charset=utf-8", page.substitute({k: html.escape(v) for k, v in credentials().items()}))
        elif path == "/get-filestack-credentials":
            self.answer("application/json", json.dumps(credentials()))
        elif path.startswith("/static/"):
            super().do_GET()
        else:
            self.send_error(404)

    def answer(self, media, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    if not KEY or not SECRET:
        sys.exit("set STOWGATE_KEY and STOWGATE_SECRET to what `stowgate app create shop` prints")
    host, _, port = os.environ.get("LISTEN", "127.0.0.1:8000").rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Shop)
    print(f"http://{host}:{server.server_port}", flush=True)
    server.serve_forever()
