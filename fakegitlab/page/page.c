/* What the page answers: each answer is a template of assets/ with a view, and headers that let nothing from
 * elsewhere in. */
#include "fakegitlab/page/page.h"

#include <errno.h>
#include <string.h>

#include "fakegitlab/page/assets.h"
#include "fakegitlab/page/mustache.h"

/* Scripts, styles and pictures are files of ours; nobody may frame the page or take its forms elsewhere. */
#define POLICY                                                                                              \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "         \
    "form-action 'self'; "                                                                                  \
    "base-uri 'none'; frame-ancestors 'none'"

const struct asset *asset_find(const char *name, size_t len)
{
    for (size_t i = 0; i < page_n_assets; i++)
        if (strlen(page_assets[i].name) == len && !memcmp(page_assets[i].name, name, len))
            return &page_assets[i];
    return NULL;
}

/* Of a template's name, which has no ".html". */
static struct mustache_text template_find(void *arg, const char *name, size_t len)
{
    _cleanup_(freep) char *file = xasprintf("%.*s.html", (int)len, name);
    const struct asset *a = asset_find(file, strlen(file));
    (void)arg;
    return a ? (struct mustache_text){(const char *)a->data, a->len} : (struct mustache_text){0};
}

static json_t *headers_of(const struct call *c)
{
    json_t *h = json_pack("{ss, ss, ss}", "Content-Security-Policy", POLICY, "X-Frame-Options", "DENY",
                          "Referrer-Policy", "same-origin");
    if (c->session.fresh) {
        _cleanup_(freep) char *cookie = web_session_cookie(c);
        json_object_set_new(h, "Set-Cookie", json_string(cookie));
    }
    return h;
}

/* view is stolen. */
static void show(struct call *c, int status, const char *template, const char *title, json_t *view)
{
    struct buf html = BUF_NULL;
    char *err = NULL;
    json_object_set_new(view, "title", json_string(title));
    json_object_set_new(view, template, json_true()); /* the navigation says where we are */
    json_object_set_new(view, "token", json_string(c->session.token));
    json_object_set_new(view, "version", json_string(c->g->version ? c->g->version : "of any version"));
    json_object_set_new(view, "user", c->user ? json_string(c->user->username) : json_null());
    json_t *headers = headers_of(c);
    struct mustache_text text = template_find(NULL, template, strlen(template));
    if (mustache_render(&html, text, view, template_find, NULL, &err) == 0) {
        reply_text_with(c, status, headers, "text/html; charset=utf-8", (const char *)buf_data(&html),
                        buf_len(&html));
    } else {
        _cleanup_(freep) char *why = xasprintf("%s.html: %s", template, err);
        gitlab_event(c->g, c->conn, "gitlab.failed", json_pack("{ss}", "why", why));
        reply_text(c, 500, "text/plain; charset=utf-8", "500 Internal Server Error", 25);
    }
    free(err);
    json_decref(headers);
    json_decref(view);
    buf_done(&html);
}

void page_error(struct call *c, int status, const char *title, const char *text)
{
    show(c, status, "error", title, json_pack("{si, ss}", "status", status, "text", text));
}

static bool is_name(const char *s)
{
    return *s && strlen(s) <= 63 && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

void page_clusters(struct call *c)
{
    json_t *view = json_object();
    _cleanup_(freep) char *deleted = uri_form_get(c->query, strlen(c->query), "deleted");
    if (deleted && is_name(deleted)) /* a link to us shall not make us say just anything */
        json_object_set_new(view, "deleted", json_string(deleted));
    view_clusters(c, view);
    view_received(c, view);
    show(c, 200, "clusters", "Kubernetes clusters", view);
}

void page_explorer(struct call *c)
{
    json_t *view = json_object();
    view_explorer(c, view);
    show(c, 200, "explorer", "GraphQL explorer", view);
}

void page_asset(struct call *c)
{
    const struct asset *a = asset_find(c->params[0], strlen(c->params[0]));
    if (a && a->type)
        reply_text(c, 200, a->type, (const char *)a->data, a->len);
    else
        page_not_found(c);
}

void page_not_found(struct call *c)
{
    page_error(c, 404, "Page Not Found",
               "The page could not be found or you don't have permission to view it.");
}

/* ---- Delete ---- */

static void delete_agent(struct call *c, const struct gl_agent *a)
{
    _cleanup_(freep) char *where = xasprintf("/?deleted=%s", a->name);
    json_t *headers = headers_of(c), *errors = NULL;
    json_object_set_new(headers, "Location", json_string(where));
    int r = store_agent_delete(c->g->store, c->user, a, &errors);
    if (r == 0) {
        reply_text_with(c, 303, headers, NULL, NULL, 0);
    } else {
        _cleanup_(freep) char *why = store_error_text(errors);
        page_error(c, r == -EPERM ? 403 : 500, r == -EPERM ? "Forbidden" : "Something went wrong on our end",
                   why ? why : "");
    }
    json_decref(errors);
    json_decref(headers);
}

void page_agent_delete(struct call *c)
{
    int64_t id;
    _cleanup_(freep) char *token = NULL, *confirm = NULL;
    const struct gl_agent *a = id_of_text(c->params[0], &id) ? store_agent(c->g->store, id) : NULL;
    if (!call_param_text(c, "authenticity_token", false, &token) ||
        !call_param_text(c, "confirm", false, &confirm))
        return;
    if (!web_session_token_right(c, token)) {
        c->why = "the form is not of this session";
        page_error(c, 422, "The change you requested was rejected",
                   "The form was not of this session. Load the page again, and try again.");
    } else if (!a || !c->user || !store_can_see(a->project, c->user)) {
        page_not_found(c);
    } else if (!confirm || strcmp(confirm, a->name) != 0) {
        c->why = "the name was not confirmed";
        page_error(c, 422, "The agent was not deleted", "To delete an agent, type its name to confirm.");
    } else {
        delete_agent(c, a);
    }
}
