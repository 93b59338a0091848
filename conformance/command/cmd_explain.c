/* conform explain: a log of an agent or of KAS in, failures with cause and cure out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conformance/command/commands.h"
#include "conformance/command/explain.h"
#include "conformance/judge/normalise.h"
#include "conformance/profile.h"
#include "lib/base/mem.h"

/* The same failure many times over is told once. */
struct told {
    json_t *texts; /* what was printed for a normalised line -> how often it was seen */
    struct normaliser *normaliser;
    bool any_failure;
    size_t repeated;
};

static json_t *cure_json(const struct scenario *s, const json_t *cure)
{
    const char *name = json_string_value(json_object_get(cure, "name"));

    return json_pack("{s:O?,s:O?,s:o}", "name", json_object_get(cure, "name"), "says",
                     json_object_get(cure, "says"), "command",
                     json_sprintf("conform run %s@%s", scenario_id(s), name ? name : "*"));
}

static json_t *failure_json(const struct scenario *s)
{
    const json_t *documented = json_object_get(scenario_tree(s), "documented"), *cure;
    json_t *cures = json_array();
    size_t i;

    json_array_foreach(scenario_cures(s), i, cure) json_array_append_new(cures, cure_json(s, cure));
    return json_pack("{s:s,s:s,s:O?,s:O?,s:O?,s:O?,s:o,s:o}", "id", scenario_id(s), "title",
                     scenario_title(s), "page", json_object_get(documented, "page"), "says",
                     json_object_get(documented, "says"), "cause", json_object_get(documented, "cause"),
                     "note", json_object_get(documented, "note"), "cures", cures, "command",
                     json_sprintf("conform run %s --no-cures", scenario_id(s)));
}

static void line_json(size_t number, const char *raw, enum explained what, const struct scenario **found)
{
    static const char *const words[] = {"failure", "nothing wrong", "unknown"};
    json_t *failures = json_array(), *text = json_string(raw), *j;

    for (size_t i = 0; found[i]; i++)
        json_array_append_new(failures, failure_json(found[i]));
    j = json_pack("{s:I,s:s,s:o,s:o}", "line", (json_int_t)number, "what", words[what], "failures", failures,
                  "text", text ? text : json_null());
    json_dumpf(j, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(j);
}

static void failure_print(const struct scenario *s)
{
    json_t *f = failure_json(s), *cure;
    const char *cause = json_string_value(json_object_get(f, "cause"));
    const char *note = json_string_value(json_object_get(f, "note"));
    size_t i;

    printf("  failure  %s: %s\n", scenario_id(s), scenario_title(s));
    if (cause)
        printf("  cause    %s\n", cause);
    json_array_foreach(json_object_get(f, "cures"), i, cure) printf(
        "  cure     %s\n           seen to work by: %s\n", json_string_value(json_object_get(cure, "says")),
        json_string_value(json_object_get(cure, "command")));
    if (note)
        printf("  note     %s\n", note);
    printf("  again    %s\n", json_string_value(json_object_get(f, "command")));
    json_decref(f);
}

/* Was this line, but for its time and ports, told before? Counts it. */
static bool told_before(struct told *t, const char *raw)
{
    json_t *line = normalise_raw(t->normaliser, raw), *count;
    _cleanup_(freep) char *key = json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(line);
    if (!key)
        return false;
    count = json_object_get(t->texts, key);
    json_object_set_new(t->texts, key, json_integer(count ? json_integer_value(count) + 1 : 1));
    return count != NULL;
}

static void line_print(struct told *t, size_t number, const char *raw, enum explained what,
                       const struct scenario **found)
{
    if (what == EXPLAINED_NOTHING_WRONG)
        return;
    if (told_before(t, raw)) {
        t->repeated++;
        return;
    }
    printf("line %zu: %s\n", number, raw);
    if (what == EXPLAINED_UNKNOWN)
        printf("  unknown  no documented failure prints this line, as far as the scenarios know\n");
    for (size_t i = 0; found[i]; i++)
        failure_print(found[i]);
    putchar('\n');
}

static void read_log(FILE *f, const struct explainer *e, struct told *t, bool json)
{
    size_t cap = 0, number = 0, nothing_wrong = 0;
    char *raw = NULL;

    while (getline(&raw, &cap, f) > 0) {
        const struct scenario **found = NULL;
        enum explained what;
        raw[strcspn(raw, "\r\n")] = 0;
        number++;
        if (!*raw)
            continue;
        what = explain_line(e, raw, &found);
        t->any_failure = t->any_failure || what == EXPLAINED_FAILURE;
        nothing_wrong += what == EXPLAINED_NOTHING_WRONG;
        if (json)
            line_json(number, raw, what, found);
        else
            line_print(t, number, raw, what, found);
        free(found);
    }
    free(raw);
    if (!json && (t->repeated || nothing_wrong))
        printf("%zu more lines say the same again, %zu say that nothing is wrong\n", t->repeated,
               nothing_wrong);
    if (!json && !number)
        printf("no lines\n");
}

/* A log may be an agent's or a KAS's. */
static json_t *healthy_lines(const char *fixtures)
{
    static const char *const kinds[] = {"agentk", "kas"};
    json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct problems *p = problems_new();
        json_t *profile = profile_load(fixtures, kinds[i], p);
        json_array_extend(list, json_object_get(profile, "nothing_wrong"));
        json_decref(profile);
        problems_free(p);
    }
    return list;
}

static int explain(const struct options *o, const struct suite *s)
{
    struct told t = {.texts = json_object(), .normaliser = normaliser_new()};
    json_t *nothing_wrong = healthy_lines(o->fixtures);
    struct explainer *e = explainer_new(s, nothing_wrong);
    const char *path = o->patterns.n ? o->patterns.items[0] : "-";
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int code = EXIT_USAGE;

    if (f) {
        read_log(f, e, &t, o->json);
        code = t.any_failure ? EXIT_AS_EXPECTED : EXIT_NOT_AS_EXPECTED;
    } else {
        fprintf(stderr, "conform: %s: %s\n", path, strerror(errno));
    }
    if (f && f != stdin)
        fclose(f);
    explainer_free(e);
    json_decref(nothing_wrong);
    json_decref(t.texts);
    normaliser_free(t.normaliser);
    return code;
}

int cmd_explain(int argc, char **argv)
{
    struct options o;
    struct suite s = {0};
    int e = options_parse(&o, "explain", argc, argv), code = e > 0 ? EXIT_AS_EXPECTED : EXIT_USAGE;

    if (e == 0 && o.patterns.n > 1) {
        fprintf(stderr, "conform: explain takes one file, or standard input\n");
        e = -EINVAL;
    }
    if (e == 0) {
        (void)suite_load(&s, o.fixtures); /* what cannot be read explains nothing, and was complained of */
        code = s.n_scenarios ? explain(&o, &s) : EXIT_USAGE;
    }
    suite_done(&s);
    options_done(&o);
    return code;
}
