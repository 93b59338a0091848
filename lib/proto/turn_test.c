#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/proto/turn.h"

struct owner {
    struct turn turn;
    struct loop *loop;
    int worked, freed;
};

static void work(void *arg)
{
    struct owner *o = arg;
    o->worked++;
}

static void freed(void *arg)
{
    struct owner *o = arg;
    o->freed++;
}

static void stop(void *arg)
{
    loop_stop(arg);
}

static void a_turn(struct owner *o)
{
    loop_defer(o->loop, stop, o->loop);
    loop_run(o->loop);
}

static void begin(struct owner *o)
{
    *o = (struct owner){.turn = {.work = work, .free = freed, .arg = o}, .loop = loop_new()};
}

static void it_works_once_a_turn(void **state)
{
    struct owner o;
    (void)state;
    begin(&o);
    turn_schedule(&o.turn, o.loop);
    turn_schedule(&o.turn, o.loop);
    assert_int_equal(o.worked, 0);
    a_turn(&o);
    assert_int_equal(o.worked, 1);
    turn_schedule(&o.turn, o.loop);
    a_turn(&o);
    assert_int_equal(o.worked, 2);
    turn_free(&o.turn);
    assert_int_equal(o.freed, 1);
    loop_free(o.loop);
}

static void the_end_takes_the_place_of_work(void **state)
{
    struct owner o;
    (void)state;
    begin(&o);
    turn_schedule(&o.turn, o.loop);
    turn_free(&o.turn);
    assert_int_equal(o.freed, 0);
    a_turn(&o);
    assert_int_equal(o.worked, 0);
    assert_int_equal(o.freed, 1);
    loop_free(o.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_works_once_a_turn),
        cmocka_unit_test(the_end_takes_the_place_of_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
