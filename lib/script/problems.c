/* What is wrong with what a person wrote: kept in the order of the text, so that it reads from top to bottom. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/script/yaml.h"

/* A file that is wrong from end to end is not helped by more. */
#define PROBLEMS_MAX 100

struct problem {
    char *file, *message; /* owned */
    int line, column;
};

struct problems {
    struct problem list[PROBLEMS_MAX];
    size_t n, dropped;
};

struct problems *problems_new(void)
{
    return NEW(struct problems);
}

struct problems *problems_free(struct problems *p)
{
    if (!p)
        return NULL;
    for (size_t i = 0; i < p->n; i++) {
        free(p->list[i].file);
        free(p->list[i].message);
    }
    free(p);
    return NULL;
}

static bool stands_before(const struct place *a, const struct problem *b)
{
    if (strcmp(a->file ? a->file : "", b->file) != 0)
        return false;
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

void problem_add(struct problems *p, struct place at, const char *format, ...)
{
    if (p->n == PROBLEMS_MAX) {
        p->dropped++;
        return;
    }
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);

    size_t i = p->n++;
    for (; i > 0 && stands_before(&at, &p->list[i - 1]); i--)
        p->list[i] = p->list[i - 1];
    p->list[i] = (struct problem){.file = xstrdup(at.file ? at.file : ""), .message = xstrdup(text),
                                  .line = at.line, .column = at.column};
}

size_t problems_count(const struct problems *p)
{
    return p->n + p->dropped;
}

char *problems_text(const struct problems *p)
{
    struct buf b = BUF_NULL;
    for (size_t i = 0; i < p->n; i++) {
        const struct problem *q = &p->list[i];
        if (q->line > 0)
            buf_addf(&b, "%s:%d:%d: %s\n", q->file, q->line, q->column, q->message);
        else
            buf_addf(&b, "%s: %s\n", q->file, q->message);
    }
    if (p->dropped > 0)
        buf_addf(&b, "and %zu more\n", p->dropped);
    char *text = xmemdup((const char *)buf_data(&b), buf_len(&b));
    buf_done(&b);
    return text;
}

json_t *problems_json(const struct problems *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->n; i++) {
        const struct problem *q = &p->list[i];
        json_t *message = json_string(q->message);
        /* A message cut in the middle of a letter is no text any more: better the start of it than none. */
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:o}", "file", q->file, "line", q->line, "column",
                                              q->column, "message",
                                              message ? message : json_string("(unprintable)")));
    }
    return list;
}
