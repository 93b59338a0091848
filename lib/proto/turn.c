#include "lib/proto/turn.h"

static void ended(void *arg)
{
    struct turn *t = arg;
    t->scheduled = false;
    if (t->freed)
        t->free(t->arg);
    else
        t->work(t->arg);
}

void turn_schedule(struct turn *t, struct loop *loop)
{
    if (t->scheduled)
        return;
    t->scheduled = true;
    loop_defer(loop, ended, t);
}

void turn_free(struct turn *t)
{
    t->freed = true;
    if (!t->scheduled)
        t->free(t->arg);
}
