-- What astral laid out at c68535d, in types that SQLite and PostgreSQL share.
CREATE TABLE meta (
    "key" VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY ("key")
);
CREATE TABLE runs (
    id VARCHAR NOT NULL,
    created VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    space VARCHAR NOT NULL,
    manifest TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE calls (
    position INTEGER NOT NULL,
    run_id VARCHAR NOT NULL,
    "key" VARCHAR NOT NULL,
    role VARCHAR NOT NULL,
    request_digest VARCHAR NOT NULL,
    reply TEXT,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    PRIMARY KEY (position),
    UNIQUE (run_id, "key", request_digest),
    FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE TABLE rounds (
    run_id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    is_closed BOOLEAN NOT NULL,
    PRIMARY KEY (run_id, round),
    FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE TABLE draws (
    run_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    round INTEGER NOT NULL,
    cell TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    probability DOUBLE NOT NULL,
    control VARCHAR,
    PRIMARY KEY (run_id, number),
    FOREIGN KEY(run_id, round) REFERENCES rounds (run_id, round)
);
CREATE TABLE cases (
    run_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run_id, number),
    FOREIGN KEY(run_id, number) REFERENCES draws (run_id, number)
);
CREATE TABLE failures (
    run_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run_id, number),
    FOREIGN KEY(run_id, number) REFERENCES draws (run_id, number)
);
CREATE TABLE transcripts (
    run_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    ending VARCHAR NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run_id, number),
    FOREIGN KEY(run_id, number) REFERENCES draws (run_id, number)
);
CREATE TABLE verdicts (
    run_id VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    id VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run_id, number),
    FOREIGN KEY(run_id, number) REFERENCES draws (run_id, number)
);
INSERT INTO meta (key, value) VALUES ('schema_version', '1');
