/* Any bytes as a request to the fake GitLab, and any method, target and body in one that is let in. First byte: as whom.
 * Whatever is asked, there is an answer; it is no 500, and what says that it is JSON is JSON. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "fakegitlab/internal.h"
#include "lib/net/conn_test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEED                                                                                                         \
    "{\"users\": [{\"username\": \"root\", \"admin\": true, \"tokens\": [\"the-pat\"]}], \"projects\": [{\"path\": "        \
    "\"grp/proj\"}], \"agents\": [{\"name\": \"my-agent\", \"tokens\": [\"the-token\"]}], \"jobs\": [{\"token\": \"the-job\"}]}"

enum who { RAW, KAS, USER, BROWSER, JOB, _WHO_MAX };

struct world {
    struct loop *loop;
    struct events *events;
    struct gitlab *g;
    struct gitlab_listener listener;
    struct conn *c;
};

static void open_world(struct world *w)
{
    char *err = NULL;
    json_t *spec = json_pack("{so}", "seed", json_loads(SEED, 0, NULL));
    w->loop = loop_new();
    if (events_open(NULL, NULL, &w->events) < 0)
        abort();
    struct gitlab_options o = {.loop = w->loop, .events = w->events, .spec = spec};
    if (gitlab_start(&o, &w->g, &err) < 0)
        abort();
    json_decref(spec);
    w->listener = (struct gitlab_listener){.g = w->g, .transport = "http"};
    w->c = conn_fake(w->loop, w->events, NULL);
    gitlab_build(&w->listener, w->c);
    conn_fake_open(w->c);
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void turn(struct world *w)
{
    loop_defer(w->loop, stop, w->loop);
    loop_run(w->loop);
}

static void close_world(struct world *w)
{
    conn_fake_free(w->c);
    turn(w);
    gitlab_free(w->g);
    loop_free(w->loop);
    events_free(w->events);
}

static char *proof_of(struct world *w, enum who who)
{
    int64_t now = store_now() / 1000;
    if (who == USER)
        return xstrdup("PRIVATE-TOKEN: the-pat\r\n");
    if (who == JOB)
        return xstrdup("Job-Token: the-job\r\n");
    if (who == BROWSER)
        return xstrdup("Cookie: _gitlab_session=s\r\n");
    json_t *claims = json_pack("{ss, ss, sI}", "iss", KAS_ISSUER, "aud", KAS_AUDIENCE, "exp", (json_int_t)(now + 60));
    _cleanup_(freep) char *jwt = jwt_sign(w->g->kas_key, claims);
    json_decref(claims);
    return xasprintf("Gitlab-Kas-Api-Request: %s\r\nAuthorization: Bearer the-token\r\n", jwt);
}

/* "POST /path", a line's end, the body: a request with the head that lets it in. */
static void feed_request(struct world *w, enum who who, const char *p, size_t n)
{
    const char *end = memchr(p, '\n', n);
    size_t line = end ? (size_t)(end - p) : n, body = end ? n - line - 1 : 0;
    _cleanup_(freep) char *proof = proof_of(w, who);
    const char *type = body && end[1] != '{' ? "x-www-form-urlencoded" : "json";
    struct buf b = BUF_NULL;
    buf_add(&b, p, line);
    buf_addf(&b, " HTTP/1.1\r\nHost: h\r\n%sContent-Type: application/%s\r\nContent-Length: %zu\r\n\r\n", proof, type, body);
    if (body)
        buf_add(&b, end + 1, body);
    conn_fake_feed(w->c, buf_data(&b), buf_len(&b));
    buf_done(&b);
}

static void look_at_answer(struct world *w)
{
    struct buf *out = conn_fake_out(w->c);
    int status = 0;
    buf_add(out, "", 1); /* ends it */
    const char *text = (const char *)buf_data(out), *body = strstr(text, "\r\n\r\n");
    if (!*text) /* a line's end in the target may make it half of a request */
        return;
    if (sscanf(text, "HTTP/1.1 %d ", &status) != 1 || status == 500 || !body)
        abort();
    if (memmem(text, (size_t)(body - text), "application/json", 16) && body[4] && !strstr(body, "HTTP/1.1 ")) {
        json_t *j = json_loads(body + 4, JSON_DECODE_ANY, NULL);
        if (!j)
            abort();
        json_decref(j);
    }
    buf_consume(out, buf_len(out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    if (!size || size > 65536)
        return 0;
    enum who who = data[0] % _WHO_MAX;
    open_world(&w);
    for (int i = 0; i < 2 && !w.c->dead; i++) { /* the second time it may be there already, or no longer */
        if (who == RAW)
            conn_fake_feed(w.c, data + 1, size - 1);
        else
            feed_request(&w, who, (const char *)data + 1, size - 1);
        turn(&w);
        if (who != RAW)
            look_at_answer(&w);
    }
    close_world(&w);
    return 0;
}
