#include "lib/script/scenario.h"

#include <errno.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/scenario_impl.h"
#include "lib/script/scenario_matrix.h"
#include "lib/script/schema.h"
#include "lib/script/version.h"

enum { KAS_PORT = 8150 }; /* of one under test, whatever it speaks there */

const char *const scenario_all_transports[5] = {"ws", "wss", "grpc", "grpcs", NULL};
const char *const scenario_parts[] = {"agent",  "dns",   "network", "proxy", "kas",  "kas2",
                                      "gitlab", "gitaly", "redis",  "user",  "kube", "hubble", "person", "then", "expect", NULL};
const char *const scenario_faulty[] = {"dns", "proxy", "kas", "gitlab", "gitaly", "kube", "hubble", NULL};

/* ---- loading ----------------------------------------------------------------------------------------------- */

/* "kas-address/no-slash" of ".../scenarios/kas-address/no-slash.yaml": a new string; NULL outside of such a folder. */
static char *id_of_path(const char *path)
{
    const char *root = NULL;
    for (const char *p = path; (p = strstr(p, "scenarios/")); p += strlen("scenarios/"))
        if (p == path || p[-1] == '/')
            root = p + strlen("scenarios/");
    if (!root)
        return NULL;
    size_t n = strlen(root);
    if (n > 5 && strcmp(root + n - 5, ".yaml") == 0)
        n -= 5;
    return xstrndup(root, n);
}

static void check_id(const struct yaml_doc *doc, const char *path, struct problems *p)
{
    const json_t *root = yaml_root(doc);
    const char *id = json_string_value(json_object_get(root, "scenario"));
    _cleanup_(freep) char *wanted = id_of_path(path);
    if (id && wanted && strcmp(id, wanted) != 0)
        problem_add(p, yaml_member_place(doc, root, "scenario"),
                    "the id \"%s\" is not the file's path below the scenarios; expected \"%s\"", id, wanted);
}

static json_t *transports_of(const json_t *tree)
{
    const json_t *written = json_object_get(tree, "transports");
    if (written)
        return json_deep_copy(written);
    json_t *all = json_array();
    for (const char *const *t = scenario_all_transports; *t; t++)
        json_array_append_new(all, json_string(*t));
    return all;
}

static json_t *cures_of(const json_t *tree)
{
    json_t *list = json_array(), *cure;
    size_t i;
    json_array_foreach(json_object_get(tree, "cures"), i, cure)
        json_array_append_new(list, json_pack("{s:O, s:O}", "name", json_object_get(cure, "cure"), "says",
                                              json_object_get(cure, "says")));
    return list;
}

/* Takes the document; entry NULL: no matrix. */
static struct scenario *scenario_new(struct yaml_doc *doc, const json_t *entry, const json_t *schema,
                                     struct problems *p)
{
    size_t before = problems_count(p);
    schema_check(schema, doc, p);
    scenario_check(doc, schema, p);
    if (problems_count(p) > before) {
        yaml_done(doc);
        return NULL;
    }
    struct scenario *s = NEW(struct scenario);
    const char *id = json_string_value(json_object_get(yaml_root(doc), "scenario"));
    s->doc = doc;
    s->id = entry ? xasprintf("%s:%s", id, json_string_value(json_object_get(entry, "label"))) : xstrdup(id);
    s->values = entry ? json_deep_copy(json_object_get(entry, "values")) : NULL;
    s->transports = transports_of(yaml_root(doc));
    s->cures = cures_of(yaml_root(doc));
    return s;
}

/* One mistake in a file is one in each of its entries: the first entry that has any tells them. */
static size_t entries_new(const struct yaml_doc *doc, const json_t *entries, const json_t *schema, struct problems *p,
                          struct scenario **ret)
{
    size_t i, before = problems_count(p);
    json_t *entry;
    json_array_foreach(entries, i, entry) {
        struct yaml_doc *own = matrix_document(doc, entry, p);
        if (problems_count(p) > before)
            yaml_done(own);
        else
            ret[i] = scenario_new(own, entry, schema, p);
        if (problems_count(p) > before) {
            for (size_t k = 0; k < i; k++)
                scenario_free(ret[k]);
            return 0;
        }
    }
    return i;
}

/* Takes the document. */
static size_t all_new(struct yaml_doc *doc, const char *name, const json_t *schema, struct problems *p,
                      struct scenario ***ret)
{
    *ret = NULL;
    if (!doc)
        return 0;
    size_t before = problems_count(p), n = 0;
    check_id(doc, name, p);
    json_t *entries = matrix_entries(doc, schema, p);
    if (entries && problems_count(p) == before) {
        size_t count = json_array_size(entries);
        *ret = xcalloc(count ? count : 1, sizeof(**ret));
        if (count) {
            n = entries_new(doc, entries, schema, p, *ret);
        } else {
            n = (**ret = scenario_new(doc, NULL, schema, p)) != NULL;
            doc = NULL;
        }
    } else if (!json_object_get(yaml_root(doc), "for")) {
        schema_check(schema, doc, p); /* all that is wrong, at once */
        scenario_check(doc, schema, p);
    }
    if (n == 0) {
        free(*ret);
        *ret = NULL;
    }
    json_decref(entries);
    yaml_done(doc);
    return n;
}

static struct scenario *first_of(struct scenario **all, size_t n)
{
    struct scenario *first = n ? all[0] : NULL;
    for (size_t i = 1; i < n; i++)
        scenario_free(all[i]);
    free(all);
    return first;
}

size_t scenario_load_all(const char *path, const json_t *schema, struct problems *p, struct scenario ***ret)
{
    return all_new(yaml_read_file(path, p), path, schema, p, ret);
}

struct scenario *scenario_load(const char *path, const json_t *schema, struct problems *p)
{
    struct scenario **all;
    size_t n = scenario_load_all(path, schema, p, &all);
    return first_of(all, n);
}

struct scenario *scenario_load_text(const char *name, const char *text, size_t len, const json_t *schema,
                                    struct problems *p)
{
    struct scenario **all;
    size_t n = all_new(yaml_read_text(name, text, len, p), name, schema, p, &all);
    return first_of(all, n);
}

struct scenario *scenario_free(struct scenario *s)
{
    if (!s)
        return NULL;
    json_decref(s->transports);
    json_decref(s->cures);
    json_decref(s->values);
    free(s->id);
    yaml_done(s->doc);
    free(s);
    return NULL;
}

/* ---- asking ------------------------------------------------------------------------------------------------ */

static const char *text_of(const struct scenario *s, const char *key)
{
    const char *text = json_string_value(json_object_get(scenario_tree(s), key));
    return text ? text : "";
}

const char *scenario_id(const struct scenario *s)
{
    return s->id;
}

const json_t *scenario_values(const struct scenario *s)
{
    return s->values;
}

const char *scenario_title(const struct scenario *s)
{
    return text_of(s, "title");
}

const char *scenario_file(const struct scenario *s)
{
    return yaml_place(s->doc, scenario_tree(s)).file;
}

const json_t *scenario_tree(const struct scenario *s)
{
    return yaml_root(s->doc);
}

const json_t *scenario_transports(const struct scenario *s)
{
    return s->transports;
}

const json_t *scenario_cures(const struct scenario *s)
{
    return s->cures;
}

int scenario_versions_hold(const json_t *range, const char *component, const char *version, bool *ret)
{
    bool any = false, in = true;
    size_t i;
    json_t *one;
    int r = 0;
    if (json_is_string(range)) {
        r = version_in(json_string_value(range), component, version, &any);
    } else if (json_is_array(range)) {
        json_array_foreach(range, i, one) {
            r = version_in(json_string_value(one), component, version, &in);
            if (r < 0)
                break;
            any |= in;
        }
    } else {
        r = version_in("*", NULL, version, &any);
    }
    if (r == 0)
        *ret = any;
    return r;
}

bool scenario_names_transport(const json_t *list, const char *transport)
{
    size_t i;
    json_t *t;
    if (!list)
        return true;
    json_array_foreach(list, i, t)
        if (json_is_string(t) && strcmp(json_string_value(t), transport) == 0)
            return true;
    return false;
}

static bool applies_names(const json_t *tree, const char *component)
{
    const json_t *applies = json_object_get(tree, "applies"), *one;
    bool named = json_is_string(applies) && version_range_names(json_string_value(applies), component);
    size_t i;
    json_array_foreach(applies, i, one)
        named |= json_is_string(one) && version_range_names(json_string_value(one), component);
    return named;
}

const char *scenario_component(const json_t *tree)
{
    return applies_names(tree, "kas") ? "kas" : "agentk";
}

const char *scenario_about(const struct scenario *s)
{
    return scenario_component(scenario_tree(s));
}

int scenario_applies(const struct scenario *s, const char *component, const char *version, bool *ret)
{
    const json_t *tree = scenario_tree(s);
    int r = scenario_versions_hold(json_object_get(tree, "applies"), component, version, ret);
    if (r == 0 && strcmp(component, "agentk") != 0 && !applies_names(tree, component))
        *ret = false;
    return r;
}

int scenario_port(const struct scenario *s, const char *transport)
{
    static const int standard[] = {80, 443, 8150, 8150};
    const json_t *written = json_object_get(json_object_get(scenario_tree(s), "ports"), transport);
    bool kas = strcmp(scenario_about(s), "kas") == 0;
    if (json_is_integer(written))
        return (int)json_integer_value(written);
    for (size_t i = 0; i < ARRAY_SIZE(standard); i++)
        if (strcmp(transport, scenario_all_transports[i]) == 0)
            return kas ? KAS_PORT : standard[i];
    return 0;
}

static json_t *versions_text(const json_t *applies)
{
    struct buf b = BUF_NULL;
    size_t i;
    json_t *one;
    if (json_is_string(applies))
        buf_addf(&b, "%s", json_string_value(applies));
    json_array_foreach(applies, i, one)
        buf_addf(&b, "%s%s", i ? " || " : "", json_string_value(one));
    json_t *text = json_stringn((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

static json_t *tags_with(const json_t *written, const json_t *layers)
{
    json_t *tags = json_is_array(written) ? json_deep_copy(written) : json_array(), *layer;
    size_t i;
    json_array_foreach(layers, i, layer)
        if (!scenario_names_transport(tags, json_string_value(layer)))
            json_array_append(tags, layer);
    return tags;
}

json_t *scenario_json(const struct scenario *s)
{
    const json_t *tree = scenario_tree(s), *documented = json_object_get(tree, "documented");
    json_t *layers = scenario_layers(tree);
    return json_pack("{s:s, s:s, s:s, s:o, s:O, s:o, s:O, s:o, s:o, s:O?}", "id", scenario_id(s), "title",
                     scenario_title(s), "file", scenario_file(s), "versions",
                     versions_text(json_object_get(tree, "applies")), "transports", s->transports, "layers", layers,
                     "cures", s->cures, "documented", documented ? json_deep_copy(documented) : json_null(), "tags",
                     tags_with(json_object_get(tree, "tags"), layers), "values", s->values);
}
