/* Which documented failure is a log line?
 *
 * Several scenarios may know a line ("connection refused" is in many). The pattern that asks for most text
 * decides; what asks for less is a broader relative, and naming it too would name a wrong failure.
 */
#include "conformance/command/explain.h"

#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/match.h"

struct sign {
    const struct scenario *scenario;
    const json_t *pattern; /* borrowed from the scenario */
    size_t weight;
};

struct explainer {
    struct sign *signs; /* owned, heaviest first */
    size_t n;
    json_t *nothing_wrong;
};

/* How much text a pattern asks for. */
static size_t weight_of(const json_t *pattern)
{
    const json_t *one;
    const char *key;
    size_t sum = 0, i;

    if (json_is_string(pattern))
        return json_string_length(pattern);
    json_array_foreach(pattern, i, one)
    {
        /* {any: […]}: as much as its least */
        size_t w = weight_of(one);
        sum = i == 0 || w < sum ? w : sum;
    }
    json_object_foreach((json_t *)pattern, key, one) sum += strcmp(key, "not") == 0 ? 1 : weight_of(one);
    return sum;
}

static int heaviest_first(const void *a, const void *b)
{
    const struct sign *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return strcmp(scenario_id(x->scenario), scenario_id(y->scenario));
}

struct explainer *explainer_new(const struct suite *s, json_t *nothing_wrong)
{
    struct explainer *e = NEW(struct explainer);

    e->nothing_wrong = json_incref(nothing_wrong);
    for (size_t i = 0; i < s->n_scenarios; i++) {
        const json_t *list = json_object_get(scenario_tree(s->scenarios[i]), "explain"), *pattern;
        size_t k;
        json_array_foreach(list, k, pattern)
        {
            e->signs = xrealloc(e->signs, (e->n + 1) * sizeof(*e->signs));
            e->signs[e->n++] = (struct sign){s->scenarios[i], pattern, weight_of(pattern)};
        }
    }
    if (e->n)
        qsort(e->signs, e->n, sizeof(*e->signs), heaviest_first);
    return e;
}

struct explainer *explainer_free(struct explainer *e)
{
    if (e) {
        json_decref(e->nothing_wrong);
        free(e->signs);
        free(e);
    }
    return NULL;
}

/* The object of a log line, also behind a prefix as `kubectl logs --timestamps` or docker-compose write it;
 * else
 * {"text": raw}. */
static json_t *line_parse(const char *raw)
{
    const char *brace = strchr(raw, '{');
    json_t *line = brace ? json_loads(brace, JSON_DISABLE_EOF_CHECK, NULL) : NULL, *text;

    if (json_is_object(line) &&
        (brace == raw || json_object_get(line, "level") || json_object_get(line, "msg")))
        return line;
    json_decref(line);
    text = json_string(raw);
    return json_pack("{s:o}", "text", text ? text : json_string(""));
}

static bool is_nothing_wrong(const struct explainer *e, const json_t *line)
{
    const json_t *pattern;
    size_t i;

    json_array_foreach(e->nothing_wrong, i, pattern) if (match(pattern, line, NULL)) return true;
    return false;
}

enum explained explain_line(const struct explainer *e, const char *raw,
                            const struct scenario ***ret_scenarios)
{
    const struct scenario **found = xcalloc(e->n + 1, sizeof(*found));
    json_t *line = line_parse(raw);
    enum explained result;
    size_t n = 0, weight = 0;

    for (size_t i = 0; i < e->n; i++) {
        const struct sign *s = &e->signs[i];
        bool known = false;
        if (n && s->weight < weight)
            break;
        if (!match(s->pattern, line, NULL))
            continue;
        weight = s->weight;
        for (size_t k = 0; k < n; k++)
            known = known || strcmp(scenario_file(found[k]), scenario_file(s->scenario)) ==
                                 0; /* one of its entries */
        if (!known)
            found[n++] = s->scenario;
    }
    result = n ? EXPLAINED_FAILURE : is_nothing_wrong(e, line) ? EXPLAINED_NOTHING_WRONG : EXPLAINED_UNKNOWN;
    json_decref(line);
    *ret_scenarios = found;
    return result;
}
