/* The store on disk: what was there is there again, and kill -9 loses nothing that was acknowledged. */
#include "fakegitlab/store_test.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fakegitlab/repository.h"

struct disk {
    char root[40];
    char *dir;
};

static int set_up(void **state)
{
    struct disk *d = NEW(struct disk);
    strcpy(d->root, "/tmp/fakegitlab-data-XXXXXX");
    assert_non_null(mkdtemp(d->root));
    d->dir = xasprintf("%s/data", d->root); /* made by the store */
    *state = d;
    return 0;
}

static int tear_down(void **state)
{
    struct disk *d = *state;
    _cleanup_(freep) char *command = xasprintf("rm -rf '%s'", d->root);
    int r = system(command);
    free(d->dir);
    free(d);
    return r;
}

static void everything_comes_back(void **state)
{
    struct disk *d = *state;
    struct fixture f;
    char uuid[37];
    fill(&f, d->dir);
    assert_false(store_is_empty(f.store));
    _cleanup_(freep) char *secret = make_token(f.store, f.agent, "n"), *dead = make_token(f.store, f.agent, "dead");
    _cleanup_(freep) char *pat = NULL, *job = NULL;
    json_t *config = js("{'ci_access':{'projects':[{'id':'grp/proj'}]}}"), *alert = js("{'alert':{}}");
    json_t *usage = js("{'gitops_sync_count':7}");
    const struct git_commit *first, *second;
    assert_int_equal(store_token_revoke(f.store, NULL, f.agent->tokens[1], NULL), 0);
    assert_int_equal(store_credential_create(f.store, f.dev, GL_SESSION, NULL, NULL, &pat, NULL), 0);
    assert_int_equal(store_job_create(f.store, &(struct gl_job_spec){.project = f.project, .user = f.dev, .environment = "e"},
                                      NULL, &job, NULL), 0);
    assert_int_equal(store_agent_configure(f.store, f.agent, config), 0);
    assert_int_equal(store_receive(f.store, GL_ALERT, f.agent, alert, NULL), 0);
    assert_int_equal(store_receive(f.store, GL_USAGE, NULL, usage, NULL), 0);
    assert_int_equal(store_receive_vulnerability(f.store, f.agent, alert, uuid), 0);
    assert_int_equal(store_set_licence(f.store, GL_PREMIUM), 0);
    assert_int_equal(store_set_flag(f.store, "x", f.project, true), 0);
    assert_int_equal(repository_write(f.store, f.project, "a/b", "1", &first, NULL), 0);
    assert_int_equal(repository_write(f.store, f.project, "c", "2", &second, NULL), 0);
    _cleanup_(freep) char *first_id = xstrdup(first->id), *second_id = xstrdup(second->id);
    const struct gl_agent *gone = make_agent(f.store, f.project, "gone");
    int64_t gone_id = gone->id;
    assert_int_equal(store_agent_delete(f.store, NULL, gone, NULL), 0);
    store_free(f.store);

    struct store *s = open_store(d->dir);
    const struct gl_token *t = store_token_use(s, secret, strlen(secret));
    assert_non_null(t);
    assert_null(store_token_use(s, dead, strlen(dead)));
    const struct gl_project *p = store_project_by_path(s, "grp/proj");
    assert_ptr_equal(t->agent, store_agent_by_name(p, "my-agent"));
    assert_int_equal(t->agent->n_tokens, 2);
    assert_true(json_equal(t->agent->config, config));
    const struct gl_user *dev = store_user_by_name(s, "dev");
    assert_int_equal(store_access(p, dev), GL_DEVELOPER);
    assert_ptr_equal(store_user_by_secret(s, GL_SESSION, pat, strlen(pat)), dev);
    assert_string_equal(store_job_by_token(s, job, strlen(job))->tier, "other");
    assert_int_equal(store_received_count(s, GL_ALERT), 1);
    assert_int_equal(store_received_count(s, GL_VULNERABILITY), 1);
    assert_json(store_usage(s), "{'counters':{'gitops_sync_count':7},'unique_counters':{}}");
    assert_int_equal(store_licence(s), GL_PREMIUM);
    assert_true(store_flag(s, "x", p));
    assert_string_equal(repository_head(p)->id, second_id);
    assert_string_equal(repository_head(p)->parent->id, first_id);
    struct git_entry e;
    assert_int_equal(repository_entry(p, repository_head(p), "a/b", &e), 0);
    assert_memory_equal(e.bytes, "1", 1);
    assert_true(make_agent(s, p, "new")->id > gone_id);
    store_free(s);
    json_decref(config);
    json_decref(alert);
    json_decref(usage);
}

/* A child makes tokens and commits and says each once it is acknowledged; it is killed in the middle. */
static _Noreturn void write_for_ever(const char *dir, int fd)
{
    struct store *s = open_store(dir);
    const struct gl_project *p = make_project(s, "a/b");
    const struct gl_agent *a = make_agent(s, p, "x");
    for (int i = 0;; i++) {
        char text[32];
        snprintf(text, sizeof(text), "%d", i);
        _cleanup_(freep) char *secret = make_token(s, a, text);
        const struct git_commit *c;
        if (repository_write(s, p, "counter", text, &c, NULL) < 0 || dprintf(fd, "%s %s\n", secret, c->id) < 0)
            _exit(1);
    }
}

static void kill_9_loses_nothing(void **state)
{
    struct disk *d = *state;
    for (int round = 0; round < 3; round++) {
        _cleanup_(freep) char *dir = xasprintf("%s-%d", d->dir, round);
        int fds[2];
        assert_int_equal(pipe(fds), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(fds[0]);
            write_for_ever(dir, fds[1]);
        }
        close(fds[1]);
        FILE *said = fdopen(fds[0], "re");
        char secrets[400][51], commits[400][41];
        int n = 0;
        for (; n < 400 && fscanf(said, "%50s %40s", secrets[n], commits[n]) == 2; n++)
            if (n == 20 + 7 * round)
                kill(pid, SIGKILL);
        fclose(said);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_true(n > 20 && n < 400);
        struct store *s = open_store(dir); /* the lock went with the process */
        const struct gl_project *p = store_project_by_path(s, "a/b");
        for (int i = 0; i < n; i++) {
            assert_non_null(store_token_use(s, secrets[i], 50));
            assert_non_null(repository_commit(p, commits[i], 40));
        }
        struct git_entry e;
        assert_int_equal(repository_entry(p, repository_head(p), "counter", &e), 0);
        store_free(s);
    }
}

static void two_do_not_share_a_folder(void **state)
{
    struct disk *d = *state;
    struct store *s = open_store(d->dir), *other = NULL;
    char *err = NULL;
    assert_int_equal(store_open(&(struct store_options){.data_dir = d->dir}, &other, &err), -EBUSY);
    assert_non_null(strstr(err, "in use by another fakegitlab; stop that one, or name another folder"));
    free(err);
    store_free(s);
    assert_int_equal(store_open(&(struct store_options){.data_dir = "/proc/none/at/all"}, &other, &err), -ENOENT);
    assert_non_null(strstr(err, "cannot be made"));
    free(err);
}

static void run_sql(const char *dir, const char *sql)
{
    _cleanup_(freep) char *path = xasprintf("%s/gitlab.sqlite", dir);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void refuses_with(const char *dir, const char *text)
{
    struct store *s = NULL;
    char *err = NULL;
    assert_true(store_open(&(struct store_options){.data_dir = dir}, &s, &err) < 0);
    if (!strstr(err, text))
        fail_msg("%s", err);
    free(err);
}

static void what_does_not_hold_together_is_said(void **state)
{
    struct disk *d = *state;
    struct fixture f;
    fill(&f, d->dir);
    store_free(f.store);
    run_sql(d->dir, "DELETE FROM projects");
    refuses_with(d->dir, "does not hold together; move it away to begin anew");
    run_sql(d->dir, "PRAGMA user_version=99");
    refuses_with(d->dir, "newer fakegitlab");
    _cleanup_(freep) char *path = xasprintf("%s/gitlab.sqlite", d->dir);
    FILE *file = fopen(path, "we");
    fputs("this is a text of some length, and no database at all; this is a text of some length, and no database", file);
    fclose(file);
    refuses_with(d->dir, "is no database of fakegitlab");
}

/* A disk that is full, or the like: nothing is acknowledged, and nothing stays in memory. */
static void what_cannot_be_written_did_not_happen(void **state)
{
    struct disk *d = *state;
    struct fixture f;
    struct rlimit limit, small = {.rlim_cur = 1, .rlim_max = RLIM_INFINITY};
    fill(&f, d->dir);
    _cleanup_(freep) char *secret = make_token(f.store, f.agent, "n");
    const struct gl_token *t = f.agent->tokens[0];
    json_t *errors = NULL;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    small.rlim_max = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    int created = store_agent_create(f.store, NULL, f.project, 0, "new", NULL, &errors);
    int revoked = store_token_revoke(f.store, NULL, t, NULL), deleted = store_agent_delete(f.store, NULL, f.agent, NULL);
    int written = repository_write(f.store, f.project, "f", "1", NULL, NULL);
    int shown = store_project_set_visibility(f.store, f.project, GL_PUBLIC);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_equal(created, -EIO);
    assert_errors(errors, "The data folder cannot be written; nothing was changed");
    assert_int_equal(revoked, -EIO);
    assert_int_equal(deleted, -EIO);
    assert_int_equal(written, -EIO);
    assert_int_equal(shown, -EIO);
    assert_null(store_agent_by_name(f.project, "new"));
    assert_int_equal(f.project->visibility, GL_PRIVATE);
    assert_non_null(store_token_use(f.store, secret, strlen(secret)));
    assert_null(repository_head(f.project));
    /* And then it can be written again, the very same. */
    assert_int_equal(repository_write(f.store, f.project, "f", "1", NULL, NULL), 0);
    make_agent(f.store, f.project, "new");
    store_free(f.store);
    f.store = open_store(d->dir);
    assert_non_null(repository_head(store_project_by_path(f.store, "grp/proj")));
    store_free(f.store);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(everything_comes_back),
        T(kill_9_loses_nothing),
        T(two_do_not_share_a_folder),
        T(what_does_not_hold_together_is_said),
        T(what_cannot_be_written_did_not_happen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
