#include "conformance/refagent/mutants.h"

#include <string.h>

static const struct {
    const char *name, *catchers, *does;
} mutants[] = {
#define X(id, name_, catchers_, does_) [M_##id] = {name_, catchers_, does_},
    MUTANTS(X)
#undef X
};

enum mutant mutant_from_name(const char *name)
{
    for (int i = 0; i < M_MAX; i++)
        if (!strcmp(mutants[i].name, name))
            return (enum mutant)i;
    return M_MAX;
}

void mutants_list(FILE *to)
{
    for (int i = M_NONE + 1; i < M_MAX; i++)
        fprintf(to, "%s\t%s\t%s\n", mutants[i].name, mutants[i].catchers, mutants[i].does);
}
