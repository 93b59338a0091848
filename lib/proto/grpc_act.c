/* Moments of calls: what a scenario wants instead.
 *
 * While its actions are under way the call is held in that direction: input while a request or a received
 * message waits, output while a reply does. Actions write at once and ask nobody, so that a fault does not
 * answer a fault.
 */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/proto/grpc_call.h"
#include "lib/proto/pb.h"

/* The quiet moments are built whenever there is anybody at all who reads them. */
bool grpc_loud(const struct grpc_call *call, const char *moment)
{
    return conn_heard(call->session->conn, moment);
}

static void failed(const struct grpc_call *call, const char *verb, const char *reason)
{
    conn_event(call->session->conn, call->id, "fault.failed",
               json_pack("{s:s,s:s}", "verb", verb, "reason", reason));
}

/* Verbs */

static void act_status(struct grpc_call *call, const json_t *args)
{
    const json_t *only = json_object_get(args, "trailers_only");
    const char *text = json_string_value(json_object_get(args, "message"));
    int code;

    if (grpc_code_parse(json_is_object(args) ? json_object_get(args, "code") : args, &code) < 0) {
        failed(call, "status", "no such gRPC code; write a name like UNAVAILABLE or a number");
        return;
    }
    if (grpc_loud(call, "grpc.status"))
        conn_event(call->session->conn, call->id, "grpc.status",
                   grpc_status_facts(call, code, text ? text : ""));
    grpc_write_status(call, code, text ? text : "",
                      json_is_boolean(only) ? json_is_true(only) : GRPC_TRAILERS_AUTO);
}

static void write_told(struct grpc_call *call, uint32_t n, const uint8_t *p, size_t size)
{
    if (conn_cares(call->session->conn, "grpc.message"))
        conn_event(call->session->conn, call->id, "grpc.message",
                   grpc_message_facts(call, true, n, p, size, call->compress));
    grpc_write_message(call, p, size);
}

static void act_message(struct grpc_step *step, const json_t *args)
{
    struct grpc_call *call = step->call;
    _cleanup_(freep) uint8_t *p = NULL;
    _cleanup_(freep) char *error = NULL;
    size_t n;

    if (!call->method || !call->method->out)
        failed(call, "message", "nobody knows which message this method answers with");
    else if (pb_from_json(call->method->out, args, &p, &n, &error) < 0)
        failed(call, "message", error);
    else /* in place of the one that was to be sent, it has that one's number */
        write_told(call, step->at == GRPC_AT_SENT ? call->n_sent : ++call->n_sent, p, n);
}

static void act_bytes(struct grpc_call *call, const json_t *args)
{
    _cleanup_(freep) uint8_t *p = NULL;
    size_t n;

    if (action_bytes(args, &p, &n) < 0)
        failed(call, "bytes", "wants {hex}, {base64} or {text}");
    else
        grpc_write_raw(call, p, n);
}

static void act_repeat(struct grpc_step *step, const json_t *args)
{
    if (step->at != GRPC_AT_SENT || !json_is_integer(args)) {
        failed(step->call, "repeat", "wants a number, at a grpc.message that is being sent");
        return;
    }
    for (json_int_t i = 0; i < json_integer_value(args) && step->call->stream; i++) {
        if (i > 0)
            step->call->n_sent++;
        write_told(step->call, step->call->n_sent, step->item->bytes, step->item->n);
    }
}

static void act_respond(struct grpc_call *call, const json_t *args)
{
    const json_t *status = json_object_get(args, "status"), *body = json_object_get(args, "body");
    _cleanup_(freep) uint8_t *p = NULL;
    size_t n = 0;

    if (body && action_bytes(body, &p, &n) < 0) {
        failed(call, "respond", "body wants text, {text}, {hex} or {base64}");
        return;
    }
    grpc_write_respond(call, json_is_integer(status) ? (int)json_integer_value(status) : 200,
                       json_object_get(args, "headers"), p, n);
}

static bool own_verb(struct grpc_step *step, const struct action *a)
{
    struct grpc_call *call = step->call;

    if (strcmp(a->verb, "status") == 0)
        act_status(call, a->args);
    else if (strcmp(a->verb, "message") == 0)
        act_message(step, a->args);
    else if (strcmp(a->verb, "bytes") == 0)
        act_bytes(call, a->args);
    else if (strcmp(a->verb, "repeat") == 0)
        act_repeat(step, a->args);
    else if (strcmp(a->verb, "end") == 0)
        grpc_write_end(call);
    else if (strcmp(a->verb, "trailers") == 0)
        grpc_write_trailers(call, a->args);
    else if (strcmp(a->verb, "headers") == 0)
        grpc_set_headers(call, a->args);
    else if (strcmp(a->verb, "respond") == 0)
        act_respond(call, a->args);
    else if (strcmp(a->verb, "pass") == 0)
        step->pass = true;
    else if (strcmp(a->verb, "withhold") != 0)
        return false;
    return true;
}

static bool own_action(void *arg, const struct action *a)
{
    struct grpc_step *step = arg;
    struct grpc_call *call = step->call;

    if (!call->stream || !call->session->h2)
        return true; /* too late */
    grpc_call_keep(call);
    bool known = own_verb(step, a) || h2_act(call->session->h2, call->stream, a);
    if (known && strcmp(a->verb, "rst_stream") == 0)
        call->finishing = call->ended = true;
    grpc_call_unkeep(call);
    return known;
}

/* When they are done */

static void step_free(struct grpc_step *step)
{
    grpc_item_free(step->item);
    free(step);
}

/* The client's side goes on, or is the scenario's from now on. */
static void go_on_receiving(struct grpc_call *call, const struct grpc_step *step, bool carry_on)
{
    call->in_held = false;
    if (call->ended)
        return;
    if (step->at == GRPC_AT_RECEIVED) {
        if (carry_on)
            grpc_deliver(call, step->item->bytes, step->item->n);
    } else if (step->at == GRPC_AT_END) {
        if (carry_on)
            grpc_deliver_end(call);
    } else if (carry_on) {
        grpc_accept(call);
    } else {
        call->taken = true;
    }
    grpc_pump_in(call);
}

static void go_on_sending(struct grpc_call *call, const struct grpc_step *step, bool carry_on)
{
    call->out_held = false;
    if (carry_on && step->item->is_status)
        grpc_write_status(call, step->item->code, step->item->text, GRPC_TRAILERS_AUTO);
    else if (carry_on)
        grpc_write_message(call, step->item->bytes, step->item->n);
    grpc_pump_out(call);
}

static void acted(void *arg, bool carry_on)
{
    struct grpc_step *step = arg;
    struct grpc_call *call = step->call;

    grpc_call_keep(call);
    LIST_REMOVE(step, link); /* what follows may close the stream, and that frees those still listed */
    if (call->stream && !call->session->conn->dead && step->at != GRPC_AT_STEP) {
        carry_on |= step->pass;
        if (step->at == GRPC_AT_SENT || step->at == GRPC_AT_STATUS)
            go_on_sending(call, step, carry_on);
        else
            go_on_receiving(call, step, carry_on);
    }
    step_free(step);
    grpc_call_unkeep(call);
}

static const char *moment_name(enum grpc_moment at)
{
    static const char *const names[] = {"grpc.request", "grpc.message", "grpc.end", "grpc.message",
                                        "grpc.status", "step"};
    return names[at];
}

bool grpc_act(struct grpc_call *call, enum grpc_moment at, json_t *facts,
              struct grpc_item *(*item)(void *arg), void *arg)
{
    struct conn *c = call->session->conn;
    const struct action *list = conn_moment(c, call->id, moment_name(at), facts);

    if (!list || !call->stream || !call->session->h2)
        return false;
    struct grpc_step *step = NEW(struct grpc_step);
    step->call = call;
    step->at = at;
    step->item = item ? item(arg) : NULL;
    LIST_INSERT_HEAD(&call->steps, step, link);
    if (at == GRPC_AT_SENT || at == GRPC_AT_STATUS)
        call->out_held = true;
    else
        call->in_held = true;
    conn_act_all(c, h2_layer(call->session->h2), list, own_action, acted, step);
    return true;
}

void grpc_call_do(struct grpc_call *call, const struct action *list)
{
    if (!call->stream || !call->session->h2 || call->session->conn->dead)
        return;
    struct grpc_step *step = NEW(struct grpc_step);
    step->call = call;
    step->at = GRPC_AT_STEP;
    LIST_INSERT_HEAD(&call->steps, step, link);
    conn_act_all(call->session->conn, h2_layer(call->session->h2), list, own_action, acted, step);
}

void grpc_steps_cancel(struct grpc_call *call)
{
    struct grpc_step *step;

    while ((step = LIST_FIRST(&call->steps))) {
        LIST_REMOVE(step, link);
        conn_act_cancel(call->session->conn, step);
        step_free(step);
    }
}

/* Closed */

static bool only_for_the_session(void *arg, const struct action *a)
{
    return h2_act(arg, NULL, a);
}

static void nothing_waits(void *arg, bool carry_on)
{
}

void grpc_closed_moment(struct grpc_call *call)
{
    struct grpc_session *s = call->session;

    if (!grpc_loud(call, "grpc.closed"))
        return;
    json_t *facts = grpc_facts(call);
    json_object_set_new(facts, "code", json_string(h2_error_name(call->close_code)));
    const struct action *list = conn_moment(s->conn, call->id, "grpc.closed", facts);
    if (list && s->h2 && !s->conn->dead)
        conn_act_all(s->conn, h2_layer(s->h2), list, only_for_the_session, nothing_waits, s->h2);
}
