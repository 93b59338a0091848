/* A change anywhere beneath a folder is told, once for what changed together, and also in folders that are new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/mem.h"
#include "lib/loop/loop.h"

struct world {
    struct loop *loop;
    struct folder_watch *watch;
    char dir[64];
    int told;
    bool late;
};

static void on_late(void *arg)
{
    struct world *w = arg;
    w->late = true;
    loop_stop(w->loop);
}

static void on_folder(void *arg)
{
    struct world *w = arg;
    w->told++;
    loop_stop(w->loop);
}

static int set_up(void **state)
{
    struct world *w = NEW(struct world);
    strcpy(w->dir, "/tmp/fakekas-folder-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    w->loop = loop_new();
    assert_int_equal(folder_watch_new(w->loop, w->dir, 20, on_folder, w, &w->watch), 0);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    folder_watch_free(w->watch);
    loop_free(w->loop);
    _cleanup_(freep) char *command = xasprintf("rm -rf '%s'", w->dir);
    int r = system(command);
    free(w);
    return r;
}

static void put(struct world *w, const char *name, const char *text)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", w->dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Runs until something was told; false: nothing was, for ms. */
static bool told_within(struct world *w, uint64_t ms)
{
    int before = w->told;
    struct timer *late = timer_new(w->loop, ms, on_late, w);
    w->late = false;
    loop_run(w->loop);
    timer_free(late);
    return w->told > before;
}

static void what_changes_together_is_told_once(void **state)
{
    struct world *w = *state;
    put(w, "a", "1");
    put(w, "b", "2");
    assert_true(told_within(w, 5000));
    assert_false(told_within(w, 100));
    assert_int_equal(w->told, 1);
}

static void new_folders_are_watched_too(void **state)
{
    struct world *w = *state;
    _cleanup_(freep) char *deep = xasprintf("%s/x", w->dir), *deeper = xasprintf("%s/x/y", w->dir);
    assert_int_equal(mkdir(deep, 0700), 0);
    assert_int_equal(mkdir(deeper, 0700), 0);
    assert_true(told_within(w, 5000));
    put(w, "x/y/file", "1");
    assert_true(told_within(w, 5000));
    _cleanup_(freep) char *file = xasprintf("%s/x/y/file", w->dir);
    assert_int_equal(chmod(file, 0755), 0);
    assert_true(told_within(w, 5000));
    assert_int_equal(unlink(file), 0);
    assert_true(told_within(w, 5000));
}

static void what_git_keeps_for_itself_is_not(void **state)
{
    struct world *w = *state;
    _cleanup_(freep) char *git = xasprintf("%s/.git", w->dir);
    assert_int_equal(mkdir(git, 0700), 0);
    assert_true(told_within(w, 5000)); /* the folder itself stands in ours */
    put(w, ".git/index", "1");
    assert_false(told_within(w, 100));
}

static void a_folder_that_is_not_there(void **state)
{
    struct world *w = *state;
    struct folder_watch *f = NULL;
    assert_int_equal(folder_watch_new(w->loop, "/nowhere/at/all", 20, on_folder, w, &f), -ENOENT);
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_changes_together_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(new_folders_are_watched_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_git_keeps_for_itself_is_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
