/* What the fakes that stand there by hand have in common: secrets in files, command lines, and the frame. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/mem.h"
#include "lib/serve/secret_file.h"
#include "lib/serve/stand.h"

/* ---- secrets ---- */

static char *read_back(const char *text, size_t n, char **reterr)
{
    char path[] = "/tmp/fakekas-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    close(fd);
    *reterr = NULL;
    char *secret = secret_file_read("--token-file", path, reterr);
    unlink(path);
    return secret;
}

static void secret_without_its_end(void **state)
{
    static const char *const lines[] = {"glagent-x", "glagent-x\n", "glagent-x\r\n\r\n", "glagent-x \t\v\n"};
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        char *err;
        _cleanup_(freep) char *secret = read_back(lines[i], strlen(lines[i]), &err);
        assert_string_equal(secret, "glagent-x");
        assert_null(err);
    }
}

static void secret_that_is_none(void **state)
{
    char long_text[5000], *err;
    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    assert_null(read_back(" \n", 2, &err));
    assert_non_null(strstr(err, "--token-file /tmp/"));
    assert_non_null(strstr(err, ": is empty"));
    free(err);
    assert_null(read_back(long_text, sizeof(long_text), &err));
    assert_non_null(strstr(err, "longer than 4095 bytes"));
    free(err);
    assert_null(secret_file_read("--kas-secret-file", "/nonexistent/secret", &err));
    assert_string_equal(err, "--kas-secret-file /nonexistent/secret: No such file or directory");
    free(err);
    assert_null(secret_file_read("--kas-secret-file", "/", &err)); /* opens, and cannot be read */
    assert_string_equal(err, "--kas-secret-file /: Is a directory");
    free(err);
}

/* ---- command lines ---- */

static const struct stand_program program = {"fake", "help\n", "help of serve\n", "ws=127.0.0.1:8150"};

static void options_that_all_have(void **state)
{
    static const struct option options[] = {STAND_OPTIONS, {"own", no_argument, NULL, OPT_OWN}, {0}};
    char *argv[] = {"fake", "--listen", "ws=:0",     "--version",      "14.7", "--events", "e.jsonl", "--verbose",
                    "--json", "--control", "c.sock", "--control-http", "8080", "--own",    NULL};
    struct stand_options o = {.control_http = -1};
    int opt, own = 0;
    (void)state;
    optind = 1;
    while ((opt = getopt_long((int)ARRAY_SIZE(argv) - 1, argv, "", options, NULL)) != -1)
        if (opt == OPT_OWN)
            own++;
        else
            assert_int_equal(stand_option(&program, &o, opt, optarg), -1);
    assert_int_equal(own, 1);
    assert_int_equal(o.n_listen, 1);
    assert_string_equal(o.listen[0].transport, "ws");
    assert_string_equal(o.version, "14.7");
    assert_string_equal(o.events, "e.jsonl");
    assert_true(o.verbose && o.json);
    assert_string_equal(o.control, "c.sock");
    assert_int_equal(o.control_http, 8080);
}

static void options_that_are_wrong(void **state)
{
    struct stand_options o = {.control_http = -1};
    (void)state;
    assert_int_equal(stand_option(&program, &o, OPT_LISTEN, "8150"), EXIT_USAGE);
    assert_int_equal(stand_option(&program, &o, OPT_CONTROL_HTTP, "70000"), EXIT_USAGE);
    assert_int_equal(stand_option(&program, &o, '?', NULL), EXIT_USAGE);
    for (int i = 0; i < LISTENERS_MAX; i++)
        assert_int_equal(stand_option(&program, &o, OPT_LISTEN, "ws=:0"), -1);
    assert_int_equal(stand_option(&program, &o, OPT_LISTEN, "ws=:0"), EXIT_USAGE);
    assert_int_equal(stand_option(&program, &o, OPT_HELP, NULL), 0);
    assert_int_equal(stand_other_command(&program, "--version"), 0);
    assert_int_equal(stand_other_command(&program, "help"), 0);
    assert_int_equal(stand_other_command(&program, "sevre"), EXIT_USAGE);
    assert_int_equal(stand_other_command(&program, ""), EXIT_USAGE);
}

/* ---- the frame ---- */

static json_t *state_of(void *arg)
{
    (void)arg;
    return json_object();
}

static int perform(void *arg, const char *verb, const json_t *args, char **reterr)
{
    (void)arg, (void)verb, (void)args, (void)reterr;
    return 0;
}

static void a_signal_ends_it_and_nothing_is_left(void **state)
{
    struct stand_options o = {.control_http = -1};
    struct stand st = {.program = "fake", .o = &o};
    const char *path;
    struct stat file;
    (void)state;
    assert_int_equal(stand_begin(&st), 0);
    st.faults = faults_new(NULL, st.events, 0);
    assert_int_equal(stand_folder(&st, "PEM\n"), 0);
    assert_int_equal(stand_keep(&st, "token", "glagent-x", &path), 0);
    assert_int_equal(stand_control(&st, state_of, perform, NULL), 0);
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    assert_int_equal(stat(st.socket_path, &file), 0);
    _cleanup_(freep) char *folder = xstrdup(private_dir_path(st.dir));
    raise(SIGTERM);
    stand_run(&st);
    stand_close(&st);
    stand_stop(&st);
    stand_done(&st);
    assert_int_equal(stat(folder, &file), -1);
}

static void what_cannot_be_is_said(void **state)
{
    struct stand_options o = {.control_http = -1, .events = "/nonexistent/events.jsonl"};
    struct stand st = {.program = "fake", .o = &o};
    const char *path;
    (void)state;
    assert_int_equal(stand_begin(&st), EXIT_ENVIRONMENT);
    assert_int_equal(stand_folder(&st, NULL), 0);
    assert_int_equal(stand_keep(&st, "no/such/folder", "x", &path), EXIT_ENVIRONMENT);
    stand_close(&st);
    stand_stop(&st);
    stand_done(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secret_without_its_end),  cmocka_unit_test(secret_that_is_none),
        cmocka_unit_test(options_that_all_have),   cmocka_unit_test(options_that_are_wrong),
        cmocka_unit_test(a_signal_ends_it_and_nothing_is_left), cmocka_unit_test(what_cannot_be_is_said),
    };
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
