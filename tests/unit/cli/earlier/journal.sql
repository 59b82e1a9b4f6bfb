BEGIN TRANSACTION;
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    window INTEGER NOT NULL REFERENCES windows, kind TEXT NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL
);
CREATE TABLE windows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, state TEXT NOT NULL, tester TEXT NOT NULL, networks TEXT NOT NULL,
    opened_at REAL NOT NULL, armed_at REAL NOT NULL, deadline REAL NOT NULL,
    boot_deadline REAL NOT NULL, boot_id TEXT NOT NULL, minutes INTEGER NOT NULL,
    opened_by TEXT NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL, until_tested INTEGER NOT NULL,
    before TEXT NOT NULL, log_inode INTEGER NOT NULL, log_offset INTEGER NOT NULL,
    remark TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0, last_attempt REAL NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL DEFAULT 0, mailed INTEGER NOT NULL DEFAULT 0, closed_at REAL
);
INSERT INTO "windows" VALUES(1,'whitelist','closed','mxtoolbox','["18.209.86.113", "64.20.227.0/24"]',1790000000.0,1790000000.0,1790000900.0,1000.0,'boot',15,'root','cli','ticket 7',1,'{"18.209.86.113": 40}',0,0,'every address stood in /etc/x already and stays there; the tester came from 18.209.86.113 at 09:00:01 and left with QUIT at 09:00:41','',0,0.0,0.0,0,1790000060.0);
INSERT INTO "windows" VALUES(2,'delay_off','failed','mxtoolbox','[]',1790000000.0,1790000000.0,1790000900.0,1000.0,'boot',15,'root','cli','ticket 7',0,'{"18.209.86.113": 40}',0,0,'','the delay is off already',0,0.0,0.0,0,1790000002.0);
INSERT INTO "windows" VALUES(3,'permanent','closed','','["192.0.2.7"]',1790000000.0,1790000000.0,1790000900.0,1000.0,'boot',0,'root','cli','ticket 9',0,'{"18.209.86.113": 40}',0,0,'','',0,0.0,0.0,0,1790005000.0);
INSERT INTO "windows" VALUES(4,'whitelist','closed','mxtoolbox, internet.nl','["18.209.86.113", "64.20.227.0/24"]',1790000000.0,1790000000.0,1790000900.0,1000.0,'boot',15,'root','cli','ticket 7',0,'{"18.209.86.113": 40}',0,0,'closed at last, after 2 tries that failed','',2,0.0,0.0,0,1790000060.0);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('windows',4);
COMMIT;
PRAGMA user_version = 1;
