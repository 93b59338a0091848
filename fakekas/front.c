#include "fakekas/front.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"

#define BASE "/-/kubernetes-agent"

int front_read(const json_t *spec, bool exact, struct front *ret)
{
    struct front f = {.exact = exact};
    const char *name = json_string_value(spec);
    const json_t *omnibus = json_object_get(spec, "omnibus");
    if (omnibus || (name && !strcmp(name, "omnibus")))
        f.omnibus = true;
    else if (spec && !json_is_null(spec) && !(name && !strcmp(name, "none")))
        return -EINVAL;
    f.redirect_https = json_is_true(json_object_get(omnibus, "redirect_http_to_https"));
    *ret = f;
    return 0;
}

/* The page that nginx makes for a status by itself (server_tokens off). */
static void nginx_page(struct front_answer *a, int status, const char *title)
{
    a->status = status;
    a->headers = json_pack("{ssss}", "Server", "nginx", "Content-Type", "text/html");
    a->body = xasprintf("<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s</h1></center>\r\n"
                        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n",
                        status, title, status, title);
}

static void nginx_moved(struct front_answer *a, char *location)
{
    nginx_page(a, 301, "Moved Permanently");
    json_object_set_new(a->headers, "Location", json_string(location));
    json_object_set_new(a->headers, "Connection", json_string("keep-alive"));
    free(location);
}

static void rails_not_found(struct front_answer *a)
{
    a->status = 404;
    a->headers = json_pack("{ssss}", "Server", "nginx", "Content-Type", "text/html; charset=utf-8");
    a->body = xstrdup("<!DOCTYPE html>\n<html>\n<head>\n  <title>The page you're looking for could not be found (404)"
                      "</title>\n</head>\n<body>\n  <h1>404</h1>\n  <h3>Page not found</h3>\n</body>\n</html>\n");
}

static bool under(const char *path, const char *prefix)
{
    return !strncmp(path, prefix, strlen(prefix));
}

/* Whose is this path? The order is NGINX's: exact before prefix, longest prefix first. */
static enum { OF_KAS, OF_PROXY, OF_REDIRECT, OF_RAILS } owner_of(const struct front *f, const char *path)
{
    if (!strcmp(path, BASE "/"))
        return OF_KAS;
    if (!strcmp(path, BASE))
        return OF_REDIRECT;
    if (f->exact && !strcmp(path, BASE "/k8s-proxy"))
        return OF_REDIRECT;
    if (f->exact && under(path, BASE "/k8s-proxy/"))
        return OF_PROXY;
    if (!f->exact && under(path, BASE "/"))
        return OF_KAS;
    return OF_RAILS;
}

void front_route(const struct front *f, const struct front_request *r, struct front_answer *ret)
{
    *ret = (struct front_answer){0};
    if (!f->omnibus)
        return;
    const char *host = r->host ? r->host : "localhost";
    int name_len = (int)strcspn(host, ":");
    if (f->redirect_https && !r->tls) {
        nginx_moved(ret, xasprintf("https://%.*s:443%s", name_len, host, r->target));
        return;
    }
    switch (owner_of(f, r->path)) {
    case OF_REDIRECT:
        nginx_moved(ret, xasprintf("%s://%s%s/", r->tls ? "https" : "http", host, r->path));
        return;
    case OF_RAILS:
        rails_not_found(ret);
        return;
    case OF_PROXY: /* KAS's Kubernetes proxy is no part of this fake */
        nginx_page(ret, 502, "Bad Gateway");
        return;
    case OF_KAS:
        if (r->kas_down)
            nginx_page(ret, 502, "Bad Gateway");
        return;
    }
}

void front_answer_done(struct front_answer *a)
{
    json_decref(a->headers);
    free(a->body);
    *a = (struct front_answer){0};
}
