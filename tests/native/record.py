"""By hand: records what a client sends to NOMAD's API, as it sends it, for `recorded/`.

    gateway demo --port 8090
    python -m tests.native.record http://127.0.0.1:8090 8091 recorded/archive-query-2.0.json "nomad-lab 2.0.0"

and the client is pointed to port 8091, e.g. ArchiveQuery(url="http://127.0.0.1:8091/api", results_max=25,
page_size=15). Ctrl-C ends it; the file is complete after each request.
"""  # noqa: E501

import http.client
import http.server
import sys
from pathlib import Path
from urllib.parse import urlsplit

import orjson

CONNECTION = ("host", "connection", "content-length", "accept-encoding")
"""Headers of the connection, which are not passed on."""


def main() -> None:
    gateway, port, path, client = sys.argv[1:]
    requests: list[dict[str, object]] = []

    class Recorder(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            del headers["host"]
            sent = {"method": self.command, "target": self.path, "headers": headers}
            requests.append({**sent, "body": body.decode()})
            reported = orjson.dumps(
                {"client": client, "requests": requests}, option=orjson.OPT_INDENT_2
            )
            Path(path).write_bytes(reported)
            line = http.client.HTTPConnection(urlsplit(gateway).netloc, timeout=300)
            passed = {name: value for name, value in headers.items() if name not in CONNECTION}
            line.request(self.command, self.path, body=body or None, headers=passed)
            answer = line.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("content-type", answer.headers.get("content-type", ""))
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = pass_on  # noqa: N815

    http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Recorder).serve_forever()


if __name__ == "__main__":
    main()
