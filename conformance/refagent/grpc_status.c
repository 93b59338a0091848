#include "conformance/refagent/grpc_status.h"

#include <string.h>

#include "conformance/refagent/gotext.h"
#include "lib/base/mem.h"

void status_done(struct status *s)
{
    free(s->message);
    *s = (struct status){0};
}

char *status_text(const struct status *s)
{
    _cleanup_(freep) char *code = go_grpc_code(s->code);
    return xasprintf("rpc error: code = %s desc = %s", code, s->message ? s->message : "");
}

static int from_http(int status)
{
    switch (status) {
    case 400:
        return GRPC_INTERNAL;
    case 401:
        return GRPC_UNAUTHENTICATED;
    case 403:
        return GRPC_PERMISSION_DENIED;
    case 404:
        return GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return GRPC_UNAVAILABLE;
    default:
        return GRPC_UNKNOWN;
    }
}

static bool is_grpc_type(const char *type)
{
    return !strncmp(type, "application/grpc", 16) && (!type[16] || type[16] == '+' || type[16] == ';');
}

static void set(struct grpc_headers *g, int code, char *message)
{
    status_done(&g->status);
    g->status = (struct status){code, message};
    g->has_status = true;
}

void grpc_headers_read(const struct h2_header *h, size_t n, bool first, struct grpc_headers *ret)
{
    *ret = (struct grpc_headers){0};
    bool grpc = !first;
    int http = 0, code = 0;
    _cleanup_(freep) char *http_error = first ? xstrdup("malformed header: missing HTTP status") : NULL;
    _cleanup_(freep) char *type_error = xstrdup("malformed header: missing HTTP content-type");
    _cleanup_(freep) char *message = NULL;
    _cleanup_(freep) char *bad = NULL;
    for (size_t i = 0; i < n && !bad; i++) {
        const char *name = h[i].name, *value = h[i].value;
        if (!strcmp(name, "content-type")) {
            _cleanup_(freep) char *q = go_quote(value, h[i].value_len);
            free(type_error);
            grpc |= is_grpc_type(value);
            type_error =
                is_grpc_type(value) ? NULL : xasprintf("transport: received unexpected content-type %s", q);
        } else if (!strcmp(name, "grpc-status")) {
            _cleanup_(freep) char *why = NULL;
            ret->has_status = true;
            if (!go_parse_int32(value, &code, &why))
                bad = xasprintf("transport: malformed grpc-status: %s", why);
        } else if (!strcmp(name, "grpc-message")) {
            free(message);
            message = go_percent_decode(value, h[i].value_len);
        } else if (!strcmp(name, "grpc-encoding")) {
            free(ret->encoding);
            ret->encoding = xstrdup(value);
        } else if (!strcmp(name, "x-gitlab-correlation-id")) {
            free(ret->correlation_id);
            ret->correlation_id = xstrdup(value);
        } else if (!strcmp(name, ":status")) {
            _cleanup_(freep) char *why = NULL;
            free(http_error);
            http_error = NULL;
            if (!go_parse_int32(value, &http, &why))
                bad = xasprintf("transport: malformed http-status: %s", why);
            else if (http != 200)
                http_error = xasprintf("unexpected HTTP status code received from server: %d (%s)", http,
                                       go_http_status(http));
        }
    }
    if (bad) {
        set(ret, GRPC_INTERNAL, xstrdup(bad));
    } else if (!grpc || http_error) {
        char *text = xasprintf("%s%s%s", http_error ? http_error : "", http_error && type_error ? "; " : "",
                               type_error ? type_error : "");
        set(ret, http ? from_http(http) : GRPC_INTERNAL, text);
    } else if (ret->has_status) {
        set(ret, code, message ? xstrdup(message) : NULL);
    }
}

void grpc_headers_done(struct grpc_headers *g)
{
    free(g->encoding);
    free(g->correlation_id);
    status_done(&g->status);
    *g = (struct grpc_headers){0};
}

struct status status_from_reset(uint32_t h2_code)
{
    static const int codes[] = {GRPC_INTERNAL,           GRPC_INTERNAL,    GRPC_INTERNAL,
                                GRPC_RESOURCE_EXHAUSTED, GRPC_INTERNAL,    GRPC_INTERNAL,
                                GRPC_INTERNAL,           GRPC_UNAVAILABLE, GRPC_CANCELED,
                                GRPC_INTERNAL,           GRPC_INTERNAL,    GRPC_RESOURCE_EXHAUSTED,
                                GRPC_PERMISSION_DENIED,  GRPC_INTERNAL};
    if (h2_code == H2_DRAINING)
        return (struct status){GRPC_UNAVAILABLE, xstrdup("the connection is draining")};
    _cleanup_(freep) char *name = go_h2_code(h2_code);
    return (struct status){h2_code < ARRAY_SIZE(codes) ? codes[h2_code] : GRPC_UNKNOWN,
                           xasprintf("stream terminated by RST_STREAM with error code: %s", name)};
}
