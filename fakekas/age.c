/* KAS lets connections grow old so that load balancers can move them: first a GOAWAY, then polling streams end with OK
 * (the agent opens them again elsewhere), at last the connection is closed. Age counts from accept. */
#include "fakekas/internal.h"
#include "lib/base/clock.h"

enum { STAGE_GOAWAY, STAGE_POLLS, STAGE_HARD, _STAGE_MAX };

static int64_t max_age_ms(const struct kas *k)
{
    int64_t ms = k->traits.max_age_ms;
    const json_t *v = json_object_get(k->spec, "max_connection_age");
    if (json_is_integer(v))
        ms = 1000 * (int64_t)json_integer_value(v);
    else if (json_is_string(v))
        (void)duration_parse(json_string_value(v), &ms); /* kas_start() has refused what is none */
    return ms;
}

static int percent_of(const struct kas_traits *t, int stage)
{
    return stage == STAGE_GOAWAY ? t->goaway_percent : stage == STAGE_POLLS ? t->polls_percent : t->hard_percent;
}

static void end_poll(void *arg, struct grpc_call *call)
{
    if (!grpc_method_is(grpc_call_method(call), "Register") && !grpc_method_is(grpc_call_method(call), "MakeRequest") &&
        (!grpc_method_is(grpc_call_method(call), "Connect") || tunnel_is_idle(call)))
        grpc_finish(call, GRPC_OK, "");
}

static void age_fired(void *arg);

static void age_arm(struct link *l)
{
    int64_t ms = max_age_ms(l->kas);
    if (ms <= 0 || l->age_stage >= _STAGE_MAX)
        return;
    int64_t due = ms * percent_of(&l->kas->traits, l->age_stage) / 100;
    int64_t now = (int64_t)((clock_ns() - l->conn->accepted_ns) / 1000000);
    l->age = timer_new(l->kas->loop, due > now ? (uint64_t)(due - now) : 0, age_fired, l);
}

static void age_fired(void *arg)
{
    struct link *l = arg;
    static const char *const names[] = {"goaway", "polls-end", "close"};
    int stage = l->age_stage++;
    l->age = timer_free(l->age);
    kas_event(l->kas, l->conn, 0, "kas.max_age", json_pack("{ss}", "stage", names[stage]));
    age_arm(l); /* before anything that may end the connection */
    if (stage == STAGE_GOAWAY && l->session)
        h2_goaway(grpc_session_h2(l->session), 0, l->kas->traits.grpc_go >= 56 ? "max_age" : "", -1, true);
    if (stage == STAGE_POLLS && l->session) {
        l->polls_over = true;
        grpc_session_each_call(l->session, end_poll, NULL);
    }
    if (stage == STAGE_HARD)
        conn_close(l->conn, LAYER_CLOSE);
}

void age_start(struct link *l)
{
    if (!l->age && l->age_stage == 0)
        age_arm(l);
}

void age_stop(struct link *l)
{
    l->age = timer_free(l->age);
}
