"""What schemathesis has to be told about the API."""
import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def as_one_line(_context, value):
    """The document describes a line; one is a body too."""
    return json.dumps(value).encode() + b"\n"
