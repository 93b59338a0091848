/* Lines are whole, in order and without secrets; a full disk loses nothing that fits into memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/events/events.h"

static char path[64];

static int setup(void **state)
{
    (void)state;
    strcpy(path, "/tmp/fakekas-events-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static char *contents(void)
{
    FILE *f = fopen(path, "r");
    char *text = xcalloc(1 << 20, 1);
    assert_non_null(f);
    assert_true(fread(text, 1, (1 << 20) - 1, f) < (1 << 20));
    fclose(f);
    return text;
}

static void a_line_has_its_keys_in_order(void **state)
{
    struct events *e;
    (void)state;
    assert_int_equal(events_open(path, "w1", &e), 0);
    assert_int_equal(events_emit(e, "kas", 7, 3, "http.request", json_pack("{s:s, s:s}", "path", "/x", "seq", "mine")),
                     1);
    assert_int_equal(events_emit(e, "kas", 0, 0, "tcp.refused", NULL), 2);
    events_free(e);
    _cleanup_(freep) char *text = contents();
    const char *keys[] = {
        "{\"seq\":1,\"t\":",
        ",\"wall\":\"20",
        ("\",\"world\":\"w1\",\"who\":\"kas\",\"conn\":7,\"stream\":3,\"layer\":\"http\","
         "\"event\":\"http.request\",\"path\":\"/x\"}\n{\"seq\":2,"),
    };
    const char *at = text;
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        at = strstr(at, keys[i]);
        assert_non_null(at);
        at += strlen(keys[i]);
    }
    assert_null(strstr(at, "conn"));
    assert_null(strstr(at, "stream"));
}

static void a_file_that_cannot_be_opened(void **state)
{
    struct events *e = NULL;
    (void)state;
    assert_int_equal(events_open("/no/such/folder/x", NULL, &e), -ENOENT);
    assert_null(e);
}

static void secrets_are_replaced_everywhere(void **state)
{
    struct events *e;
    (void)state;
    assert_int_equal(events_open(path, NULL, &e), 0);
    events_secret(e, "s3cret-token\n", "token");
    events_secret(e, "s3cret", "short");
    events_secret(e, "", "nothing");
    events_secret(e, NULL, "nothing");
    json_t *shared = json_pack("{s:[s, {s:s}], s:s}", "deep", "Bearer s3cret-tokens3cret-token", "x", "a s3cret b", "s3cret-key",
                               "v");
    json_object_set_new(shared, "hex", json_string("ff7333637265742d746f6b656e00"));
    events_emit(e, "kas", 1, 0, "http.request", json_incref(shared));
    events_free(e);
    _cleanup_(freep) char *text = contents();
    assert_null(strstr(text, "s3cret"));
    assert_non_null(strstr(text, "\"Bearer <token><token>\""));
    assert_non_null(strstr(text, "\"a <short> b\""));
    assert_non_null(strstr(text, "\"<short>-key\""));
    assert_non_null(strstr(text, "\"ff<token>00\""));
    /* What the caller still holds is as it was. */
    assert_string_equal(json_string_value(json_object_get(shared, "s3cret-key")), "v");
    json_decref(shared);
}

static void text_for_elsewhere(void **state)
{
    struct events *e;
    (void)state;
    assert_int_equal(events_open(NULL, NULL, &e), 0);
    events_secret(e, "abcd", "t");
    char *a = events_redact(e, "xabcdabcdy"), *b = events_redact(e, "none");
    assert_string_equal(a, "x<t><t>y");
    assert_string_equal(b, "none");
    free(a);
    free(b);
    events_free(e);
}

static void long_lines_are_whole(void **state)
{
    struct events *e;
    static char big[100001];
    (void)state;
    memset(big, 'x', sizeof big - 1);
    assert_int_equal(events_open(path, NULL, &e), 0);
    for (size_t n = 1800; n < 2100; n++) /* around the buffer on the stack */
        events_emit(e, NULL, 0, 0, "a.b", json_pack("{s:s#}", "x", big, (int)n));
    events_emit(e, NULL, 0, 0, "a.b", json_pack("{s:s}", "x", big));
    events_free(e);
    _cleanup_(freep) char *text = contents();
    int lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_t *v = json_loads(line, 0, NULL);
        assert_non_null(v);
        json_decref(v);
    }
    assert_int_equal(lines, 301);
}

/* A limit on the file's size stands for the full disk. */
static void limit(rlim_t bytes)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_full_disk_delays_and_loses_nothing(void **state)
{
    struct events *e;
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(events_open(path, NULL, &e), 0);
    int err = dup(2), null = open("/dev/null", O_WRONLY); /* its one line is not for the test's reader */
    dup2(null, 2);
    limit(250); /* in the middle of a line */
    for (int i = 0; i < 20; i++)
        events_emit(e, NULL, 0, 0, "a.b", NULL);
    limit(RLIM_INFINITY);
    events_emit(e, NULL, 0, 0, "a.b", NULL);
    events_free(e);
    dup2(err, 2);
    close(err);
    close(null);
    _cleanup_(freep) char *text = contents();
    int seq = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        json_t *v = json_loads(line, 0, NULL);
        assert_non_null(v);
        assert_int_equal(json_integer_value(json_object_get(v, "seq")), ++seq);
        json_decref(v);
    }
    assert_int_equal(seq, 21);
}

/* Subscribers */

struct listening {
    struct events *e;
    struct event_sub *sub;
    char heard[64];
    bool answer, leave;
};

static void on_event(void *arg, const json_t *event)
{
    struct listening *l = arg;
    const char *name = json_string_value(json_object_get(event, "event"));
    strncat(l->heard, name + 2, 4);
    if (l->answer && strcmp(name, "x.1") == 0)
        events_emit(l->e, NULL, 0, 0, "x.2", NULL);
    if (l->leave)
        l->sub = events_unsubscribe(l->sub);
}

static void subscribers_hear_in_order_though_one_answers(void **state)
{
    struct events *e;
    (void)state;
    assert_int_equal(events_open(NULL, NULL, &e), 0);
    struct listening a = {.e = e, .answer = true}, b = {.e = e}, c = {.e = e, .leave = true};
    a.sub = events_subscribe(e, on_event, &a);
    b.sub = events_subscribe(e, on_event, &b);
    c.sub = events_subscribe(e, on_event, &c);
    events_emit(e, NULL, 0, 0, "x.1", NULL);
    events_emit(e, NULL, 0, 0, "x.3", NULL);
    assert_string_equal(a.heard, "123");
    assert_string_equal(b.heard, "123");
    assert_string_equal(c.heard, "1");
    events_unsubscribe(a.sub);
    events_unsubscribe(b.sub);
    events_free(e);
}

static void noisy_events_are_wanted_or_not(void **state)
{
    struct events *e;
    struct listening a = {0};
    (void)state;
    assert_int_equal(events_open(NULL, NULL, &e), 0);
    events_want(e, "h2.frame");
    assert_false(events_wanted(e, "h2.frame")); /* nobody would see it */
    a.sub = events_subscribe(e, on_event, &a);
    assert_true(events_wanted(e, "h2.frame"));
    assert_false(events_wanted(e, "tcp.bytes"));
    events_verbose(e, true);
    assert_true(events_wanted(e, "tcp.bytes"));
    events_unsubscribe(a.sub);
    assert_int_equal(events_emit(e, NULL, 0, 0, "a.b", NULL), 1); /* counted all the same */
    events_free(e);
    assert_int_equal(events_emit(NULL, NULL, 0, 0, "a.b", json_object()), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_has_its_keys_in_order, setup, teardown),
        cmocka_unit_test(a_file_that_cannot_be_opened),
        cmocka_unit_test_setup_teardown(secrets_are_replaced_everywhere, setup, teardown),
        cmocka_unit_test(text_for_elsewhere),
        cmocka_unit_test_setup_teardown(long_lines_are_whole, setup, teardown),
        cmocka_unit_test(subscribers_hear_in_order_though_one_answers),
        cmocka_unit_test(noisy_events_are_wanted_or_not),
        cmocka_unit_test_setup_teardown(a_full_disk_delays_and_loses_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
