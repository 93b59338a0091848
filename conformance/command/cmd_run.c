/* conform run. */
#include <stdio.h>

#include "conformance/command/commands.h"
#include "conformance/kube/server.h"
#include "conformance/process/namespaces.h"
#include "conformance/session.h"
#include "lib/base/mem.h"

/* Said once for the whole run, not by each row. */
static int ground_try(const struct options *o)
{
    _cleanup_(freep) char *err = NULL;

    if (o->no_namespace || namespaces_try(&err) == 0)
        return 0;
    fprintf(stderr, "conform: %s\n", err);
    return -1;
}

/* Without one the rows say why they did not run; the others run. */
static void real_kube_find(struct options *o)
{
    if (!o->kube_real)
        return;
    o->no_golden = true; /* they were recorded with the fake one */
    (void)kube_programs_find(o->kube_apiserver, &o->apiserver, &o->etcd, &o->no_kube);
}

static int play(const struct options *o, const struct suite *suite, struct known *known)
{
    struct session session = {0};
    struct rows rows = {0};
    int code = EXIT_HARNESS;

    if (rows_make(&rows, suite, o) < 0)
        return EXIT_USAGE;
    if (!rows.n) {
        fprintf(stderr, "conform: nothing to run: no scenario applies to what was chosen\n");
        printf("0 passed, 0 failed, 0 skipped\n");
        rows_done(&rows);
        return EXIT_NOTHING_RAN;
    }
    if (ground_try(o) == 0 && session_open(&session, o, "") == 0) {
        session.known = known;
        (void)session_run(&session, &rows);
        code = session_report(&session, &rows) < 0 ? EXIT_HARNESS : report_exit_code(&rows);
        /* Ctrl-C is how a person ends what is kept. */
        if (session.interrupted && (code == EXIT_NOTHING_RAN || (code == EXIT_AS_EXPECTED && !o->keep)))
            code = EXIT_NOT_AS_EXPECTED;
    }
    session_done(&session);
    rows_done(&rows);
    return code;
}

int cmd_run(int argc, char **argv)
{
    struct options o;
    struct suite s = {0};
    struct known *known = NULL;
    bool broken = false;
    int e = options_parse(&o, "run", argc, argv), code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;

    if (e == 0) {
        real_kube_find(&o);
        known = known_load(o.fixtures);
        /* A scenario that cannot be read spoils the run's outcome, but not the other scenarios. */
        broken = !known || suite_load(&s, o.fixtures) < 0;
        e = known && s.n_scenarios ? suite_components(&s, &o) : -1;
        code = e ? EXIT_USAGE : play(&o, &s, known);
        if (broken && code == EXIT_AS_EXPECTED)
            code = EXIT_USAGE;
    }
    known_free(known);
    suite_done(&s);
    options_done(&o);
    return code;
}
