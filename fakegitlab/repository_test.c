/* The content of projects: ids are Git's own, history stays, paths are checked, a folder on disk is followed. */
#include "fakegitlab/store_test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakegitlab/objects.h"
#include "lib/loop/loop.h"

static int set_up(void **state)
{
    struct fixture *f = NEW(struct fixture);
    fill(f, NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    store_free(f->store);
    free(f);
    return 0;
}

static const struct git_commit *write_file(struct fixture *f, const char *path, const char *text)
{
    const struct git_commit *c = NULL;
    json_t *errors = NULL;
    if (repository_write(f->store, f->project, path, text, &c, &errors) < 0)
        fail_msg("%s", store_error_text(errors));
    return c;
}

/* "040000 a 100644 a/b" */
static char *listed(struct fixture *f, const struct git_commit *c, const char *path, bool recursive)
{
    struct git_entry *e;
    size_t n;
    char *text = xstrdup("");
    assert_int_equal(repository_list(f->project, c, path, recursive, &e, &n), 0);
    for (size_t i = 0; i < n; i++) {
        char *longer = xasprintf("%s%s%06o %s", text, i ? " " : "", e[i].mode, e[i].path);
        free(text);
        text = longer;
    }
    free(e);
    return text;
}

static void assert_listed(struct fixture *f, const struct git_commit *c, const char *path, bool recursive, const char *expected)
{
    _cleanup_(freep) char *text = listed(f, c, path, recursive);
    assert_string_equal(text, expected);
}

static void an_empty_repository(void **state)
{
    struct fixture *f = *state;
    size_t n;
    repository_refs(f->project, &n);
    assert_int_equal(n, 0);
    assert_true(repository_is_empty(f->project));
    assert_null(repository_head(f->project));
    assert_null(repository_commit(f->project, "HEAD", 4));
}

static void ids_are_those_of_git(void **state)
{
    struct fixture *f = *state;
    struct git_entry e;
    const struct git_commit *c = write_file(f, "a/hello.txt", "hello\n");
    assert_int_equal(repository_entry(f->project, c, "a/hello.txt", &e), 0);
    assert_string_equal(e.oid, "ce013625030ba8dba906f756967f9e9ca394464a"); /* git hash-object */
    assert_int_equal(e.size, 6);
    assert_memory_equal(e.bytes, "hello\n", 6);
    assert_int_equal(repository_entry(f->project, c, "./a", &e), 0);
    assert_int_equal(e.type, GIT_TREE);
    assert_string_equal(e.oid, "aaa96ced2d9a1c8e72c56b253a0e2fe78393feb7"); /* git write-tree */
    assert_string_equal(c->tree, "a5f974729d2c8d288c3a1c3203f6874a527548a6");
    char id[GIT_ID_LEN];
    const char *known = "tree a5f974729d2c8d288c3a1c3203f6874a527548a6\nauthor A <a@b> 5 +0000\n"
                        "committer A <a@b> 5 +0000\n\nmsg\n";
    git_id(f->store, "commit", known, strlen(known), id);
    assert_string_equal(id, "5369d2fe5274083f907cd57054f6f41aac10b7cc"); /* git hash-object -t commit */
    _cleanup_(freep) char *text = xasprintf("tree %s\nauthor %s %lld +0000\ncommitter %s %lld +0000\n\n%s\n", c->tree,
                                            c->author, (long long)c->time / 1000, c->author, (long long)c->time / 1000,
                                            c->message);
    git_id(f->store, "commit", text, strlen(text), id);
    assert_string_equal(c->id, id);
}

static void history_stays(void **state)
{
    struct fixture *f = *state;
    struct git_entry e;
    const struct git_commit *first = write_file(f, "f", "1"), *second = write_file(f, "f", "2");
    assert_ptr_equal(second->parent, first);
    assert_null(first->parent);
    assert_string_equal(first->message, "Change f");
    assert_int_equal(repository_entry(f->project, first, "f", &e), 0);
    assert_memory_equal(e.bytes, "1", 1);
    assert_ptr_equal(repository_commit(f->project, first->id, 40), first);
    assert_ptr_equal(repository_commit(f->project, "main", 4), second);
    assert_ptr_equal(repository_commit(f->project, "refs/heads/main", 15), second);
    assert_ptr_equal(repository_head(f->project), second);
    assert_null(repository_commit(f->project, "mai", 3));
    assert_null(repository_commit(f->project, "", 0));
    const struct git_commit *gone = write_file(f, "f", NULL);
    assert_int_equal(repository_entry(f->project, gone, "f", &e), -ENOENT);
    assert_listed(f, gone, "", true, "");
}

static void lists_are_in_the_order_of_git(void **state)
{
    struct fixture *f = *state;
    struct git_change changes[] = {{.path = "a.b", .bytes = "1", .len = 1}, {.path = "a/x", .bytes = "1", .len = 1},
                                   {.path = "a/y/z", .bytes = "1", .len = 1, .mode = 0100755},
                                   {.path = "a0", .bytes = "1", .len = 1}};
    struct git_commit_spec spec = {.changes = changes, .n_changes = 4};
    const struct git_commit *c;
    struct git_entry *e;
    size_t n;
    assert_int_equal(repository_commit_create(f->store, f->project, &spec, &c, NULL), 0);
    assert_string_equal(c->message, "Change 4 files");
    assert_listed(f, c, ".", false, "100644 a.b 040000 a 100644 a0");
    assert_listed(f, c, "", true, "100644 a.b 040000 a 100644 a/x 040000 a/y 100755 a/y/z 100644 a0");
    assert_listed(f, c, "a", false, "100644 a/x 040000 a/y");
    assert_listed(f, c, "./a/y/", true, "100755 a/y/z");
    assert_int_equal(repository_list(f->project, c, "nope", true, &e, &n), -ENOENT);
    assert_int_equal(repository_list(f->project, c, "a0", true, &e, &n), -ENOTDIR);
    assert_int_equal(repository_list(f->project, c, "a0/x", true, &e, &n), -ENOENT);
    assert_listed(f, write_file(f, "a/y/z", NULL), "", true, "100644 a.b 040000 a 100644 a/x 100644 a0");
    assert_listed(f, write_file(f, "a", NULL), "", true, "100644 a.b 100644 a0");
}

static void a_folder_becomes_a_file(void **state)
{
    struct fixture *f = *state;
    write_file(f, "a/b/c", "1");
    struct git_change changes[] = {{.path = "a/b/c"}, {.path = "a", .bytes = "2", .len = 1}};
    struct git_commit_spec spec = {.changes = changes, .n_changes = 2};
    const struct git_commit *c;
    assert_int_equal(repository_write(f->store, f->project, "a", "1", NULL, NULL), -EINVAL);
    assert_int_equal(repository_commit_create(f->store, f->project, &spec, &c, NULL), 0);
    assert_listed(f, c, "", true, "100644 a");
}

static void paths_that_are_none(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"", "/etc/passwd", "../x", "a/../x", "a//b", "a/", ".", ".git/config", "a/.GIT/x", "f/x"};
    write_file(f, "f", "1");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        json_t *errors = NULL;
        assert_int_equal(repository_write(f->store, f->project, bad[i], "1", NULL, &errors), -EINVAL);
        assert_int_equal(json_array_size(errors), 1);
        json_decref(errors);
    }
    json_t *errors = NULL;
    assert_int_equal(repository_write(f->store, f->project, "none", NULL, NULL, &errors), -EINVAL);
    assert_errors(errors, "A file with the name \"none\" doesn't exist");
}

static void branches(void **state)
{
    struct fixture *f = *state;
    const struct git_commit *c = write_file(f, "f", "1"), *d;
    size_t n;
    struct git_change change = {.path = "g", .bytes = "2", .len = 1};
    struct git_commit_spec spec = {.branch = "dev", .changes = &change, .n_changes = 1,
                                   .id = "1111111111111111111111111111111111111111"};
    assert_int_equal(repository_commit_create(f->store, f->project, &spec, &d, NULL), 0);
    assert_string_equal(d->id, spec.id);
    assert_int_equal(repository_commit_create(f->store, f->project, &spec, &d, NULL), -EINVAL); /* taken */
    spec.id = "xyz";
    assert_int_equal(repository_commit_create(f->store, f->project, &spec, &d, NULL), -EINVAL);
    const struct git_ref *refs = repository_refs(f->project, &n);
    assert_int_equal(n, 2);
    assert_string_equal(refs[0].name, "refs/heads/dev");
    assert_string_equal(refs[1].name, "refs/heads/main");
    assert_int_equal(repository_branch_set(f->store, f->project, "main", d), 0);
    assert_ptr_equal(repository_head(f->project), d);
    assert_int_equal(repository_branch_set(f->store, f->project, "main", NULL), 0);
    assert_null(repository_head(f->project));
    assert_int_equal(store_project_set_default_branch(f->store, f->project, "dev"), 0);
    assert_ptr_equal(repository_head(f->project), d);
    assert_int_equal(repository_branch_set(f->store, f->project, "a..b", c), -EINVAL);
}

static void a_commit_that_changes_nothing(void **state)
{
    struct fixture *f = *state;
    const struct git_commit *c = write_file(f, "f", "1"), *d;
    struct git_commit_spec spec = {.message = "again"};
    assert_int_equal(repository_commit_create(f->store, f->project, &spec, &d, NULL), 0);
    assert_string_not_equal(c->id, d->id);
    assert_string_equal(c->tree, d->tree);
}

/* ---- a folder on disk */

struct folder_world {
    struct loop *loop;
    char *commit;
};

static void on_commit(void *arg, const struct store_change *c)
{
    struct folder_world *w = arg;
    if (c->kind != STORE_COMMIT)
        return;
    free(w->commit);
    w->commit = xstrdup(c->commit);
    loop_stop(w->loop);
}

static void next_commit(struct folder_world *w)
{
    free(w->commit);
    for (w->commit = NULL; !w->commit;)
        loop_run(w->loop);
}

static void put(const char *dir, const char *name, const char *text)
{
    _cleanup_(freep) char *path = xasprintf("%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_folder_is_followed(void **state)
{
    char dir[] = "/tmp/fakegitlab-folder-XXXXXX", *err = NULL;
    struct folder_world w = {.loop = loop_new()};
    struct fixture f = {0};
    (void)state;
    assert_non_null(mkdtemp(dir));
    put(dir, "config.yaml", "gitops: {}\n");
    assert_int_equal(store_open(&(struct store_options){.loop = w.loop}, &f.store, &err), 0);
    f.project = make_project(f.store, "grp/proj");
    struct store_sub *sub = store_subscribe(f.store, on_commit, &w);
    assert_int_equal(repository_follow(f.store, f.project, dir, &err), 0);
    assert_string_equal(repository_head(f.project)->id, w.commit);
    assert_listed(&f, repository_head(f.project), "", true, "100644 config.yaml");

    _cleanup_(freep) char *deep = xasprintf("%s/a", dir), *command = xasprintf("rm -rf '%s'", dir);
    assert_int_equal(mkdir(deep, 0700), 0);
    put(deep, "b", "1");
    next_commit(&w);
    assert_string_equal(repository_head(f.project)->id, w.commit);
    assert_listed(&f, repository_head(f.project), "", true, "040000 a 100644 a/b 100644 config.yaml");
    put(deep, "b", "2");
    next_commit(&w);
    assert_string_equal(repository_head(f.project)->message, "Change a/b");
    /* A folder becomes a file, and something is added: one commit. */
    _cleanup_(freep) char *swap = xasprintf("rm -rf '%s' && echo now > '%s' && ln -s config.yaml '%s/link'", deep, deep, dir);
    assert_int_equal(system(swap), 0);
    while (repository_entry(f.project, repository_head(f.project), "link", &(struct git_entry){0}) < 0)
        next_commit(&w);
    assert_listed(&f, repository_head(f.project), "", true, "100644 a 100644 config.yaml 120000 link");

    assert_int_equal(repository_follow(f.store, f.project, "/nowhere/at/all", &err), -ENOENT);
    assert_string_equal(err, "the folder /nowhere/at/all of the project grp/proj cannot be read: No such file or directory");
    free(err);
    assert_int_equal(system(command), 0);
    store_unsubscribe(sub);
    store_free(f.store);
    loop_free(w.loop);
    free(w.commit);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(an_empty_repository), T(ids_are_those_of_git),          T(history_stays), T(lists_are_in_the_order_of_git),
        T(a_folder_becomes_a_file), T(paths_that_are_none), T(branches),                      T(a_commit_that_changes_nothing),
        cmocka_unit_test(a_folder_is_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
