/* Frames by their fields, whatever the protocol says of them, and SETTINGS of a scenario's.
 *
 * They go out between two frames of nghttp2's, at once. nghttp2 counts its own SETTINGS and takes an acknowledgement
 * too many for an attack; so for each SETTINGS that it did not write, it is made to write one that is thrown away.
 */
#include "lib/proto/http2_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

enum { SETTINGS_TRACKED = 32, FRAMES_MAX_BYTES = 64 * 1024 * 1024 };

static const struct {
    const char *name;
    uint8_t number;
} types[] = {{"DATA", 0}, {"HEADERS", 1}, {"PRIORITY", 2}, {"RST_STREAM", 3}, {"SETTINGS", 4}, {"PUSH_PROMISE", 5},
             {"PING", 6}, {"GOAWAY", 7}, {"WINDOW_UPDATE", 8}, {"CONTINUATION", 9}},
  flags[] = {{"END_STREAM", 1}, {"ACK", 1}, {"END_HEADERS", 4}, {"PADDED", 8}, {"PRIORITY", 0x20}};

static const char *const settings_names[] = {
    [NGHTTP2_SETTINGS_HEADER_TABLE_SIZE] = "header_table_size",
    [NGHTTP2_SETTINGS_ENABLE_PUSH] = "enable_push",
    [NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS] = "max_concurrent_streams",
    [NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE] = "initial_window_size",
    [NGHTTP2_SETTINGS_MAX_FRAME_SIZE] = "max_frame_size",
    [NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE] = "max_header_list_size",
};

const char *h2_setting_name(int32_t id)
{
    return id > 0 && (size_t)id < ARRAY_SIZE(settings_names) ? settings_names[id] : NULL;
}

static void failed(struct h2 *h, const char *verb, const char *reason)
{
    conn_event(h->l.conn, 0, "fault.failed", json_pack("{s:s, s:s}", "verb", verb, "reason", reason));
}

static bool small_number(const json_t *v, uint8_t *ret)
{
    if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > 255)
        return false;
    *ret = (uint8_t)json_integer_value(v);
    return true;
}

static bool type_of(const json_t *v, uint8_t *ret)
{
    for (size_t i = 0; json_is_string(v) && i < ARRAY_SIZE(types); i++)
        if (!strcmp(types[i].name, json_string_value(v))) {
            *ret = types[i].number;
            return true;
        }
    return small_number(v, ret);
}

/* A number, a name, or a list of names. */
static bool flags_of(const json_t *v, uint8_t *ret)
{
    size_t i;
    json_t *one;
    uint8_t more;
    *ret = 0;
    if (!v || small_number(v, ret))
        return true;
    for (i = 0; json_is_string(v) && i < ARRAY_SIZE(flags); i++)
        if (!strcmp(flags[i].name, json_string_value(v))) {
            *ret = flags[i].number;
            return true;
        }
    if (!json_is_array(v))
        return false;
    json_array_foreach (v, i, one) {
        if (json_is_array(one) || !flags_of(one, &more))
            return false;
        *ret |= more;
    }
    return true;
}

/* SETTINGS that are not nghttp2's */

void h2_settings_counted(struct h2 *h, bool fake)
{
    if (fake)
        h->settings_fake |= 1u << h->settings_queued;
    h->settings_queued++;
}

bool h2_settings_dropped(struct h2 *h, const uint8_t *frame, size_t n)
{
    if (n < 9 || frame[3] != NGHTTP2_SETTINGS || frame[4] & NGHTTP2_FLAG_ACK || h->settings_queued == 0)
        return false;
    bool fake = h->settings_fake & 1;
    h->settings_fake >>= 1;
    h->settings_queued--;
    return fake;
}

/* A SETTINGS is about to go out that nghttp2 knows nothing of. */
static bool expect_acknowledgement(struct h2 *h)
{
    if (h->held && !h->settings_replaced) {
        h->settings_replaced = true; /* in place of ours, which waits for its acknowledgement already */
        return true;
    }
    if (h->settings_queued == SETTINGS_TRACKED)
        return false;
    if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, NULL, 0) == 0)
        h2_settings_counted(h, true);
    return true;
}

/* Writing */

static void write_raw(struct h2 *h, const void *p, size_t n)
{
    if (h->held) { /* the connection has not been opened by ours: nothing is mixed with them */
        layer_down(&h->l, p, n);
        return;
    }
    buf_add(&h->raw, p, n);
    h2_schedule(h);
}

struct fields {
    uint8_t type, flags;
    uint32_t stream;
    size_t length; /* that the header tells */
};

static void add_frame(struct buf *b, const struct fields *f, const uint8_t *p, size_t n)
{
    uint8_t head[9] = {(uint8_t)(f->length >> 16), (uint8_t)(f->length >> 8),  (uint8_t)f->length, f->type, f->flags,
                       (uint8_t)(f->stream >> 24), (uint8_t)(f->stream >> 16), (uint8_t)(f->stream >> 8),
                       (uint8_t)f->stream};
    buf_add(b, head, sizeof(head));
    buf_add(b, p, n);
}

static json_int_t number(const json_t *args, const char *key, json_int_t otherwise)
{
    const json_t *v = json_object_get(args, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void act_frame(struct h2 *h, int32_t stream, const json_t *args)
{
    const json_t *payload = json_object_get(args, "payload");
    _cleanup_(freep) uint8_t *p = NULL;
    size_t n = 0;
    struct buf all = BUF_NULL;
    struct fields f = {.stream = (uint32_t)number(args, "stream", stream)};
    json_int_t count = number(args, "count", 1);

    if (!type_of(json_object_get(args, "type"), &f.type)) {
        failed(h, "frame", "type is DATA, HEADERS, SETTINGS, … or 0 to 255");
        return;
    }
    if (!flags_of(json_object_get(args, "flags"), &f.flags)) {
        failed(h, "frame", "flags are 0 to 255, or END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY, or a list of these");
        return;
    }
    if (payload && action_bytes(payload, &p, &n) < 0) {
        failed(h, "frame", "payload is text, {text}, {hex}, {base64} or a list of them");
        return;
    }
    f.length = (size_t)number(args, "length", (json_int_t)n);
    if (count < 0 || (uint64_t)count * (n + 9) > FRAMES_MAX_BYTES) {
        failed(h, "frame", "that is more than 64 MiB");
        return;
    }
    for (json_int_t i = 0; i < count; i++) {
        if (f.type == NGHTTP2_SETTINGS && !(f.flags & NGHTTP2_FLAG_ACK) && f.stream == 0 &&
            !expect_acknowledgement(h)) {
            failed(h, "frame", "32 SETTINGS wait for their acknowledgement");
            break;
        }
        add_frame(&all, &f, p ? p : (const uint8_t *)"", n);
    }
    write_raw(h, buf_data(&all), buf_len(&all));
    buf_done(&all);
}

/* SETTINGS by name */

static bool setting_id(const char *name, uint16_t *ret)
{
    char *end;
    for (size_t i = 1; i < ARRAY_SIZE(settings_names); i++)
        if (!strcmp(settings_names[i], name)) {
            *ret = (uint16_t)i;
            return true;
        }
    unsigned long n = strtoul(name, &end, 0);
    *ret = (uint16_t)n;
    return *name && !*end && n <= UINT16_MAX;
}

/* Those that nghttp2 agrees with are its own, so that it keeps to them. */
static void send_settings(struct h2 *h, const nghttp2_settings_entry *iv, size_t n)
{
    uint8_t payload[6 * SETTINGS_TRACKED];
    struct buf b = BUF_NULL;
    if (!h->held && h->settings_queued < SETTINGS_TRACKED &&
        nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, iv, n) == 0) {
        h2_settings_counted(h, false);
        h2_schedule(h);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t id = (uint32_t)iv[i].settings_id, v = iv[i].value;
        memcpy(payload + 6 * i, (uint8_t[6]){(uint8_t)(id >> 8), (uint8_t)id, (uint8_t)(v >> 24), (uint8_t)(v >> 16),
                                             (uint8_t)(v >> 8), (uint8_t)v}, 6);
    }
    if (!expect_acknowledgement(h)) {
        failed(h, "settings", "32 SETTINGS wait for their acknowledgement");
        return;
    }
    add_frame(&b, &(struct fields){.type = NGHTTP2_SETTINGS, .length = 6 * n}, payload, 6 * n);
    write_raw(h, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

static void act_settings(struct h2 *h, const json_t *args)
{
    nghttp2_settings_entry iv[SETTINGS_TRACKED];
    size_t n = 0;
    const char *name;
    json_t *v;
    uint16_t id;
    json_object_foreach ((json_t *)args, name, v) {
        if (!strcmp(name, "conn") || !strcmp(name, "transport"))
            continue; /* a step's */
        if (!setting_id(name, &id) || !json_is_integer(v) || n == ARRAY_SIZE(iv)) {
            failed(h, "settings", "wants {max_concurrent_streams: 1, initial_window_size: …}; others by number");
            return;
        }
        iv[n++] = (nghttp2_settings_entry){id, (uint32_t)json_integer_value(v)};
    }
    send_settings(h, iv, n);
}

bool h2_act_frame(struct h2 *h, int32_t stream, const struct action *a)
{
    bool frame = !strcmp(a->verb, "frame");
    if (!frame && strcmp(a->verb, "settings") != 0)
        return false;
    if (h2_over(h))
        return true;
    if (frame)
        act_frame(h, stream, a->args);
    else
        act_settings(h, a->args);
    return true;
}
