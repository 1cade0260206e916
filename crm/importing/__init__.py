"""Files of other systems, row by row into records."""

from crm.importing.mapping import MappingError
from crm.importing.readers import UnreadableFileError
from crm.importing.report import FileError, ImportReport
from crm.importing.runs import ImportOptions, import_file

__all__ = [
    "FileError",
    "ImportOptions",
    "ImportReport",
    "MappingError",
    "UnreadableFileError",
    "import_file",
]
