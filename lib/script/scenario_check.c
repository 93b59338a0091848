/* What a schema cannot say of a scenario: which layers a transport has, which verbs a moment has, names that refer to
 * each other. Copes with trees that the schema has already found wanting. */
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/scenario_impl.h"
#include "lib/script/schema_say.h"

struct check {
    const struct yaml_doc *doc;
    const json_t *schema, *tree;
    const json_t *transports; /* of the scenario */
    struct problems *p;
};

/* The base, a variant or a cure, and the transports on which it holds. */
struct part {
    const json_t *tree;
    const json_t *transports;
    bool cure, base;
};

/* An address with a scheme of its own: the row's transport says nothing of the layers that will be seen. */
static bool own_scheme(const json_t *part)
{
    const char *address = json_string_value(json_object_get(json_object_get(part, "agent"), "address"));
    return address && address[0] != '{';
}

/* On which transports the layers of its moments must exist; NULL: nobody knows. The row's transport is that of the agent;
 * what a KAS under test is seen to do is on connections of its own. */
static const json_t *layered(const json_t *tree, const struct part *part)
{
    if (strcmp(scenario_component(tree), "kas") == 0)
        return NULL;
    return own_scheme(tree) || own_scheme(part->tree) ? NULL : part->transports;
}

static const char *text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static void each_part(struct check *c, void (*fn)(struct check *c, const struct part *part))
{
    size_t i;
    json_t *v;
    fn(c, &(struct part){.tree = c->tree, .transports = c->transports, .base = true});
    json_array_foreach(json_object_get(c->tree, "variants"), i, v) {
        const json_t *own = json_object_get(v, "transports");
        fn(c, &(struct part){.tree = v, .transports = own ? own : c->transports});
    }
    json_array_foreach(json_object_get(c->tree, "cures"), i, v)
        fn(c, &(struct part){.tree = v, .transports = c->transports, .cure = true});
}

static const json_t *faults_of(const json_t *part, const char *where)
{
    return json_object_get(json_object_get(part, where), "faults");
}

/* ---- layers and transports --------------------------------------------------------------------------------- */

const json_t *scenario_moment(const json_t *schema, const char *name)
{
    return json_object_get(json_object_get(schema, "x-moments"), name);
}

bool scenario_layer_on(const char *layer, const char *transport)
{
    if (strcmp(layer, "tls") == 0)
        return strcmp(transport, "wss") == 0 || strcmp(transport, "grpcs") == 0;
    if (strcmp(layer, "http") == 0 || strcmp(layer, "websocket") == 0)
        return transport[0] == 'w';
    return true;
}

void scenario_check_layer(const json_t *schema, const char *moment, const json_t *transports, struct place at,
                          struct problems *p)
{
    const char *layer = text(scenario_moment(schema, moment), "layer");
    size_t i;
    json_t *t;
    json_array_foreach(transports, i, t) {
        const char *transport = json_string_value(t);
        if (!layer || !transport || scenario_layer_on(layer, transport))
            continue;
        const char *both = strcmp(layer, "tls") == 0 ? "wss, grpcs" : "ws, wss";
        problem_add(p, at, "%s does not happen on %s; expected `transports: [%s]`, or a variant for these", moment,
                    transport, both);
        return;
    }
}

/* A fake KAS that is told to speak TLS does so on every transport. */
static bool speaks_tls(const struct check *c, const struct part *part)
{
    return json_is_true(json_object_get(json_object_get(c->tree, "kas"), "tls")) ||
           json_is_true(json_object_get(json_object_get(part->tree, "kas"), "tls"));
}

/* ---- faults ------------------------------------------------------------------------------------------------ */

static bool holds_text(const json_t *list, const char *word)
{
    return scenario_names_transport(list ? list : json_null(), word);
}

static void check_verb(struct check *c, const char *moment, const char *verb, struct place at)
{
    const json_t *verbs = json_object_get(scenario_moment(c->schema, moment), "verbs");
    const json_t *known = json_object_get(
        json_object_get(json_object_get(json_object_get(c->schema, "$defs"), "actions"), "properties"), verb);
    if (!verbs || !known || holds_text(verbs, verb))
        return; /* a verb that nobody knows was the schema's to tell */
    _cleanup_(freep) char *list = say_list(verbs), *near = say_nearest(verb, verbs);
    problem_add(c->p, at, "%s is not done at %s; expected one of %s%s", verb, moment, list, near);
}

static void check_verbs(struct check *c, const char *moment, const json_t *what, struct place at)
{
    const char *verb;
    size_t i;
    json_t *v;
    if (json_is_string(what))
        check_verb(c, moment, json_string_value(what), at);
    json_object_foreach((json_t *)what, verb, v)
        check_verb(c, moment, verb, yaml_key_place(c->doc, what, verb));
    json_array_foreach(what, i, v)
        if (!json_is_array(v))
            check_verbs(c, moment, v, yaml_item_place(c->doc, what, i));
}

/* A fact that is never there would make a fault that never answers. */
static void check_facts(struct check *c, const char *moment, const json_t *when)
{
    static const char *const always[] = {"conn", "stream", "transport"};
    const json_t *facts = json_object_get(scenario_moment(c->schema, moment), "facts");
    const char *key;
    json_t *v;
    if (!facts)
        return;
    json_t *all = json_deep_copy(facts);
    for (size_t i = 0; i < ARRAY_SIZE(always); i++)
        json_array_append_new(all, json_string(always[i]));
    json_object_foreach((json_t *)when, key, v) {
        _cleanup_(freep) char *head = xstrndup(key, strcspn(key, "."));
        if (holds_text(all, head) || strcmp(head, "any") == 0 || strcmp(head, "not") == 0)
            continue;
        _cleanup_(freep) char *list = say_list(all), *near = say_nearest(head, all);
        problem_add(c->p, yaml_key_place(c->doc, when, key), "%s is not known at %s; expected one of %s%s", head,
                    moment, list, near);
    }
    json_decref(all);
}

/* Who has the moments of its own protocols, on its own connections. */
static const struct home {
    const char *where, *is, *layers;
} homes[] = {{"gitlab", "fake GitLab", " tcp tls http "},
             {"gitaly", "fake Gitaly", " tcp http2 grpc "},
             {"kube", "fake Kubernetes API", " tcp tls http kube "},
             {"hubble", "fake Hubble relay", " tcp tls http2 grpc "}};

static const struct home *home_of(const char *where)
{
    for (size_t i = 0; i < ARRAY_SIZE(homes); i++)
        if (strcmp(where, homes[i].where) == 0)
            return &homes[i];
    return NULL;
}

static bool happens_at(const char *layer, const char *at, const char *where)
{
    _cleanup_(freep) char *word = xasprintf(" %s ", layer);
    const struct home *h = home_of(where);
    if (h)
        return strstr(h->layers, word) != NULL;
    const char *home = strncmp(at, "dns.", 4) == 0     ? "dns"
                       : strncmp(at, "proxy.", 6) == 0 ? "proxy"
                       : strcmp(layer, "kube") == 0    ? "kube"
                                                       : "kas";
    return strcmp(where, home) == 0;
}

static void check_home(struct check *c, const char *layer, const char *at, const char *where, struct place place)
{
    bool kas = strcmp(scenario_component(c->tree), "kas") == 0;
    const char *is, *home = strncmp(at, "dns.", 4) == 0     ? "dns"
                                    : strncmp(at, "proxy.", 6) == 0 ? "proxy"
                                    : strcmp(layer, "kube") == 0    ? "kube"
                                    : !kas                          ? "kas"
                                    : happens_at(layer, at, "gitlab") ? "gitlab"
                                                                      : "gitaly";
    if (home_of(where))
        is = home_of(where)->is;
    else
        is = strcmp(where, "dns") == 0 ? "resolver" : strcmp(where, "proxy") == 0 ? "proxy" : "fake KAS";
    problem_add(c->p, place, "%s does not happen at the %s; expected it under `%s: {faults: …}`", at, is, home);
}

static void check_fault(struct check *c, const struct part *part, const json_t *fault, const char *where)
{
    const char *at = text(fault, "at");
    if (!at)
        return;
    struct place place = yaml_member_place(c->doc, fault, "at");
    const char *layer = text(scenario_moment(c->schema, at), "layer");
    /* The row's transport tells the layers of the others. */
    if (layer && !happens_at(layer, at, where))
        check_home(c, layer, at, where, place);
    else if (layer && !home_of(where) && !(strcmp(layer, "tls") == 0 && speaks_tls(c, part)))
        scenario_check_layer(c->schema, at, layered(c->tree, part), place, c->p);
    const json_t *what = json_object_get(fault, "do");
    check_verbs(c, at, what, yaml_member_place(c->doc, fault, "do"));
    check_facts(c, at, json_object_get(fault, "when"));
}

/* One name, one thing: `names` gathers what has been seen. */
static void check_name(struct check *c, json_t *names, const json_t *object, const char *key, const char *what)
{
    const char *name = text(object, key);
    if (!name)
        return;
    struct place at = yaml_member_place(c->doc, object, key);
    const json_t *line = json_object_get(names, name);
    if (line)
        problem_add(c->p, at, "the %s \"%s\" stands here twice, first in line %d", what, name,
                    (int)json_integer_value(line));
    else
        json_object_set_new(names, name, json_integer(at.line));
}

static void check_faults(struct check *c, const struct part *part)
{
    json_t *names = json_object(), *fault;
    for (const char *const *where = scenario_faulty; *where; where++) {
        size_t i;
        json_array_foreach(faults_of(part->tree, *where), i, fault) {
            check_fault(c, part, fault, *where);
            check_name(c, names, fault, "id", "fault");
        }
    }
    json_decref(names);
}

/* ---- steps ------------------------------------------------------------------------------------------------- */

static json_t *fault_ids(const json_t *tree)
{
    json_t *ids = json_array(), *v, *fault;
    size_t i, k;
    const char *id;
    static const char *const lists[] = {"variants", "cures"};
    for (const char *const *where = scenario_faulty; *where; where++) {
        json_array_foreach(faults_of(tree, *where), i, fault)
            if ((id = text(fault, "id")))
                json_array_append_new(ids, json_string(id));
        for (size_t l = 0; l < ARRAY_SIZE(lists); l++)
            json_array_foreach(json_object_get(tree, lists[l]), k, v)
                json_array_foreach(faults_of(v, *where), i, fault)
                    if ((id = text(fault, "id")))
                        json_array_append_new(ids, json_string(id));
    }
    return ids;
}

static void check_switch(struct check *c, const json_t *verbs, const json_t *ids)
{
    static const char *const switches[] = {"fault_on", "fault_off"};
    for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
        const char *id = text(verbs, switches[i]);
        if (!id || holds_text(ids, id))
            continue;
        _cleanup_(freep) char *list = say_list(ids), *near = say_nearest(id, ids);
        problem_add(c->p, yaml_member_place(c->doc, verbs, switches[i]), "no fault has the id \"%s\"; expected %s%s%s",
                    id, *list ? "one of " : "a fault with that `id`", list, near);
    }
}

static void check_steps(struct check *c, const struct part *part)
{
    size_t i, k;
    json_t *step, *verbs, *ids = fault_ids(c->tree);
    json_array_foreach(json_object_get(part->tree, "then"), i, step) {
        const json_t *what = json_object_get(step, "do"), *on = json_object_get(step, "on");
        check_switch(c, what, ids);
        json_array_foreach(what, k, verbs)
            check_switch(c, verbs, ids);
        if (json_object_get(step, "count") && !on)
            problem_add(c->p, yaml_key_place(c->doc, step, "count"), "`count` without `on`; expected the event that "
                        "is counted");
    }
    json_decref(ids);
}

/* ---- the rest ---------------------------------------------------------------------------------------------- */

/* Transports that a variant or an item names must be among those of the scenario: else it never holds. */
static void check_subset(struct check *c, const json_t *list)
{
    size_t i;
    json_t *t;
    json_array_foreach(list, i, t) {
        const char *name = json_string_value(t);
        if (name && !scenario_names_transport(c->transports, name))
            problem_add(c->p, yaml_item_place(c->doc, list, i), "%s is not among the scenario's transports, so this "
                        "never holds", name);
    }
}

static void check_items(struct check *c, const struct part *part)
{
    static const char *const lists[] = {"log", "wire", "order", "never", "schedule"};
    const json_t *expect = json_object_get(part->tree, "expect");
    size_t k;
    json_t *item;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        json_array_foreach(json_object_get(expect, lists[i]), k, item)
            check_subset(c, json_object_get(item, "transports"));
    scenario_check_expect(c->doc, c->schema, expect, layered(c->tree, part), part->base || part->cure, c->p);
}

static void check_agent(struct check *c, const struct part *part)
{
    const json_t *agent = json_object_get(part->tree, "agent");
    const char *file = text(agent, "token_file");
    if (text(agent, "token") && file && strcmp(file, "present") != 0)
        problem_add(c->p, yaml_key_place(c->doc, agent, "token_file"), "`token_file` beside `token`; expected one of "
                    "them: without its file a token has no use");
}

static void check_transports(struct check *c)
{
    size_t i;
    json_t *t, *seen = json_object();
    const json_t *list = json_object_get(c->tree, "transports");
    json_array_foreach(list, i, t) {
        const char *name = json_string_value(t);
        if (name && json_object_get(seen, name))
            problem_add(c->p, yaml_item_place(c->doc, list, i), "the transport %s stands here twice", name);
        if (name)
            json_object_set_new(seen, name, json_true());
    }
    json_decref(seen);
}

static void check_overlays(struct check *c)
{
    size_t i;
    json_t *v, *names = json_object();
    json_array_foreach(json_object_get(c->tree, "variants"), i, v) {
        if (!json_object_get(v, "applies") && !json_object_get(v, "transports") && !json_object_get(v, "for"))
            problem_add(c->p, yaml_place(c->doc, v), "a variant for everything; expected `applies` or `transports` or `for`");
        check_subset(c, json_object_get(v, "transports"));
    }
    json_array_foreach(json_object_get(c->tree, "cures"), i, v)
        check_name(c, names, v, "cure", "cure");
    json_decref(names);
}

static void check_without_faults(struct check *c)
{
    const char *wanted = text(c->tree, "without_faults");
    bool any = false;
    size_t i;
    json_t *v;
    for (const char *const *where = scenario_faulty; *where; where++) {
        any |= json_array_size(faults_of(c->tree, *where)) > 0;
        json_array_foreach(json_object_get(c->tree, "variants"), i, v)
            any |= json_array_size(faults_of(v, *where)) > 0;
    }
    any |= json_array_size(json_object_get(c->tree, "cures")) > 0;
    if (wanted && strcmp(wanted, "fails") == 0 && !any)
        problem_add(c->p, yaml_member_place(c->doc, c->tree, "without_faults"), "this scenario has no faults to "
                    "switch off and no cure; expected `passes`, a fault or a cure");
}

void scenario_check(const struct yaml_doc *doc, const json_t *schema, struct problems *p)
{
    const json_t *tree = yaml_root(doc), *written = json_object_get(tree, "transports");
    json_t *all = json_array();
    for (const char *const *t = scenario_all_transports; *t; t++)
        json_array_append_new(all, json_string(*t));
    struct check c = {.doc = doc, .schema = schema, .tree = tree, .p = p,
                      .transports = json_is_array(written) ? written : all};
    check_transports(&c);
    each_part(&c, check_faults);
    each_part(&c, check_steps);
    each_part(&c, check_items);
    each_part(&c, check_agent);
    check_overlays(&c);
    check_without_faults(&c);
    scenario_check_component(doc, p);
    scenario_check_texts(doc, schema, p);
    json_decref(all);
}
