/* The store on disk: SQLite, one table a kind, each row an id and what it says as JSON.
 *
 * A change is one transaction, written and synced (WAL, synchronous=FULL) before db_commit() says so: `kill -9`, or the
 * machine's power, loses nothing that was acknowledged. The tables can be read with sqlite3 while the fake runs.
 * Everything takes a NULL database, does nothing, and says that it went well: a store in memory.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum db_table {
    DB_USERS, DB_CREDENTIALS, DB_GROUPS, DB_PROJECTS, DB_AGENTS, DB_TOKENS, DB_JOBS, DB_SETTINGS, DB_OBJECTS, DB_COMMITS,
    DB_REFS, DB_RECEIVED, _DB_TABLE_MAX
};

struct database;
/* Makes dir and what is in it. -errno, and *reterr says what and how to cure it. */
int db_open(const char *dir, struct database **ret, char **reterr);
struct database *db_close(struct database *db); /* what is not committed is gone */

/* Nest: the outermost pair is the transaction. What fails in between is remembered and said by db_commit(), which then
 * has undone all of it; so puts say nothing. */
void db_begin(struct database *db);
int db_commit(struct database *db); /* 0 or -EIO */
void db_abandon(struct database *db); /* within a pair: db_commit() will undo, and give -EIO */
/* row: stolen. */
void db_put(struct database *db, enum db_table table, int64_t id, json_t *row);
void db_put_named(struct database *db, enum db_table table, const char *id, json_t *row);
void db_put_object(struct database *db, const char *oid, int type, const void *bytes, size_t len);
void db_delete(struct database *db, enum db_table table, int64_t id);
void db_delete_named(struct database *db, enum db_table table, const char *id);

/* Each row of a table, by id. id_text: for what is named. A callback that gives < 0 ends it. 0, that, or -EIO. */
typedef int (*db_row_fn)(void *arg, int64_t id, const char *id_text, const json_t *row);
int db_each(struct database *db, enum db_table table, db_row_fn fn, void *arg);
typedef int (*db_object_fn)(void *arg, const char *oid, int type, const void *bytes, size_t len);
int db_each_object(struct database *db, db_object_fn fn, void *arg);
const char *db_table_name(enum db_table table);
