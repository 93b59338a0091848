#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance/process/bounds.h"
#include "lib/base/mem.h"

static json_t *met(void)
{
    return json_pack("{s:b,s:s,s:[]}", "pass", true, "reason", "", "unmet");
}

static void make(struct bounds *b, const char *wanted, const char *defaults)
{
    json_t *w = json_loads(wanted, JSON_DECODE_ANY, NULL), *d = json_loads(defaults, JSON_DECODE_ANY, NULL);
    char *err = NULL;

    assert_int_equal(bounds_init(b, w, d, &err), 0);
    json_decref(w);
    json_decref(d);
}

static void what_we_use_ourselves_is_seen(void **state)
{
    struct bounds b;
    int more[40];

    (void)state;
    make(&b, "null", "null");
    bounds_sample(&b, "/proc/self");
    int64_t before = b.descriptors;
    assert_true(b.rss_bytes > 500 * 1024);
    assert_true(b.cpu_ms >= 0);
    assert_true(before >= 3);
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        more[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bounds_sample(&b, "/proc/self");
    for (size_t i = 0; i < ARRAY_SIZE(more); i++)
        close(more[i]);
    bounds_sample(&b, "/proc/self");
    assert_int_equal(b.descriptors, before + 40); /* the most, not the last */
    bounds_done(&b);
}

static void a_child_is_found(void **state)
{
    struct bounds b;
    int gate[2];
    char c = 0;

    (void)state;
    make(&b, "null", "null");
    assert_int_equal(pipe(gate), 0);
    pid_t pid = fork();
    if (pid == 0) {
        ssize_t r = read(gate[0], &c, 1);
        _exit(r == 1 ? 0 : 1);
    }
    bounds_look(&b, true);
    assert_true(b.rss_bytes > 0);
    assert_int_equal(write(gate[1], "x", 1), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(gate[0]);
    close(gate[1]);
    bounds_done(&b);
}

static void what_is_not_there_is_null(void **state)
{
    struct bounds b;

    (void)state;
    make(&b, "null", "{\"rss\": \"1KiB\"}");
    bounds_sample(&b, "/proc/none-such");
    bounds_ask(&b, 1);
    json_t *verdict = met();
    bounds_judge(&b, verdict);
    assert_true(json_is_true(json_object_get(verdict, "pass"))); /* nothing was asked for */
    assert_true(json_is_null(json_object_get(json_object_get(verdict, "used"), "rss")));
    assert_true(json_is_null(json_object_get(json_object_get(verdict, "used"), "goroutines")));
    json_decref(verdict);
    bounds_done(&b);
}

static void each_limit_fails_on_its_own(void **state)
{
    static const char *const limits[] = {"{\"rss\": \"2MiB\"}", "{\"descriptors\": 9}", "{\"goroutines\": 19}",
                                         "{\"cpu\": \"29ms\"}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        struct bounds b;
        make(&b, limits[i], "null");
        b.rss_bytes = 3 * 1024 * 1024, b.descriptors = 10, b.goroutines = 20, b.cpu_ms = 30;
        json_t *verdict = met();
        bounds_judge(&b, verdict);
        assert_true(json_is_false(json_object_get(verdict, "pass")));
        assert_int_equal(json_array_size(json_object_get(verdict, "unmet")), 1);
        assert_non_null(strstr(json_string_value(json_object_get(verdict, "reason")), "beyond"));
        json_decref(verdict);
        bounds_done(&b);
    }
}

static void at_the_limit_is_within(void **state)
{
    struct bounds b;

    (void)state;
    make(&b, "{\"rss\": \"3MiB\", \"descriptors\": 10}", "{\"rss\": \"1MiB\", \"goroutines\": 20, \"cpu\": \"30ms\"}");
    b.rss_bytes = 3 * 1024 * 1024, b.descriptors = 10, b.goroutines = 20, b.cpu_ms = 30;
    json_t *verdict = met();
    bounds_judge(&b, verdict);
    assert_true(json_is_true(json_object_get(verdict, "pass")));
    json_decref(verdict);
    b.goroutines = 21; /* the profile's limit holds where the scenario says nothing of its own */
    verdict = met();
    bounds_judge(&b, verdict);
    assert_true(json_is_false(json_object_get(verdict, "pass")));
    json_decref(verdict);
    b.goroutines = -1;
    verdict = met();
    bounds_judge(&b, verdict);
    assert_true(json_is_false(json_object_get(verdict, "pass"))); /* asked for, but never seen */
    json_decref(verdict);
    bounds_done(&b);
}

static void nonsense_is_refused(void **state)
{
    static const char *const bad[] = {"{\"rss\": \"much\"}", "{\"rss\": \"5 apples\"}", "{\"descriptors\": -1}",
                                      "{\"cpu\": \"120MiB\"}", "{\"goroutines\": [1]}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        json_t *w = json_loads(bad[i], 0, NULL);
        struct bounds b;
        char *err = NULL;
        assert_true(bounds_init(&b, w, NULL, &err) < 0);
        assert_non_null(err);
        free(err);
        bounds_done(&b);
        json_decref(w);
    }
}

static void goroutines_are_read_from_metrics(void **state)
{
    (void)state;
    assert_int_equal(bounds_goroutines("HTTP/1.0 200 OK\r\n\r\n# TYPE go_goroutines gauge\ngo_goroutines 27\nx 1\n"), 27);
    assert_int_equal(bounds_goroutines("# HELP go_goroutines 99\n"), -1);
    assert_int_equal(bounds_goroutines("\ngo_goroutines many\n"), -1);
    assert_int_equal(bounds_goroutines(NULL), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_we_use_ourselves_is_seen), cmocka_unit_test(a_child_is_found),
        cmocka_unit_test(what_is_not_there_is_null),     cmocka_unit_test(each_limit_fails_on_its_own),
        cmocka_unit_test(at_the_limit_is_within),        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(goroutines_are_read_from_metrics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
