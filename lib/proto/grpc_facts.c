/* What the event log says of calls. */
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc_call.h"
#include "lib/proto/pb.h"
#include "lib/proto/pb_text.h"

static json_t *text_json(const char *p, size_t n)
{
    if (utf8_valid((const uint8_t *)p, n))
        return json_stringn(p, n);
    _cleanup_(freep) char *hex = hex_encode(p, n);
    return json_pack("{s:s}", "hex", hex);
}

json_t *grpc_facts(const struct grpc_call *call)
{
    json_t *facts = json_object();

    json_object_set_new(facts, "service", text_json(call->service, call->service_len));
    json_object_set_new(facts, "method", text_json(call->name, strlen(call->name)));
    return facts;
}

/* "Bearer <token>"; what stands behind the token, a newline from its file, is worth seeing. */
static json_t *redacted(const struct h2_header *h)
{
    size_t scheme = h->value_len >= 7 && strncasecmp(h->value, "Bearer ", 7) == 0 ? 7 : 0;
    size_t end = h->value_len;

    while (end > scheme && memchr(" \t\r\n", h->value[end - 1], 4))
        end--;
    _cleanup_(freep) char *text =
        xasprintf("%.*s%s%.*s", (int)scheme, h->value, end > scheme ? "<token>" : "",
                  (int)(h->value_len - end), h->value + end);
    return json_string(text);
}

static void add_header(json_t *headers, const struct h2_header *h)
{
    json_t *old = json_object_get(headers, h->name), *value;

    if (!utf8_valid((const uint8_t *)h->name, h->name_len))
        return;
    value = strcmp(h->name, "authorization") == 0 ? redacted(h) : text_json(h->value, h->value_len);
    if (json_is_array(old))
        json_array_append_new(old, value);
    else if (old)
        json_object_set_new(headers, h->name, json_pack("[O,o]", old, value));
    else
        json_object_set_new(headers, h->name, value);
}

json_t *grpc_request_facts(const struct grpc_call *call)
{
    static const char *const own[][2] = {{":path", "path"},
                                         {":authority", "authority"},
                                         {":scheme", "scheme"},
                                         {"user-agent", "user_agent"},
                                         {"grpc-encoding", "encoding"},
                                         {"grpc-accept-encoding", "accept_encoding"}};
    json_t *facts = grpc_facts(call), *headers = json_object();

    for (size_t i = 0; i < call->n_headers; i++) {
        const struct h2_header *h = &call->headers[i];
        size_t k = 0;
        while (k < ARRAY_SIZE(own) && strcmp(own[k][0], h->name) != 0)
            k++;
        if (k < ARRAY_SIZE(own))
            json_object_set_new(facts, own[k][1], text_json(h->value, h->value_len));
        else
            add_header(headers, h);
    }
    json_object_set_new(facts, "headers", headers);
    return facts;
}

json_t *grpc_message_facts(const struct grpc_call *call, bool sent, uint32_t n, const uint8_t *p,
                           size_t size, bool compressed)
{
    const struct grpc_method *m = call->method;
    const ProtobufCMessageDescriptor *d = !m ? NULL : sent ? m->out : m->in;
    json_t *facts = grpc_facts(call), *message = d ? pb_to_json(d, p, size) : NULL;

    json_object_set_new(facts, "direction", json_string(sent ? "sent" : "received"));
    json_object_set_new(facts, "n", json_integer(n));
    json_object_set_new(facts, "message", message ? message : pb_guess_json(p, size));
    json_object_set_new(facts, "size", json_integer((json_int_t)size));
    json_object_set_new(facts, "compressed", json_boolean(compressed));
    return facts;
}

json_t *grpc_status_facts(const struct grpc_call *call, int code, const char *text)
{
    json_t *facts = grpc_facts(call);

    json_object_set_new(facts, "code", json_integer(code));
    json_object_set_new(facts, "name", json_string(grpc_code_name(code)));
    json_object_set_new(facts, "message", text_json(text, strlen(text)));
    return facts;
}
