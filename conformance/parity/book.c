/* Files of talks, read and turned into rows. */
#include "conformance/parity/book.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/script/scenario.h"
#include "lib/script/template.h"
#include "lib/script/version.h"
#include "lib/script/yaml.h"

#define AS_AGENT "14.7" /* whom the world of a fake KAS is for; nobody is started in it */

struct parity_book {
    struct yaml_doc *doc; /* owned */
    char *path;           /* owned */
    const json_t *tree;   /* borrowed from doc */
    json_t *transports;   /* owned */
};

static const char *text(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static struct parity_book *book_free(struct parity_book *b)
{
    if (!b)
        return NULL;
    yaml_done(b->doc);
    json_decref(b->transports);
    free(b->path);
    free(b);
    return NULL;
}

/* What is wrong with it; NULL: nothing. Static. */
static const char *wrong(const json_t *tree)
{
    json_t *talk;
    size_t i;

    if (!text(tree, "parity") || !json_array_size(json_object_get(tree, "talks")))
        return "expected parity: NAME, title, real, fake and talks";
    json_array_foreach(
        json_object_get(tree, "talks"), i,
        talk) if (!text(talk, "talk") ||
                  !json_object_get(talk, "raw") ==
                      !json_object_get(
                          talk, "steps")) return "each talk has a name (talk), and either raw or steps";
    return NULL;
}

static struct parity_book *book_read(const char *path)
{
    struct problems *p = problems_new();
    struct parity_book *b = NEW(struct parity_book);

    b->path = xstrdup(path);
    b->doc = yaml_read_file(path, p);
    b->tree = b->doc ? yaml_root(b->doc) : NULL;
    if (b->doc && wrong(b->tree))
        problem_add(p, (struct place){path, 1, 1}, "%s", wrong(b->tree));
    if (problems_count(p)) {
        _cleanup_(freep) char *said = problems_text(p);
        fputs(said, stderr);
        problems_free(p);
        return book_free(b);
    }
    problems_free(p);
    b->transports = json_object_get(b->tree, "transports")
                        ? json_deep_copy(json_object_get(b->tree, "transports"))
                        : json_pack("[s, s]", "ws", "grpc");
    return b;
}

int parity_books_read(const char *fixtures, struct parity_book ***ret, size_t *ret_n)
{
    _cleanup_(freep) char *pattern = xasprintf("%s/parity/*.yaml", fixtures);
    glob_t found = {0};
    int e = 0;

    *ret = NULL;
    *ret_n = 0;
    (void)glob(pattern, 0, NULL, &found);
    *ret = xcalloc(found.gl_pathc + 1, sizeof(**ret));
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct parity_book *b;
        if (strstr(found.gl_pathv[i], "/differences.yaml"))
            continue;
        b = book_read(found.gl_pathv[i]);
        if (b)
            (*ret)[(*ret_n)++] = b;
        else
            e = -EINVAL;
    }
    globfree(&found);
    return e;
}

void parity_books_free(struct parity_book **books, size_t n)
{
    for (size_t i = 0; i < n; i++)
        book_free(books[i]);
    free(books);
}

const char *parity_book_name(const struct parity_book *b)
{
    return text(b->tree, "parity");
}

const json_t *parity_book_transports(const struct parity_book *b)
{
    return b->transports;
}

static bool in_range(const json_t *o, const struct component *kas)
{
    bool in = true;

    if (text(o, "versions"))
        (void)version_in(text(o, "versions"), "kas", kas->version, &in);
    return in;
}

bool parity_book_applies(const struct parity_book *b, const struct component *kas)
{
    return in_range(b->tree, kas);
}

static bool is_over(const json_t *talk, const char *over)
{
    const json_t *list = json_object_get(talk, "over");
    json_t *one;
    size_t i;

    json_array_foreach((json_t *)list, i, one) if (strcmp(json_string_value(one), over) == 0) return true;
    return !list;
}

json_t *parity_book_talks(const struct parity_book *b, const struct component *kas, const char *over,
                          const json_t *vars)
{
    json_t *list = json_array(), *talk;
    size_t i;

    json_array_foreach(json_object_get(b->tree, "talks"), i,
                       talk) if (is_over(talk, over) && in_range(talk, kas))
        json_array_append_new(list, template_fill(talk, vars));
    return list;
}

json_t *parity_book_row(const struct parity_book *b, const json_t *schema, const char *side,
                        const struct component *kas, const char *over, const json_t *vars, char **reterr)
{
    bool real = strcmp(side, "real") == 0;
    json_t *doc = json_pack("{s:o, s:s, s:s, s:O, s:{s:[{s:s}]}, s:{s:i, s:i}}", "scenario",
                            json_sprintf("%sparity", real ? "kas/" : "parity/"), "title",
                            text(b->tree, "title") ? text(b->tree, "title") : "talks", "applies",
                            real ? "kas" : "agentk", "transports", b->transports, "expect", "wire", "event",
                            "tcp.accept", "ports", "ws", 8150, "grpc", 8150);
    json_t *parts = json_object_get(b->tree, side), *row = NULL;
    struct problems *p = problems_new();
    _cleanup_(freep) char *said = NULL;
    struct scenario *s;

    if (parts)
        json_object_update(doc, parts);
    if (real)
        json_object_set_new(doc, "agent", json_pack("{s:b}", "absent", true));
    else
        json_object_set_new(doc, "kas",
                            json_object_get(doc, "kas") ? json_deep_copy(json_object_get(doc, "kas"))
                                                        : json_object());
    if (!real && !text(json_object_get(doc, "kas"), "version"))
        json_object_set_new(json_object_get(doc, "kas"), "version", json_string(kas->version));
    said = json_dumps(doc, JSON_INDENT(1));
    s = scenario_load_text(b->path, said, strlen(said), schema, p);
    if (s)
        row = real ? scenario_row(s, "kas", kas->version, over, NULL, vars, reterr)
                   : scenario_row(s, "agentk", AS_AGENT, over, NULL, vars, reterr);
    else
        *reterr = problems_text(p);
    problems_free(p);
    scenario_free(s);
    json_decref(doc);
    return row;
}
