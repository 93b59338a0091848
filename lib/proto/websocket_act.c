/* What a scenario does to frames: one by its fields, and the form of those that carry our messages. */
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/websocket_session.h"

static const struct {
    const char *name;
    uint8_t opcode;
} opcodes[] = {{"continuation", 0}, {"text", 1}, {"binary", 2}, {"close", 8}, {"ping", 9}, {"pong", 10}};

/* By name or number; `otherwise` if there is none. */
static bool opcode_of(const json_t *v, uint8_t otherwise, uint8_t *ret)
{
    *ret = otherwise;
    if (!v)
        return true;
    if (json_is_integer(v) && json_integer_value(v) >= 0 && json_integer_value(v) < 16) {
        *ret = (uint8_t)json_integer_value(v);
        return true;
    }
    for (size_t i = 0; json_is_string(v) && i < ARRAY_SIZE(opcodes); i++)
        if (!strcmp(opcodes[i].name, json_string_value(v))) {
            *ret = opcodes[i].opcode;
            return true;
        }
    return false;
}

static void failed(struct ws *w, const char *verb, const char *reason)
{
    conn_event(w->l.conn, 0, "fault.failed", json_pack("{s:s, s:s}", "verb", verb, "reason", reason));
}

static json_int_t number(const json_t *args, const char *key, json_int_t otherwise)
{
    const json_t *v = json_object_get(args, key);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

static void act_frame(struct ws *w, const json_t *args)
{
    static const char wrong_opcode[] = "opcode is continuation, text, binary, close, ping, pong or 0 to 15";
    const json_t *payload = json_object_get(args, "payload"), *fin = json_object_get(args, "fin");
    _cleanup_(freep) uint8_t *p = NULL;
    size_t n = 0;
    struct ws_fields f = {.rsv = (uint8_t)(number(args, "rsv", 0) & 7),
                          .fin = !json_is_false(fin),
                          .mask = !w->o.server != json_is_true(json_object_get(args, "mask"))};
    if (!opcode_of(json_object_get(args, "opcode"), WSLAY_BINARY_FRAME, &f.opcode)) {
        failed(w, "ws_frame", wrong_opcode);
        return;
    }
    if (payload && action_bytes(payload, &p, &n) < 0) {
        failed(w, "ws_frame", "payload is text, {text}, {hex}, {base64} or a list of them");
        return;
    }
    f.length = (uint64_t)number(args, "length", (json_int_t)n);
    for (json_int_t i = 0, count = number(args, "count", 1); i < count; i++)
        ws_frame_fields(w, &f, p ? p : (const uint8_t *)"", n);
    ws_write_out(w);
}

static void act_fragment(struct ws *w, const json_t *args)
{
    struct ws_form form = {.rsv = (uint8_t)(number(args, "rsv", 0) & 7),
                           .mask = json_is_true(json_object_get(args, "mask"))};
    json_int_t size = json_is_integer(args) ? json_integer_value(args) : number(args, "size", 0);
    if (size < 0 || !(json_is_integer(args) || json_is_object(args))) {
        failed(w, "fragment", "wants a number of bytes, or {size, opcode, rsv, mask, between}");
        return;
    }
    if (!opcode_of(json_object_get(args, "opcode"), 0, &form.opcode) ||
        !opcode_of(json_object_get(args, "between"), 0, &form.between)) {
        failed(w, "fragment", "opcode and between are names such as text, ping, pong, or 0 to 15");
        return;
    }
    w->o.fragment = (size_t)size;
    w->form = form;
}

bool ws_act(struct ws *w, const struct action *a)
{
    if (w->l.conn->dead)
        return true;
    if (!strcmp(a->verb, "ws_frame"))
        act_frame(w, a->args);
    else if (!strcmp(a->verb, "fragment"))
        act_fragment(w, a->args);
    else
        return false;
    return true;
}
