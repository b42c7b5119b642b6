"""What the tests hold against each other: the server, and the peers that it talks to, each real."""
from .callback_receiver import CallbackReceiver
from .database import Database
from .file_host import FileHost
from .mail_host import Mail, MailHost, relay
from .server import Server
from .waiting import wait_for

__all__ = ["CallbackReceiver", "Database", "FileHost", "Mail", "MailHost", "Server", "relay", "wait_for"]
