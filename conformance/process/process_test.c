/* A process in a world: its lines, its end, its end by a step, and its start again. */
#include "conformance/process/process.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/mem.h"

struct stage {
    struct loop *loop;
    struct events *events;
    struct event_sub *sub;
    struct process *process;
    json_t *seen; /* "who event", in order */
    unsigned starts, exits, stop_after, stop_starts;
    char *argv[4], *envp[2];
};

static void on_event(void *arg, const json_t *event)
{
    struct stage *s = arg;

    json_array_append_new(s->seen, json_sprintf("%s %s", json_string_value(json_object_get(event, "who")),
                                                json_string_value(json_object_get(event, "event"))));
}

static void on_started(void *arg, struct process *p)
{
    struct stage *s = arg;

    (void)p;
    if (++s->starts == s->stop_starts)
        loop_stop(s->loop);
}

static void on_exited(void *arg, struct process *p)
{
    struct stage *s = arg;

    (void)p;
    if (++s->exits == s->stop_after)
        loop_stop(s->loop);
}

static void begin(struct stage *s, const char *script, bool sut, unsigned stop_after)
{
    struct process_options o = {.who = "redis", .sut = sut, .program = "/bin/sh", .argv = s->argv, .envp = s->envp,
                                .log_fd = -1, .stop_ms = 5000, .started = on_started, .exited = on_exited, .arg = s};
    char *err = NULL;

    *s = (struct stage){.loop = loop_new(), .seen = json_array(), .stop_after = stop_after,
                        .argv = {(char *)"sh", (char *)"-c", (char *)script}, .envp = {(char *)"PATH=/usr/bin:/bin"}};
    assert_int_equal(events_open(NULL, NULL, &s->events), 0);
    s->sub = events_subscribe(s->events, on_event, s);
    o.loop = s->loop;
    o.events = s->events;
    assert_int_equal(process_start(&o, &s->process, &err), 0);
}

static void end(struct stage *s, const char *expected)
{
    _cleanup_(freep) char *seen = json_dumps(s->seen, JSON_COMPACT);

    assert_string_equal(seen, expected);
    process_free(s->process);
    loop_free(s->loop);
    events_unsubscribe(s->sub);
    events_free(s->events);
    json_decref(s->seen);
}

static void ends_by_itself(void **state)
{
    struct stage s;
    json_t *exit;

    (void)state;
    begin(&s, "echo a; exit 3", true, 1);
    loop_run(s.loop);
    exit = process_exit_json(s.process);
    assert_int_equal(json_integer_value(json_object_get(exit, "code")), 3);
    assert_false(process_running(s.process));
    assert_int_equal(process_signal(s.process, SIGTERM), -ESRCH);
    assert_int_equal(process_down(s.process, SIGTERM), -ESRCH);
    json_decref(exit);
    end(&s, "[\"world sut.start\",\"redis log.line\",\"redis sut.exit\"]");
}

static void a_step_restarts_it(void **state)
{
    struct stage s;

    (void)state;
    begin(&s, "sleep 60", false, 1);
    assert_int_equal(process_up(s.process, 0), -EALREADY);
    assert_int_equal(process_down(s.process, SIGKILL), 0);
    assert_int_equal(process_up(s.process, 10), 0);
    loop_run(s.loop); /* it has ended, and waits to be started */
    assert_false(process_running(s.process));
    s.stop_starts = 2;
    loop_run(s.loop);
    assert_true(process_running(s.process));
    s.stop_after = 2;
    process_stop(s.process);
    loop_run(s.loop);
    end(&s, "[\"redis actor.start\",\"redis actor.stopped\",\"redis actor.start\",\"redis actor.exit\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_by_itself),
        cmocka_unit_test(a_step_restarts_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
