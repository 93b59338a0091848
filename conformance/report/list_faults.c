/* The vocabulary as text, as JSON, or as the page docs/faults.md. */
#include "conformance/report/list_faults.h"

#include <stdio.h>
#include <string.h>

#include "conformance/command/commands.h"
#include "lib/base/mem.h"
#include "lib/script/vocabulary.h"

/* ---- who uses what
 * ---------------------------------------------------------------------------------------- */

/* uses: {"moment" or "verb" or "moment/verb": [scenario ids]} */
static void use_add(json_t *uses, const char *word, const char *id)
{
    json_t *list = json_object_get(uses, word);
    size_t n = json_array_size(list);

    if (!list)
        json_object_set_new(uses, word, list = json_array());
    if (!n || strcmp(json_string_value(json_array_get(list, n - 1)), id) != 0)
        json_array_append_new(list, json_string(id));
}

static void verb_used(json_t *uses, const char *moment, const char *verb, const char *id)
{
    _cleanup_(freep) char *address = xasprintf("%s/%s", moment, verb);

    use_add(uses, verb, id);
    use_add(uses, address, id);
}

static void verbs_used(json_t *uses, const char *moment, const json_t *what, const char *id)
{
    const char *verb;
    json_t *v;
    size_t i;

    if (json_is_string(what))
        verb_used(uses, moment, json_string_value(what), id);
    json_object_foreach((json_t *)what, verb, v) verb_used(uses, moment, verb, id);
    json_array_foreach(what, i, v) verbs_used(uses, moment, v, id);
}

/* A fault is what has both `at` and `do`, wherever it stands. */
static void faults_used(json_t *uses, const json_t *tree, const char *id)
{
    const char *at = json_string_value(json_object_get(tree, "at")), *key;
    const json_t *what = json_object_get(tree, "do");
    json_t *v;
    size_t i;

    if (at && what) {
        use_add(uses, at, id);
        verbs_used(uses, at, what, id);
    }
    json_object_foreach((json_t *)tree, key, v) faults_used(uses, v, id);
    json_array_foreach(tree, i, v) faults_used(uses, v, id);
}

static json_t *uses_of(const struct suite *s)
{
    json_t *uses = json_object();

    for (size_t i = 0; i < s->n_scenarios; i++)
        faults_used(uses, scenario_tree(s->scenarios[i]), scenario_id(s->scenarios[i]));
    return uses;
}

/* ---- printing
 * --------------------------------------------------------------------------------------------- */

static void print_words(const char *words, const char *mark)
{
    for (const char *p = words; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        printf("%s%s%.*s%s", p == words ? "" : ", ", mark, (int)n, p, mark);
        p += n;
    }
}

static int in_text(const json_t *uses)
{
    size_t without = 0;

    for (const struct vocabulary_moment *m = vocabulary_moments; m->name; m++) {
        printf("%-18s %-10s %3zu scenarios  %s\n  ", m->name, m->layer,
               json_array_size(json_object_get(uses, m->name)), m->when);
        print_words(m->verbs, "");
        putchar('\n');
        if (m->alone)
            printf("  no scenario: %s\n", m->alone);
    }
    putchar('\n');
    for (const struct vocabulary_verb *v = vocabulary_verbs; v->name; v++) {
        size_t n = json_array_size(json_object_get(uses, v->name));
        without += !n;
        printf("%-18s %-10s %3zu scenarios  %s\n", v->name, v->layer, n, v->does);
    }
    printf("an address is MOMENT/VERB, as in grpc.message/status; %zu verbs without a scenario\n", without);
    return EXIT_AS_EXPECTED;
}

static void list_uses(json_t *list, const json_t *uses)
{
    json_t *one, *none = json_array();
    size_t i;

    json_array_foreach(list, i, one)
    {
        json_t *ids = json_object_get(uses, json_string_value(json_object_get(one, "name")));
        json_object_set(one, "scenarios", ids ? ids : none);
    }
    json_decref(none);
}

static int in_json(const json_t *uses)
{
    json_t *all = vocabulary_json();

    list_uses(json_object_get(all, "moments"), uses);
    list_uses(json_object_get(all, "verbs"), uses);
    json_object_set_new(all, "x-moments", vocabulary_x_moments());
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
    return EXIT_AS_EXPECTED;
}

static void cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
}

static int in_markdown(void)
{
    puts("# Faults\n\nMade by `tools/vocabulary` from `lib/script/vocabulary.c`; do not edit. A fault is "
         "`at: MOMENT` "
         "and `do: VERB`;\n`conform list --faults` prints the same. Facts of a moment can be asked for in "
         "`when:`, as "
         "can `conn`, `stream` and `transport`.\n\n## Moments\n\n| moment | layer | when | facts | verbs | "
         "seen on "
         "the wire by |\n|---|---|---|---|---|---|");
    for (const struct vocabulary_moment *m = vocabulary_moments; m->name; m++) {
        printf("| `%s` | %s | ", m->name, m->layer);
        cell(m->when);
        if (m->alone)
            printf(" (no scenario: %s)", m->alone);
        printf("%s | ", m->noisy ? " (noisy)" : "");
        print_words(m->facts && *m->facts ? m->facts
                    : m->facts            ? "–"
                                          : "whatever the peer says",
                    m->facts && *m->facts ? "`" : "");
        fputs(" | ", stdout);
        print_words(m->verbs, "`");
        printf(" | %s |\n", m->test ? m->test : "–");
    }
    puts("\nNoisy moments are written to the event log only when a fault, a step or an expectation names "
         "them.\n\n"
         "## Verbs\n\n| verb | layer | what, {arguments} | bare | seen on the wire by |\n"
         "|---|---|---|---|---|");
    for (const struct vocabulary_verb *v = vocabulary_verbs; v->name; v++) {
        printf("| `%s` | %s | ", v->name, v->layer);
        cell(v->does);
        printf(" | %s | %s |\n", v->bare ? "yes" : "–", v->test ? v->test : "–");
    }
    return EXIT_AS_EXPECTED;
}

int list_faults(const struct suite *s, const struct options *o)
{
    json_t *uses = uses_of(s);
    int code = o->json ? in_json(uses) : o->markdown ? in_markdown() : in_text(uses);

    json_decref(uses);
    return code;
}
