/* libyaml's events become JSON values; where each stood is remembered (yaml_doc.h). */
#include "lib/script/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/yaml_doc.h"
#include "lib/script/yaml_scalar.h"

#define DEPTH_MAX 64
#define TEXT_MAX (4 * 1024 * 1024)

struct reader {
    struct yaml_doc *doc;
    struct problems *problems;
    yaml_parser_t parser;
    const char *text;
    size_t len;
};

static struct place at_mark(const struct yaml_doc *d, yaml_mark_t m)
{
    return (struct place){.file = d->name, .line = (int)m.line + 1, .column = (int)m.column + 1};
}

/* libyaml's words for the commonest mistake say nothing of tabs. */
static bool line_starts_with_tab(const struct reader *r, size_t line, int *ret_column)
{
    const char *p = r->text, *end = r->text + r->len;
    for (; line > 0 && p < end; line--) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        p = nl ? nl + 1 : end;
    }
    for (int column = 1; p < end && (*p == ' ' || *p == '\t'); p++, column++)
        if (*p == '\t') {
            *ret_column = column;
            return true;
        }
    return false;
}

static void parser_problem(struct reader *r)
{
    yaml_parser_t *y = &r->parser;
    yaml_mark_t m = y->problem_mark;
    int column;
    if (y->error == YAML_READER_ERROR) {
        size_t line = 0;
        for (size_t i = 0; i < y->problem_offset && i < r->len; i++)
            line += r->text[i] == '\n';
        struct place at = {.file = r->doc->name, .line = (int)line + 1, .column = 1};
        problem_add(r->problems, at, "%s; expected UTF-8 text", y->problem ? y->problem : "unreadable");
    } else if (line_starts_with_tab(r, m.line, &column)) {
        struct place at = {.file = r->doc->name, .line = (int)m.line + 1, .column = column};
        problem_add(r->problems, at, "a tab where YAML wants spaces; expected indentation by spaces only");
    } else if (y->context && y->context_mark.line != m.line) {
        problem_add(r->problems, at_mark(r->doc, m), "no YAML: %s (%s that began in line %zu)", y->problem,
                    y->context, y->context_mark.line + 1);
    } else {
        bool key = y->problem && strstr(y->problem, "mapping values are not allowed");
        problem_add(r->problems, at_mark(r->doc, m), "no YAML: %s%s", y->problem ? y->problem : "unreadable",
                    key ? "; expected the keys of one mapping to begin in one column, and \": \" in a text only within "
                          "quotes" : "");
    }
}

static bool next_event(struct reader *r, yaml_event_t *e)
{
    if (yaml_parser_parse(&r->parser, e))
        return true;
    parser_problem(r);
    return false;
}

static json_t *read_value(struct reader *r, const yaml_event_t *e, unsigned depth);

static bool refused(struct reader *r, const yaml_char_t *anchor, const yaml_char_t *tag, struct place at)
{
    if (anchor)
        problem_add(r->problems, at, "the anchor &%s; expected plain values: scenarios have neither anchors nor "
                    "aliases, `variants` and `cures` are there for what repeats", (const char *)anchor);
    else if (tag)
        problem_add(r->problems, at, "the tag %s; expected plain values, a text in quotes", (const char *)tag);
    return anchor || tag;
}

static json_t *read_scalar(struct reader *r, const yaml_event_t *e)
{
    const char *text = (const char *)e->data.scalar.value, *err = "this text is not valid UTF-8";
    size_t len = e->data.scalar.length;
    struct place at = at_mark(r->doc, e->start_mark);
    if (refused(r, e->data.scalar.anchor, e->data.scalar.tag, at))
        return NULL;
    json_t *v = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? yaml_plain_scalar(text, len, &err)
                                                                : json_stringn(text, len);
    if (!v)
        problem_add(r->problems, at, "%s", err);
    return v;
}

static json_t *read_sequence(struct reader *r, unsigned depth)
{
    json_t *list = json_array();
    for (;;) {
        yaml_event_t e;
        if (!next_event(r, &e))
            break;
        if (e.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&e);
            return list;
        }
        json_t *v = read_value(r, &e, depth + 1);
        if (v) {
            yaml_remember_next(r->doc, list, at_mark(r->doc, e.start_mark));
            json_array_append_new(list, v);
        }
        yaml_event_delete(&e);
        if (!v)
            break;
    }
    json_decref(list);
    return NULL;
}

/* The key as text; NULL and a problem if it is not one. A new string. */
static char *read_key(struct reader *r, const json_t *object, const yaml_event_t *e)
{
    struct place at = at_mark(r->doc, e->start_mark);
    if (e->type != YAML_SCALAR_EVENT) {
        problem_add(r->problems, at, "a key that is no text; expected `name: value`");
        return NULL;
    }
    if (refused(r, e->data.scalar.anchor, e->data.scalar.tag, at))
        return NULL;
    const char *key = (const char *)e->data.scalar.value;
    if (strlen(key) != e->data.scalar.length) {
        problem_add(r->problems, at, "a key that holds a NUL");
        return NULL;
    }
    if (strcmp(key, "<<") == 0 && e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        problem_add(r->problems, at, "the merge key <<; expected plain keys: scenarios have no merges, `variants` "
                    "and `cures` are there for what repeats");
        return NULL;
    }
    struct place before;
    if (yaml_member_places(r->doc, object, key, &before, NULL)) {
        problem_add(r->problems, at, "the key \"%s\" stands here twice, first in line %d", key, before.line);
        return NULL;
    }
    return xstrdup(key);
}

static json_t *read_mapping(struct reader *r, unsigned depth)
{
    json_t *object = json_object();
    for (;;) {
        yaml_event_t k, e;
        if (!next_event(r, &k))
            break;
        if (k.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&k);
            return object;
        }
        struct place key_at = at_mark(r->doc, k.start_mark);
        _cleanup_(freep) char *key = read_key(r, object, &k);
        yaml_event_delete(&k);
        if (!key || !next_event(r, &e))
            break;
        json_t *v = read_value(r, &e, depth + 1);
        struct place value_at = at_mark(r->doc, e.start_mark);
        yaml_event_delete(&e);
        if (!v)
            break;
        yaml_remember_member(r->doc, object, key, key_at, value_at);
        if (json_object_set_new(object, key, v) < 0) {
            problem_add(r->problems, key_at, "a key that is not valid UTF-8");
            break;
        }
    }
    json_decref(object);
    return NULL;
}

static json_t *read_collection(struct reader *r, const yaml_event_t *e, unsigned depth)
{
    struct place at = at_mark(r->doc, e->start_mark);
    bool mapping = e->type == YAML_MAPPING_START_EVENT;
    if (depth >= DEPTH_MAX) {
        problem_add(r->problems, at, "nested deeper than %d levels", DEPTH_MAX);
        return NULL;
    }
    if (refused(r, mapping ? e->data.mapping_start.anchor : e->data.sequence_start.anchor,
                mapping ? e->data.mapping_start.tag : e->data.sequence_start.tag, at))
        return NULL;
    return mapping ? read_mapping(r, depth) : read_sequence(r, depth);
}

static json_t *read_value(struct reader *r, const yaml_event_t *e, unsigned depth)
{
    struct place at = at_mark(r->doc, e->start_mark);
    json_t *v = NULL;
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        v = read_scalar(r, e);
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        v = read_collection(r, e, depth);
        break;
    case YAML_ALIAS_EVENT:
        problem_add(r->problems, at, "the alias *%s; expected plain values: scenarios have neither anchors nor "
                    "aliases", (const char *)e->data.alias.anchor);
        break;
    default:
        problem_add(r->problems, at, "no YAML: something unexpected");
    }
    if (v)
        yaml_remember(r->doc, v, at);
    return v;
}

/* Stream start, document start, the value, document end, stream end. */
static json_t *read_document(struct reader *r)
{
    json_t *root = NULL;
    for (bool done = false; !done;) {
        yaml_event_t e;
        if (!next_event(r, &e))
            break;
        struct place at = at_mark(r->doc, e.start_mark);
        switch (e.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (root) {
                problem_add(r->problems, at, "a second document; expected one document a file");
                done = true;
            }
            break;
        case YAML_STREAM_END_EVENT:
            if (!root)
                problem_add(r->problems, at, "nothing stands here; expected a mapping of keys and values");
            yaml_event_delete(&e);
            return root;
        default:
            root = read_value(r, &e, 0);
            done = root == NULL;
        }
        yaml_event_delete(&e);
    }
    json_decref(root);
    return NULL;
}

struct yaml_doc *yaml_read_text(const char *name, const char *text, size_t len, struct problems *p)
{
    struct yaml_doc *d = yaml_doc_new(name);
    struct reader r = {.doc = d, .problems = p, .text = text, .len = len};
    if (len > TEXT_MAX) {
        problem_add(p, (struct place){.file = name}, "larger than %d MiB", TEXT_MAX >> 20);
        return yaml_done(d);
    }
    if (!yaml_parser_initialize(&r.parser))
        abort();
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
    d->root = read_document(&r);
    yaml_parser_delete(&r.parser);
    return d->root ? d : yaml_done(d);
}

struct yaml_doc *yaml_read_file(const char *path, struct problems *p)
{
    FILE *f = fopen(path, "re");
    if (!f) {
        problem_add(p, (struct place){.file = path}, "cannot be opened: %s", strerror(errno));
        return NULL;
    }
    struct buf b = BUF_NULL;
    size_t n;
    do {
        n = fread(buf_reserve(&b, 65536), 1, 65536, f);
        buf_added(&b, n);
    } while (n > 0 && buf_len(&b) <= TEXT_MAX);
    bool failed = ferror(f) != 0;
    int error = errno;
    fclose(f);
    struct yaml_doc *d = NULL;
    if (failed)
        problem_add(p, (struct place){.file = path}, "cannot be read: %s", strerror(error));
    else
        d = yaml_read_text(path, (const char *)buf_data(&b), buf_len(&b), p);
    buf_done(&b);
    return d;
}
