/* Texts that chance within a component chooses from. */
#include "conformance/judge/races.h"

#include <string.h>

#include "conformance/judge/regex.h"
#include "lib/base/mem.h"

struct race {
    struct regex *place, *chance; /* owned */
};

struct races {
    struct race *items; /* owned array */
    size_t n;
};

static struct regex *pattern_of(const json_t *race, const char *name, const char *key, char **reterr)
{
    const char *pattern = json_string_value(json_object_get(race, key));
    _cleanup_(freep) char *why = NULL;
    struct regex *r = pattern ? regex_new(pattern, &why) : NULL;

    if (!r && !*reterr) /* the first mistake is told */
        *reterr = xasprintf("races: %s: %s: %s", name, key, why ? why : "expected a regular expression");
    return r;
}

struct races *races_new(const json_t *profile, char **reterr)
{
    struct races *r = NEW(struct races);
    const char *name;
    json_t *race;

    *reterr = NULL;
    r->items = xcalloc(json_object_size(profile) + 1, sizeof(*r->items));
    json_object_foreach((json_t *)profile, name, race)
    {
        struct race *one = &r->items[r->n++];
        one->place = pattern_of(race, name, "place", reterr);
        one->chance = pattern_of(race, name, "chance", reterr);
    }
    return *reterr ? races_free(r) : r;
}

struct races *races_free(struct races *r)
{
    if (r) {
        for (size_t i = 0; i < r->n; i++) {
            regex_free(r->items[i].place);
            regex_free(r->items[i].chance);
        }
        free(r->items);
        free(r);
    }
    return NULL;
}

/* What stands at the place of a race, while a text is taken apart. */
struct found {
    const struct race *race;
    bool any, chance;
};

static char *taken_out(void *arg, const char *text)
{
    struct found *f = arg;

    f->any = true;
    f->chance = f->chance || regex_matches(f->race->chance, text);
    return xstrdup("<race>");
}

static bool texts_race(const struct race *race, const char *a, const char *b)
{
    struct found in_a = {.race = race}, in_b = {.race = race};
    _cleanup_(freep) char *rest_a = regex_replace(race->place, a, taken_out, &in_a);
    _cleanup_(freep) char *rest_b = regex_replace(race->place, b, taken_out, &in_b);

    return in_a.any && in_b.any && (in_a.chance || in_b.chance) && strcmp(rest_a, rest_b) == 0;
}

static bool values_same(const struct races *r, const json_t *a, const json_t *b)
{
    if (json_equal((json_t *)a, (json_t *)b))
        return true;
    if (!json_is_string(a) || !json_is_string(b))
        return false;
    for (size_t i = 0; i < r->n; i++)
        if (texts_race(&r->items[i], json_string_value(a), json_string_value(b)))
            return true;
    return false;
}

bool races_same(const struct races *r, const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;

    if (!json_is_object(a) || json_object_size(a) != json_object_size(b))
        return json_equal((json_t *)a, (json_t *)b);
    json_object_foreach((json_t *)a, key, value)
    {
        const json_t *other = json_object_get(b, key);
        if (!other || !values_same(r, value, other))
            return false;
    }
    return true;
}
