/* See world_faults.h. */
#include "conformance/world/world_faults.h"

#include "lib/script/faults.h"

struct faults *world_faults(const json_t *part, const json_t *row, struct events *events, bool off)
{
    uint64_t seed = (uint64_t)json_integer_value(json_object_get(row, "seed"));
    struct faults *f = faults_new(json_object_get(part, "faults"), events, seed);

    if (off)
        faults_all_off(f);
    return f;
}
