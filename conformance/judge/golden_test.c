#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conformance/judge/golden.h"
#include "conformance/process/rootfs.h"

#define MS 1000000LL

/* An events.jsonl of lines at their times; "!judged" and "!exit" are those events. */
struct moment {
    long long ms;
    const char *msg;
};

static struct golden_seen run_of(const struct moment *m)
{
    char path[] = "/tmp/golden-test-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    struct golden_seen s = {0};

    assert_non_null(f);
    for (; m->msg; m++)
        if (strcmp(m->msg, "!judged") == 0)
            fprintf(f, "{\"t\":%lld,\"event\":\"world.judged\"}\n", m->ms * MS);
        else if (strcmp(m->msg, "!exit") == 0)
            fprintf(f, "{\"t\":%lld,\"event\":\"sut.exit\"}\n", m->ms * MS);
        else
            fprintf(f, "{\"t\":%lld,\"event\":\"log.line\",\"line\":{\"msg\":\"%s\"}}\n", m->ms * MS,
                    m->msg);
    fputs("{\"t\":1,\"event\":\"log.li", f); /* killed while it wrote */
    fclose(f);
    assert_int_equal(golden_seen_read(&s, path, NULL, NULL), 0);
    unlink(path);
    return s;
}

static const char *seen_of(const json_t *entries, const char *msg)
{
    json_t *entry;
    size_t i;

    json_array_foreach((json_t *)entries, i, entry)
    {
        const char *text = json_string_value(json_object_get(json_object_get(entry, "line"), "msg"));
        if (text && strcmp(text, msg) == 0)
            return json_string_value(json_object_get(entry, "seen"));
    }
    return "absent";
}

static void what_comes_near_or_after_the_end_is_not_sure(void **state)
{
    const struct moment m[] = {{10, "early"},    {10, "early"},  {450, "late"},
                               {500, "!judged"}, {510, "after"}, {0, NULL}};
    struct golden_seen s = run_of(m);
    json_t *entries = golden_merge(&s, 1);

    (void)state;
    assert_int_equal(json_array_size(s.all), 3);
    assert_int_equal(json_array_size(entries), 2);
    assert_string_equal(seen_of(entries, "early"), "always");
    assert_string_equal(seen_of(entries, "late"), "sometimes");
    assert_string_equal(seen_of(entries, "after"), "absent");
    json_decref(entries);
    golden_seen_done(&s);
}

static void a_component_that_ends_by_itself_has_said_it_all(void **state)
{
    const struct moment m[] = {{10, "Program aborted"}, {11, "!exit"}, {12, "!judged"}, {0, NULL}};
    struct golden_seen s = run_of(m);
    json_t *entries = golden_merge(&s, 1);

    (void)state;
    assert_string_equal(seen_of(entries, "Program aborted"), "always");
    json_decref(entries);
    golden_seen_done(&s);
}

static void always_is_what_every_run_printed(void **state)
{
    const struct moment a[] = {{1, "x"}, {1, "y"}, {900, "!judged"}, {0, NULL}};
    const struct moment b[] = {{1, "x"}, {1, "z"}, {900, "!judged"}, {0, NULL}};
    struct golden_seen runs[] = {run_of(a), run_of(b)};
    json_t *entries = golden_merge(runs, 2);

    (void)state;
    assert_string_equal(seen_of(entries, "x"), "always");
    assert_string_equal(seen_of(entries, "y"), "sometimes");
    assert_string_equal(seen_of(entries, "z"), "sometimes");
    json_decref(entries);
    golden_seen_done(&runs[0]);
    golden_seen_done(&runs[1]);
}

static void a_difference_has_pluses_and_minuses(void **state)
{
    json_t *old = json_loads(
        "[{\"seen\":\"always\",\"line\":{\"a\":1}},{\"seen\":\"always\",\"line\":{\"b\":1}}]", 0, NULL);
    json_t *now = json_loads(
        "[{\"seen\":\"always\",\"line\":{\"b\":1}},{\"seen\":\"always\",\"line\":{\"c\":1}}]", 0, NULL);
    char *difference = golden_difference(old, now), *none = golden_difference(old, old);

    (void)state;
    assert_string_equal(difference, "- {\"seen\":\"always\",\"line\":{\"a\":1}}\n"
                                    "+ {\"seen\":\"always\",\"line\":{\"c\":1}}\n");
    assert_null(none);
    free(difference);
    json_decref(old);
    json_decref(now);
}

static void what_was_seen_sometimes_is_kept(void **state)
{
    json_t *old = json_loads("[{\"seen\":\"sometimes\",\"line\":{\"msg\":\"rare\"}},"
                             "{\"seen\":\"always\",\"line\":{\"msg\":\"gone\"}}]",
                             0, NULL);
    json_t *now = json_loads("[{\"seen\":\"always\",\"line\":{\"msg\":\"new\"}}]", 0, NULL);

    (void)state;
    golden_keep_sometimes(now, old);
    assert_string_equal(seen_of(now, "rare"), "sometimes");
    assert_string_equal(seen_of(now, "gone"), "absent");
    json_decref(old);
    json_decref(now);
}

static void adding_loses_nothing(void **state)
{
    json_t *old = json_loads("[{\"seen\":\"always\",\"line\":{\"msg\":\"both\"}},"
                             "{\"seen\":\"always\",\"line\":{\"msg\":\"old\"}}]",
                             0, NULL);
    json_t *now = json_loads("[{\"seen\":\"always\",\"line\":{\"msg\":\"both\"}},"
                             "{\"seen\":\"always\",\"line\":{\"msg\":\"new\"}}]",
                             0, NULL);

    (void)state;
    golden_add(now, old);
    assert_string_equal(seen_of(now, "both"), "always");
    assert_string_equal(seen_of(now, "old"), "sometimes");
    assert_string_equal(seen_of(now, "new"), "sometimes");
    json_decref(old);
    json_decref(now);
}

static void a_broken_golden_log_is_named_with_its_line(void **state)
{
    char path[] = "/tmp/golden-test-XXXXXX", *err = NULL;
    FILE *f = fdopen(mkstemp(path), "w");
    json_t *entries;

    (void)state;
    fputs("{\"seen\":\"always\",\"line\":{}}\nnot json\n", f);
    fclose(f);
    entries = golden_read(path, &err);
    assert_int_equal(json_array_size(entries), 1);
    assert_non_null(strstr(err, ":2: "));
    unlink(path);
    json_decref(entries);
    free(err);
}

static void neighbours_know_what_comes_by_chance(void **state)
{
    char folder[] = "/tmp/golden-test-XXXXXX", path[128];
    json_t *mine = json_loads("[{\"seen\":\"always\",\"line\":{\"msg\":\"a\"}}]", 0, NULL);
    json_t *other = json_loads("[{\"seen\":\"sometimes\",\"line\":{\"msg\":\"b\"}}]", 0, NULL);
    struct golden_book *book;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/golden/agentk-1/x/y/ws.jsonl", folder);
    assert_int_equal(golden_write(path, mine), 0);
    snprintf(path, sizeof(path), "%s/golden/agentk-1/x/y/grpc@cure.jsonl", folder);
    assert_int_equal(golden_write(path, other), 0);
    for (int i = 0; i < 5; i++) {
        snprintf(path, sizeof(path), "%s/golden/agentk-1/z/%d/ws.jsonl", folder, i);
        json_object_set_new(json_object_get(json_array_get(mine, 0), "line"), "msg", json_string("common"));
        assert_int_equal(golden_write(path, mine), 0);
    }
    book = golden_book_new(folder);
    assert_true(golden_book_knows(book, "agentk-1", "x/y", "{\"msg\":\"b\"}"));
    assert_false(golden_book_knows(book, "agentk-1", "z/1", "{\"msg\":\"b\"}"));
    assert_true(golden_book_knows(book, "agentk-1", "x/y", "{\"msg\":\"common\"}"));
    assert_false(golden_book_knows(book, "agentk-2", "x/y", "{\"msg\":\"common\"}"));
    assert_true(golden_book_sometimes(book, "agentk-1", "{\"msg\":\"b\"}"));
    assert_false(golden_book_sometimes(book, "agentk-1", "{\"msg\":\"a\"}"));
    golden_book_free(book);
    folder_remove(folder);
    json_decref(mine);
    json_decref(other);
}

/* Of several that print, and of lines that we bring about, only what the component says by itself is kept. */
static void others_lines_and_ours_are_left_out(void **state)
{
    char path[] = "/tmp/golden-XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    json_t *ours = json_loads("[{\"msg\":\"asked too early\"}]", 0, NULL), *expected = json_pack("[{s:s}]", "msg", "own");
    struct golden_seen s;

    (void)state;
    assert_non_null(f);
    fprintf(f, "{\"t\":1,\"who\":\"kas\",\"event\":\"log.line\",\"line\":{\"msg\":\"own\"}}\n"
               "{\"t\":2,\"who\":\"agent\",\"event\":\"log.line\",\"line\":{\"msg\":\"an agent's\"}}\n"
               "{\"t\":3,\"who\":\"kas\",\"event\":\"log.line\",\"line\":{\"msg\":\"asked too early\"}}\n");
    fclose(f);
    assert_int_equal(golden_seen_read(&s, path, "kas", ours), 0);
    assert_true(json_equal(s.all, expected));
    golden_seen_done(&s);
    unlink(path);
    json_decref(ours);
    json_decref(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_near_or_after_the_end_is_not_sure),
        cmocka_unit_test(a_component_that_ends_by_itself_has_said_it_all),
        cmocka_unit_test(always_is_what_every_run_printed),
        cmocka_unit_test(a_difference_has_pluses_and_minuses),
        cmocka_unit_test(what_was_seen_sometimes_is_kept),
        cmocka_unit_test(neighbours_know_what_comes_by_chance),
        cmocka_unit_test(adding_loses_nothing),
        cmocka_unit_test(a_broken_golden_log_is_named_with_its_line),
        cmocka_unit_test(others_lines_and_ours_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
