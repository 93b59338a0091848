#include "lib/serve/secret_file.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/mem.h"

enum { SECRET_MAX = 4095 };

char *secret_file_read(const char *option, const char *path, char **reterr)
{
    char text[SECRET_MAX + 2] = "";
    FILE *f = fopen(path, "re");
    size_t n = f ? fread(text, 1, SECRET_MAX + 1, f) : 0;
    bool failed = !f || ferror(f);
    int e = errno;
    if (f)
        fclose(f);
    if (failed) {
        *reterr = xasprintf("%s %s: %s", option, path, strerror(e));
        return NULL;
    }
    if (n > SECRET_MAX) {
        *reterr = xasprintf("%s %s: longer than %d bytes, which no secret is", option, path, SECRET_MAX);
        return NULL;
    }
    while (n && isspace((unsigned char)text[n - 1]))
        n--;
    if (!n) {
        *reterr = xasprintf("%s %s: is empty", option, path);
        return NULL;
    }
    return xstrndup(text, n);
}
