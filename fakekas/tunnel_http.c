#include "fakekas/tunnel_http.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "grpctool.pb-c.h"
#include "kubernetes_api.pb-c.h"
#include "kubernetes_api_fork.pb-c.h"

#include "lib/base/mem.h"
#include "lib/proto/grpc.h"
#include "lib/proto/pb.h"

enum { PIECE = 32 * 1024, BODY_KEPT = 1024 * 1024 };

static const char *text_of(const json_t *args, const char *key, const char *fallback)
{
    const char *v = json_string_value(json_object_get(args, key));
    return v ? v : fallback;
}

json_t *values_from(const json_t *plain)
{
    json_t *out = json_object(), *v;
    const char *k;
    json_object_foreach ((json_t *)plain, k, v)
        if (!json_is_null(v))
            json_object_set_new(out, k, json_pack(json_is_array(v) ? "{sO}" : "{s[O]}", "value", v));
    return out;
}

json_t *values_to(const json_t *values)
{
    json_t *out = json_object(), *v;
    const char *k;
    json_object_foreach ((json_t *)values, k, v) {
        json_t *list = json_object_get(v, "value");
        json_object_set(out, k, json_array_size(list) == 1 ? json_array_get(list, 0) : list);
    }
    return out;
}

struct tunnel_request *tunnel_request_new(const json_t *args, char **reterr)
{
    const json_t *body = json_object_get(args, "body");
    if (!json_is_object(args) || (body && !json_is_string(body))) {
        *reterr = xstrdup("tunnel_request: expected {method, path, query, headers, body: text, …}");
        return NULL;
    }
    struct tunnel_request *r = NEW(struct tunnel_request);
    r->args = json_deep_copy(args);
    r->conn = json_integer_value(json_object_get(args, "conn"));
    r->keep_open = json_is_true(json_object_get(args, "keep_open"));
    return r;
}

struct tunnel_request *tunnel_request_free(struct tunnel_request *r)
{
    if (!r)
        return NULL;
    json_decref(r->args);
    json_decref(r->header);
    json_decref(r->error);
    buf_done(&r->body);
    free(r);
    return NULL;
}

json_t *tunnel_request_info(const struct tunnel_request *r, const char *service)
{
    _cleanup_(freep) char *own = xasprintf("/%s/MakeRequest", service);
    const char *rpc = text_of(r->args, "rpc", own);
    json_t *given = json_object_get(r->args, "meta");
    json_t *meta = given ? values_from(given)
                         : json_pack("{s{s[s]}}", "content-type", "value", "application/grpc+proto");
    return json_pack("{ssso}", "method_name", rpc, "meta", meta);
}

static char *base64(const uint8_t *p, size_t n)
{
    char *out = xcalloc(1, 4 * ((n + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)out, p, (int)n);
    return out;
}

/* Whom the agent shall impersonate. The fork's message has other numbers under the same names. */
static json_t *extra_of(const json_t *args, const char *service, bool job, char **reterr)
{
    json_t *extra = json_object_get(args, "extra");
    bool fork = !strncmp(service, "plural.", 7);
    uint8_t *p;
    size_t n;
    if (!extra)
        return NULL;
    if (fork && job)
        json_object_del(json_object_get(extra, "imp_config"), "extra"); /* it has no such field */
    const ProtobufCMessageDescriptor *d = fork ? &kubernetes_api_fork__header_extra__descriptor
                                               : &kubernetes_api__header_extra__descriptor;
    if (pb_from_json(d, extra, &p, &n, reterr) < 0)
        return NULL;
    _cleanup_(freep) char *value = base64(p, n);
    free(p);
    _cleanup_(freep) char *type = xasprintf("type.googleapis.com/%s.agent.kubernetes_api.rpc.HeaderExtra",
                                            fork ? "plural" : "gitlab");
    return json_pack("{ssss}", "@type", type, "value", value);
}

static int send_json(const json_t *m, tunnel_send_fn send, void *arg, char **reterr)
{
    uint8_t *p;
    size_t n;
    int r = pb_from_json(&grpctool__http_request__descriptor, m, &p, &n, reterr);
    if (r < 0)
        return r;
    send(arg, p, n);
    free(p);
    return 0;
}

static int send_header(const struct tunnel_request *r, const char *service,
                       tunnel_send_fn send, void *arg, char **reterr)
{
    json_t *headers = values_from(json_object_get(r->args, "headers"));
    json_t *query = values_from(json_object_get(r->args, "query"));
    json_t *request = json_pack("{ssssso so}", "method", text_of(r->args, "method", "GET"), "url_path",
                                text_of(r->args, "path", "/version"), "header", headers, "query", query);
    json_t *extra = extra_of(r->args, service, r->taker, reterr);
    if (*reterr) {
        json_decref(request);
        return -EINVAL;
    }
    json_t *length = json_object_get(r->args, "content_length");
    json_t *m = json_pack("{s{soso*sO*}}", "header", "request", request, "extra", extra, "content_length", length);
    int ret = send_json(m, send, arg, reterr);
    json_decref(m);
    return ret;
}

static void send_message(Grpctool__HttpRequest *m, tunnel_send_fn send, void *arg)
{
    size_t len = grpctool__http_request__get_packed_size(m);
    _cleanup_(freep) uint8_t *p = xcalloc(1, len ? len : 1);
    grpctool__http_request__pack(m, p);
    send(arg, p, len);
}

void tunnel_send_data(const void *body, size_t n, bool upgraded, tunnel_send_fn send, void *arg)
{
    for (size_t at = 0; at < n; at += PIECE) {
        Grpctool__HttpRequest__Data data = GRPCTOOL__HTTP_REQUEST__DATA__INIT;
        Grpctool__HttpRequest__UpgradeData after = GRPCTOOL__HTTP_REQUEST__UPGRADE_DATA__INIT;
        Grpctool__HttpRequest m = GRPCTOOL__HTTP_REQUEST__INIT;
        ProtobufCBinaryData piece = {.data = (uint8_t *)body + at, .len = n - at < PIECE ? n - at : PIECE};
        m.message_case = upgraded ? GRPCTOOL__HTTP_REQUEST__MESSAGE_UPGRADE_DATA : GRPCTOOL__HTTP_REQUEST__MESSAGE_DATA;
        data.data = after.data = piece;
        if (upgraded)
            m.upgrade_data = &after;
        else
            m.data = &data;
        send_message(&m, send, arg);
    }
}

void tunnel_send_trailer(tunnel_send_fn send, void *arg)
{
    Grpctool__HttpRequest__Trailer trailer = GRPCTOOL__HTTP_REQUEST__TRAILER__INIT;
    Grpctool__HttpRequest m = GRPCTOOL__HTTP_REQUEST__INIT;
    m.message_case = GRPCTOOL__HTTP_REQUEST__MESSAGE_TRAILER;
    m.trailer = &trailer;
    send_message(&m, send, arg);
}

int tunnel_request_send(const struct tunnel_request *r, const char *service, tunnel_send_fn send, void *arg, char **reterr)
{
    const json_t *body = json_object_get(r->args, "body");
    int ret = send_header(r, service, send, arg, reterr);
    if (ret < 0 || r->taker)
        return ret;
    if (body)
        tunnel_send_data(json_string_value(body), json_string_length(body), false, send, arg);
    tunnel_send_trailer(send, arg);
    return 0;
}

static json_t *header_of(const Grpctool__HttpResponse *m)
{
    size_t n = protobuf_c_message_get_packed_size(&m->header->base);
    _cleanup_(freep) uint8_t *p = xcalloc(1, n ? n : 1);
    protobuf_c_message_pack(&m->header->base, p);
    json_t *j = pb_to_json(&grpctool__http_response__header__descriptor, p, n);
    json_t *response = json_incref(json_object_get(j, "response"));
    json_decref(j);
    return response;
}

static void head_came(struct tunnel_request *r, const Grpctool__HttpResponse *m)
{
    if (r->header)
        return;
    r->header = header_of(m);
    if (!r->taker)
        return;
    json_t *headers = values_to(json_object_get(r->header, "header"));
    r->taker->header(r->arg, (int)json_integer_value(json_object_get(r->header, "status_code")), headers);
    json_decref(headers);
}

void tunnel_request_received(struct tunnel_request *r, const uint8_t *p, size_t n)
{
    Grpctool__HttpResponse *m = grpctool__http_response__unpack(NULL, n, p);
    if (!m) {
        tunnel_request_error(r, GRPC_INTERNAL, "the agent's message is no HttpResponse");
        return;
    }
    switch (m->message_case) {
    case GRPCTOOL__HTTP_RESPONSE__MESSAGE_HEADER:
        head_came(r, m);
        break;
    case GRPCTOOL__HTTP_RESPONSE__MESSAGE_DATA:
        r->length += m->data->data.len;
        if (r->taker)
            r->taker->data(r->arg, m->data->data.data, m->data->data.len);
        else if (buf_len(&r->body) < BODY_KEPT)
            buf_add(&r->body, m->data->data.data, m->data->data.len);
        break;
    case GRPCTOOL__HTTP_RESPONSE__MESSAGE_UPGRADE_DATA:
        r->length += m->upgrade_data->data.len;
        if (r->taker)
            r->taker->upgrade_data(r->arg, m->upgrade_data->data.data, m->upgrade_data->data.len);
        break;
    default:
        break;
    }
    grpctool__http_response__free_unpacked(m, NULL);
}

void tunnel_request_error(struct tunnel_request *r, int code, const char *message)
{
    json_decref(r->error);
    r->error = json_pack("{sissss}", "code", code, "name", grpc_code_name(code), "message", message ? message : "");
    if (!r->error)
        r->error = json_pack("{siss}", "code", code, "message", "(not UTF-8)");
}

static json_t *body_json(const struct buf *b)
{
    json_t *text = json_stringn((const char *)buf_data(b), buf_len(b));
    if (text)
        return text;
    _cleanup_(freep) char *b64 = base64(buf_data(b), buf_len(b));
    return json_pack("{ss}", "base64", b64);
}

json_t *tunnel_request_response(const struct tunnel_request *r)
{
    json_t *f = json_object(), *id = json_object_get(r->args, "id");
    if (id)
        json_object_set(f, "id", id);
    if (r->header) {
        json_object_set(f, "status", json_object_get(r->header, "status_code"));
        json_object_set_new(f, "headers", values_to(json_object_get(r->header, "header")));
    }
    if (buf_len(&r->body))
        json_object_set_new(f, "body", body_json(&r->body));
    if (r->length)
        json_object_set_new(f, "length", json_integer((json_int_t)r->length));
    if (r->error)
        json_object_set(f, "error", r->error);
    return f;
}
