"""What a driver says, as one sentence: what went wrong, at which table, what to do; never with a password in it."""

from __future__ import annotations

import re

from toolkit.errors import DataError
from toolkit.language import later, tr
from toolkit.sources.databases.addresses import SourceTable, without_secrets

_KINDS = (
    (
        r"password authentication failed|no password supplied|Access denied for user .*(using password|to database)|Login failed|28P01"
        r"|\b28000\b|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|HTTP status client error \(40[13]"
        r"|\b40[13] (Forbidden|Unauthorized)",
        later("{source}: the database refused the user or the password; mend the address that {url} names."),
    ),
    (
        r"Can't open lib|Data source name not found|IM002|Driver's SQLAllocHandle",
        later("{source}: the ODBC driver is not installed or has another name ({said}); `odbcinst -q -d` lists those that are there."),
    ),
    (
        r"57P01|server closed the connection|connection to server was lost|terminating connection|Lost connection"
        r"|gone away|no connection to the server|\bSSL (SYSCALL|connection)|unexpected EOF|Connection reset|Broken pipe"
        r"|\b08S01\b|could not receive data",
        later("{source}: the connection broke off while rows were read; nothing was changed, run the command again."),
    ),
    (
        r"[Cc]onnection refused|[Cc]an't connect|could not translate host|Name or service not known|timed? ?out|No route to host|\b08001\b"
        r"|error sending request|dns error",
        later("{source}: the database does not answer ({said}); see that it runs and that the address is right."),
    ),
    (
        r"database \"[^\"]*\" does not exist|Unknown database|Cannot open database|3D000",
        later("{source}: there is no such database ({said}); mend the address that {url} names."),
    ),
    (
        r"permission denied|command denied|42501|\b1142\b|SELECT permission",
        later("{source}: the user may not read it ({said}); have the right to read granted."),
    ),
    (
        r"42P01|42S02|relation .* does not exist|no such table|Table with name|Table .* doesn't exist|Invalid object name|NoSuchTable",
        later("{source}: there is no such table ({said})."),
    ),
    (
        r"42703|42S22|column .* does not exist|no such column|Unknown column|Referenced column|Invalid column name",
        later("{source}: a column is not there ({said})."),
    ),
    (r"syntax error|42601|42000|Parser Error", later("{source}: the database cannot read the query ({said}).")),
    (
        r"too large to be written into the allocated buffer",
        later("{source}: a text is longer than can be read at once; leave that column out by a `query` of the columns that are needed."),
    ),
)
MOST_SAID = 300


class Unsaid(Exception):
    """A driver's own error: raised on by the openers, told by `told`."""


def told(error: BaseException | str, source: SourceTable, url: str = "", near: str = "") -> DataError:
    """Return the sentence for what a driver said of a table; `near` is the table that may have been meant."""
    text = str(error)
    said = _first_words(without_secrets(text, url))
    message = next((message for pattern, message in _KINDS if re.search(pattern, text)), None)
    if message is None:
        return DataError(tr("{source} cannot be read: {said}.", source=source, said=said))
    sentence = tr(message, source=source, said=said, url=without_secrets(source.url))
    return DataError(sentence + (" " + tr("Did you mean '{near}'?", near=near) if near else ""))


def told_of_writing(error: BaseException | str, target: SourceTable, url: str = "") -> DataError:
    """Return the sentence for what a driver said while a table was written."""
    text = str(error)
    if any(re.search(pattern, text) for pattern, _ in (_KINDS[0], _KINDS[1], _KINDS[3], _KINDS[4])):
        return told(error, target, url)
    said = _first_words(without_secrets(text, url))
    return DataError(tr("{target} cannot be written ({said}); it is as it was before.", target=target, said=said))


def is_missing_table(error: BaseException) -> bool:
    """Return whether a driver says that there is no such table."""
    return bool(re.search(_KINDS[6][0], str(error)))


def _first_words(text: str) -> str:
    """Return what a driver says without what it says around it: its own name, the query, the place in it."""
    text = re.sub(r"(?s)\s*(LINE \d+:|Query was:|\nquery:|\nHINT:|\nDETAIL:).*", "", text.strip())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    text = next((match[1] for line in lines if (match := re.search(r"Message: (.*)", line))), lines[0] if lines else "")
    text = re.sub(r"^(\w+: )?(\[[\w.\-+/ :]+\]\s*)+|^[A-Z_]+: ", "", text)
    text = re.sub(r"^.*?\b(ERROR|FATAL): +", "", re.sub(r"^Failed to (prepare|execute)( query)?: ", "", text))
    return text[:MOST_SAID].rstrip(". ")
