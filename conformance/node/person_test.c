/* A person's commands and edits: one after the other, and what is told where one is not as said. */
#include "conformance/node/world_person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "conformance/process/rootfs.h"
#include "lib/base/mem.h"

struct stage {
    char folder[32];
    struct loop *loop;
    struct events *events;
    struct event_sub *sub;
    struct timer *patience;
    json_t *part, *seen; /* events of the person */
    struct person *person;
    size_t wanted;       /* so many `ran` and `edited`, or one `failed` */
};

static void too_late(void *arg)
{
    loop_stop(((struct stage *)arg)->loop);
}

static void on_event(void *arg, const json_t *event)
{
    struct stage *s = arg;
    const char *name = json_string_value(json_object_get(event, "event"));

    if (strcmp(name, "person.run") == 0)
        return;
    json_array_append(s->seen, (json_t *)event);
    if (strcmp(name, "person.failed") == 0 || json_array_size(s->seen) == s->wanted)
        loop_stop(s->loop);
}

static json_t *json(const char *text)
{
    json_error_t e;
    json_t *v = json_loads(text, JSON_DECODE_ANY, &e);

    if (!v)
        fail_msg("%s: %s", text, e.text);
    return v;
}

/* Does `acts`, and goes on until so many events have come. */
static void play(struct stage *s, const char *acts, size_t wanted)
{
    json_t *what = json(acts);
    char *err = NULL;

    *s = (struct stage){.folder = "/tmp/person-XXXXXX", .loop = loop_new(), .seen = json_array(), .wanted = wanted,
                        .part = json("{\"files\":{\"a.yml\":\"old text\\n\",\"ca.pem\":{\"ca\":\"kas\"}}}")};
    assert_non_null(mkdtemp(s->folder));
    assert_int_equal(events_open(NULL, NULL, &s->events), 0);
    s->sub = events_subscribe(s->events, on_event, s);
    struct person_options o = {.loop = s->loop, .events = s->events, .part = s->part, .prefix = s->folder, .ca_pem = "PEM\n"};
    assert_int_equal(person_new(&o, &s->person, &err), 0);
    assert_int_equal(person_perform(s->person, what, &err), 0);
    json_decref(what);
    s->patience = timer_new(s->loop, 20000, too_late, s);
    (void)loop_run(s->loop);
}

static void done(struct stage *s)
{
    timer_free(s->patience);
    person_free(s->person);
    events_unsubscribe(s->sub);
    loop_free(s->loop);
    events_free(s->events);
    json_decref(s->seen);
    json_decref(s->part);
    folder_remove(s->folder);
}

static const char *text_at(const struct stage *s, size_t i, const char *key)
{
    const char *v = json_string_value(json_object_get(json_array_get(s->seen, i), key));

    return v ? v : "";
}

static void test_in_order(void **state)
{
    struct stage s;

    (void)state;
    play(&s, "[{\"run\":\"cat a.yml ca.pem\",\"prints\":\"old text\\nPEM\"},{\"edit\":\"a.yml\",\"replace\":{\"old\":\"new\"}},"
             "{\"run\":\"cat a.yml; exit 3\",\"code\":3,\"prints\":{\"starts\":\"new\"}},{\"run\":\"true\",\"prints\":\"\"}]", 4);
    assert_null(person_failure(s.person));
    assert_int_equal(json_array_size(s.seen), 4);
    assert_string_equal(text_at(&s, 1, "event"), "person.edited");
    assert_string_equal(text_at(&s, 2, "output"), "new text");
    done(&s);
}

/* A command that goes on is ended when it has said what was waited for. */
static void test_until(void **state)
{
    struct stage s;

    (void)state;
    play(&s, "[{\"run\":\"echo one; echo two; exec sleep 60\",\"until\":{\"has\":\"two\"}},{\"run\":\"echo after\"}]", 2);
    assert_null(person_failure(s.person));
    assert_string_equal(text_at(&s, 1, "output"), "after");
    done(&s);
    play(&s, "{\"run\":\"echo one\",\"until\":{\"has\":\"two\"}}", 2);
    assert_non_null(strstr(person_failure(s.person), "ended without what was waited for; it printed: one"));
    done(&s);
}

static void test_not_as_said(void **state)
{
    static const struct {
        const char *act, *reason;
    } cases[] = {
        {"{\"run\":\"echo x; exit 1\"}", "a person's `echo x; exit 1`: ended with exit code 1; it printed: x"},
        {"{\"run\":\"echo x\",\"prints\":\"y\"}", "expected \"y\"; it printed: x"},
        {"{\"edit\":\"a.yml\",\"replace\":{\"none\":\"\"}}", "a person's `a.yml`: \"none\" is not in it"},
        {"{\"edit\":\"no.yml\",\"replace\":{\"a\":\"\"}}", "No such file or directory"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_(freep) char *acts = xasprintf("[%s,{\"run\":\"echo never\"}]", cases[i].act);
        struct stage s;
        play(&s, acts, 9);
        if (!person_failure(s.person) || !strstr(person_failure(s.person), cases[i].reason))
            fail_msg("%s", person_failure(s.person) ? person_failure(s.person) : "did not fail");
        for (size_t n = 0; n < json_array_size(s.seen); n++)
            assert_string_not_equal(text_at(&s, n, "output"), "never"); /* nothing more is done */
        done(&s);
    }
}

static void test_mistakes(void **state)
{
    struct stage s;
    json_t *none = json("{\"prints\":\"x\"}");
    char *err = NULL;

    (void)state;
    play(&s, "{\"run\":\"true\"}", 1);
    assert_int_not_equal(person_perform(s.person, none, &err), 0);
    assert_non_null(strstr(err, "expected {run: COMMAND}"));
    free(err);
    assert_int_not_equal(person_perform(NULL, none, &err), 0);
    assert_non_null(strstr(err, "this world has none"));
    free(err);
    json_decref(none);
    done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_until),
        cmocka_unit_test(test_not_as_said),
        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
