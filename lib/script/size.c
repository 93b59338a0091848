#include "lib/script/size.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

bool size_parse(const char *text, int64_t *ret)
{
    static const struct {
        const char *unit;
        int64_t bytes;
    } units[] = {{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};
    char *end;
    double n = strtod(text, &end);

    if (end == text || !(n >= 0 && n < 1e9))
        return false;
    end += strspn(end, " ");
    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (strcmp(end, units[i].unit) == 0) {
            *ret = (int64_t)(n * (double)units[i].bytes);
            return true;
        }
    return false;
}
