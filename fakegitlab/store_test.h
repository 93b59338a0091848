/* What the tests of the store share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "fakegitlab/store.h"
#include "lib/base/mem.h"
#include "lib/script/script_test.h"

struct fixture {
    struct store *store;
    const struct gl_user *root, *dev, *stranger;
    const struct gl_project *project; /* grp/proj, private; dev is a developer */
    const struct gl_agent *agent;     /* my-agent */
};

static inline struct store *open_store(const char *dir)
{
    struct store *s = NULL;
    char *err = NULL;
    if (store_open(&(struct store_options){.data_dir = dir}, &s, &err) < 0)
        fail_msg("%s", err);
    return s;
}

static inline const struct gl_user *make_user(struct store *s, const char *name, bool admin)
{
    const struct gl_user *u;
    assert_int_equal(store_user_create(s, &(struct gl_user_spec){.username = name, .admin = admin}, &u, NULL), 0);
    return u;
}

static inline const struct gl_project *make_project(struct store *s, const char *path)
{
    const struct gl_project *p;
    assert_int_equal(store_project_create(s, &(struct gl_project_spec){.path = path}, &p, NULL), 0);
    return p;
}

static inline const struct gl_agent *make_agent(struct store *s, const struct gl_project *p, const char *name)
{
    const struct gl_agent *a;
    assert_int_equal(store_agent_create(s, NULL, p, 0, name, &a, NULL), 0);
    return a;
}

/* A new string. */
static inline char *make_token(struct store *s, const struct gl_agent *a, const char *name)
{
    char *secret;
    assert_int_equal(store_token_create(s, NULL, a, &(struct gl_token_spec){.name = name}, NULL, &secret, NULL), 0);
    return secret;
}

static inline void fill(struct fixture *f, const char *dir)
{
    f->store = open_store(dir);
    f->root = make_user(f->store, "root", true);
    f->dev = make_user(f->store, "dev", false);
    f->stranger = make_user(f->store, "stranger", false);
    f->project = make_project(f->store, "grp/proj");
    assert_int_equal(store_project_member_set(f->store, f->project, f->dev, GL_DEVELOPER), 0);
    f->agent = make_agent(f->store, f->project, "my-agent");
}

/* errors are taken. */
static inline void assert_errors(json_t *errors, const char *expected)
{
    _cleanup_(freep) char *text = store_error_text(errors);
    assert_string_equal(text, expected);
    json_decref(errors);
}
