"""The store's tables and statements. A time of 0 means none."""

from __future__ import annotations

FORMAT = 2

SCHEMA = (
    """
    CREATE TABLE cells (
        hour INTEGER, address TEXT, name TEXT, connections INTEGER, departed INTEGER, at_once INTEGER,
        later INTEGER, delivered INTEGER, logged_in INTEGER, first_departed INTEGER, last_departed INTEGER,
        first_delivery INTEGER, first_after INTEGER, last_connection INTEGER, addresses INTEGER,
        PRIMARY KEY (hour, address)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE refusals (
        hour INTEGER, address TEXT, domain TEXT, cause TEXT, name TEXT, count INTEGER, deferred INTEGER,
        first INTEGER, last INTEGER, sender TEXT, said TEXT, grouped INTEGER,
        PRIMARY KEY (hour, address, domain, cause)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE passed (
        hour INTEGER, address TEXT, domain TEXT, count INTEGER, first INTEGER, last INTEGER,
        PRIMARY KEY (hour, address, domain)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE slots (
        hour INTEGER, connections INTEGER, at INTEGER, refused INTEGER, last_refused INTEGER,
        refused_of_address INTEGER, held TEXT, held_by REAL,
        PRIMARY KEY (hour)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT)",
    "PRAGMA user_version = 2",
)
DROP_EARLIER = tuple(f"DROP TABLE IF EXISTS {name}" for name in ("cells", "refusals", "passed", "notes"))
"""What an earlier format has: it is counted again."""

ADD_CELL = """
INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, address) DO UPDATE SET
    name = CASE excluded.name WHEN '' THEN name ELSE excluded.name END,
    connections = connections + excluded.connections,
    departed = departed + excluded.departed,
    at_once = at_once + excluded.at_once,
    later = later + excluded.later,
    delivered = delivered + excluded.delivered,
    logged_in = logged_in + excluded.logged_in,
    first_departed = CASE
        WHEN first_departed = 0 OR excluded.first_departed BETWEEN 1 AND first_departed
        THEN excluded.first_departed ELSE first_departed END,
    last_departed = max(last_departed, excluded.last_departed),
    first_delivery = CASE
        WHEN first_delivery = 0 OR excluded.first_delivery BETWEEN 1 AND first_delivery
        THEN excluded.first_delivery ELSE first_delivery END,
    first_after = CASE
        WHEN first_after > 0 THEN first_after
        WHEN first_departed > 0 AND excluded.first_delivery >= first_departed THEN excluded.first_delivery
        ELSE excluded.first_after END,
    last_connection = max(last_connection, excluded.last_connection),
    addresses = CASE address WHEN '' THEN addresses + excluded.addresses ELSE 1 END
"""
ADD_REFUSAL = """
INSERT INTO refusals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, address, domain, cause) DO UPDATE SET
    name = CASE WHEN excluded.last >= last THEN excluded.name ELSE name END,
    sender = CASE WHEN excluded.last >= last THEN excluded.sender ELSE sender END,
    said = CASE WHEN excluded.last >= last THEN excluded.said ELSE said END,
    count = count + excluded.count,
    deferred = deferred + excluded.deferred,
    first = min(first, excluded.first),
    last = max(last, excluded.last),
    grouped = CASE address WHEN '' THEN grouped + excluded.grouped ELSE 1 END
"""
ADD_PASSED = """
INSERT INTO passed VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, address, domain) DO UPDATE SET
    count = count + excluded.count, first = min(first, excluded.first), last = max(last, excluded.last)
"""

ADD_SLOTS = """
INSERT INTO slots VALUES (?, ?, ?, ?, ?, ?, NULL, NULL)
ON CONFLICT (hour) DO UPDATE SET
    held = CASE WHEN excluded.connections > connections THEN NULL ELSE held END,
    at = CASE WHEN excluded.connections > connections THEN excluded.at ELSE at END,
    connections = max(connections, excluded.connections),
    refused = refused + excluded.refused,
    last_refused = max(last_refused, excluded.last_refused),
    refused_of_address = refused_of_address + excluded.refused_of_address
"""
BUSIEST = """
SELECT connections, at, held, held_by FROM slots WHERE hour >= ? AND hour < ? AND connections > 0
ORDER BY connections DESC, at DESC LIMIT 1
"""
HELD = "UPDATE slots SET held = ?, held_by = ? WHERE at = ?"
REFUSED_CONNECTIONS = """
SELECT coalesce(sum(refused), 0), coalesce(max(last_refused), 0), coalesce(sum(refused_of_address), 0)
FROM slots WHERE hour >= ? AND hour < ?
"""
IS_SKIPPED = "SELECT 1 FROM skipped WHERE address = ?"

DROP_OTHERS = (
    "DELETE FROM slots WHERE hour < ? OR hour > ?",
    "DELETE FROM cells WHERE hour < ? OR hour > ?",
    "DELETE FROM refusals WHERE hour < ? OR hour > ?",
    "DELETE FROM passed WHERE hour < ? OR hour > ?",
)
DROP_PASSED = "DELETE FROM passed WHERE (address, domain) NOT IN (SELECT address, domain FROM refusals)"

COUNT_CELLS = "SELECT count(*) FROM cells WHERE address <> ''"
CHOOSE_CELLS = """
CREATE TEMP TABLE chosen AS SELECT hour, address FROM cells WHERE address <> ''
ORDER BY hour, connections + departed + delivered LIMIT ?
"""
SUM_CELLS = """
SELECT hour, '', '', sum(connections), sum(departed), sum(at_once), sum(later), sum(delivered), 0,
    0, 0, 0, 0, 0, count(*)
FROM cells WHERE (hour, address) IN (SELECT hour, address FROM chosen) GROUP BY hour
"""
DROP_CELLS = "DELETE FROM cells WHERE (hour, address) IN (SELECT hour, address FROM chosen)"

COUNT_REFUSALS = "SELECT count(*) FROM refusals WHERE address <> ''"
CHOOSE_REFUSALS = """
CREATE TEMP TABLE chosen AS SELECT hour, address, domain, cause FROM refusals WHERE address <> ''
ORDER BY hour, count LIMIT ?
"""
SUM_REFUSALS = """
SELECT hour, '', '', '', '', sum(count), sum(deferred), min(first), max(last), '', '', count(*)
FROM refusals WHERE (hour, address, domain, cause) IN (SELECT hour, address, domain, cause FROM chosen)
GROUP BY hour
"""
DROP_REFUSALS = """
DELETE FROM refusals
WHERE (hour, address, domain, cause) IN (SELECT hour, address, domain, cause FROM chosen)
"""
DROP_CHOSEN = "DROP TABLE chosen"

REFUSED_PAIRS = (
    "SELECT address, domain, min(first) FROM refusals WHERE address <> '' GROUP BY address, domain"
)
CHOOSE = (
    "DROP TABLE IF EXISTS skipped",
    "DROP TABLE IF EXISTS span",
    "DROP TABLE IF EXISTS senders",
    "CREATE TEMP TABLE skipped (address TEXT PRIMARY KEY, kind TEXT) WITHOUT ROWID",
    "CREATE TEMP TABLE span (first INTEGER, end INTEGER)",
)
CHOSEN_HOURS = "INSERT INTO span VALUES (?, ?)"
SKIP_USERS = """
INSERT OR IGNORE INTO skipped SELECT DISTINCT address, 'user' FROM cells, span
WHERE hour >= span.first AND hour < span.end AND logged_in > 0 AND address <> ''
"""
SKIP_SINGLE = "INSERT OR REPLACE INTO skipped VALUES (?, 'exempt')"
BEGINNING_WITH = """
SELECT DISTINCT address FROM cells, span
WHERE hour >= span.first AND hour < span.end AND address >= ? AND address < ?
"""
SENDERS = """
CREATE TEMP TABLE senders AS
SELECT address, sum(connections) AS connections, sum(departed) AS departed, sum(at_once) AS at_once,
    sum(later) AS later, sum(delivered) AS delivered, min(nullif(first_departed, 0)) AS first_departed,
    max(last_departed) AS last_departed, max(last_connection) AS last_connection
FROM cells, span
WHERE hour >= span.first AND hour < span.end AND address <> ''
    AND address NOT IN (SELECT address FROM skipped) AND address IN (
        SELECT address FROM cells, span WHERE hour >= span.first AND hour < span.end AND departed > 0
    )
GROUP BY address
"""
SENDERS_INDEX = "CREATE INDEX temp.senders_address ON senders (address)"
HOURS = """
SELECT hour, sum(connections), sum(departed), sum(at_once), sum(later), sum(delivered),
    sum(CASE address WHEN '' THEN addresses ELSE 0 END)
FROM cells, span
WHERE hour >= span.first AND hour < span.end AND address NOT IN (SELECT address FROM skipped) GROUP BY hour
"""
SKIPPED = """
SELECT kind, sum(connections) FROM span, cells JOIN skipped USING (address)
WHERE hour >= span.first AND hour < span.end GROUP BY kind
"""
DELIVERING = """
SELECT count(DISTINCT address) FROM cells, span
WHERE hour >= span.first AND hour < span.end AND delivered > 0 AND address <> ''
    AND address NOT IN (SELECT address FROM skipped)
"""
NEVER_DELIVERED = "SELECT count(*), coalesce(sum(departed), 0) FROM senders WHERE delivered = 0"
COUNT_GIVING_UP = """
SELECT count(*) FROM senders WHERE delivered = 0 AND later = 0 AND departed >= ?
    AND connections - departed <= (last_connection > last_departed)
"""
FREQUENT_GIVING_UP = """
SELECT * FROM senders WHERE delivered = 0 AND later = 0 AND departed >= ?
    AND connections - departed <= (last_connection > last_departed)
ORDER BY departed DESC, address LIMIT ?
"""
LEFT = "SELECT address, departed FROM senders"
SENDER = "SELECT * FROM senders WHERE address = ?"
NAME_OF = """
SELECT name FROM cells, span
WHERE hour >= span.first AND hour < span.end AND address = ? AND name <> '' ORDER BY hour DESC LIMIT 1
"""
RETURNED = """
SELECT cells.* FROM cells, span
WHERE hour >= span.first AND hour < span.end
    AND address IN (SELECT address FROM senders WHERE delivered > 0)
ORDER BY address, hour
"""
REFUSALS = """
SELECT address, domain, cause, sum(count) AS times, sum(deferred), min(first), max(last) AS latest,
    CASE address WHEN '' THEN sum(grouped) ELSE 1 END
FROM refusals WHERE hour >= ? AND hour < ? GROUP BY address, domain, cause
ORDER BY times DESC, latest DESC, address, domain, cause
"""
SAID_LAST = """
SELECT name, sender, said FROM refusals
WHERE hour < ? AND address = ? AND domain = ? AND cause = ? ORDER BY hour DESC LIMIT 1
"""
PASSED = """
SELECT coalesce(sum(count), 0), max(last) FROM passed
WHERE hour < ? AND address = ? AND domain = ? AND last >= ?
"""
