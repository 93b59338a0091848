#include "fakegitlab/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"

#define SCHEMA_VERSION 1

struct database {
    sqlite3 *sql;
    int lock; /* one process a folder: two would not see each other's changes */
    int depth;
    bool failed; /* since the outermost db_begin() */
    sqlite3_stmt *put[_DB_TABLE_MAX], *del[_DB_TABLE_MAX];
};

static const char *const names[_DB_TABLE_MAX] = {
    [DB_USERS] = "users",       [DB_CREDENTIALS] = "credentials", [DB_GROUPS] = "groups",
    [DB_PROJECTS] = "projects", [DB_AGENTS] = "agents",           [DB_TOKENS] = "tokens",
    [DB_JOBS] = "jobs",         [DB_SETTINGS] = "settings",       [DB_OBJECTS] = "objects",
    [DB_COMMITS] = "commits",   [DB_REFS] = "refs",               [DB_RECEIVED] = "received",
};

const char *db_table_name(enum db_table table)
{
    return names[table];
}

/* ---- opening ----------------------------------------------------------------------------------------------- */

static int lock_folder(struct database *db, const char *dir, char **reterr)
{
    if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
        int r = -errno;
        *reterr = xasprintf("the data folder %s cannot be made: %s; name one in a folder that exists and may be written",
                            dir, strerror(-r));
        return r;
    }
    _cleanup_(freep) char *path = xasprintf("%s/lock", dir);
    db->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (db->lock < 0) {
        int r = -errno;
        *reterr = xasprintf("the data folder %s cannot be written: %s", dir, strerror(-r));
        return r;
    }
    if (flock(db->lock, LOCK_EX | LOCK_NB) < 0) {
        *reterr = xasprintf("the data folder %s is in use by another fakegitlab; stop that one, or name another folder",
                            dir);
        return -EBUSY;
    }
    return 0;
}

static int user_version(struct database *db)
{
    sqlite3_stmt *st;
    int version = -1;
    if (sqlite3_prepare_v2(db->sql, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        version = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return version;
}

static int make_tables(struct database *db)
{
    for (int i = 0; i < _DB_TABLE_MAX; i++) {
        char sql[200];
        snprintf(sql, sizeof(sql),
                 i == DB_OBJECTS ? "CREATE TABLE IF NOT EXISTS \"%s\"(id TEXT PRIMARY KEY, type INTEGER NOT NULL, bytes BLOB NOT NULL)"
                                 : "CREATE TABLE IF NOT EXISTS \"%s\"(id PRIMARY KEY, row TEXT NOT NULL) WITHOUT ROWID",
                 names[i]);
        if (sqlite3_exec(db->sql, sql, NULL, NULL, NULL) != SQLITE_OK)
            return -EIO;
    }
    char version[40];
    snprintf(version, sizeof(version), "PRAGMA user_version=%d", SCHEMA_VERSION);
    return sqlite3_exec(db->sql, version, NULL, NULL, NULL) == SQLITE_OK ? 0 : -EIO;
}

static int prepare(struct database *db)
{
    for (int i = 0; i < _DB_TABLE_MAX; i++) {
        char put[120], del[120];
        snprintf(put, sizeof(put),
                 i == DB_OBJECTS ? "INSERT OR IGNORE INTO \"%s\"(id,type,bytes) VALUES(?,?,?)"
                                 : "INSERT OR REPLACE INTO \"%s\"(id,row) VALUES(?,?)",
                 names[i]);
        snprintf(del, sizeof(del), "DELETE FROM \"%s\" WHERE id=?", names[i]);
        if (sqlite3_prepare_v3(db->sql, put, -1, SQLITE_PREPARE_PERSISTENT, &db->put[i], NULL) != SQLITE_OK ||
            sqlite3_prepare_v3(db->sql, del, -1, SQLITE_PREPARE_PERSISTENT, &db->del[i], NULL) != SQLITE_OK)
            return -EIO;
    }
    return 0;
}

static int open_file(struct database *db, const char *path, char **reterr)
{
    static const char pragmas[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=1000";
    int r = sqlite3_open_v2(path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (r == SQLITE_OK) {
        sqlite3_busy_timeout(db->sql, 5000); /* somebody looks at it with sqlite3 */
        r = sqlite3_exec(db->sql, pragmas, NULL, NULL, NULL);
    }
    int version = r == SQLITE_OK ? user_version(db) : -1;
    if (version > SCHEMA_VERSION) {
        *reterr = xasprintf("%s was written by a newer fakegitlab (%d, this one knows %d); use that one, or another folder",
                            path, version, SCHEMA_VERSION);
        return -EINVAL;
    }
    if (version < 0 || make_tables(db) < 0 || prepare(db) < 0) {
        *reterr = xasprintf("%s is no database of fakegitlab: %s; move it away to begin anew", path,
                            db->sql ? sqlite3_errmsg(db->sql) : "out of memory");
        return -EIO;
    }
    return 0;
}

int db_open(const char *dir, struct database **ret, char **reterr)
{
    struct database *db = NEW(struct database);
    db->lock = -1;
    _cleanup_(freep) char *path = xasprintf("%s/gitlab.sqlite", dir);
    int r = lock_folder(db, dir, reterr);
    if (r == 0)
        r = open_file(db, path, reterr);
    if (r < 0) {
        db_close(db);
        return r;
    }
    *ret = db;
    return 0;
}

struct database *db_close(struct database *db)
{
    if (!db)
        return NULL;
    for (int i = 0; i < _DB_TABLE_MAX; i++) {
        sqlite3_finalize(db->put[i]);
        sqlite3_finalize(db->del[i]);
    }
    sqlite3_close(db->sql);
    if (db->lock >= 0)
        close(db->lock); /* and with it the lock */
    free(db);
    return NULL;
}

/* ---- writing ----------------------------------------------------------------------------------------------- */

static void complain(struct database *db)
{
    if (!db->failed)
        fprintf(stderr, "fakegitlab: the data folder cannot be written: %s\n", sqlite3_errmsg(db->sql));
    db->failed = true;
}

static void run(struct database *db, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        complain(db);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
}

void db_begin(struct database *db)
{
    if (!db || db->depth++ > 0)
        return;
    db->failed = false;
    if (sqlite3_exec(db->sql, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        complain(db);
}

void db_abandon(struct database *db)
{
    if (db)
        db->failed = true; /* and nothing is said of it */
}

int db_commit(struct database *db)
{
    if (!db)
        return 0;
    if (--db->depth > 0)
        return db->failed ? -EIO : 0;
    if (!db->failed && sqlite3_exec(db->sql, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    complain(db);
    if (!sqlite3_get_autocommit(db->sql))
        sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return -EIO;
}

static void put(struct database *db, sqlite3_stmt *st, json_t *row)
{
    char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    json_decref(row);
    sqlite3_bind_text(st, 2, text, -1, SQLITE_STATIC);
    run(db, st);
    free(text);
}

void db_put(struct database *db, enum db_table table, int64_t id, json_t *row)
{
    if (!db) {
        json_decref(row);
        return;
    }
    sqlite3_bind_int64(db->put[table], 1, id);
    put(db, db->put[table], row);
}

void db_put_named(struct database *db, enum db_table table, const char *id, json_t *row)
{
    if (!db) {
        json_decref(row);
        return;
    }
    sqlite3_bind_text(db->put[table], 1, id, -1, SQLITE_STATIC);
    put(db, db->put[table], row);
}

void db_put_object(struct database *db, const char *oid, int type, const void *bytes, size_t len)
{
    if (!db)
        return;
    sqlite3_stmt *st = db->put[DB_OBJECTS];
    sqlite3_bind_text(st, 1, oid, -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 2, type);
    sqlite3_bind_blob64(st, 3, len ? bytes : "", len, SQLITE_STATIC);
    run(db, st);
}

void db_delete(struct database *db, enum db_table table, int64_t id)
{
    if (!db)
        return;
    sqlite3_bind_int64(db->del[table], 1, id);
    run(db, db->del[table]);
}

void db_delete_named(struct database *db, enum db_table table, const char *id)
{
    if (!db)
        return;
    sqlite3_bind_text(db->del[table], 1, id, -1, SQLITE_STATIC);
    run(db, db->del[table]);
}

/* ---- reading ----------------------------------------------------------------------------------------------- */

static int each_row(sqlite3_stmt *st, db_row_fn fn, void *arg)
{
    int r = 0, step = SQLITE_DONE;
    while (r >= 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        json_error_t e;
        json_t *row = json_loads((const char *)sqlite3_column_text(st, 1), JSON_DECODE_ANY, &e);
        r = row ? fn(arg, sqlite3_column_int64(st, 0), (const char *)sqlite3_column_text(st, 0), row) : -EIO;
        json_decref(row);
    }
    return r < 0 ? r : step == SQLITE_DONE ? 0 : -EIO;
}

int db_each(struct database *db, enum db_table table, db_row_fn fn, void *arg)
{
    char sql[80];
    sqlite3_stmt *st = NULL;
    if (!db)
        return 0;
    snprintf(sql, sizeof(sql), "SELECT id,row FROM \"%s\" ORDER BY id", names[table]);
    int r = sqlite3_prepare_v2(db->sql, sql, -1, &st, NULL) == SQLITE_OK ? each_row(st, fn, arg) : -EIO;
    sqlite3_finalize(st);
    return r;
}

int db_each_object(struct database *db, db_object_fn fn, void *arg)
{
    sqlite3_stmt *st = NULL;
    if (!db)
        return 0;
    int r = sqlite3_prepare_v2(db->sql, "SELECT id,type,bytes FROM objects ORDER BY rowid", -1, &st, NULL) == SQLITE_OK ? 0 : -EIO;
    int step = SQLITE_DONE;
    while (r >= 0 && (step = sqlite3_step(st)) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(st, 2);
        r = fn(arg, (const char *)sqlite3_column_text(st, 0), sqlite3_column_int(st, 1), bytes ? bytes : "",
               (size_t)sqlite3_column_bytes(st, 2));
    }
    sqlite3_finalize(st);
    return r < 0 ? r : step == SQLITE_DONE ? 0 : -EIO;
}
