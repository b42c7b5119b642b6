"""The mail relay, and the mails that came to it."""
import base64
import email
import email.policy
import json
import pathlib
import subprocess
import sys
import tempfile

from .processes import start
from .waiting import wait_for


class Mail:
    """A message as a mail program reads it, and its envelope."""

    def __init__(self, sender, recipients, content):
        self.sender, self.recipients, self.raw = sender, recipients, content
        self.message = email.message_from_bytes(content, policy=email.policy.default)

    @property
    def subject(self):
        return self.message["Subject"]

    def header_names(self):
        return sorted(name.lower() for name in self.message.keys())

    def text(self, subtype):
        """The text as `plain` or `html`."""
        return self.message.get_body([subtype]).get_content()

    def attachments(self):
        """The file name and the bytes of each."""
        return [(part.get_filename(), part.get_payload(decode=True)) for part in self.message.iter_attachments()]


def relay(port):
    """The settings with which a server sends its mails to this port."""
    return {"COUPONRY_SMTP_URL": f"smtp://127.0.0.1:{port}?tls=none",
            "COUPONRY_MAIL_FROM": "couponry <coupons@example.com>"}


class MailHost:
    def __init__(self, port=0):
        self._directory = tempfile.TemporaryDirectory(prefix="couponry-mails-")
        script = pathlib.Path(__file__).with_name("mail_server.py")
        self._process = start([sys.executable, script, self._directory.name, str(port)], stdout=subprocess.PIPE)
        self.port = int(self._process.stdout.readline())

    def mails_to(self, address):
        mails = (self._read(file) for file in sorted(pathlib.Path(self._directory.name).glob("*.json")))
        return [mail for mail in mails if address in mail.recipients]

    def wait_for_mails(self, address, number=1, patience=30):
        """The mails to the address, as soon as there are so many."""
        return wait_for(f"{number} mails to {address}",
                        lambda: len(mails := self.mails_to(address)) >= number and mails, patience)

    def wait_for_mail(self, address, about):
        """The first mail to the address whose subject begins so."""
        return wait_for(f"a mail “{about}…” to {address}", lambda: next(
            (mail for mail in self.mails_to(address) if mail.subject.startswith(about)), None))

    @staticmethod
    def _read(file):
        kept = json.loads(file.read_text())
        return Mail(kept["from"], kept["to"], base64.b64decode(kept["content"]))

    def stop(self):
        self._process.terminate()
        self._process.wait(10)
        self._directory.cleanup()
