/* Base, variants, cure, defaults, templates: in this order, so that a default may hold "{port}" as well. */
#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/scenario_impl.h"
#include "lib/script/template.h"
#include "lib/script/version.h"

enum lay_expect { EXPECT_OVERLAID, EXPECT_REPLACED, EXPECT_KEPT };

/* Lays the named parts of an overlay over the tree. */
static void lay(json_t *tree, const json_t *over, enum lay_expect how)
{
    for (const char *const *part = scenario_parts; *part; part++) {
        const json_t *patch = json_object_get(over, *part);
        bool expect = strcmp(*part, "expect") == 0, whole = expect && how == EXPECT_REPLACED;
        if (patch && !(expect && how == EXPECT_KEPT))
            json_object_set_new(tree, *part, overlay(whole ? NULL : json_object_get(tree, *part), patch));
    }
}

static int lay_variants(json_t *row, const json_t *tree, const char *component, const char *version,
                        const char *transport)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(tree, "variants"), i, v) {
        bool in;
        int r = scenario_versions_hold(json_object_get(v, "applies"), component, version, &in);
        if (r < 0)
            return r;
        if (in && scenario_names_transport(json_object_get(v, "transports"), transport))
            lay(row, v, EXPECT_OVERLAID);
    }
    return 0;
}

static const json_t *cure_named(const json_t *tree, const char *name)
{
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(tree, "cures"), i, c) {
        const char *mine = json_string_value(json_object_get(c, "cure"));
        if (mine && strcmp(mine, name) == 0)
            return c;
    }
    return NULL;
}

/* ---- what is meant for other rows -------------------------------------------------------------------------- */

/* For whom a row is resolved. */
struct whom {
    const char *component, *version, *transport;
    const char *agent; /* version of the agent beside a KAS under test, or NULL */
};

/* Beside a KAS there is an agent: what names agentk is about that one. */
static bool holds_for_agent(const json_t *range, const struct whom *w)
{
    const char *text = json_string_value(range);
    bool in = false, any = false;
    size_t i;
    json_t *one;
    if (text && w->agent && version_range_names(text, "agentk"))
        return version_in(text, "agentk", w->agent, &in) == 0 && in;
    json_array_foreach(range, i, one)
        any |= holds_for_agent(one, w);
    return any;
}

static bool is_meant(const json_t *item, const struct whom *w)
{
    const json_t *range = json_object_get(item, "versions");
    bool in = true;
    if (scenario_versions_hold(range, w->component, w->version, &in) < 0)
        return true;
    return (in || holds_for_agent(range, w)) &&
           scenario_names_transport(json_object_get(item, "transports"), w->transport);
}

static void sift(json_t *list, const struct whom *w)
{
    for (size_t i = 0; i < json_array_size(list);) {
        json_t *item = json_array_get(list, i);
        if (!is_meant(item, w)) {
            json_array_remove(list, i);
            continue;
        }
        json_object_del(item, "versions");
        json_object_del(item, "transports");
        i++;
    }
}

static void sift_expect(json_t *expect, const struct whom *w)
{
    static const char *const lists[] = {"log", "wire", "order", "never", "schedule"};
    json_t *schedule = json_object_get(expect, "schedule");
    if (json_is_object(schedule))
        json_object_set_new(expect, "schedule", json_pack("[O]", schedule));
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        sift(json_object_get(expect, lists[i]), w);
}

/* ---- defaults ---------------------------------------------------------------------------------------------- */

static void set_default(json_t *object, const char *key, const char *value)
{
    if (!json_object_get(object, key))
        json_object_set_new(object, key, json_string(value));
}

static json_t *object_in(json_t *tree, const char *key)
{
    json_t *v = json_object_get(tree, key);
    if (!json_is_object(v))
        json_object_set_new(tree, key, v = json_object());
    return v;
}

/* A part that is null is as if it had not been written. */
static void drop_nulls(json_t *object)
{
    const char *key;
    void *next;
    json_t *v;
    json_object_foreach_safe(object, next, key, v)
        if (json_is_null(v))
            json_object_del(object, key);
}

static bool has_tls(const char *transport)
{
    return strcmp(transport, "wss") == 0 || strcmp(transport, "grpcs") == 0;
}

static bool has_faults(const json_t *part)
{
    bool any = false;
    for (const char *const *where = scenario_faulty; *where; where++)
        any |= json_array_size(json_object_get(json_object_get(part, *where), "faults")) > 0;
    return any;
}

/* A KAS under test is met as it is, without the NGINX of Omnibus before it; and what it trusts itself is what the system
 * trusts, so that the agent has its own root. */
static void agent_defaults(json_t *agent, const struct whom *w)
{
    bool kas = strcmp(w->component, "kas") == 0, web = w->transport[0] == 'w';
    set_default(agent, "address",
                kas && web ? "{scheme}://kas.host.tld:{port}/"
                : web      ? "{scheme}://gitlab.host.tld:{port}/-/kubernetes-agent/"
                           : "{scheme}://gitlab-kas.gitlab:{port}");
    set_default(agent, "trust", !has_tls(w->transport) ? "none" : kas ? "flag" : "system");
}

static void set_defaults(json_t *row, const struct whom *w)
{
    for (const char *const *part = scenario_parts; *part; part++)
        if (strcmp(*part, "then") != 0)
            drop_nulls(object_in(row, *part));
    json_t *agent = json_object_get(row, "agent");
    agent_defaults(agent, w);
    set_default(agent, "kube", "absent");
    set_default(json_object_get(row, "expect"), "within", "20s");
    if (!json_is_array(json_object_get(row, "then")))
        json_object_set_new(row, "then", json_array());
    if (!json_object_get(row, "seed"))
        json_object_set_new(row, "seed", json_integer(0));
}

static void gather_faults(json_t *row)
{
    json_t *all = json_array();
    json_array_extend(all, json_object_get(json_object_get(row, "dns"), "faults"));
    json_array_extend(all, json_object_get(json_object_get(row, "proxy"), "faults"));
    json_array_extend(all, json_object_get(json_object_get(row, "kas"), "faults"));
    json_object_set_new(row, "faults", all);
}

/* ---- the row ----------------------------------------------------------------------------------------------- */

static json_t *variables(const struct scenario *s, const char *version, const char *transport, const json_t *vars)
{
    static const char *const places[][2] = {{"proxy", "http://10.60.2.1:3128"}, {"kas2_ip", "10.60.1.2"},
                                            {"gitlab_ip", "10.60.3.1"},         {"gitaly_ip", "10.60.4.1"},
                                            {"redis_ip", "10.60.5.1"},         {"hubble_ip", "10.60.6.1"}};
    json_t *all = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "scheme", transport, "transport", transport,
                            "port", scenario_port(s, transport), "version", version, "http",
                            has_tls(transport) ? "https" : "http", "kas_ip", "10.60.1.1", "dns_ip", "10.60.0.10");
    for (size_t i = 0; i < ARRAY_SIZE(places); i++)
        json_object_set_new(all, places[i][0], json_string(places[i][1]));
    if (vars)
        json_object_update(all, (json_t *)vars);
    return all;
}

/* Documentation is quoted, not filled: it may hold braces of its own. */
static void fill(json_t *row, const json_t *vars)
{
    for (const char *const *part = scenario_parts; *part; part++)
        json_object_set_new(row, *part, template_fill(json_object_get(row, *part), vars));
}

static json_t *start_row(const json_t *tree)
{
    static const char *const dropped[] = {"variants", "cures", "applies", "transports"};
    json_t *row = json_deep_copy(tree);
    for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
        json_object_del(row, dropped[i]);
    return row;
}

static json_t *row_with(const struct scenario *s, const char *component, const char *version, const char *transport,
                        const char *cure, bool harmless, const json_t *vars, char **reterr)
{
    const json_t *tree = scenario_tree(s), *over = cure ? cure_named(tree, cure) : NULL;
    if (cure && !over) {
        *reterr = xasprintf("%s has no cure \"%s\"", scenario_id(s), cure);
        return NULL;
    }
    if (!scenario_names_transport(s->transports, transport)) {
        *reterr = xasprintf("%s does not run on \"%s\"", scenario_id(s), transport);
        return NULL;
    }
    json_t *row = start_row(tree);
    bool in;
    if (scenario_versions_hold(NULL, component, version, &in) < 0 ||
        lay_variants(row, tree, component, version, transport) < 0) {
        *reterr = xasprintf("\"%s\" is no version of %s; expected one such as 14.7 or head", version, component);
        json_decref(row);
        return NULL;
    }
    bool faulty = has_faults(row);
    set_default(row, "without_faults", faulty || json_array_size(s->cures) ? "fails" : "passes");
    if (harmless && !faulty)
        over = json_array_get(json_object_get(tree, "cures"), 0);
    if (over)
        lay(row, over, harmless ? EXPECT_KEPT : EXPECT_REPLACED);
    struct whom whom = {component, version, transport, json_string_value(json_object_get(vars, "agent_version"))};
    set_defaults(row, &whom);
    sift_expect(json_object_get(row, "expect"), &whom);

    json_t *all = variables(s, version, transport, vars);
    fill(row, all);
    gather_faults(row);
    json_t *port = json_object_get(all, "port");
    json_object_set_new(row, "row",
                        json_pack("{s:s, s:s, s:s, s:o, s:O}", "component", component, "version", version,
                                  "transport", transport, "cure", cure ? json_string(cure) : json_null(), "port",
                                  port));
    json_decref(all);
    return row;
}

json_t *scenario_row(const struct scenario *s, const char *component, const char *version, const char *transport,
                     const char *cure, const json_t *vars, char **reterr)
{
    return row_with(s, component, version, transport, cure, /* harmless= */ false, vars, reterr);
}

json_t *scenario_row_harmless(const struct scenario *s, const char *component, const char *version,
                              const char *transport, const json_t *vars, char **reterr)
{
    return row_with(s, component, version, transport, NULL, /* harmless= */ true, vars, reterr);
}
