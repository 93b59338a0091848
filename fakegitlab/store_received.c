/* What KAS and agents sent: alerts, vulnerabilities, scan results, usage. Kept as it came, with who and when. */
#include "fakegitlab/store_impl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[_GL_RECEIVED_MAX] = {"alert", "vulnerability", "scan_result", "usage"};

void received_free(struct received *r)
{
    json_decref(r->payload);
    free(r->uuid);
    free(r);
}

/* Ids are counted for each kind; a row's id holds both. */
static int64_t row_id(enum gl_received kind, int64_t id)
{
    return id * _GL_RECEIVED_MAX + kind;
}

static void received_put_row(struct store *s, enum gl_received kind, const struct received *r)
{
    db_put(s->db, DB_RECEIVED, row_id(kind, r->id),
           json_pack("{sssIsIsIsOss?sb}", "kind", kind_names[kind], "agent_id", (json_int_t)r->agent_id, "project_id",
                     (json_int_t)r->project_id, "received_at", (json_int_t)r->received_at, "payload", r->payload, "uuid",
                     r->uuid, "resolved", r->resolved));
}

int received_load(void *store, int64_t id, const char *id_text, const json_t *row)
{
    struct store *s = store;
    struct received *r = NEW(struct received);
    *r = (struct received){.id = id / _GL_RECEIVED_MAX,
                           .agent_id = row_int(row, "agent_id"),
                           .project_id = row_int(row, "project_id"),
                           .received_at = row_int(row, "received_at"),
                           .payload = json_deep_copy(json_object_get(row, "payload")),
                           .uuid = xstrdup(row_text(row, "uuid")),
                           .resolved = json_is_true(json_object_get(row, "resolved"))};
    if (!r->payload || r->id <= 0) {
        received_free(r);
        return -EIO;
    }
    shelf_put(&s->received[id % _GL_RECEIVED_MAX], r);
    return 0;
}

static void tell(struct store *s, enum gl_received kind, const struct received *r, enum store_op op)
{
    store_tell(s, (struct store_change){.kind = STORE_RECEIVED, .op = op, .id = r->id, .name = kind_names[kind],
                                        .agent_id = r->agent_id, .project_id = r->project_id});
}

/* ---- usage ------------------------------------------------------------------------------------------------- */

/* All counters together outlive those that are not kept any more. */
static json_t *usage_total(const struct store *s)
{
    json_t *total = json_object_get(s->settings, "usage");
    return total ? json_deep_copy(total) : json_pack("{s{}s{}}", "counters", "unique_counters");
}

/* A counter that is full stays full: what is counted is somebody else's. */
static void add_counters(json_t *sum, const json_t *counters)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)counters, name, value) {
        int64_t total;
        if (!json_is_integer(value))
            continue;
        if (__builtin_add_overflow(row_int(sum, name), json_integer_value(value), &total))
            total = INT64_MAX;
        json_object_set_new(sum, name, json_integer(total));
    }
}

static bool has(const json_t *list, const json_t *value)
{
    const json_t *other;
    size_t i;
    json_array_foreach((json_t *)list, i, other) {
        if (json_equal(other, value))
            return true;
    }
    return false;
}

static void add_unique(json_t *sum, const json_t *counters)
{
    const char *name;
    json_t *values, *value;
    size_t i;
    json_object_foreach((json_t *)counters, name, values) {
        if (!json_object_get(sum, name))
            json_object_set_new(sum, name, json_array());
        json_t *list = json_object_get(sum, name);
        json_array_foreach(values, i, value) {
            if (!has(list, value) && json_array_size(list) < GL_RECEIVED_KEPT)
                json_array_append(list, value);
        }
    }
}

/* Before 15.7 the counters stand at the top. */
static json_t *usage_with(const struct store *s, const json_t *payload)
{
    json_t *total = usage_total(s), *counters = json_object_get(total, "counters");
    const json_t *inner = json_object_get(payload, "counters");
    add_counters(counters, inner ? inner : payload);
    add_unique(json_object_get(total, "unique_counters"), json_object_get(payload, "unique_counters"));
    return total;
}

json_t *store_usage(const struct store *s)
{
    return usage_total(s);
}

static bool counters_valid(const json_t *counters)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)counters, name, value) {
        bool inner = strcmp(name, "counters") == 0 || strcmp(name, "unique_counters") == 0;
        if (!inner && (!json_is_integer(value) || json_integer_value(value) < 0))
            return false;
    }
    return true;
}

bool store_usage_valid(const json_t *payload)
{
    const json_t *inner = json_object_get(payload, "counters"), *unique = json_object_get(payload, "unique_counters");
    const char *name;
    json_t *value;
    if (!json_is_object(payload) || (inner && !json_is_object(inner)) || (unique && !json_is_object(unique)))
        return false;
    json_object_foreach((json_t *)unique, name, value) {
        if (!json_is_array(value))
            return false;
    }
    return counters_valid(inner ? inner : payload);
}

/* ---- received ---------------------------------------------------------------------------------------------- */

static struct received *received_new(struct store *s, enum gl_received kind, const struct gl_agent *agent,
                                     const json_t *payload)
{
    struct received *r = NEW(struct received);
    *r = (struct received){.id = shelf_id(&s->received[kind], 0),
                           .agent_id = agent ? agent->id : 0,
                           .project_id = agent ? agent->project->id : 0,
                           .received_at = store_now(),
                           .payload = json_deep_copy(payload)};
    return r;
}

/* Written with `oldest` gone and whatever else the caller has put into the transaction; then on its shelf. */
static int received_commit(struct store *s, enum gl_received kind, struct received *r)
{
    struct shelf *shelf = &s->received[kind];
    struct received *oldest = shelf->n >= GL_RECEIVED_KEPT ? shelf->list[0] : NULL;
    received_put_row(s, kind, r);
    if (oldest)
        db_delete(s->db, DB_RECEIVED, row_id(kind, oldest->id));
    if (db_commit(s->db) < 0) {
        received_free(r);
        return -EIO;
    }
    if (oldest) {
        shelf_remove(shelf, oldest->id);
        received_free(oldest);
    }
    shelf_put(shelf, r);
    return 0;
}

static bool names_uuid(const json_t *uuids, const char *uuid)
{
    const json_t *one;
    size_t i;
    json_array_foreach((json_t *)uuids, i, one) {
        const char *text = json_string_value(one);
        if (text && strcmp(text, uuid) == 0)
            return true;
    }
    return false;
}

/* A scan names all that it has found: what it does not name is mended. Those that change are put into the transaction. */
static void resolve_others(struct store *s, const struct gl_agent *agent, const json_t *payload, bool write)
{
    const json_t *uuids = json_object_get(payload, "uuids");
    struct shelf *shelf = &s->received[GL_VULNERABILITY];
    for (size_t i = 0; i < shelf->n; i++) {
        struct received *v = shelf->list[i];
        if (v->agent_id != agent->id || v->resolved || names_uuid(uuids, v->uuid))
            continue;
        v->resolved = true;
        if (write)
            received_put_row(s, GL_VULNERABILITY, v);
        v->resolved = !write;
    }
}

int store_receive(struct store *s, enum gl_received kind, const struct gl_agent *agent, const json_t *payload,
                  int64_t *ret_id)
{
    char uuid[37];
    if (kind == GL_VULNERABILITY)
        return store_receive_vulnerability(s, agent, payload, uuid);
    struct received *r = received_new(s, kind, agent, payload);
    json_t *usage = kind == GL_USAGE ? usage_with(s, payload) : NULL;
    db_begin(s->db);
    if (usage)
        db_put_named(s->db, DB_SETTINGS, "usage", json_incref(usage));
    if (kind == GL_SCAN_RESULT)
        resolve_others(s, agent, payload, true);
    if (received_commit(s, kind, r) < 0) {
        json_decref(usage);
        return -EIO;
    }
    if (usage)
        json_object_set_new(s->settings, "usage", usage);
    if (kind == GL_SCAN_RESULT)
        resolve_others(s, agent, payload, false);
    if (ret_id)
        *ret_id = r->id;
    tell(s, kind, r, STORE_CREATED);
    return 0;
}

/* ---- vulnerabilities --------------------------------------------------------------------------------------- */

/* As GitLab's: what makes it the same vulnerability makes the same uuid (version 5, of SHA-1). */
static void vulnerability_uuid(struct store *s, const struct gl_agent *agent, const json_t *payload, char ret[37])
{
    const json_t *v = json_object_get(payload, "vulnerability");
    json_t *what = json_pack("{sIsO?sO?sO?sO?}", "agent", (json_int_t)agent->id, "scanner",
                             json_object_get(json_object_get(payload, "scanner"), "id"), "name", json_object_get(v, "name"),
                             "location", json_object_get(v, "location"), "identifiers", json_object_get(v, "identifiers"));
    _cleanup_(freep) char *text = json_dumps(what, JSON_COMPACT | JSON_SORT_KEYS);
    char hex[SHA1_HEX_LEN];
    hash_sha1_hex(s->hasher, "", 0, text, strlen(text), hex);
    hex[12] = '5';
    hex[16] = "89ab"[hex[16] & 3];
    snprintf(ret, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    json_decref(what);
}

static struct received *vulnerability_find(struct store *s, const char *uuid)
{
    struct shelf *shelf = &s->received[GL_VULNERABILITY];
    for (size_t i = shelf->n; i-- > 0;) {
        struct received *v = shelf->list[i];
        if (strcmp(v->uuid, uuid) == 0)
            return v;
    }
    return NULL;
}

/* Seen again: the newest words, and no longer resolved. */
static int vulnerability_again(struct store *s, struct received *v, const json_t *payload)
{
    struct received now = *v;
    now.payload = json_deep_copy(payload);
    now.received_at = store_now();
    now.resolved = false;
    db_begin(s->db);
    received_put_row(s, GL_VULNERABILITY, &now);
    if (db_commit(s->db) < 0) {
        json_decref(now.payload);
        return -EIO;
    }
    json_decref(v->payload);
    *v = now;
    tell(s, GL_VULNERABILITY, v, STORE_UPDATED);
    return 0;
}

int store_receive_vulnerability(struct store *s, const struct gl_agent *agent, const json_t *payload, char ret_uuid[37])
{
    vulnerability_uuid(s, agent, payload, ret_uuid);
    struct received *there = vulnerability_find(s, ret_uuid);
    if (there)
        return vulnerability_again(s, there, payload);
    struct received *r = received_new(s, GL_VULNERABILITY, agent, payload);
    r->uuid = xstrdup(ret_uuid);
    db_begin(s->db);
    if (received_commit(s, GL_VULNERABILITY, r) < 0)
        return -EIO;
    tell(s, GL_VULNERABILITY, r, STORE_CREATED);
    return 0;
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

json_t *store_received(const struct store *s, enum gl_received kind, const struct gl_agent *agent)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->received[kind].n; i++) {
        const struct received *r = s->received[kind].list[i];
        if (agent && r->agent_id != agent->id)
            continue;
        char at[STORE_TIME_LEN];
        store_time_text(r->received_at, at);
        json_t *j = json_pack("{sIsIsIsssO}", "id", (json_int_t)r->id, "agent_id", (json_int_t)r->agent_id, "project_id",
                              (json_int_t)r->project_id, "received_at", at, "payload", r->payload);
        if (r->uuid) {
            json_object_set_new(j, "uuid", json_string(r->uuid));
            json_object_set_new(j, "resolved", json_boolean(r->resolved));
        }
        json_array_append_new(list, j);
    }
    return list;
}

size_t store_received_count(const struct store *s, enum gl_received kind)
{
    return s->received[kind].n;
}
