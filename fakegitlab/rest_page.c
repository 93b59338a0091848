/* Pages of lists, as GitLab's REST API numbers them: X-Total and its neighbours, and RFC 8288 links. */
#include <stdio.h>
#include <string.h>

#include "fakegitlab/internal.h"

enum { PER_PAGE = 20, PER_PAGE_MAX = 100 };

/* false: answered. A number that is missing is `otherwise`, one below 1 too, as for Kaminari. */
static bool number_of(struct call *c, const char *name, int64_t otherwise, int64_t *ret)
{
    _cleanup_(freep) char *text = uri_form_get(c->query, strlen(c->query), name);
    const char *digits = text && *text == '-' ? text + 1 : text;
    *ret = otherwise;
    if (!text)
        return true;
    if (!*digits || digits[strspn(digits, "0123456789")] || strlen(digits) > 9) {
        reply_error(c, 400, "%s is invalid", name);
        return false;
    }
    if (digits == text)
        (void)id_of_text(text, ret);
    if (*ret < 1)
        *ret = otherwise;
    return true;
}

static void add_number(json_t *headers, const char *name, int64_t v)
{
    char text[24] = "";
    if (v > 0)
        snprintf(text, sizeof(text), "%lld", (long long)v);
    json_object_set_new(headers, name, json_string(text));
}

static void add_link(struct buf *b, const struct call *c, int64_t page, int64_t per_page, const char *rel)
{
    const char *host = http1_header(c->request, "host");
    buf_addf(b, "%s<%s://%s%s?page=%lld&per_page=%lld>; rel=\"%s\"", buf_len(b) ? ", " : "", c->listener->transport,
             host ? host : "localhost", c->request->path, (long long)page, (long long)per_page, rel);
}

json_t *rest_page(struct call *c, size_t total, size_t *ret_offset, size_t *ret_n)
{
    int64_t page, per_page;
    if (!number_of(c, "page", 1, &page) || !number_of(c, "per_page", PER_PAGE, &per_page))
        return NULL;
    per_page = per_page < PER_PAGE_MAX ? per_page : PER_PAGE_MAX;
    int64_t pages = ((int64_t)total + per_page - 1) / per_page, last = pages ? pages : 1;
    size_t begin = (size_t)((page - 1) * per_page);
    *ret_offset = begin < total ? begin : total;
    *ret_n = total - *ret_offset < (size_t)per_page ? total - *ret_offset : (size_t)per_page;

    json_t *h = json_object();
    struct buf link = BUF_NULL;
    if (page > 1)
        add_link(&link, c, page - 1, per_page, "prev");
    if (page < last)
        add_link(&link, c, page + 1, per_page, "next");
    add_link(&link, c, 1, per_page, "first");
    add_link(&link, c, last, per_page, "last");
    json_object_set_new(h, "Link", json_stringn((const char *)buf_data(&link), buf_len(&link)));
    buf_done(&link);
    add_number(h, "X-Next-Page", page < last ? page + 1 : 0);
    add_number(h, "X-Page", page);
    add_number(h, "X-Per-Page", per_page);
    add_number(h, "X-Prev-Page", page > 1 ? page - 1 : 0);
    json_object_set_new(h, "X-Total", json_sprintf("%zu", total));
    add_number(h, "X-Total-Pages", last);
    return h;
}
