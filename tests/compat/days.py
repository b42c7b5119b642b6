"""Dates, in the zone of the server under test."""
import datetime


def day(days):
    """The date so many days from now."""
    return str(datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=days))
