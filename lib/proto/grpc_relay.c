/* Calls that go on to another server. */
#include "lib/proto/grpc_relay.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc_call.h"
#include "lib/proto/pb_text.h"

const struct h2_header *grpc_call_head(const struct grpc_call *c, size_t *ret_n)
{
    *ret_n = c->n_headers;
    return c->headers;
}

uint32_t grpc_call_close_code(const struct grpc_call *c)
{
    return c->close_code;
}

bool grpc_call_finished(const struct grpc_call *c)
{
    return c->finishing;
}

static void add(json_t *o, const struct h2_header *h)
{
    json_t *had = json_object_get(o, h->name), *v;
    if (utf8_valid((const uint8_t *)h->value, h->value_len)) {
        v = json_stringn(h->value, h->value_len);
    } else {
        _cleanup_(freep) char *hex = hex_encode(h->value, h->value_len);
        v = json_pack("{s:s}", "hex", hex);
    }
    if (json_is_array(had))
        json_array_append_new(had, v);
    else
        json_object_set_new(o, h->name, had ? json_pack("[O, o]", had, v) : v);
}

static json_t *to_json(const struct h2_header *h, size_t n, bool without_status)
{
    json_t *o = json_object();
    for (size_t i = 0; i < n; i++)
        if (!without_status || (strcmp(h[i].name, "grpc-status") && strcmp(h[i].name, "grpc-message")))
            add(o, &h[i]);
    return o;
}

void grpc_relay_head(struct grpc_call *c, const struct h2_header *h, size_t n)
{
    json_t *o = to_json(h, n, false);
    if (!c->extra_headers)
        c->extra_headers = json_object();
    json_object_update_missing(c->extra_headers, o); /* what a scenario has set stays above it */
    json_decref(o);
    grpc_headers_now(c);
}

static const char *value_of(const struct h2_header *h, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(h[i].name, name) == 0)
            return h[i].value;
    return NULL;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What grpc_encode_text() has made. */
static char *decoded(const char *text)
{
    char *out = xstrdup(text), *to = out;
    for (const char *c = text; *c; c++) {
        int high = c[0] == '%' ? digit(c[1]) : -1, low = high >= 0 ? digit(c[2]) : -1;
        if (low >= 0)
            c += 2;
        *to++ = (char)(low >= 0 ? high << 4 | low : *c);
    }
    *to = '\0';
    return out;
}

void grpc_relay_end(struct grpc_call *c, const struct h2_header *trailers, size_t n)
{
    const char *status = value_of(trailers, n, "grpc-status"), *text = value_of(trailers, n, "grpc-message");
    char *end = NULL;
    long code = status && *status ? strtol(status, &end, 10) : -1;
    if (code < 0 || *end) {
        json_t *o = to_json(trailers, n, false);
        c->finishing = true;
        grpc_write_trailers(c, o);
        json_decref(o);
        return;
    }
    _cleanup_(freep) char *said = decoded(text ? text : "");
    json_decref(c->extra_trailers);
    c->extra_trailers = to_json(trailers, n, true);
    json_object_del(c->extra_trailers, "content-type"); /* stands in a head, or in trailers alone: there it is ours */
    grpc_finish(c, (int)code, said);
}

void grpc_relay_raw(struct grpc_call *c, const void *p, size_t n)
{
    grpc_write_raw(c, p, n);
}

void grpc_relay_eof(struct grpc_call *c)
{
    grpc_write_end(c);
}

void grpc_relay_compress(struct grpc_call *c, bool on)
{
    c->compress = on;
}

size_t grpc_relay_queued(const struct grpc_call *c)
{
    return grpc_out_waits(c) ? SIZE_MAX : c->stream ? h2_queued(c->stream) : 0;
}

void grpc_relay_hold(struct grpc_call *c, bool hold)
{
    if (c->stream)
        h2_hold(c->stream, hold);
}
