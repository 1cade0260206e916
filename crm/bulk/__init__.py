"""Many records in a fixed number of statements."""

from crm.bulk.batch import RowError
from crm.bulk.kinds import KINDS, Kind
from crm.bulk.rights import may_write
from crm.bulk.upserts import BulkResult, Feed, upsert

__all__ = ["KINDS", "BulkResult", "Feed", "Kind", "RowError", "may_write", "upsert"]
