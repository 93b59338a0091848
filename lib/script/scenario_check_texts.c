/* Templates and patterns, wherever in the tree they stand. */
#include <ctype.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/match.h"
#include "lib/script/scenario_impl.h"
#include "lib/script/schema_say.h"
#include "lib/script/template_scan.h"

struct check {
    const struct yaml_doc *doc;
    const json_t *schema;
    struct problems *p;
};

/* ---- templates --------------------------------------------------------------------------------------------- */

static bool is_variable(const struct check *c, const char *name)
{
    return scenario_names_transport(json_object_get(c->schema, "x-variables"), name);
}

/* In a regular expression \x{ff} and \p{l} are no places for values. */
static bool is_escape(const char *start, const char *p)
{
    return p - start >= 2 && isalpha((unsigned char)p[-1]) && p[-2] == '\\';
}

static void check_text(struct check *c, const char *text, struct place at)
{
    const json_t *known = json_object_get(c->schema, "x-variables");
    for (const char *p = text; (p = strchr(p, '{')); p++) {
        if (p[1] == '{') {
            p++;
            continue;
        }
        size_t n = template_name(p);
        _cleanup_(freep) char *name = xstrndup(p + 1, n);
        if (n == 0 || is_escape(text, p) || is_variable(c, name))
            continue;
        _cleanup_(freep) char *list = say_list(known), *near = say_nearest(name, known);
        problem_add(c->p, at, "no value is called {%s}; expected one of %s, or {{ for a brace%s", name, list, near);
    }
}

static void check_tree(struct check *c, const json_t *v, struct place at)
{
    const char *key;
    size_t i;
    json_t *inner;
    if (json_is_string(v))
        check_text(c, json_string_value(v), at);
    json_object_foreach((json_t *)v, key, inner)
        check_tree(c, inner, yaml_member_place(c->doc, v, key));
    json_array_foreach(v, i, inner)
        check_tree(c, inner, yaml_item_place(c->doc, v, i));
}

/* ---- patterns ---------------------------------------------------------------------------------------------- */

/* Innermost first, so that a mistake is told where it stands and once. */
static bool pattern_ok(struct check *c, const json_t *pattern, struct place at)
{
    const char *key;
    size_t i;
    json_t *inner;
    bool ok = true;
    if (json_is_object(pattern) && json_object_size(pattern) == 1 && json_object_get(pattern, "is"))
        return true;
    json_object_foreach((json_t *)pattern, key, inner)
        ok &= pattern_ok(c, inner, yaml_member_place(c->doc, pattern, key));
    json_array_foreach(pattern, i, inner)
        ok &= pattern_ok(c, inner, yaml_item_place(c->doc, pattern, i));
    char *err = NULL;
    if (!ok || match_check(pattern, &err) == 0)
        return ok;
    if (json_is_object(pattern) && json_object_size(pattern) == 1) {
        json_object_foreach((json_t *)pattern, key, inner)
            at = yaml_member_place(c->doc, pattern, key);
    }
    problem_add(c->p, at, "%s", err);
    free(err);
    return false;
}

static void check_pattern(struct check *c, const json_t *pattern)
{
    if (pattern)
        pattern_ok(c, pattern, yaml_place(c->doc, pattern));
}

/* An item of `expect`: a pattern with a few keys that are not of the pattern. */
static void check_item(struct check *c, const json_t *item, const char *const *extras)
{
    if (!json_is_object(item))
        return;
    json_t *bare = json_copy((json_t *)item);
    const char *key;
    json_t *inner;
    bool ok = true;
    for (; *extras; extras++)
        json_object_del(bare, *extras);
    json_object_foreach(bare, key, inner)
        ok &= pattern_ok(c, inner, yaml_member_place(c->doc, item, key));
    char *err = NULL;
    if (ok && match_check(bare, &err) < 0)
        problem_add(c->p, yaml_place(c->doc, item), "%s", err);
    free(err);
    json_decref(bare);
}

static void check_event_name(struct check *c, const json_t *pattern)
{
    const json_t *moments = json_object_get(c->schema, "x-moments"), *others = json_object_get(c->schema, "x-events");
    const char *name = json_string_value(json_object_get(pattern, "event"));
    if (!name || json_object_get(moments, name) || scenario_names_transport(others, name))
        return;
    json_t *all = json_deep_copy(others), *v;
    const char *moment;
    json_object_foreach((json_t *)moments, moment, v)
        json_array_append_new(all, json_string(moment));
    _cleanup_(freep) char *near = say_nearest(name, all);
    problem_add(c->p, yaml_member_place(c->doc, pattern, "event"), "no event is called \"%s\"; expected one of those "
                "in docs/events.md%s", name, near);
    json_decref(all);
}

static void check_expect(struct check *c, const json_t *expect)
{
    static const struct list {
        const char *key, *extras[6];
        bool events;
    } lists[] = {
        {"log", {"versions", "transports", "count", "exactly", "who"}, false},
        {"wire", {"versions", "transports", "count"}, true},
        {"order", {"versions", "transports"}, true},
        {"never", {"versions", "transports"}, true},
    };
    size_t k;
    json_t *item;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        json_array_foreach(json_object_get(expect, lists[i].key), k, item) {
            check_item(c, item, lists[i].extras);
            if (lists[i].events)
                check_event_name(c, item);
        }
    const json_t *schedule = json_object_get(expect, "schedule");
    check_pattern(c, json_object_get(schedule, "of"));
    check_event_name(c, json_object_get(schedule, "of"));
    json_array_foreach(schedule, k, item) {
        check_pattern(c, json_object_get(item, "of"));
        check_event_name(c, json_object_get(item, "of"));
    }
    check_pattern(c, json_object_get(json_object_get(expect, "exit"), "output"));
}

static void check_patterns(struct check *c, const json_t *part)
{
    size_t k;
    json_t *v;
    for (const char *const *where = scenario_faulty; *where; where++)
        json_array_foreach(json_object_get(json_object_get(part, *where), "faults"), k, v)
            check_pattern(c, json_object_get(v, "when"));
    json_array_foreach(json_object_get(part, "then"), k, v) {
        check_pattern(c, json_object_get(v, "on"));
        check_event_name(c, json_object_get(v, "on"));
    }
    check_expect(c, json_object_get(part, "expect"));
}

/* ---- all of it --------------------------------------------------------------------------------------------- */

static void check_part(struct check *c, const json_t *part)
{
    for (const char *const *name = scenario_parts; *name; name++) {
        const json_t *v = json_object_get(part, *name);
        if (v)
            check_tree(c, v, yaml_member_place(c->doc, part, *name));
    }
    check_patterns(c, part);
}

void scenario_check_texts(const struct yaml_doc *doc, const json_t *schema, struct problems *p)
{
    struct check c = {.doc = doc, .schema = schema, .p = p};
    const json_t *tree = yaml_root(doc);
    size_t i;
    json_t *v;
    check_part(&c, tree);
    json_array_foreach(json_object_get(tree, "variants"), i, v)
        check_part(&c, v);
    json_array_foreach(json_object_get(tree, "cures"), i, v)
        check_part(&c, v);
    json_array_foreach(json_object_get(tree, "explain"), i, v)
        check_pattern(&c, v);
}
