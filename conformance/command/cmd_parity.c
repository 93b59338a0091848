/* conform parity: the fake KAS held against a real one. Both hear the same talks; what they tell is
 * compared. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "conformance/command/commands.h"
#include "conformance/process/namespaces.h"
#include "conformance/parity/book.h"
#include "conformance/parity/diff.h"
#include "conformance/parity/world.h"
#include "conformance/process/rootfs.h"
#include "conformance/select.h"
#include "conformance/suite.h"
#include "conformance/world/world_fakes.h"
#include "lib/base/mem.h"

enum { REAL, FAKE, SIDES };
static const char *const sides[] = {"real", "fake"};

/* One book over one transport, with one KAS: two worlds. */
struct meeting {
    const struct parity_book *book;
    const struct component *kas;
    const char *over;
    char *dir[SIDES]; /* owned, as what follows */
    json_t *job[SIDES], *talks;
    struct parity_world world[SIDES];
    pid_t pid[SIDES]; /* 0: none */
};

struct parity {
    const struct options *o;
    struct suite suite;
    struct parity_book **books;
    size_t n_books;
    struct parity_known *known;
    struct pki *pki;
    struct meeting *meetings; /* of one KAS */
    size_t n_meetings, same, excused, unexpected, broken;
    json_t *report; /* [{kas, talk, over, differences: [{at, real, fake, reason?}]}] */
};

/* ---- two worlds
 * -------------------------------------------------------------------------------------------- */

static json_t *job_make(const struct meeting *m, json_t *row, int side, const json_t *vars)
{
    return json_pack("{s:o, s:o, s:s, s:s, s:s, s:b, s:i, s:O, s:{s:s, s:s, s:s, s:s}, s:{}}", "row", row,
                     "name",
                     json_sprintf("%s-%s/parity/%s/%s/%s", m->kas->name, m->kas->version,
                                  parity_book_name(m->book), m->over, sides[side]),
                     "dir", m->dir[side], "token", json_string_value(json_object_get(vars, "token")),
                     "job_token", json_string_value(json_object_get(vars, "job_token")), "namespace", true,
                     "stop_ms", 1000, "profile", m->kas->profile, "component", "name", m->kas->name, "kind",
                     m->kas->kind, "version", m->kas->version, "path", m->kas->path, "actors");
}

static int meeting_begin(struct parity *p, struct meeting *m)
{
    /* Known to nobody else, and nobody's secret: these worlds have no way out. */
    json_t *vars = json_pack("{s:s, s:s}", "token", "glagent-parity-0123456789-abcdefghijklmnop",
                             "job_token", "parity-job-token-0123456789");
    _cleanup_(freep) char *err = NULL;
    int e = 0;

    json_object_set_new(vars, "host", json_string("10.60.1.1:8150"));
    m->talks = parity_book_talks(m->book, m->kas, m->over, vars);
    for (int i = 0; i < SIDES && !e; i++) {
        json_t *row = parity_book_row(m->book, p->suite.schema, sides[i], m->kas, m->over, vars, &err);
        m->dir[i] = xasprintf("%s/%s-%s/%s/%s/%s", p->o->out ? p->o->out : "results/parity", m->kas->name,
                              m->kas->version, parity_book_name(m->book), m->over, sides[i]);
        e = row ? folder_make(m->dir[i], 0755) : -EINVAL;
        if (row)
            m->job[i] = job_make(m, row, i, vars);
        m->world[i] =
            (struct parity_world){.side = sides[i], .job = m->job[i], .talks = m->talks, .pki = p->pki};
        if (!e)
            m->pid[i] = parity_world_start(&m->world[i], &err);
        if (!e && m->pid[i] < 0) {
            e = m->pid[i];
            m->pid[i] = 0;
        }
    }
    if (e)
        fprintf(stderr, "conform: parity/%s over %s: %s\n", parity_book_name(m->book), m->over,
                err ? err : strerror(-e));
    json_decref(vars);
    return e;
}

/* What a side told; NULL, and complained. */
static json_t *told(const struct meeting *m, int side)
{
    _cleanup_(freep) char *path = xasprintf("%s/said.json", m->dir[side]);
    json_t *said = NULL, *talks;
    int status = -1;

    if (m->pid[side] > 0 && waitpid(m->pid[side], &status, 0) == m->pid[side] && status == 0)
        said = json_load_file(path, 0, NULL);
    talks = json_incref(json_object_get(said, "talks"));
    if (!talks) {
        const char *broken = json_string_value(json_object_get(said, "broken"));
        fprintf(stderr, "conform: parity/%s over %s, the %s side: %s; see %s\n", parity_book_name(m->book),
                m->over, sides[side], broken ? broken : "its world ended", m->dir[side]);
    }
    json_decref(said);
    return talks;
}

static void meeting_done(struct meeting *m)
{
    for (int i = 0; i < SIDES; i++) {
        free(m->dir[i]);
        json_decref(m->job[i]);
    }
    json_decref(m->talks);
}

/* ---- comparing
 * --------------------------------------------------------------------------------------------- */

static void value_print(const char *whose, const json_t *value)
{
    _cleanup_(freep) char *text =
        json_is_null(value) ? xstrdup("(nothing)") : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    printf("      %-8s %s\n", whose, text ? text : "");
}

static void talk_compare(struct parity *p, const struct meeting *m, const char *name, json_t *real,
                         json_t *fake)
{
    _cleanup_(freep) char *talk = xasprintf("%s/%s", parity_book_name(m->book), name);
    json_t *differences, *one;
    size_t i, unexpected = 0;

    parity_known_played(p->known, talk, m->over, m->kas->version);
    parity_normalise(real);
    parity_normalise(fake);
    differences = parity_diff(real, fake);
    json_array_foreach(differences, i, one)
    {
        const char *at = json_string_value(json_object_get(one, "at"));
        const char *reason = parity_known_reason(p->known, talk, m->over, m->kas->version, at);
        if (reason)
            json_object_set_new(one, "reason", json_string(reason));
        unexpected += !reason;
    }
    p->unexpected += unexpected > 0;
    p->excused += !unexpected && i;
    p->same += !i;
    if (!p->o->json && (unexpected || !p->o->quiet))
        printf("%-6s %s over %s%s\n",
               unexpected ? "DIFFER"
               : i        ? "known"
                          : "same",
               talk, m->over,
               json_array_size(json_object_get(real, "late")) ? " (something awaited did not come)" : "");
    json_array_foreach(differences, i, one)
    {
        const char *reason = json_string_value(json_object_get(one, "reason"));
        if (p->o->json || (reason && p->o->quiet))
            continue;
        printf("    %s%s%s\n", json_string_value(json_object_get(one, "at")), reason ? ": " : "",
               reason ? reason : "");
        if (!reason || p->o->verbose) {
            value_print("kas", json_object_get(one, "real"));
            value_print("fakekas", json_object_get(one, "fake"));
        }
    }
    json_array_append_new(p->report, json_pack("{s:o, s:s, s:s, s:o}", "kas", json_string(m->kas->version),
                                               "talk", talk, "over", m->over, "differences", differences));
}

static void meeting_compare(struct parity *p, const struct meeting *m)
{
    json_t *real = told(m, REAL), *fake = told(m, FAKE), *said;
    const char *name;

    if (!real || !fake)
        p->broken++;
    else
        json_object_foreach(real, name, said) talk_compare(p, m, name, said, json_object_get(fake, name));
    json_decref(real);
    json_decref(fake);
}

/* ---- one KAS after the other
 * ------------------------------------------------------------------------------- */

static bool is_meant(const struct parity *p, const char *book, const char *over)
{
    const struct options *o = p->o;
    bool fits = !o->patterns.n, travels = !o->transports.n;

    for (size_t i = 0; i < o->patterns.n; i++)
        fits |= select_fits(o->patterns.items[i], book, NULL);
    for (size_t i = 0; i < o->transports.n; i++)
        travels |= strcmp(o->transports.items[i], over) == 0;
    return fits && travels;
}

static void kas_meet(struct parity *p, const struct component *kas)
{
    json_t *over;
    size_t i, k;

    if (!p->o->json)
        printf("%s %s and fakekas as %s\n", kas->name, kas->version, kas->version);
    p->meetings = NULL;
    p->n_meetings = 0;
    for (i = 0; i < p->n_books; i++)
        json_array_foreach((json_t *)parity_book_transports(p->books[i]), k, over)
        {
            const char *how = json_string_value(over);
            if (!parity_book_applies(p->books[i], kas) || !is_meant(p, parity_book_name(p->books[i]), how))
                continue;
            p->meetings = xrealloc(p->meetings, (p->n_meetings + 1) * sizeof(*p->meetings));
            p->meetings[p->n_meetings++] = (struct meeting){.book = p->books[i], .kas = kas, .over = how};
        }
    fflush(stdout); /* or each world has it too */
    for (i = 0; i < p->n_meetings; i++)
        (void)meeting_begin(p, &p->meetings[i]);
    for (i = 0; i < p->n_meetings; i++) {
        meeting_compare(p, &p->meetings[i]);
        meeting_done(&p->meetings[i]);
    }
    free(p->meetings);
}

static int report(struct parity *p)
{
    json_t *stale = parity_known_stale(p->known), *one;
    _cleanup_(freep) char *path = xasprintf("%s/report.json", p->o->out ? p->o->out : "results/parity");
    size_t i;

    json_array_foreach(stale, i, one) fprintf(
        stderr,
        "conform: fixtures/parity/differences.yaml: %s at %s no longer differs; take the entry away\n",
        json_string_value(json_object_get(one, "talk")), json_string_value(json_object_get(one, "at")));
    (void)json_dump_file(p->report, path, JSON_INDENT(1));
    if (p->o->json) {
        json_dumpf(p->report, stdout, JSON_INDENT(1));
        putchar('\n');
    } else
        printf("%zu talks the same, %zu with known differences, %zu otherwise, %zu known differences are "
               "gone\n",
               p->same, p->excused, p->unexpected, json_array_size(stale));
    json_decref(stale);
    if (p->broken)
        return EXIT_HARNESS;
    if (p->unexpected || i)
        return EXIT_NOT_AS_EXPECTED;
    return p->same + p->excused ? EXIT_AS_EXPECTED : EXIT_NOTHING_RAN;
}

static int compare(struct parity *p)
{
    _cleanup_(freep) char *err = NULL;
    size_t n = 0;

    for (size_t i = 0; i < p->suite.components.n; i++)
        n += strcmp(p->suite.components.items[i].kind, "kas") == 0;
    if (!n) {
        fputs(
            "conform: no real KAS is here, so nothing was compared; cure: --sut kas=PATH, or kas-VERSION in "
            "$FAKEKAS_AGENTS\n",
            stderr);
        return EXIT_NOTHING_RAN;
    }
    if (namespaces_try(&err) < 0) {
        fprintf(stderr, "conform: %s\n", err);
        return EXIT_HARNESS;
    }
    p->pki = fakes_warm_pki();
    p->report = json_array();
    for (size_t i = 0; i < p->suite.components.n; i++)
        if (strcmp(p->suite.components.items[i].kind, "kas") == 0)
            kas_meet(p, &p->suite.components.items[i]);
    return report(p);
}

int cmd_parity(int argc, char **argv)
{
    struct options o;
    struct parity p = {.o = &o};
    int e = options_parse(&o, "parity", argc, argv), code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;

    if (e == 0) {
        o.no_reference = true;
        p.suite.schema = schema_load(o.fixtures);
        _cleanup_(freep) char *path = xasprintf("%s/parity/differences.yaml", o.fixtures);
        p.known = parity_known_read(path);
        e = parity_books_read(o.fixtures, &p.books, &p.n_books);
        if (p.suite.schema && p.known && !e && suite_components(&p.suite, &o) == 0)
            code = compare(&p);
    }
    parity_books_free(p.books, p.n_books);
    parity_known_free(p.known);
    pki_free(p.pki);
    json_decref(p.report);
    suite_done(&p.suite);
    options_done(&o);
    return code;
}
