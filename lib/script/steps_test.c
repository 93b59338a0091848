/* Steps wait, act in order, and say what they did. */
#include "lib/script/steps.h"

#include <errno.h>

#include "lib/script/script_test.h"

struct bench {
    struct loop *loop;
    struct events *events;
    struct steps *steps;
    struct timer *limit;
    struct event_sub *sub;
    json_t *did;         /* what was performed and what was said, in order */
    const char *echo;    /* an event that performing brings about */
};

static int perform(void *arg, const char *verb, const json_t *args, char **reterr)
{
    struct bench *b = arg;
    json_array_append_new(b->did, json_pack("[s, O]", verb, args));
    if (b->echo)
        events_emit(b->events, "kas", 0, 0, b->echo, NULL);
    if (strcmp(verb, "bad") != 0)
        return 0;
    *reterr = xstrdup("no such thing");
    return -ENOENT;
}

static void heard(void *arg, const json_t *event)
{
    struct bench *b = arg;
    const char *name = json_string_value(json_object_get(event, "event"));
    if (strncmp(name, "step.", 5) == 0)
        json_array_append_new(b->did, json_pack("[s, O]", name, json_object_get(event, "step")));
    if (steps_done(b->steps) && strcmp(name, "step.done") == 0)
        loop_stop(b->loop);
}

static void too_long(void *arg)
{
    struct bench *b = arg;
    loop_stop(b->loop);
}

static void begin(struct bench *b, const char *list, const char *echo)
{
    json_t *l = js(list);
    *b = (struct bench){.loop = loop_new(), .did = json_array(), .echo = echo};
    assert_int_equal(events_open(NULL, NULL, &b->events), 0);
    b->steps = steps_start(l, b->loop, b->events, perform, b);
    b->sub = events_subscribe(b->events, heard, b);
    b->limit = timer_new(b->loop, 2000, too_long, b);
    json_decref(l);
}

static void end(struct bench *b)
{
    steps_free(b->steps);
    events_unsubscribe(b->sub);
    timer_free(b->limit);
    events_free(b->events);
    loop_free(b->loop);
    json_decref(b->did);
}

static void say(struct bench *b, const char *event, int n)
{
    events_emit(b->events, "kas", 0, 0, event, json_pack("{s:i}", "n", n));
}

static void without_on_they_act_at_once(void **state)
{
    struct bench b;
    begin(&b, "[{'do': 'stop'}, {'after': '20ms', 'do': [{'start': {'conn': 1}}, 'reset']}]", NULL);
    assert_int_equal(json_array_size(b.did), 0);
    loop_run(b.loop);
    assert_true(steps_done(b.steps));
    assert_json(json_deep_copy(b.did), "[['stop', {}], ['step.done', 1], ['start', {'conn': 1}], ['reset', {}],"
                                       " ['step.done', 2]]");
    end(&b);
}

static void the_nth_event_is_waited_for(void **state)
{
    struct bench b;
    begin(&b, "[{'on': {'event': 'a.b', 'n': {'at_least': 2}}, 'count': 2, 'do': 'stop'}]", NULL);
    for (int i = 0; i < 3; i++)
        say(&b, "a.b", i);
    say(&b, "x.y", 9);
    assert_json(json_deep_copy(b.did), "[]");
    say(&b, "a.b", 5);
    assert_json(json_deep_copy(b.did), "[]"); /* never from inside the event */
    loop_run(b.loop);
    assert_true(steps_done(b.steps));
    assert_json(json_deep_copy(b.did), "[['stop', {}], ['step.done', 1]]");
    end(&b);
}

static void what_a_step_brings_about_counts_for_the_next(void **state)
{
    struct bench b;
    begin(&b, "[{'do': 'goaway'}, {'on': {'event': 'h2.goaway'}, 'do': 'stop'}]", "h2.goaway");
    loop_run(b.loop);
    assert_true(steps_done(b.steps));
    end(&b);
}

static void an_event_counts_for_one_step_only(void **state)
{
    struct bench b;
    begin(&b, "[{'on': {'event': 'a.b'}, 'do': 'stop'}, {'on': {'event': 'a.b'}, 'do': 'start'}]", NULL);
    say(&b, "a.b", 1);
    say(&b, "a.b", 2); /* the first step is due but has not acted */
    timer_free(b.limit);
    b.limit = timer_new(b.loop, 50, too_long, &b);
    loop_run(b.loop);
    assert_false(steps_done(b.steps));
    assert_json(json_deep_copy(b.did), "[['stop', {}], ['step.done', 1]]");
    end(&b);
}

static void each_step_counts_anew(void **state)
{
    struct bench b;
    begin(&b, "[{'on': {'event': 'a.b'}, 'count': 2, 'do': 'stop'}, {'on': {'event': 'a.b'}, 'count': 2, 'do': 'start'}]",
          "a.b");
    say(&b, "a.b", 1);
    say(&b, "a.b", 2);
    timer_free(b.limit);
    b.limit = timer_new(b.loop, 50, too_long, &b);
    loop_run(b.loop);
    assert_json(json_deep_copy(b.did), "[['stop', {}], ['step.done', 1]]"); /* its echo was the first for the second */
    say(&b, "a.b", 3);
    loop_run(b.loop);
    assert_true(steps_done(b.steps));
    end(&b);
}

static void a_failure_is_told_and_the_rest_done(void **state)
{
    struct bench b;
    begin(&b, "[{'do': ['bad', 'stop']}]", NULL);
    loop_run(b.loop);
    assert_json(json_deep_copy(b.did), "[['bad', {}], ['step.failed', 1], ['stop', {}], ['step.done', 1]]");
    end(&b);
}

static void none_is_done(void **state)
{
    struct loop *loop = loop_new();
    struct events *events;
    assert_int_equal(events_open(NULL, NULL, &events), 0);
    struct steps *s = steps_start(NULL, loop, events, perform, NULL);
    assert_true(steps_done(s));
    assert_null(steps_free(s));
    assert_null(steps_free(NULL));
    events_free(events);
    loop_free(loop);
}

static void freed_while_due(void **state)
{
    struct bench b;
    begin(&b, "[{'do': 'stop'}]", NULL);
    b.steps = steps_free(b.steps);
    b.sub = events_unsubscribe(b.sub);
    timer_free(b.limit);
    b.limit = NULL;
    events_free(b.events);
    loop_free(b.loop); /* runs what is left: nothing may act */
    assert_int_equal(json_array_size(b.did), 0);
    json_decref(b.did);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_on_they_act_at_once),
        cmocka_unit_test(the_nth_event_is_waited_for),
        cmocka_unit_test(what_a_step_brings_about_counts_for_the_next),
        cmocka_unit_test(an_event_counts_for_one_step_only),
        cmocka_unit_test(each_step_counts_anew),
        cmocka_unit_test(a_failure_is_told_and_the_rest_done),
        cmocka_unit_test(none_is_done),
        cmocka_unit_test(freed_while_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
