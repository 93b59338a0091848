/* Messages of a call, framed and unframed; its headers. */
#include "conformance/parity/talk_call.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/gzip.h"
#include "lib/proto/messages.h"
#include "lib/proto/pb.h"
#include "lib/script/template.h"

enum { PREFIX = 5, HEADS = 32, MESSAGE_MAX = 8 * 1024 * 1024 };

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

/* Those of an agent of 14.7, with what the talk wants laid over them. */
static json_t *heads_of(const json_t *open, const char *authority, const char *token)
{
    json_t *usual =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", ":method", "POST", ":scheme", "http", ":path",
                  text(open, "method") ? text(open, "method") : "", ":authority", authority, "content-type",
                  "application/grpc", "user-agent", "parity/1 grpc-go/1.42.0", "te", "trailers");
    const json_t *own = json_object_get(open, "headers");
    json_t *all;

    json_object_set_new(usual, "authorization", json_sprintf("Bearer %s", token));
    all = own ? overlay(usual, own) : json_incref(usual);
    json_decref(usual);
    return all;
}

static size_t heads_list(const json_t *all, struct h2_header *ret)
{
    const char *name;
    json_t *value;
    size_t n = 0;

    for (int pseudo = 1; pseudo >= 0; pseudo--)
        json_object_foreach((json_t *)all, name, value)
        {
            if ((name[0] == ':') != pseudo || !json_is_string(value) || n == HEADS)
                continue;
            ret[n++] =
                (struct h2_header){name, json_string_value(value), strlen(name), json_string_length(value)};
        }
    return n;
}

static int descriptor(const json_t *open, const char *key, const ProtobufCMessageDescriptor **ret,
                      char **reterr)
{
    const char *name = text(open, key);

    *ret = name ? message_find(name) : NULL;
    if (!name || *ret)
        return 0;
    *reterr = xasprintf("%s: %s: no such message", key, name);
    return -EINVAL;
}

int talk_call_open(struct talk_call *c, struct h2c *h, const json_t *open, const char *authority,
                   const char *token, int32_t id, char **reterr)
{
    struct h2_header heads[HEADS];
    json_t *all;
    int e = descriptor(open, "in", &c->in, reterr);

    if (!e)
        e = descriptor(open, "out", &c->out, reterr);
    if (!e)
        e = descriptor(open, "inner", &c->inner, reterr);
    if (e)
        return e;
    all = heads_of(open, authority, token);
    c->stream = h2c_request(h, id, heads, heads_list(all, heads), c);
    json_decref(all);
    if (!c->stream) {
        *reterr = xstrdup("the connection takes no more calls");
        return -EPIPE;
    }
    if (json_object_get(open, "message"))
        e = talk_call_send(c, json_object_get(open, "message"), reterr);
    if (!e && json_is_true(json_object_get(open, "end")))
        h2c_end(c->stream);
    return e;
}

int talk_call_send(struct talk_call *c, const json_t *message, char **reterr)
{
    uint8_t head[PREFIX] = {0}, *p = NULL;
    size_t n = 0;
    int e = c->in ? pb_from_json(c->in, message, &p, &n, reterr) : -EINVAL;

    if (!c->stream)
        e = -EPIPE;
    if (e && !*reterr)
        *reterr = xstrdup(c->stream ? "a message needs `in`" : "the call is over");
    for (int i = 0; i < 4; i++)
        head[1 + i] = (uint8_t)(n >> (8 * (3 - i)));
    if (!e) {
        h2c_data(c->stream, head, sizeof(head));
        h2c_data(c->stream, p, n);
    }
    free(p);
    return e;
}

/* A tunnel's messages hold others: what is in message.data is read too. */
static void inner_read(const struct talk_call *c, json_t *message)
{
    json_t *outer = json_object_get(message, "message"), *inside;
    const char *data = text(outer, "data");
    size_t len = data ? strlen(data) : 0, pad = 0;
    unsigned char *bytes;
    int n;

    if (!c->inner || !json_is_object(outer))
        return;
    bytes = xcalloc(len + 1, 1);
    n = data ? EVP_DecodeBlock(bytes, (const unsigned char *)data, (int)len) : 0;
    while (pad < 2 && len > pad && data[len - 1 - pad] == '=')
        pad++;
    inside = n >= 0 ? pb_to_json(c->inner, bytes, (size_t)n - pad) : NULL;
    if (inside)
        json_object_set_new(outer, "data", inside);
    free(bytes);
}

static void message_add(struct talk_call *c, const uint8_t *p, size_t n, bool packed)
{
    struct buf plain = BUF_NULL;
    json_t *list = json_object_get(c->said, "messages"), *one;

    if (packed && gzip_unpack(p, n, MESSAGE_MAX, &plain) == 0) {
        p = buf_data(&plain);
        n = buf_len(&plain);
    }
    one = c->out ? pb_to_json(c->out, p, n) : NULL;
    if (!one)
        one = pb_guess_json(p, n);
    inner_read(c, one);
    if (packed)
        json_object_set_new(one, "@compressed", json_true());
    json_array_append_new(list, one);
    buf_done(&plain);
}

void talk_call_data(struct talk_call *c, const uint8_t *p, size_t n)
{
    buf_add(&c->bytes, p, n);
    while (buf_len(&c->bytes) >= PREFIX) {
        const uint8_t *m = buf_data(&c->bytes);
        size_t len = (size_t)m[1] << 24 | (size_t)m[2] << 16 | (size_t)m[3] << 8 | m[4];
        if (len > MESSAGE_MAX || buf_len(&c->bytes) < PREFIX + len)
            break;
        message_add(c, m + PREFIX, len, m[0] & 1);
        buf_consume(&c->bytes, PREFIX + len);
    }
}

json_t *talk_headers(const struct h2_header *h, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        json_t *value = json_stringn(h[i].value, h[i].value_len);
        json_array_append_new(list,
                              json_pack("[s, o]", h[i].name, value ? value : json_string("<no UTF-8>")));
    }
    return list;
}
