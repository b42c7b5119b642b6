"""An SMTP server as a process: prints its port, then writes each message with its envelope to a file of the directory.

    python mail_server.py DIRECTORY [PORT]
"""
import asyncio
import base64
import json
import os
import sys

from aiosmtpd.smtp import SMTP


class Writer:
    def __init__(self, directory):
        self._directory, self._number = directory, 0

    async def handle_DATA(self, server, session, envelope):
        self._number += 1
        name = os.path.join(self._directory, f"{self._number:06}.json")
        with open(name + ".part", "w") as file:
            json.dump({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                       "content": base64.b64encode(envelope.original_content).decode()}, file)
        # Whole or not at all, for those who look meanwhile.
        os.rename(name + ".part", name)
        return "250 taken"


async def main(directory, port):
    writer = Writer(directory)
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(writer), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
