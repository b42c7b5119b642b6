"""A database of a test's own, on the PostgreSQL that COUPONRY_TEST_DATABASE_URL names."""
import os
import pathlib
import subprocess
import uuid

ROOT = pathlib.Path(__file__).parents[3]


class Database:
    def __init__(self):
        self._maintenance = os.environ["COUPONRY_TEST_DATABASE_URL"]
        self._name = f"compat_{uuid.uuid4().hex}"
        self._psql = _psql()
        # Some databases need more than `create database`: deploy/dev/citus-database.sh.
        self._program = os.environ.get("COUPONRY_TEST_DATABASE_PROGRAM")
        if self._program:
            subprocess.run([self._program, "create", self._name], check=True, timeout=120)
        else:
            self._run(f'create database "{self._name}"')
        self.direct_url = self._of(self._maintenance)
        # deploy/dev/with-pooler.sh: a connection pooler is before the server.
        pooler = os.environ.get("COUPONRY_TEST_POOLER_URL")
        self.url = self._of(pooler) if pooler else self.direct_url
        self.settings = {"DATABASE_URL": self.url}
        if pooler:
            self.settings["COUPONRY_DATABASE_DIRECT_URL"] = self.direct_url
            # What the pooler does not pass on: docs/OPERATIONS.md.
            for setting in ("statement_timeout = '70s'", "client_connection_check_interval = '1s'"):
                self._run(f'alter role current_user in database "{self._name}" set {setting}')
        # deploy/dev/upgrade.sh: the schema is a later program's than the one that is tested.
        if later := os.environ.get("COUPONRY_LATER_BINARY"):
            surroundings = {name: value for name, value in os.environ.items() if not name.startswith("COUPONRY_")}
            environment = {**surroundings, "DATABASE_URL": self.direct_url}
            subprocess.run([later, "migrate"], env=environment, check=True, timeout=60)

    def _of(self, server):
        before, mark, query = server.partition("?")
        return before.rpartition("/")[0] + "/" + self._name + mark + query

    def drop(self):
        if self._program:
            subprocess.run([self._program, "drop", self._name], check=True, timeout=120)
        else:
            self._run(f'drop database "{self._name}" with (force)')

    def _run(self, sql):
        command = [self._psql, self._maintenance, "--no-psqlrc", "--quiet", "--command", sql]
        subprocess.run(command, check=True, timeout=60)


def _psql():
    programs = subprocess.run([ROOT / "deploy/dev/postgres-programs.sh"], check=True, capture_output=True, text=True)
    # The client is not always where the server's programs are.
    beside = os.path.join(programs.stdout.strip(), "psql")
    return beside if os.access(beside, os.X_OK) else "psql"
