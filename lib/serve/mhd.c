#include "lib/serve/mhd.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>

#include "lib/base/mem.h"

static void *find(void *handle, const char *name, bool *complete)
{
    void *p = dlsym(handle, name);
    *complete &= p != NULL;
    return p;
}

int mhd_load(struct mhd *m, char **reterr)
{
    bool complete = true;
    if (m->handle)
        return 0;
    /* NODELETE: GnuTLS is not made to be unloaded. */
    m->handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!m->handle) {
        *reterr = xasprintf("%s; install libmicrohttpd12", dlerror());
        return -ENOENT;
    }
#define MHD_FIND(name) m->name = (__typeof__(MHD_##name) *)find(m->handle, "MHD_" #name, &complete);
    MHD_FUNCTIONS(MHD_FIND)
#undef MHD_FIND
    if (complete)
        return 0;
    mhd_done(m);
    *reterr = xstrdup("libmicrohttpd.so.12 lacks a function that is needed; version 0.9.75 has them all");
    return -ENOENT;
}

void mhd_done(struct mhd *m)
{
    if (m->handle)
        dlclose(m->handle);
    *m = (struct mhd){0};
}
