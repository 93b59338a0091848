/* Verbs on calls that are open: they end, with a status or without. */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc.h"
#include "lib/script/verbs_impl.h"

struct order {
    const json_t *args;
    bool rst;
    uint32_t h2_code;
    int code;
    const char *message;
};

static void end_call(void *arg, struct grpc_call *call)
{
    const struct order *o = arg;
    const char *method = verbs_text(o->args, "method", NULL);
    json_int_t stream = json_integer_value(json_object_get(o->args, "stream"));
    if ((method && !grpc_method_is(grpc_call_method(call), method)) || (stream && stream != grpc_call_stream(call)))
        return;
    if (o->rst)
        grpc_call_rst(call, o->h2_code);
    else
        grpc_finish(call, o->code, o->message);
}

static void at_conn(void *arg, const struct verbs_conn *c)
{
    if (c->session)
        grpc_session_each_call(c->session, end_call, arg);
}

static int read_rst(struct order *o, char **reterr)
{
    const json_t *code = json_object_get(o->args, "code");
    int r = verbs_check_h2_code(o->args, reterr);
    o->rst = true;
    o->h2_code = 8; /* CANCEL */
    if (r < 0)
        return r;
    if (json_is_integer(code))
        o->h2_code = (uint32_t)json_integer_value(code);
    else if (json_is_string(code))
        (void)h2_error_code(json_string_value(code), &o->h2_code);
    return 0;
}

static int read_status(struct order *o, char **reterr)
{
    const json_t *code = json_object_get(o->args, "code");
    o->code = GRPC_UNAVAILABLE;
    o->message = verbs_text(o->args, "message", "");
    if (code && grpc_code_parse(code, &o->code) < 0)
        return verbs_refuse(reterr, xstrdup("close_streams.code: expected a gRPC code, such as Unavailable or 14"));
    return 0;
}

int verb_on_calls(struct verbs *v, const char *verb, const json_t *args, char **reterr)
{
    struct order o = {.args = args, .code = GRPC_OK, .message = ""}; /* end_streams */
    int r = 0;
    if (!strcmp(verb, "rst_streams"))
        r = read_rst(&o, reterr);
    else if (!strcmp(verb, "close_streams"))
        r = read_status(&o, reterr);
    if (r == 0)
        (void)verbs_each(v, args, at_conn, &o);
    return r;
}
