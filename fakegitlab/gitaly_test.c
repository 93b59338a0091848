/* A Gitaly on a loop, over a store that is only written down; a client on the same loop asks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fakegitlab/gitaly.h"
#include "fakegitlab/gitaly_token.h"
#include "fakegitlab/repository.h"
#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/net/cert.h"
#include "lib/net/dial.h"
#include "lib/proto/grpc.h"
#include "lib/proto/http2_client.h"
#include "lib/proto/messages.h"
#include "lib/proto/pb.h"
#include "lib/script/faults.h"

/* --- the store: one project, one commit ------------------------------------------------------------------------- */

#define COMMIT "1111111111111111111111111111111111111111"
#define CONFIG ".gitlab/agents/my-agent/config.yaml"
enum { BIG = 300 * 1024 };

static struct gl_project project = {.id = 7, .path = "grp/proj", .default_branch = "main", .storage_name = "default",
                                    .relative_path = "@hashed/aa/bb/7.git", .gl_repository = "project-7"};
static const struct gl_project *const projects[] = {&project};
static const struct git_commit commit = {.id = COMMIT, .tree = "2222222222222222222222222222222222222222"};
static const struct git_ref refs[] = {{"refs/heads/main", &commit}};
static char big[BIG];
static struct git_entry files[] = {
    {".gitlab", GIT_TREE, 040000, "a0", 0, NULL},
    {".gitlab/agents", GIT_TREE, 040000, "a1", 0, NULL},
    {".gitlab/agents/my-agent", GIT_TREE, 040000, "a2", 0, NULL},
    {CONFIG, GIT_BLOB, 0100644, "b0", 11, "gitops: {}\n"},
    {"big", GIT_BLOB, 0100644, "b1", BIG, big},
    {"empty", GIT_BLOB, 0100755, "b2", 0, ""},
};

const struct gl_project *const *store_projects(const struct store *s, size_t *ret_n)
{
    (void)s;
    *ret_n = 1;
    return projects;
}

const struct gl_project *store_project_by_relative_path(const struct store *s, const char *relative_path)
{
    (void)s;
    return strcmp(relative_path, project.relative_path) ? NULL : &project;
}

static bool is_empty; /* the project has no commit */

const struct git_ref *repository_refs(const struct gl_project *p, size_t *ret_n)
{
    (void)p;
    *ret_n = is_empty ? 0 : 1;
    return refs;
}

const struct git_commit *repository_head(const struct gl_project *p)
{
    (void)p;
    return is_empty ? NULL : &commit;
}

const struct git_commit *repository_commit(const struct gl_project *p, const char *revision, size_t len)
{
    (void)p;
    return len == 40 && !memcmp(revision, COMMIT, 40) ? &commit : NULL;
}

int repository_entry(const struct gl_project *p, const struct git_commit *c, const char *path, struct git_entry *ret)
{
    (void)p;
    (void)c;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        if (!strcmp(files[i].path, path)) {
            *ret = files[i];
            return 0;
        }
    return -ENOENT;
}

int repository_list(const struct gl_project *p, const struct git_commit *c, const char *path, bool recursive,
                    struct git_entry **ret, size_t *ret_n)
{
    size_t n = strcmp(path, ".") ? strlen(path) : 0;
    struct git_entry dir;
    if (n && repository_entry(p, c, path, &dir) < 0)
        return -ENOENT;
    *ret = xcalloc(ARRAY_SIZE(files), sizeof **ret);
    *ret_n = 0;
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        const char *f = files[i].path;
        if (n && (strncmp(f, path, n) || f[n] != '/'))
            continue;
        if (recursive || !strchr(f + (n ? n + 1 : 0), '/'))
            (*ret)[(*ret_n)++] = files[i];
    }
    return 0;
}

/* --- the world -------------------------------------------------------------------------------------------------- */

struct run {
    struct loop *loop;
    struct events *events;
    struct faults *faults;
    json_t *faults_json;
    struct gitaly *gitaly;
    struct pki *pki;
    uint64_t ids;
    /* one call */
    const char *path, *authorization;
    struct buf body;
    struct conn *conn;
    struct h2c *h2;
    struct buf got;
    int status; /* -1: none came */
    char *message;
    int dial_error;
    json_t *replies;
};

static int try(struct run *r, json_t *spec, json_t *faults, char **err)
{
    *r = (struct run){.status = -1, .pki = r->pki};
    is_empty = false;
    r->loop = loop_new();
    assert_int_equal(events_open(NULL, NULL, &r->events), 0);
    r->faults_json = faults;
    r->faults = faults_new(faults, r->events, 1);
    struct gitaly_options o = {.loop = r->loop, .events = r->events, .faults = r->faults, .next_conn_id = &r->ids,
                               .spec = spec, .pki = r->pki};
    int ret = gitaly_start(&o, &r->gitaly, err);
    json_decref(spec);
    return ret;
}

static void begin(struct run *r, json_t *spec, json_t *faults)
{
    char *err = NULL;
    if (try(r, spec, faults, &err) < 0)
        fail_msg("%s", err);
}

static void end(struct run *r)
{
    gitaly_free(r->gitaly);
    loop_free(r->loop);
    faults_free(r->faults);
    events_free(r->events);
    json_decref(r->faults_json);
    json_decref(r->replies);
    free(r->message);
    buf_done(&r->body);
    buf_done(&r->got);
}

static void look(struct run *r, const struct h2_header *h, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(h[i].name, "grpc-status"))
            r->status = atoi(h[i].value);
        if (!strcmp(h[i].name, "grpc-message")) {
            free(r->message);
            r->message = xstrdup(h[i].value);
        }
    }
}

static void response(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n, bool ended)
{
    (void)s;
    (void)ended;
    look(arg, h, n);
}

static void trailers(void *arg, struct h2c_stream *s, const struct h2_header *h, size_t n)
{
    (void)s;
    look(arg, h, n);
}

static void data(void *arg, struct h2c_stream *s, const uint8_t *p, size_t n)
{
    (void)s;
    buf_add(&((struct run *)arg)->got, p, n);
}

static void closed(void *arg, struct h2c_stream *s, uint32_t code)
{
    (void)s;
    (void)code;
    loop_stop(((struct run *)arg)->loop);
}

static void nothing(void *arg, struct h2c_stream *s)
{
    (void)arg;
    (void)s;
}

static void ping(void *arg, const uint8_t p[8], bool ack)
{
    (void)arg;
    (void)p;
    (void)ack;
}

static void goaway(void *arg, uint32_t code, int32_t last, const char *debug)
{
    (void)arg;
    (void)code;
    (void)last;
    (void)debug;
}

static void gone(void *arg)
{
    ((struct run *)arg)->h2 = NULL;
}

#define HEADER(n_, v_) {.name = n_, .value = v_, .name_len = strlen(n_), .value_len = strlen(v_)}

static void ask(struct run *r)
{
    const char *token = r->authorization ? r->authorization : "";
    struct h2_header h[] = {HEADER(":method", "POST"), HEADER(":scheme", "http"), HEADER(":path", r->path),
                            HEADER(":authority", "gitaly"), HEADER("content-type", "application/grpc"),
                            HEADER("te", "trailers"), HEADER("authorization", token)};
    struct h2c_stream *s = h2c_request(r->h2, 1, h, ARRAY_SIZE(h) - (r->authorization ? 0 : 1), r);
    h2c_data(s, buf_data(&r->body), buf_len(&r->body));
    h2c_end(s);
}

static void build(void *arg, struct conn *c)
{
    struct run *r = arg;
    struct h2c_owner owner = {.response = response, .data = data, .trailers = trailers, .end = nothing,
                              .closed = closed, .drained = nothing, .ping = ping, .goaway = goaway, .gone = gone,
                              .arg = r};
    r->conn = c;
    r->h2 = h2c_push(c, &owner);
    ask(r);
}

static void dial_failed(void *arg, int error)
{
    struct run *r = arg;
    r->dial_error = error;
    loop_stop(r->loop);
}

static void too_long(void *arg)
{
    (void)arg;
    fail_msg("no end of the call");
}

static void read_replies(struct run *r, const char *type)
{
    json_decref(r->replies);
    r->replies = json_array();
    while (buf_len(&r->got) >= 5) {
        const uint8_t *p = buf_data(&r->got);
        size_t n = (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];
        if (buf_len(&r->got) < 5 + n)
            break;
        json_array_append_new(r->replies, pb_to_json(message_find(type), p + 5, n));
        buf_consume(&r->got, 5 + n);
    }
    buf_done(&r->got);
}

/* A call on a connection of its own. request: stolen. */
static void call(struct run *r, const char *path, const char *in, const char *out, json_t *request)
{
    struct dial *d;
    uint8_t *p, prefix[5] = {0};
    size_t n;
    char *err = NULL;
    if (pb_from_json(message_find(in), request, &p, &n, &err) < 0)
        fail_msg("%s", err);
    json_decref(request);
    prefix[3] = (uint8_t)(n >> 8);
    prefix[4] = (uint8_t)n;
    buf_done(&r->body);
    buf_add(&r->body, prefix, 5);
    buf_add(&r->body, p, n);
    free(p);
    free(r->message);
    r->message = NULL;
    r->status = -1;
    r->dial_error = 0;
    r->path = path;
    struct dial_options o = {.host = "127.0.0.1", .port = gitaly_port(r->gitaly), .who = "kas", .loop = r->loop,
                             .events = r->events, .next_conn_id = &r->ids, .build = build, .failed = dial_failed,
                             .arg = r};
    assert_int_equal(dial_start(&o, &d), 0);
    struct timer *t = timer_new(r->loop, 10000, too_long, NULL);
    loop_run(r->loop);
    timer_free(t);
    if (r->h2) {
        h2c_forget(r->h2);
        r->h2 = NULL;
        conn_kill(r->conn, "done");
    }
    read_replies(r, out);
}

#define REPOSITORY "repository", "storage_name", "default", "relative_path", "@hashed/aa/bb/7.git"

static void info_refs(struct run *r)
{
    call(r, "/gitaly.SmartHTTPService/InfoRefsUploadPack", "gitaly.InfoRefsRequest", "gitaly.InfoRefsResponse",
         json_pack("{s{ssss}}", REPOSITORY));
}

static void tree_entry(struct run *r, const char *path, json_int_t max)
{
    call(r, "/gitaly.CommitService/TreeEntry", "gitaly.TreeEntryRequest", "gitaly.TreeEntryResponse",
         json_pack("{s{ssss} s{ss} s{ss} sI}", REPOSITORY, "revision", "text", COMMIT, "path", "text", path,
                   "max_size", max));
}

static void entries(struct run *r, const char *path, bool recursive)
{
    call(r, "/gitaly.CommitService/GetTreeEntries", "gitaly.GetTreeEntriesRequest", "gitaly.GetTreeEntriesResponse",
         json_pack("{s{ssss} s{ss} s{ss} sb}", REPOSITORY, "revision", "text", COMMIT, "path", "text", path,
                   "recursive", recursive));
}

#define assert_status(r, code_, text_) \
    do { \
        if ((r)->status != (code_) || strcmp((r)->message ? (r)->message : "", text_)) \
            fail_msg("%d \"%s\"", (r)->status, (r)->message ? (r)->message : ""); \
    } while (0)

/* The bytes of a reply's field (base64 in JSON), decoded; a new string. */
static char *bytes_of(const json_t *reply, const char *key)
{
    uint8_t *p;
    size_t n;
    json_t *j = json_pack("{sO*}", "base64", json_object_get(reply, key));
    if (action_bytes(j, &p, &n) < 0)
        fail_msg("no bytes: %s", key);
    json_decref(j);
    char *text = xstrndup((const char *)p, n);
    free(p);
    return text;
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

static void references(void **state)
{
    struct run r = {0};
    (void)state;
    begin(&r, NULL, NULL);
    assert_ptr_equal(strstr(gitaly_address(r.gitaly), "tcp://127.0.0.1:"), gitaly_address(r.gitaly));
    info_refs(&r);
    assert_status(&r, 0, "");
    assert_int_equal(json_array_size(r.replies), 1);
    /* up to the NUL before the capabilities */
    _cleanup_(freep) char *text = bytes_of(json_array_get(r.replies, 0), "data");
    assert_ptr_equal(strstr(text, "001e# service=git-upload-pack\n0000"), text);
    assert_string_equal(text + 38, COMMIT " HEAD");
    is_empty = true;
    info_refs(&r);
    assert_status(&r, 0, "");
    _cleanup_(freep) char *none = bytes_of(json_array_get(r.replies, 0), "data");
    assert_string_equal(none + 38, "0000000000000000000000000000000000000000 capabilities^{}");
    end(&r);
}

static void told_references(void **state)
{
    struct run r = {0};
    (void)state;
    begin(&r, json_pack("{s{}}", "refs"), NULL);
    info_refs(&r);
    assert_status(&r, 0, "");
    _cleanup_(freep) char *text = bytes_of(json_array_get(r.replies, 0), "data");
    assert_string_equal(text, "001e# service=git-upload-pack\n00000000");
    end(&r);
    begin(&r, json_pack("{s{ss}}", "refs", "refs/heads/other", COMMIT), NULL);
    info_refs(&r);
    _cleanup_(freep) char *other = bytes_of(json_array_get(r.replies, 0), "data");
    assert_non_null(strstr(other, COMMIT " refs/heads/other"));
    assert_null(strstr(other, "HEAD"));
    end(&r);
}

static void file(void **state)
{
    struct run r = {0};
    (void)state;
    begin(&r, NULL, NULL);
    tree_entry(&r, CONFIG, 131072);
    assert_status(&r, 0, "");
    const json_t *first = json_array_get(r.replies, 0);
    assert_int_equal(json_array_size(r.replies), 1);
    assert_string_equal(json_string_value(json_object_get(first, "type")), "BLOB");
    assert_int_equal(json_integer_value(json_object_get(first, "size")), 11);
    assert_int_equal(json_integer_value(json_object_get(first, "mode")), 0100644);
    _cleanup_(freep) char *text = bytes_of(first, "data");
    assert_string_equal(text, "gitops: {}\n");
    tree_entry(&r, "empty", 1);
    assert_status(&r, 0, "");
    assert_int_equal(json_array_size(r.replies), 1); /* type and mode, and no data */
    tree_entry(&r, CONFIG, 10);
    assert_status(&r, GRPC_FAILED_PRECONDITION,
                  "TreeEntry: object size (11) is bigger than the maximum allowed size (10)");
    tree_entry(&r, CONFIG, 11);
    assert_status(&r, 0, "");
    tree_entry(&r, "nope.yaml", 0);
    assert_status(&r, GRPC_NOT_FOUND, "not found: nope.yaml");
    tree_entry(&r, ".gitlab", 0);
    assert_string_equal(json_string_value(json_object_get(json_array_get(r.replies, 0), "type")), "TREE");
    tree_entry(&r, "", 0);
    assert_status(&r, GRPC_INVALID_ARGUMENT, "TreeEntry: empty Path");
    end(&r);
}

static void large_file(void **state)
{
    struct run r = {0};
    (void)state;
    memset(big, 'x', sizeof big);
    begin(&r, NULL, NULL);
    tree_entry(&r, "big", 0);
    assert_status(&r, 0, "");
    assert_int_equal(json_array_size(r.replies), 3); /* of 128 KiB */
    const json_t *second = json_array_get(r.replies, 1);
    assert_null(json_object_get(second, "oid")); /* in the first only */
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        char *part = bytes_of(json_array_get(r.replies, i), "data");
        n += strlen(part);
        free(part);
    }
    assert_int_equal(n, BIG);
    end(&r);
}

static const json_t *entry(const struct run *r, size_t i)
{
    return json_array_get(json_object_get(json_array_get(r->replies, 0), "entries"), i);
}

static size_t count(const struct run *r)
{
    return json_array_size(json_object_get(json_array_get(r->replies, 0), "entries"));
}

static void folder(void **state)
{
    struct run r = {0};
    (void)state;
    begin(&r, NULL, NULL);
    entries(&r, ".", false);
    assert_status(&r, 0, "");
    assert_int_equal(count(&r), 3);
    _cleanup_(freep) char *flat = bytes_of(entry(&r, 0), "flat_path");
    assert_string_equal(flat, ".gitlab/agents/my-agent");
    assert_string_equal(json_string_value(json_object_get(entry(&r, 0), "type")), "TREE");
    assert_null(json_object_get(entry(&r, 1), "type")); /* BLOB is 0 here, and not written */
    assert_string_equal(json_string_value(json_object_get(entry(&r, 1), "commit_oid")), COMMIT);
    entries(&r, ".", true);
    assert_int_equal(count(&r), 6);
    _cleanup_(freep) char *path = bytes_of(entry(&r, 3), "path");
    assert_string_equal(path, CONFIG);
    entries(&r, "nope", false);
    assert_status(&r, 0, "");
    assert_int_equal(json_array_size(r.replies), 0);
    end(&r);
    begin(&r, json_pack("{ss}", "version", "16.5"), NULL);
    entries(&r, "nope", false);
    assert_status(&r, GRPC_NOT_FOUND, "invalid revision or path");
    end(&r);
}

static void token(void **state)
{
    struct run r = {0};
    (void)state;
    begin(&r, json_pack("{ss}", "token", "gtok"), NULL);
    info_refs(&r);
    assert_status(&r, GRPC_UNAUTHENTICATED, "authentication required");
    _cleanup_(freep) char *wrong = gitaly_token_make("other", time(NULL)), *old = gitaly_token_make("gtok", 1000),
                          *good = gitaly_token_make("gtok", time(NULL));
    r.authorization = wrong;
    info_refs(&r);
    assert_status(&r, GRPC_PERMISSION_DENIED, "permission denied");
    r.authorization = old;
    info_refs(&r);
    assert_status(&r, GRPC_PERMISSION_DENIED, "permission denied");
    r.authorization = good;
    info_refs(&r);
    assert_status(&r, 0, "");
    end(&r);
    begin(&r, json_pack("{ssss}", "token", "gtok", "clock", "+40s"), NULL);
    r.authorization = good;
    info_refs(&r);
    assert_status(&r, GRPC_PERMISSION_DENIED, "permission denied");
    end(&r);
}

static void which_repository(void **state)
{
    struct run r = {0};
    const char *path = "/gitaly.SmartHTTPService/InfoRefsUploadPack", *in = "gitaly.InfoRefsRequest",
               *out = "gitaly.InfoRefsResponse";
    (void)state;
    begin(&r, NULL, NULL);
    call(&r, path, in, out, json_object());
    assert_status(&r, GRPC_INVALID_ARGUMENT, "empty Repository");
    call(&r, path, in, out, json_pack("{s{ss}}", "repository", "relative_path", "x.git"));
    assert_int_equal(r.status, GRPC_NOT_FOUND);
    assert_non_null(strstr(r.message, "GetRepoPath: not a git repository: \"/var/opt/"));
    call(&r, path, in, out, json_pack("{s{ss}}", "repository", "gl_project_path", "grp/proj"));
    assert_status(&r, 0, "");
    call(&r, path, in, out, json_pack("{s{ssss}}", "repository", "storage_name", "other", "relative_path",
                                      "@hashed/aa/bb/7.git"));
    assert_int_equal(r.status, GRPC_INVALID_ARGUMENT);
    call(&r, "/gitaly.CommitService/FindCommit", in, out, json_object());
    assert_status(&r, GRPC_UNIMPLEMENTED, "unknown method FindCommit for service gitaly.CommitService");
    call(&r, "/gitaly.RefService/FindAllBranches", in, out, json_object());
    assert_status(&r, GRPC_UNIMPLEMENTED, "unknown service gitaly.RefService");
    end(&r);
}

/* What else may be wrong is said by the verbs of the grpc layer. */
static void faults_of_the_layer(void **state)
{
    static const struct {
        const char *fault;
        int status, replies;
        const char *text;
    } cases[] = {
        {"{\"at\": \"grpc.request\", \"do\": {\"status\": {\"code\": \"NotFound\", \"message\": \"GetRepoPath: x\"}}}",
         GRPC_NOT_FOUND, 0, "GetRepoPath: x"},
        {"{\"at\": \"grpc.request\", \"do\": {\"status\": \"OK\"}}", 0, 0, ""}, /* no message at all */
        {"{\"at\": \"grpc.message\", \"when\": {\"direction\": \"sent\"},"
         " \"do\": [{\"message\": {\"data\": {\"text\": \"hello\"}}}, {\"status\": \"OK\"}]}", 0, 1, ""},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct run r = {0};
        json_t *fault = json_loads(cases[i].fault, 0, NULL);
        assert_non_null(fault);
        begin(&r, NULL, json_pack("[o]", fault));
        info_refs(&r);
        assert_status(&r, cases[i].status, cases[i].text);
        assert_int_equal(json_array_size(r.replies), cases[i].replies);
        if (cases[i].replies) {
            _cleanup_(freep) char *text = bytes_of(json_array_get(r.replies, 0), "data");
            assert_string_equal(text, "hello");
        }
        end(&r);
    }
}

static void verbs(void **state)
{
    struct run r = {0};
    char *err = NULL;
    (void)state;
    begin(&r, NULL, NULL);
    uint16_t port = gitaly_port(r.gitaly);
    assert_int_equal(gitaly_perform(r.gitaly, "stop", NULL, &err), 0);
    info_refs(&r);
    assert_int_equal(abs(r.dial_error), ECONNREFUSED);
    assert_int_equal(gitaly_perform(r.gitaly, "start", NULL, &err), 0);
    assert_int_equal(gitaly_port(r.gitaly), port);
    info_refs(&r);
    assert_status(&r, 0, "");
    assert_int_equal(gitaly_perform(r.gitaly, "restrat", NULL, &err), -EINVAL);
    assert_non_null(strstr(err, "did you mean restart?"));
    free(err);
    end(&r);
}

static void certificate(void **state)
{
    struct run r = {.pki = pki_new()};
    char *err = NULL;
    (void)state;
    begin(&r, json_pack("{sb}", "tls", 1), NULL);
    assert_ptr_equal(strstr(gitaly_address(r.gitaly), "tls://127.0.0.1:"), gitaly_address(r.gitaly));
    json_t *kind = json_string("expired");
    assert_int_equal(gitaly_perform(r.gitaly, "set_certificate", kind, &err), 0);
    json_decref(kind);
    end(&r);
    begin(&r, NULL, NULL);
    assert_int_equal(gitaly_perform(r.gitaly, "set_certificate", NULL, &err), -EINVAL);
    assert_non_null(strstr(err, "does not speak TLS"));
    free(err);
    err = NULL;
    end(&r);
    assert_true(try(&r, json_pack("{sbss}", "tls", 1, "certificate", "expird"), NULL, &err) < 0);
    assert_non_null(strstr(err, "did you mean expired?"));
    free(err);
    end(&r);
    pki_free(r.pki);
}

static void bad_specs(void **state)
{
    static const struct {
        const char *spec, *why;
    } cases[] = {{"{\"version\": 14.7}", "gitaly.version"},
                 {"{\"token\": 1}", "gitaly.token"},
                 {"{\"clock\": \"soon\"}", "gitaly.clock"},
                 {"{\"refs\": []}", "gitaly.refs: expected"},
                 {"{\"refs\": {\"refs/heads/main\": 1}}", "gitaly.refs.refs/heads/main"},
                 {"{\"tls\": true}", "gitaly.tls"}}; /* without an authority */
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct run r = {0};
        char *err = NULL;
        assert_true(try(&r, json_loads(cases[i].spec, 0, NULL), NULL, &err) < 0);
        if (!err || !strstr(err, cases[i].why))
            fail_msg("%s: %s", cases[i].spec, err ? err : "(nothing)");
        free(err);
        end(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references),       cmocka_unit_test(told_references),
        cmocka_unit_test(file),             cmocka_unit_test(large_file),
        cmocka_unit_test(folder),           cmocka_unit_test(token),
        cmocka_unit_test(which_repository), cmocka_unit_test(faults_of_the_layer),
        cmocka_unit_test(verbs),            cmocka_unit_test(bad_specs),
        cmocka_unit_test(certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
